// What a panel says of a field: its values, overrides, thresholds, mappings, colours, reductions.
"use strict";
const SHADES = {
  red: ["#FFA6B0", "#FF7383", "#F2495C", "#E02F44", "#C4162A"],
  orange: ["#FFCB7D", "#FFB357", "#FF9830", "#FF780A", "#FA6400"],
  yellow: ["#FFF899", "#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400"],
  green: ["#C8F2C2", "#96D98D", "#73BF69", "#56A64B", "#37872D"],
  blue: ["#C0D8FF", "#8AB8FF", "#5794F2", "#3274D9", "#1F60C4"],
  purple: ["#DEB6F2", "#CA95E5", "#B877D9", "#A352CC", "#8F3BB8"],
};
const SHADE = {"super-light": 0, light: 1, "": 2, "semi-dark": 3, dark: 4};
// Told apart with any kind of colour vision: blue against orange first, red and green never alone.
const PALETTE = ["#5794F2", "#FF9830", "#2CB5A0", "#B877D9", "#E0B400", "#F2495C", "#8AB8FF", "#A0683C",
  "#73BF69", "#DE6FA1", "#3274D9", "#8A8F98"];

function colour(name) {
  if (!name) return "#808080";
  if (name.startsWith("#") || name.startsWith("rgb")) return name;
  if (name === "text") return cssColour("--text");
  if (name === "transparent") return "transparent";
  const found = /^(?:(super-light|light|semi-dark|dark)-)?(\w+)$/.exec(name);
  return found && SHADES[found[2]] ? SHADES[found[2]][SHADE[found[1] || ""]] : name;
}
const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function inkOn(background) {
  const found = /^#(..)(..)(..)/.exec(background);
  if (!found) return "#fff";
  const [r, g, b] = found.slice(1).map((part) => parseInt(part, 16));
  return (r * 299 + g * 587 + b * 114) / 1000 > 125 ? "#17181c" : "#fff";
}

// A field with its values as numbers and its whole configuration.
function fieldsOf(panel) {
  const found = [];
  for (const frame of panel.frames) {
    const time = frame.fields.find((field) => field.kind === "time");
    for (const field of frame.fields) {
      const one = {...field, ref: frame.ref, frame, time, config: {}};
      one.values = field.grid
        ? Array.from({length: field.grid[2]}, (_, i) => field.grid[0] + i * field.grid[1])
        : field.kind === "number" ? field.values.map((v) => (v === null ? null : Number(v))) : field.values;
      one.config = configOf(one, panel.fieldConfig);
      one.title = one.config.displayName ? withLabels(one.config.displayName, one) : field.name;
      found.push(one);
    }
  }
  return found;
}

const withLabels = (text, field) => text
  .replace(/\$\{__field\.labels\.(\w+)\}/g, (_, key) => (field.labels || {})[key] || "")
  .replace(/\$\{__field\.(?:name|displayName)\}/g, field.name);

function configOf(field, fieldConfig) {
  const made = structuredClone(fieldConfig.defaults || {});
  for (const override of fieldConfig.overrides || []) {
    if (!matches(override.matcher, field)) continue;
    for (const {id, value} of override.properties) {
      const [first, second] = id.split(".");
      if (second === undefined) made[id] = value;
      else made[first] = {...made[first], [id.slice(first.length + 1)]: value};
    }
  }
  return made;
}

function matches({id, options}, field) {
  if (id === "byName") return field.name === options;
  if (id === "byRegexp") {
    const found = /^\/(.*)\/(\w*)$/.exec(options);
    return new RegExp(found ? found[1] : options, found ? found[2] : "").test(field.name);
  }
  if (id === "byFrameRefID") return field.ref === options;
  if (id === "byType") return field.kind === options;
  if (id === "byNames") return (options.names || []).includes(field.name) !== (options.mode === "exclude");
  return false;
}

const numbersOf = (panel) => fieldsOf(panel).filter((field) => field.kind === "number" && !hidden(field));
const hidden = (field) => Boolean((field.config.custom || {}).hideFrom?.viz);

function limitsOf(field, fields) {
  const {min, max} = field.config;
  const all = (fields || [field]).flatMap((one) => one.values).filter((v) => Number.isFinite(v));
  const low = min ?? (all.length ? Math.min(...all) : 0);
  const high = max ?? (all.length ? Math.max(...all) : 1);
  return [low, high > low ? high : low + 1];
}

function stepOf(value, field) {
  const {thresholds} = field.config;
  let found = {color: "green", value: null};
  const [low, high] = thresholds?.mode === "percentage" ? limitsOf(field) : [0, 100];
  for (const step of thresholds?.steps || []) {
    const from = step.value === null || step.value === undefined ? -Infinity
      : thresholds.mode === "percentage" ? low + (high - low) * step.value / 100 : step.value;
    if (value >= from) found = step;
  }
  return found;
}

function shown(value, field) {
  const mapped = mapping(value, field.config.mappings || []);
  const text = value === null && field.config.noValue ? field.config.noValue
    : unitText(value, field.config.unit, field.config.decimals);
  const base = value === null || typeof value === "string" ? null : colour(valueColour(value, field));
  return {text: mapped?.text ?? text, colour: mapped?.color ? colour(mapped.color) : base};
}

function valueColour(value, field) {
  const {color} = field.config;
  if (color?.mode === "fixed") return color.fixedColor;
  if (color?.mode?.startsWith("continuous")) return blend(color.mode, value, limitsOf(field));
  return stepOf(value, field).color;
}

const BLENDS = {
  "continuous-GrYlRd": ["#73BF69", "#FADE2A", "#F2495C"], "continuous-RdYlGr": ["#F2495C", "#FADE2A", "#73BF69"],
  "continuous-BlYlRd": ["#5794F2", "#FADE2A", "#F2495C"], "continuous-BlPu": ["#5794F2", "#B877D9"],
  "continuous-blues": ["#C0D8FF", "#1F60C4"], "continuous-reds": ["#FFA6B0", "#C4162A"],
  "continuous-greens": ["#C8F2C2", "#37872D"],
};
function blend(mode, value, [low, high]) {
  const stops = BLENDS[mode] || BLENDS["continuous-GrYlRd"];
  const place = Math.min(1, Math.max(0, (value - low) / (high - low))) * (stops.length - 1);
  const at = Math.min(stops.length - 2, Math.floor(place));
  const part = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const [a, b] = [part(stops[at]), part(stops[at + 1])];
  return "#" + a.map((n, i) => Math.round(n + (b[i] - n) * (place - at)).toString(16).padStart(2, "0")).join("");
}

function mapping(value, mappings) {
  for (const {type, options} of mappings) {
    if (type === "value") {
      const found = options[String(value)];
      if (found) return found;
    } else if (type === "range") {
      const inside = typeof value === "number" && value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity);
      if (inside) return options.result;
    } else if (type === "regex") {
      const pattern = new RegExp(options.pattern.replace(/^\/|\/$/g, ""));
      if (value !== null && pattern.test(String(value))) return options.result;
    } else if (type === "special") {
      const is = {null: value === null, nan: Number.isNaN(value), "null+nan": value === null || Number.isNaN(value),
        true: value === true, false: value === false, empty: value === ""}[options.match];
      if (is) return options.result;
    }
  }
  return null;
}

function reduce(values, calc) {
  const known = values.filter((v) => v !== null && !Number.isNaN(v));
  if (calc === "count") return values.length;
  if (!known.length) return null;
  const sum = () => known.reduce((a, b) => a + b, 0);
  const make = {
    last: () => values[values.length - 1], first: () => values[0], firstNotNull: () => known[0],
    max: () => known.reduce((a, b) => Math.max(a, b)), min: () => known.reduce((a, b) => Math.min(a, b)),
    sum, total: sum, mean: () => sum() / known.length, delta: () => known.at(-1) - known[0],
    diff: () => known.at(-1) - known[0], range: () => Math.max(...known) - Math.min(...known),
  }[calc];
  return make ? make() : known.at(-1);
}

// What a stat, gauge, bar gauge or pie draws: one entry for each field, or for each row.
function figures(panel) {
  const {reduceOptions = {}} = panel.options;
  const calc = (reduceOptions.calcs || ["lastNotNull"])[0];
  const fields = numbersOf(panel);
  if (!reduceOptions.values) {
    return fields.map((field) => ({field, title: field.title, value: reduce(field.values, calc), values: field.values}))
      .filter((one) => one.value !== null || one.field.config.noValue !== undefined);
  }
  const made = [];
  for (const field of fields) {
    const names = field.frame.fields.filter((one) => one.kind === "string");
    field.values.forEach((value, i) => made.push({
      field, value, values: [value], title: names.map((one) => one.values[i]).join(" ") || field.title,
    }));
  }
  return made.slice(0, reduceOptions.limit || 25);
}

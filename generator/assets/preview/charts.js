// Panels that ECharts draws: lines, bars, gauges, heat maps, pies. Each returns an option.
"use strict";
const zoneOffsets = new Map();
function local(seconds) {
  // Times are drawn as if UTC, moved to the dashboard's time zone, so that days begin at midnight.
  const key = Math.floor(seconds / 900);
  if (!zoneOffsets.has(key)) {
    const p = dateParts(key * 900000);
    zoneOffsets.set(key, Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - key * 900000);
  }
  return seconds * 1000 + zoneOffsets.get(key);
}
const two = (n) => String(n).padStart(2, "0");
function clockText(ms, span) {
  const at = new Date(ms);
  const hour = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  const day = `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}`;
  if (span > 7 * 86400) return day;
  return span > 26 * 3600 ? `${day} ${hour}` : hour;
}
function momentText(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

const ink = () => ({text: cssColour("--text"), weak: cssColour("--weak"), line: cssColour("--grid"), panel: cssColour("--panel")});
const tooltipStyle = () => ({
  backgroundColor: cssColour("--canvas"), borderColor: cssColour("--border"), confine: true,
  textStyle: {color: cssColour("--text"), fontSize: 12}, extraCssText: "max-height:320px;overflow:auto",
});
const safe = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function timeAxis(panel) {
  const {weak, line} = ink();
  const [from, to] = panel.range;
  const span = to - from;
  return {
    type: "time", min: local(from), max: local(to), axisLine: {lineStyle: {color: line}}, axisTick: {show: false},
    splitNumber: Math.max(2, Math.round(panel.grid[2] / 2.4)),
    axisLabel: {color: weak, fontSize: 11, hideOverlap: true, formatter: (ms) => clockText(ms, span)},
    splitLine: {show: true, lineStyle: {color: line}},
  };
}

function valueAxes(panel, fields) {
  const {weak, line} = ink();
  const keys = [...new Set(fields.map(axisKey))];
  return {keys, axes: keys.slice(0, 2).map((key, index) => {
    const own = fields.filter((field) => axisKey(field) === key);
    const {config} = own[0];
    const custom = config.custom || {};
    const soft = (given, extreme) => (given === undefined || given === null ? undefined : extreme(given));
    const [low, high] = limitsOf({config: {}, values: []}, own);
    const nice = niceStep(config.unit, config.min ?? low, config.max ?? high);
    const log = custom.scaleDistribution?.type === "log";
    return {
      type: log ? "log" : "value", logBase: custom.scaleDistribution?.log || 10, position: index ? "right" : "left",
      min: config.min ?? soft(custom.axisSoftMin, (v) => Math.min(v, low)) ?? (nice && Math.floor(low / nice) * nice),
      max: config.max ?? soft(custom.axisSoftMax, (v) => Math.max(v, high)) ?? (nice && Math.ceil(high / nice) * nice),
      interval: nice,
      scale: config.min === undefined && custom.drawStyle !== "bars", name: custom.axisLabel || "",
      nameTextStyle: {color: weak, fontSize: 11}, splitNumber: panel.grid[3] > 6 ? 4 : 3,
      axisLabel: {color: weak, fontSize: 11, formatter: (v) => axisText(v, own[0], (high - low) / 4)},
      splitLine: {show: index === 0, lineStyle: {color: line}}, axisLine: {show: false},
    };
  })};
}
const axisKey = (field) => `${field.config.unit}|${(field.config.custom || {}).axisPlacement || ""}`;
function axisText(value, field, step) {
  // As few decimals as tell neighbouring ticks apart.
  const {unit} = field.config;
  for (const decimals of [0, 1, 2, 3, 4, 5]) {
    const text = unitText(value, unit, decimals);
    const exact = unitText(value, unit, 6);
    if (Math.abs(parseFloat(text) - parseFloat(exact)) < 1e-6 || value === 0) return text;
    if (decimals > 1 && text !== unitText(value + step, unit, decimals)) return text;
  }
  return unitText(value, unit);
}

const NICE_TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
function niceStep(unit, low, high) {
  // Steps that are round in the unit's own parts: minutes, days, powers of two.
  const span = high - low;
  if (unit === "s" && span > 90) return NICE_TIMES.find((step) => step >= span / 5) || undefined;
  if (unit === "bytes" && span > 2048) return Math.pow(2, Math.ceil(Math.log2(span / 5)));
  return undefined;
}

function seriesColour(field, index) {
  const {color} = field.config;
  if (color?.mode === "fixed") return colour(color.fixedColor);
  if (color?.mode === "thresholds") return shown(reduce(field.values, "lastNotNull"), field).colour || PALETTE[0];
  return PALETTE[index % PALETTE.length];
}

function timeseries(panel) {
  const fields = numbersOf(panel).filter((field) => field.time);
  if (!fields.some((field) => field.values.some((v) => v !== null))) return null;
  const {keys, axes} = valueAxes(panel, fields);
  const steps = fields[0].config.custom?.thresholdsStyle?.mode || "off";
  const series = fields.map((field, index) => lineOf(fields, field, index, Math.min(1, keys.indexOf(axisKey(field)))));
  if (series.length) {
    Object.assign(series[0], thresholdMarks(fields[0], steps, axes[0]), {});
    addEvents(series[0], panel);
  }
  return {
    useUTC: true, animation: false, textStyle: {fontFamily: "inherit"}, series, yAxis: axes, xAxis: timeAxis(panel),
    grid: {left: 8, right: axes.length > 1 ? 8 : 14, top: axes.some((a) => a.name) ? 26 : 10, bottom: 4, containLabel: true},
    tooltip: {trigger: "axis", ...tooltipStyle(), axisPointer: {lineStyle: {color: cssColour("--weak")}},
      formatter: (points) => pointsText(points, fields)},
    aria: {enabled: true, label: {description: `${panel.title}: ${fields.length} series`}},
  };
}

function lineOf(fields, field, index, axis) {
  const custom = field.config.custom || {};
  const own = seriesColour(field, index);
  const bars = custom.drawStyle === "bars";
  const group = custom.stacking?.mode && custom.stacking.mode !== "none" ? `stack-${custom.stacking.group || "A"}` : undefined;
  const dash = custom.lineStyle?.fill === "dash" ? custom.lineStyle.dash || [8, 6] : custom.lineStyle?.fill === "dot" ? [1, 4] : undefined;
  const times = field.time.grid
    ? Array.from({length: field.time.grid[2]}, (_, i) => field.time.grid[0] + i * field.time.grid[1]) : field.time.values;
  // In a stack, nothing counts as zero where another series has a value.
  const empty = (i) => (group && fields.some((other) => other.values[i] !== null && other.values[i] !== undefined) ? 0 : null);
  const sign = custom.transform === "negative-Y" ? -1 : 1;
  const known = field.values.filter((v) => v !== null).length;
  return {
    name: field.title, type: bars ? "bar" : "line", yAxisIndex: axis, stack: group, stackStrategy: "all",
    data: field.values.map((v, i) => [local(times[i]), v === null || !Number.isFinite(v) ? empty(i) : v * sign]),
    itemStyle: {color: own}, barMaxWidth: 14, barCategoryGap: "10%", barMinWidth: 1,
    lineStyle: {width: custom.lineWidth ?? 1, color: own, type: dash || "solid"},
    step: {stepBefore: "start", stepAfter: "end"}[custom.lineInterpolation], smooth: custom.lineInterpolation === "smooth" ? 0.3 : false,
    areaStyle: bars || !(custom.fillOpacity > 0) ? undefined : {opacity: custom.fillOpacity / 100, color: own},
    showSymbol: custom.drawStyle === "points" || custom.showPoints === "always" || known < 3, symbol: "circle", symbolSize: custom.pointSize || 4,
    connectNulls: Boolean(custom.spanNulls), emphasis: {disabled: true}, legendHoverLink: false,
  };
}

function thresholdMarks(field, style, axis) {
  const all = (field.config.thresholds?.steps || []);
  const steps = all.filter((step) => step.value !== null && step.value !== undefined);
  if (style === "off" || !steps.length) return {};
  const known = field.values.filter(Number.isFinite);
  const high = Math.max(...known, 0);
  // A limit far above the values would flatten them; Grafana does not stretch the axis for it either.
  const near = steps.filter((step) => axis.max !== undefined || step.value <= Math.max(high * 1.5, 1e-9) || steps.length === 0);
  const made = {};
  if (style.includes("line") || style === "dashed") {
    made.markLine = {
      silent: true, symbol: "none", animation: false, label: {show: false},
      data: near.map((step) => ({yAxis: step.value, lineStyle: {color: colour(step.color), type: "dashed", width: 1.2, opacity: 0.9}})),
    };
  }
  if (style.includes("area")) {
    made.markArea = {silent: true, data: all.map((step, i) => [
      {yAxis: step.value ?? "min", itemStyle: {color: colour(step.color), opacity: 0.1}}, {yAxis: all[i + 1]?.value ?? "max"}])};
  }
  return made;
}

function addEvents(series, panel) {
  // One line a moment: what began within the same hundredth of the range stands together.
  const [from, to] = panel.range;
  const places = new Map();
  for (const event of view.events) {
    if (event.at < from || event.at > to) continue;
    const key = `${event.color} ${Math.round((event.at - from) / (to - from) * 100)}`;
    if (!places.has(key)) places.set(key, event);
  }
  if (!places.size) return;
  series.markLine = series.markLine || {silent: true, symbol: "none", animation: false, label: {show: false}, data: []};
  series.markLine.data.push(...[...places.values()].map((event) => ({
    xAxis: local(event.at), symbol: "none", lineStyle: {color: colour(event.color), type: "dotted", width: 1, opacity: 0.55}})));
}

function pointsText(points, fields) {
  if (!points.length) return "";
  const at = points[0].value[0];
  const rows = points.filter((p) => p.value[1] !== null && p.value[1] !== undefined)
    .sort((a, b) => b.value[1] - a.value[1]).slice(0, 20)
    .map((p) => `<tr><td>${p.marker}${safe(p.seriesName)}</td><td>${safe(shown(p.value[1], fields[p.seriesIndex]).text)}</td></tr>`);
  const told = view.events.filter((e) => local(e.at) <= at && at <= local(e.until) + 60000).slice(0, 4)
    .map((e) => `<div class="told">${safe(e.name)}: ${safe(e.title)} ${safe(e.text)}</div>`);
  return `<b>${momentText(at)}</b><table class="tip">${rows.join("")}</table>${told.join("")}`;
}

function heatmap(panel) {
  const fields = numbersOf(panel).filter((field) => field.time);
  if (!fields.some((field) => field.values.some((v) => v !== null))) return null;
  const times = fields[0].time.grid
    ? Array.from({length: fields[0].time.grid[2]}, (_, i) => fields[0].time.grid[0] + i * fields[0].time.grid[1]) : fields[0].time.values;
  const yUnit = panel.options.yAxis?.unit || panel.fieldConfig.defaults?.unit;
  const names = fields.map((field) => {
    const bound = Number(field.labels?.le === "+Inf" ? Infinity : field.labels?.le ?? NaN);
    return Number.isNaN(bound) ? field.title : bound === Infinity ? "above" : unitText(bound, yUnit && yUnit !== "none" ? yUnit : "short");
  });
  const high = fields.reduce((most, field) => field.values.reduce((a, v) => Math.max(a, v || 0), most), 0) || 1;
  const data = fields.flatMap((field, y) => field.values.flatMap((v, x) => (v > high / 1000 ? [[x, y, v]] : [])));
  const {weak, line, panel: base} = ink();
  const [from, to] = panel.range;
  const ramp = cssColour("--dark") === "1" ? ["#1b2a4a", "#2b5fa8", "#4aa3c7", "#d9d25a", "#f5793a"] : ["#dbe9fb", "#8ab8ff", "#3274d9", "#f0b429", "#d9480f"];
  return {
    useUTC: true, animation: false, textStyle: {fontFamily: "inherit"},
    grid: {left: 8, right: 14, top: 10, bottom: 4, containLabel: true},
    xAxis: {type: "category", data: times.map((t) => clockText(local(t), to - from)), axisTick: {show: false},
      axisLabel: {color: weak, fontSize: 11, interval: Math.max(1, Math.floor(times.length / Math.max(3, panel.grid[2] / 2.2)))},
      axisLine: {lineStyle: {color: line}}},
    yAxis: {type: "category", data: names, axisLabel: {color: weak, fontSize: 11}, axisLine: {show: false}, axisTick: {show: false}},
    visualMap: {show: false, min: 0, max: high, inRange: {color: ramp}},
    series: [{type: "heatmap", data, itemStyle: {borderColor: base, borderWidth: times.length > 150 ? 0 : 1}, progressive: 0}],
    tooltip: {...tooltipStyle(), formatter: (p) => `<b>${momentText(local(times[p.value[0]]))}</b><br>${safe(names[p.value[1]])}: ${safe(unitText(p.value[2], "short"))}`},
    aria: {enabled: true, label: {description: panel.title}},
  };
}

function piechart(panel) {
  const found = figures(panel).filter((one) => one.value > 0);
  if (!found.length) return null;
  const {text, panel: base} = ink();
  return {
    animation: false, textStyle: {fontFamily: "inherit"}, tooltip: {...tooltipStyle(),
      formatter: (p) => `${p.marker}${safe(p.name)}: ${safe(shown(p.value, found[p.dataIndex].field).text)} (${p.percent} %)`},
    legend: {orient: "vertical", right: 8, top: "middle", type: "scroll", textStyle: {color: text, fontSize: 12}, icon: "roundRect", itemWidth: 14, itemHeight: 4},
    series: [{
      type: "pie", radius: panel.options.pieType === "donut" ? ["50%", "82%"] : [0, "82%"], center: ["36%", "50%"], label: {show: false},
      data: found.map((one, i) => ({name: one.title, value: one.value, itemStyle: {color: one.field.config.color?.mode === "fixed" ? colour(one.field.config.color.fixedColor) : PALETTE[i % PALETTE.length], borderColor: base, borderWidth: 2}})),
    }],
  };
}

function barchart(panel) {
  const fields = numbersOf(panel);
  const key = fieldsOf(panel).find((field) => field.kind === "string" || field.kind === "time");
  if (!fields.length || !fields[0].values.length) return null;
  const {weak, line} = ink();
  const flat = panel.options.orientation === "horizontal";
  const names = {type: "category", data: key ? key.values.map((v) => (key.kind === "time" ? clockText(local(v), panel.range[1] - panel.range[0]) : v)) : fields.map((f) => f.title),
    axisLabel: {color: weak, fontSize: 11, hideOverlap: true}, axisLine: {lineStyle: {color: line}}, axisTick: {show: false}};
  const values = {type: "value", min: fields[0].config.min, max: fields[0].config.max, splitLine: {lineStyle: {color: line}},
    axisLabel: {color: weak, fontSize: 11, formatter: (v) => unitText(v, fields[0].config.unit)}};
  return {
    animation: false, textStyle: {fontFamily: "inherit"}, grid: {left: 8, right: 14, top: 10, bottom: 4, containLabel: true},
    xAxis: flat ? values : names, yAxis: flat ? names : values,
    series: fields.map((field, i) => ({type: "bar", name: field.title, data: field.values, stack: panel.options.stacking && panel.options.stacking !== "none" ? "all" : undefined, itemStyle: {color: seriesColour(field, i)}})),
    tooltip: {trigger: "axis", ...tooltipStyle(), valueFormatter: (v) => unitText(v, fields[0].config.unit, fields[0].config.decimals)},
  };
}

function gaugeOf(one, panel, size) {
  const {field} = one;
  const [low, high] = [field.config.min ?? 0, field.config.max ?? (field.config.unit === "percentunit" ? 1 : field.config.unit === "percent" ? 100 : Math.max(1, ...one.values.filter(Number.isFinite)))];
  const steps = field.config.thresholds?.steps || [];
  const place = (v) => Math.min(1, Math.max(0, (v - low) / (high - low || 1)));
  const bands = steps.map((step, i) => [i + 1 < steps.length ? place(steps[i + 1].value) : 1, colour(step.color)]);
  const said = shown(one.value, field);
  const thick = Math.max(8, size / 9);
  const common = {type: "gauge", min: low, max: high, startAngle: 200, endAngle: -20, center: ["50%", "62%"], splitLine: {show: false}, axisTick: {show: false}, axisLabel: {show: false}, pointer: {show: false}};
  return {
    animation: false, textStyle: {fontFamily: "inherit"},
    series: [
      {...common, radius: "92%", axisLine: {lineStyle: {width: 4, color: bands.length ? bands : [[1, "#73BF69"]]}}, detail: {show: false}, data: [{value: low}]},
      {...common, radius: "84%", axisLine: {lineStyle: {width: thick, color: [[1, cssColour("--track")]]}},
        progress: {show: true, width: thick, itemStyle: {color: said.colour}},
        detail: {offsetCenter: [0, "-4%"], formatter: () => said.text, color: cssColour("--text"), fontSize: Math.max(14, Math.min(40, size / 6)), fontWeight: 500},
        data: [{value: Number.isFinite(one.value) ? one.value : high}]},
    ],
    aria: {enabled: true, label: {description: `${one.title}: ${said.text}`}},
  };
}

// Panels made of boxes and text: stats, bar gauges, states over time, tables, lists of alerts.
"use strict";
function made(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function sparkline(values, ownColour, filled) {
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (v) => (high > low ? 38 - (v - low) / (high - low) * 34 : 30).toFixed(1);
  const x = (i) => (i / (values.length - 1) * 100).toFixed(2);
  const parts = [];
  let run = [];
  values.forEach((v, i) => {
    if (Number.isFinite(v)) run.push([x(i), y(v)]);
    else { if (run.length) parts.push(run); run = []; }
  });
  if (run.length) parts.push(run);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 40");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  for (const points of parts) {
    const line = points.map(([a, b]) => `${a},${b}`).join(" L");
    const path = (d, fill, stroke) => {
      const one = document.createElementNS("http://www.w3.org/2000/svg", "path");
      one.setAttribute("d", d);
      one.setAttribute("fill", fill);
      one.setAttribute("stroke", stroke);
      one.setAttribute("stroke-width", "1.6");
      one.setAttribute("vector-effect", "non-scaling-stroke");
      if (fill !== "none") one.setAttribute("fill-opacity", filled);
      svg.append(one);
    };
    path(`M${line} L${points.at(-1)[0]},40 L${points[0][0]},40 Z`, ownColour, "none");
    path(`M${line}`, "none", ownColour);
  }
  return svg;
}

function stat(panel, body) {
  const found = figures(panel);
  if (!found.length) return false;
  const {colorMode = "value", graphMode = "area", textMode = "auto", orientation = "auto"} = panel.options;
  const box = made("div", "stats");
  const many = found.length > 1;
  const wide = orientation === "vertical" || (orientation === "auto" && panel.grid[2] * 50 > panel.grid[3] * 38);
  box.style.gridAutoFlow = wide && found.length < 7 ? "column" : "row";
  if (found.length >= 7) box.style.gridTemplateColumns = `repeat(${Math.ceil(Math.sqrt(found.length * 2))},1fr)`;
  for (const one of found) {
    const said = shown(one.value, one.field);
    const tile = made("div", "stat");
    const back = colorMode.startsWith("background") && said.colour;
    const tint = back ? inkOn(said.colour) : colorMode === "none" ? cssColour("--text") : said.colour || cssColour("--text");
    if (back) { tile.style.background = said.colour; tile.style.color = tint; }
    const named = textMode === "name" || textMode === "value_and_name" || (textMode === "auto" && many);
    if (named) tile.append(made("div", "stat-name", one.title));
    if (textMode !== "name") {
      const value = made("div", "stat-value", textMode === "none" ? "" : said.text);
      if (!back) value.style.color = tint;
      value.dataset.length = said.text.length;
      tile.append(value);
    }
    const drawn = graphMode === "area" && sparkline(one.values, tint, back ? 0.22 : 0.18);
    if (drawn) tile.append(drawn);
    tile.title = `${one.title}: ${said.text}`;
    box.append(tile);
  }
  body.append(box);
  fitStats(box);
  return true;
}

function fitStats(box) {
  for (const tile of box.querySelectorAll(".stat")) {
    const value = tile.querySelector(".stat-value");
    if (!value) continue;
    const room = tile.clientWidth - 20;
    const size = Math.min(room / (Math.max(2, value.dataset.length) * 0.58), tile.clientHeight * 0.44, 64);
    value.style.fontSize = `${Math.max(13, size)}px`;
  }
}

function bargauge(panel, body) {
  const found = figures(panel);
  if (!found.length) return false;
  const numbers = found.map((one) => one.value).filter(Number.isFinite);
  const box = made("div", "bars");
  for (const one of found) {
    const {config} = one.field;
    const low = config.min ?? Math.min(0, ...numbers);
    const high = config.max ?? Math.max(...numbers, low + 1e-9);
    const said = shown(one.value, one.field);
    const part = Number.isFinite(one.value) ? Math.min(1, Math.max(0, (one.value - low) / (high - low))) : one.value > 0 ? 1 : 0;
    const line = made("div", "bar");
    line.append(made("div", "bar-name", one.title));
    const track = made("div", "bar-track");
    const fill = made("div", "bar-fill");
    fill.style.width = `${(part * 100).toFixed(2)}%`;
    fill.style.background = panel.options.displayMode === "basic" ? said.colour : `linear-gradient(90deg, color-mix(in srgb, ${said.colour} 45%, transparent), ${said.colour})`;
    track.append(fill);
    const value = made("div", "bar-value", said.text);
    value.style.setProperty("--own", said.colour);
    line.append(track, value);
    line.title = `${one.title}: ${said.text}`;
    box.append(line);
  }
  body.append(box);
  return true;
}

function gauges(panel, body, chart) {
  const found = figures(panel);
  if (!found.length) return false;
  const box = made("div", "gauges");
  body.append(box);
  const tiles = found.map((one) => {
    const tile = made("div", "gauge");
    const room = made("div", "gauge-chart");
    tile.append(room);
    if (found.length > 1) tile.append(made("div", "gauge-name", one.title));
    box.append(tile);
    return [room, one];
  });
  for (const [room, one] of tiles) chart(room, gaugeOf(one, panel, Math.min(room.clientWidth, room.clientHeight * 1.5)));
  return true;
}

function stateTimeline(panel, body) {
  const fields = fieldsOf(panel).filter((field) => field.kind !== "time" && field.time && !hidden(field));
  if (!fields.some((field) => field.values.some((v) => v !== null))) return false;
  const [from, to] = panel.range;
  const box = made("div", "states");
  const legend = new Map();
  for (const field of fields) {
    const line = made("div", "state-line");
    line.append(made("div", "state-name", field.title));
    line.firstChild.title = field.title;
    const track = made("div", "state-track");
    for (const run of runsOf(field, to)) {
      const said = shown(run.value, field);
      if (run.value === null) continue;
      const own = said.colour || colour("text");
      const block = made("div", "state");
      block.style.left = `${(run.from - from) / (to - from) * 100}%`;
      block.style.width = `${(run.until - run.from) / (to - from) * 100}%`;
      block.style.background = own;
      const step = typeof run.value === "number" ? stepOf(run.value, field) : {};
      if (/red/.test(step.color || "") || own === SHADES.red[2]) block.classList.add("bad");
      block.title = `${field.title}: ${said.text}\n${iso(run.from * 1000)} – ${iso(run.until * 1000)}`;
      if (panel.options.showValue !== "never" && run.until - run.from > (to - from) / 12) {
        block.textContent = said.text;
        block.style.color = inkOn(own);
      }
      const mapped = mapping(run.value, field.config.mappings || []);
      legend.set(own, mapped?.text ?? stepName(step, field));
      track.append(block);
    }
    line.append(track);
    box.append(line);
  }
  const axis = made("div", "state-axis");
  const count = Math.max(2, Math.round(panel.grid[2] / 3));
  for (let i = 0; i < count; i += 1) axis.append(made("span", "", clockText(local(from + (to - from) * i / count), to - from)));
  box.append(axis);
  body.append(box);
  if (panel.options.legend?.showLegend !== false) {
    body.append(legendOf([...legend].map(([own, text]) => ({colour: own, text}))));
  }
  return true;
}

function stepName(step, field) {
  const steps = field.config.thresholds?.steps || [];
  const at = steps.indexOf(step);
  const text = (v) => unitText(v, field.config.unit, field.config.decimals);
  if (step.value !== null && step.value !== undefined) return `${text(step.value)} or more`;
  return at >= 0 && steps[at + 1] ? `below ${text(steps[at + 1].value)}` : "any";
}

function runsOf(field, to) {
  const times = field.time.grid
    ? Array.from({length: field.time.grid[2]}, (_, i) => field.time.grid[0] + i * field.time.grid[1]) : field.time.values;
  const runs = [];
  field.values.forEach((value, i) => {
    const last = runs.at(-1);
    const until = Math.min(to, times[i + 1] ?? to);
    if (last && same(last.value, value, field)) last.until = until;
    else runs.push({value, from: times[i], until});
  });
  return runs;
}
function same(a, b, field) {
  if (a === b) return true;
  if (a === null || b === null || typeof a === "string" || typeof b === "string") return false;
  return !(field.config.mappings || []).length && stepOf(a, field) === stepOf(b, field);
}

function table(panel, body) {
  const fields = fieldsOf(panel);
  const frame = panel.frames.find((one) => one.fields.some((field) => (field.values || []).length || field.grid));
  if (!frame) return false;
  let columns = fields.filter((field) => field.frame === frame && !field.config.custom?.hidden && !hidden(field));
  if (panel.frames.length > 1 && frame.fields.length === 2 && frame.fields[0].kind === "time") {
    // Many plain series: as one table of their last values.
    const series = fields.filter((field) => field.kind === "number");
    const value = {...series[0], title: "Value", values: series.map((field) => reduce(field.values, "lastNotNull"))};
    columns = [{kind: "string", title: "Series", values: series.map((field) => field.title), config: {}}, value];
  }
  const height = columns[0]?.values.length || 0;
  if (!height) return false;
  const box = made("div", "table");
  box.tabIndex = 0;
  const grid = made("table");
  if (panel.options.showHeader !== false) {
    const head = grid.createTHead().insertRow();
    for (const column of columns) {
      const cell = made("th", column.kind, column.title);
      cell.scope = "col";
      head.append(cell);
    }
  }
  const rows = grid.createTBody();
  const order = sortedRows(columns, panel.options.sortBy, height).slice(0, 200);
  for (const index of order) {
    const row = rows.insertRow();
    for (const column of columns) row.append(cellOf(column, index));
  }
  box.append(grid);
  body.append(box);
  return true;
}

function sortedRows(columns, wanted, height) {
  const order = Array.from({length: height}, (_, i) => i);
  const by = columns.find((column) => column.title === wanted?.[0]?.displayName);
  if (!by) return order;
  const sign = wanted[0].desc ? -1 : 1;
  return order.sort((a, b) => sign * (by.values[a] < by.values[b] ? -1 : by.values[a] > by.values[b] ? 1 : 0));
}

function cellOf(column, index) {
  const value = column.values[index] ?? null;
  const custom = column.config.custom || {};
  const kind = custom.cellOptions?.type || custom.displayMode || "auto";
  const cell = made("td", column.kind);
  if (custom.align) cell.style.textAlign = custom.align;
  if (column.kind === "time" && !column.config.unit) { cell.textContent = iso(value * 1000); return cell; }
  const said = shown(column.kind === "time" ? value * 1000 : value, column);
  const link = (column.config.links || [])[0];
  cell.textContent = said.text === "no data" ? "" : said.text;
  if (link && /^https?:/.test(link.url)) {
    const anchor = made("a", "", said.text);
    anchor.href = link.url;
    cell.replaceChildren(anchor);
  }
  if (kind.startsWith("color-background") && said.colour) {
    cell.style.background = said.colour;
    cell.style.color = inkOn(said.colour);
  } else if (kind === "color-text" && said.colour) {
    cell.style.setProperty("--own", said.colour);
    cell.classList.add("tinted");
  } else if ((kind === "gauge" || kind.includes("gauge")) && Number.isFinite(value)) {
    const [low, high] = limitsOf(column);
    const track = made("div", "cell-track");
    const fill = made("div", "cell-fill");
    fill.style.width = `${Math.max(0, Math.min(1, (value - low) / (high - low))) * 100}%`;
    fill.style.background = said.colour;
    track.append(fill);
    cell.replaceChildren(track, made("span", "cell-text", said.text));
    cell.classList.add("with-gauge");
  }
  return cell;
}

function alertlist(panel, body) {
  const frame = panel.frames[0];
  const box = made("div", "alerts");
  box.tabIndex = 0;
  body.append(box);
  if (!frame || !frame.fields[0].values.length) {
    box.append(made("p", "calm", "Nothing fires."));
    return true;
  }
  const column = (name) => frame.fields.find((field) => field.name === name)?.values || [];
  column("alert").forEach((name, i) => {
    const since = column("since")[i];
    const firing = column("state")[i] === "firing";
    const item = made("div", `alert ${firing ? "firing" : "pending"}`);
    item.append(made("span", "alert-state", firing ? "Firing" : "Pending"), made("b", "", name));
    item.append(made("span", "alert-labels", column("about")[i]));
    if (since) item.append(made("span", "alert-since", duration(Math.max(0, clock.now - since), 1)));
    box.append(item);
  });
  return true;
}

function legendOf(entries) {
  const legend = made("div", "legend");
  for (const entry of entries) {
    const one = made(entry.toggle ? "button" : "span", "legend-entry");
    const dot = made("i");
    dot.style.background = entry.colour;
    one.append(dot, made("span", "", entry.text));
    if (entry.value) one.append(made("em", "", entry.value));
    if (entry.toggle) {
      one.type = "button";
      one.setAttribute("aria-pressed", "true");
      one.addEventListener("click", () => {
        const on = one.getAttribute("aria-pressed") !== "true";
        one.setAttribute("aria-pressed", String(on));
        entry.toggle(on);
      });
    }
    legend.append(one);
  }
  return legend;
}

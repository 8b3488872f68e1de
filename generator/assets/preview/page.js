// The page: sections on Grafana's grid, drawn when they are seen; dark and light; rows that fold.
"use strict";
const view = JSON.parse(document.getElementById("view").textContent);
clock.now = view.to;
clock.timezone = view.timezone;
const charts = new Set();
const drawnBy = new Map();

const CHARTS = {timeseries, heatmap, piechart, barchart, histogram: barchart, trend: timeseries, graph: timeseries};
const BOXES = {stat, bargauge, "state-timeline": stateTimeline, "status-history": stateTimeline, table, alertlist};

function chartIn(element, option) {
  const chart = echarts.init(element, null, {renderer: "canvas"});
  chart.setOption(option);
  charts.add(chart);
  return chart;
}

function draw(panel, element) {
  const body = element.querySelector(".panel-body");
  for (const chart of charts) if (body.contains(chart.getDom())) { chart.dispose(); charts.delete(chart); }
  body.replaceChildren();
  let drew = false;
  if (panel.problem) {
    body.append(made("div", "problem", panel.problem));
  } else if (panel.type === "text") {
    const text = made("div", "markdown");
    text.innerHTML = panel.html;
    body.append(text);
    drew = true;
  } else if (panel.type === "gauge") {
    drew = gauges(panel, body, chartIn);
  } else if (BOXES[panel.type]) {
    drew = BOXES[panel.type](panel, body);
  } else if (CHARTS[panel.type]) {
    drew = drawChart(panel, body);
  } else {
    body.append(made("div", "nothing", `${panel.type} is drawn by Grafana alone`));
    element.dataset.state = "unknown";
    return;
  }
  if (!drew && !panel.problem) body.append(made("div", "nothing", panel.fieldConfig.defaults?.noValue || "no data"));
  element.dataset.state = panel.problem ? "problem" : drew ? "drawn" : "no data";
}

function drawChart(panel, body) {
  const option = CHARTS[panel.type](panel);
  if (!option) return false;
  const room = made("div", "chart");
  body.append(room);
  let chart = null;
  const legend = panel.options.legend || {};
  if (panel.type === "timeseries" && legend.showLegend !== false) {
    const fields = numbersOf(panel).filter((field) => field.time);
    const calcs = legend.calcs || [];
    body.append(legendOf(fields.map((field, i) => ({
      colour: seriesColour(field, i), text: field.title,
      value: calcs.map((calc) => unitText(reduce(field.values, calc), field.config.unit, field.config.decimals)).join("  "),
      toggle: (on) => chart.setOption({series: option.series.map((one, at) => (at === i ? {data: on ? one.data : []} : {}))}),
    }))));
    if (legend.placement === "right") body.classList.add("beside");
  }
  chart = chartIn(room, option);
  chart.group = "view";
  return true;
}

function panelElement(panel) {
  const element = made("section", `panel panel-${panel.type}`);
  const [x, y, width, height] = panel.grid;
  element.style.gridColumn = `${x + 1} / span ${width}`;
  element.style.gridRow = `${y + 1} / span ${height}`;
  element.setAttribute("aria-label", panel.title || panel.type);
  const head = made("header", "panel-head");
  head.append(made("h3", "", panel.title));
  head.firstChild.title = panel.title;
  if (panel.description) {
    const info = made("button", "info", "i");
    info.type = "button";
    info.setAttribute("aria-label", `About ${panel.title}: ${panel.description}`);
    info.append(made("span", "bubble", panel.description));
    head.append(info);
  }
  if (panel.timeFrom) head.append(made("span", "own-time", `last ${panel.timeFrom}`));
  if (panel.note) { const note = made("span", "own-time", "!"); note.title = panel.note; head.append(note); }
  for (const [title, url] of panel.links || []) {
    if (!/^https?:/.test(url)) continue;
    const link = made("a", "panel-link", "↗");
    link.href = url;
    link.title = title;
    link.setAttribute("aria-label", title);
    head.append(link);
  }
  element.append(head, made("div", "panel-body"));
  return element;
}

function sectionElement(section) {
  const element = made("div", "row");
  const grid = made("div", "grid");
  if (section.title) {
    const head = made("button", "row-head");
    head.type = "button";
    head.append(made("span", "fold", "▾"), made("span", "row-title", section.title), made("span", "row-count", `${section.panels.length} panels`));
    const fold = (closed) => {
      head.setAttribute("aria-expanded", String(!closed));
      grid.hidden = closed;
      if (!closed) drawAll(grid);
    };
    head.addEventListener("click", () => fold(head.getAttribute("aria-expanded") === "true"));
    element.append(head);
    grid.hidden = section.collapsed;
    head.setAttribute("aria-expanded", String(!section.collapsed));
  }
  for (const panel of section.panels) {
    const one = panelElement(panel);
    drawnBy.set(one, panel);
    grid.append(one);
  }
  element.append(grid);
  return element;
}

function drawAll(within) {
  for (const element of within.querySelectorAll(".panel:not([data-state])")) {
    if (!element.closest("[hidden]")) draw(drawnBy.get(element), element);
  }
}

function redraw() {
  for (const element of document.querySelectorAll(".panel[data-state]")) {
    delete element.dataset.state;
  }
  drawAll(document);
}

function themed(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-label", dark ? "Switch to light" : "Switch to dark");
}

function header() {
  document.getElementById("title").textContent = view.title;
  document.getElementById("about").textContent = view.description;
  const nav = document.getElementById("views");
  for (const link of view.links) {
    const one = made("a", "", link.title);
    one.href = link.href;
    if (link.here) one.setAttribute("aria-current", "page");
    nav.append(one);
  }
  document.getElementById("when").textContent = `${iso(view.from * 1000).slice(0, 16)} – ${iso(view.to * 1000).slice(0, 16)} ${view.timezone}`;
  const chosen = document.getElementById("variables");
  for (const {label, value} of view.variables) {
    const one = made("span", "variable");
    one.append(made("span", "variable-name", label), made("span", "variable-value", value));
    chosen.append(one);
  }
  chosen.hidden = !view.variables.length;
  const source = document.getElementById("source");
  if (view.source) source.textContent = `Preview, drawn without Grafana. ${view.source}`;
  else document.getElementById("no-source").hidden = false;
}

header();
const prefers = matchMedia("(prefers-color-scheme: dark)");
themed(prefers.matches);
for (const section of view.sections) document.getElementById("sections").append(sectionElement(section));
drawAll(document);
echarts.connect("view");
prefers.addEventListener("change", (event) => { themed(event.matches); redraw(); });
document.getElementById("theme").addEventListener("click", () => {
  themed(document.documentElement.dataset.theme !== "dark");
  redraw();
});
document.getElementById("unfold").addEventListener("click", () => {
  const closed = [...document.querySelectorAll('.row-head[aria-expanded="false"]')];
  const heads = closed.length ? closed : [...document.querySelectorAll(".row-head")];
  for (const head of heads) head.click();
});
let waiting = 0;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    for (const chart of charts) chart.resize();
    for (const box of document.querySelectorAll(".stats")) fitStats(box);
  }, 80);
});
document.documentElement.dataset.ready = "1";

// Draws the report's charts from the data in the page, in the reader's colours and for print.
"use strict";
(() => {
  const tenants = JSON.parse(document.getElementById("data").textContent);
  const drawn = new Map();
  let printing = false;

  const percent = (value) => {
    const digits = Math.abs(value) < 1 ? 2 : 1;
    return `${value.toLocaleString("en-GB", { maximumFractionDigits: digits })} %`;
  };
  // The width of the longest label, by the font that it is drawn in.
  const widest = (texts, most) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    return Math.min(Math.ceil(Math.max(0, ...texts.map((text) => pen.measureText(text).width))), most);
  };
  const escaped = (text) => echarts.format.encodeHTML(String(text));
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(`--${name}`).trim();
  };
  const framed = (colour) => ({
    animation: false,
    textStyle: { color: colour("ink"), fontFamily: getComputedStyle(document.body).fontFamily },
    tooltip: {
      confine: true, backgroundColor: colour("card"), borderColor: colour("line"),
      textStyle: { color: colour("ink"), fontSize: 13 },
    },
  });
  const lines = (colour) => ({
    axisLine: { lineStyle: { color: colour("line") } },
    axisTick: { lineStyle: { color: colour("line") } },
    axisLabel: { color: colour("soft"), fontSize: 12 },
    splitLine: { lineStyle: { color: colour("line"), type: "dashed" } },
  });
  // Hours since the period began, with marks at the wall clock's midnights.
  const timeAxis = (tenant, colour) => {
    const base = lines(colour);
    const places = tenant.ticks.map(([place]) => place);
    const names = new Map(tenant.ticks);
    return {
      type: "value", min: 0, max: tenant.length, ...base, splitLine: { show: false },
      axisTick: { ...base.axisTick, show: true, customValues: places },
      axisLabel: { ...base.axisLabel, customValues: places, formatter: (value) => names.get(value) ?? "", hideOverlap: true },
    };
  };

  const charts = {
    overview(tenant, _slo, colour) {
      const names = tenant.slos.map((slo) => slo.title);
      const cap = tenant.cap;
      const side = widest(names, 260);
      const bar = (key, title, fill) => ({
        name: title, type: "bar", barGap: "15%", barMaxWidth: 13, itemStyle: { color: fill, borderRadius: [0, 3, 3, 0] },
        data: tenant.slos.map((slo) => slo[key] === null
          ? { value: 0, label: { formatter: key === "spent" ? slo.state : "no data" } }
          : { value: Math.min(slo[key], cap), label: { formatter: percent(slo[key]) },
              ...(key === "spent" && slo[key] > 100 ? { itemStyle: { color: colour("bad") } } : {}) }),
        label: { show: true, position: "right", color: colour(key === "spent" ? "ink" : "soft"), fontSize: 11 },
      });
      return {
        ...framed(colour),
        grid: { left: side + 14, right: 70, top: 46, bottom: 26 },
        legend: { top: 0, left: 0, textStyle: { color: colour("soft") }, itemWidth: 12, itemHeight: 12, data: ["this period", "the period before"] },
        tooltip: { ...framed(colour).tooltip, trigger: "axis", axisPointer: { type: "none" }, formatter: (found) => {
          const slo = tenant.slos[found[0].dataIndex];
          const told = (value, state) => (value === null ? state : percent(value));
          return `<b>${escaped(slo.title)}</b><br>this period: ${told(slo.spent, slo.state)}<br>the period before: ${told(slo.before, "no data")}`;
        } },
        xAxis: { type: "value", min: 0, max: cap, ...lines(colour), axisLabel: { ...lines(colour).axisLabel, formatter: "{value} %" } },
        yAxis: { type: "category", inverse: true, data: names, ...lines(colour), axisTick: { show: false }, splitLine: { show: false },
          axisLabel: { color: colour("ink"), fontSize: 12, width: side + 2, overflow: "truncate" } },
        series: [
          { ...bar("spent", "this period", colour("accent")),
            markLine: { silent: true, symbol: "none", lineStyle: { color: colour("bad"), type: "solid", width: 1.5 },
              label: { formatter: "all of it", color: colour("bad"), position: "start", distance: 5 }, data: [{ xAxis: 100 }] } },
          bar("before", "the period before", colour("before")),
        ],
      };
    },

    incidents(tenant, _slo, colour) {
      const side = widest(tenant.services, 200);
      const tones = { missed: colour("bad"), warned: colour("warn"), quiet: colour("before") };
      return {
        ...framed(colour),
        grid: { left: side + 14, right: 30, top: 8, bottom: 28 },
        tooltip: { ...framed(colour).tooltip, formatter: ({ data }) => {
          const one = tenant.incidents[data.number];
          return `<b>${escaped(one.alert)}</b><br>${escaped(one.service)}, ${escaped(one.severity)}<br>${escaped(one.when)}<br>${escaped(one.length)}`;
        } },
        xAxis: timeAxis(tenant, colour),
        yAxis: { type: "category", inverse: true, data: tenant.services, ...lines(colour), axisTick: { show: false },
          splitLine: { show: true, lineStyle: { color: colour("line"), type: "dashed" } }, axisLabel: { color: colour("ink"), fontSize: 12, width: side + 2, overflow: "truncate" } },
        series: [{
          type: "custom", clip: true, encode: { x: [1, 2], y: 0 },
          data: tenant.incidents.map((one, number) => ({ number, value: [one.row, one.start, one.end] })),
          renderItem(params, api) {
            const [left, middle] = api.coord([api.value(1), api.value(0)]);
            const [right] = api.coord([api.value(2), api.value(0)]);
            const height = Math.min(api.size([0, 1])[1] * 0.56, 18);
            const one = tenant.incidents[params.dataIndex];
            return { type: "rect", shape: { x: left, y: middle - height / 2, width: Math.max(right - left, 3), height, r: 2 },
              style: { fill: tones[one.tone], stroke: colour("card"), lineWidth: 0.5 } };
          },
        }],
      };
    },

    burn(tenant, slo, colour) {
      const low = Math.min(0, ...slo.left);
      const over = low < 0;
      return {
        ...framed(colour),
        grid: { left: 60, right: 30, top: 14, bottom: 28 },
        tooltip: { ...framed(colour).tooltip, trigger: "axis", formatter: ([found]) => {
          const index = Math.min(Math.max(Math.round(found.value[0]), 0), slo.left.length - 1);
          return `${escaped(tenant.hours[index])}<br><b>${percent(slo.left[index])}</b> left`;
        } },
        xAxis: timeAxis(tenant, colour),
        yAxis: { type: "value", max: 100, ...lines(colour), axisLabel: { ...lines(colour).axisLabel, formatter: "{value} %" } },
        series: [{
          type: "line", showSymbol: false, data: slo.left.map((value, index) => [Math.min(index, tenant.length), value]),
          lineStyle: { color: colour(over ? "bad" : "accent"), width: 2 }, itemStyle: { color: colour(over ? "bad" : "accent") },
          areaStyle: { color: colour(over ? "bad" : "accent"), opacity: 0.1, origin: 0 },
          markLine: over ? { silent: true, symbol: "none", lineStyle: { color: colour("bad"), type: "solid" }, label: { show: false }, data: [{ yAxis: 0 }] } : undefined,
          markArea: { silent: true, itemStyle: { color: colour("hole"), opacity: 0.35 }, label: { show: false },
            data: slo.holes.map(([from, until]) => [{ xAxis: from }, { xAxis: until }]) },
        }],
      };
    },

    heat(tenant, slo, colour) {
      // The legend is the page's own, below the chart.
      const steps = [[-2.5, -1.5, "left-out"], [-1.5, 0, "hole"], [0, 1e-9, "heat-0"], [1e-9, 0.1, "heat-1"],
        [0.1, 1, "heat-2"], [1, 5, "heat-3"], [5, 20, "heat-4"], [20, 1e12, "heat-5"]];
      const grid = tenant.grid;
      return {
        ...framed(colour),
        grid: { left: 52, right: 12, top: 4, bottom: 28 },
        tooltip: { ...framed(colour).tooltip, formatter: ({ value }) => {
          const told = value[2] === -2 ? "left out" : value[2] < 0 ? "not measured" : `${percent(value[2])} of the budget`;
          return `${escaped(grid.x[value[0]])} ${escaped(grid.y[value[1]])}<br><b>${told}</b>`;
        } },
        xAxis: { type: "category", data: grid.x, ...lines(colour), splitLine: { show: false }, axisTick: { show: false },
          axisLabel: { ...lines(colour).axisLabel, hideOverlap: true } },
        yAxis: { type: "category", inverse: true, data: grid.y, ...lines(colour), splitLine: { show: false }, axisTick: { show: false },
          axisLabel: { ...lines(colour).axisLabel, interval: grid.y.length > 7 ? 5 : 0 } },
        visualMap: { type: "piecewise", show: false, dimension: 2,
          pieces: steps.map(([gte, lt, name]) => ({ gte, lt, color: colour(name) })) },
        series: [{ type: "heatmap", data: slo.cells, itemStyle: { borderColor: colour("card"), borderWidth: 1 }, progressive: 0 }],
      };
    },
  };

  const draw = (element) => {
    const tenant = tenants[Number(element.dataset.tenant)];
    const slo = element.dataset.slo === undefined ? null : tenant.slos[Number(element.dataset.slo)];
    const chart = drawn.get(element) ?? echarts.init(element, null, { renderer: "svg" });
    drawn.set(element, chart);
    chart.setOption(charts[element.dataset.chart](tenant, slo, colours()), true);
    element.dataset.drawn = "true";
  };
  const all = () => [...document.querySelectorAll("[data-chart]")];
  const redraw = () => {
    for (const [element, chart] of drawn) {
      chart.resize();
      draw(element);
    }
  };
  const forPrint = (now) => {
    if (printing === now) return;
    printing = now;
    if (now) all().forEach(draw);
    redraw();
  };

  // Only what comes into view is drawn, so that a page of a hundred objectives opens at once.
  const watcher = new IntersectionObserver((seen) => {
    for (const one of seen) {
      if (one.isIntersecting) {
        watcher.unobserve(one.target);
        if (!drawn.has(one.target)) draw(one.target);
      }
    }
  }, { rootMargin: "600px" });
  all().forEach((element) => watcher.observe(element));
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(redraw);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", (print) => forPrint(print.matches));
  addEventListener("beforeprint", () => forPrint(true));
  addEventListener("afterprint", () => forPrint(false));
})();

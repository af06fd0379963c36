// Charts: every <figure data-chart="id"> draws the JSON of the same id. The table of the same numbers folds away.
// The drawing library is fetched only when a page holds a chart. Colours come from the style sheet's variables.
(() => {
  const library = document.currentScript.dataset.echarts;
  const language = document.documentElement.lang || "en";
  const charts = new Map();
  let loading;

  const load = () =>
    (loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.onload = () => resolve(window.echarts);
      script.onerror = reject;
      document.head.append(script);
    }));

  const probe = document.createElement("span");
  probe.hidden = true;
  const colour = (name) => {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };

  const writer = (data) => {
    if (data.unit === "percent") {
      const format = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
      return (value) => (value == null ? "–" : format.format(value));
    }
    if (data.unit === "money") {
      const exact = new Intl.NumberFormat(language, { style: "currency", currency: data.currency || "EUR" });
      const digits = exact.resolvedOptions().maximumFractionDigits;
      const brief = new Intl.NumberFormat(language, {
        style: "currency", currency: data.currency || "EUR", notation: "compact", maximumFractionDigits: 1,
      });
      return (value, short) => (value == null ? "–" : (short ? brief : exact).format(value / 10 ** digits));
    }
    const exact = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
    const brief = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
    return (value, short) => (value == null ? "–" : (short ? brief : exact).format(value));
  };

  const option = (data) => {
    const write = writer(data);
    const [text, quiet, line, surface] = ["text", "text-3", "line", "surface-raised"].map(colour);
    const stacked = data.kind === "stacked";
    const bars = data.kind === "bar" || stacked;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return {
      animation: !still,
      animationDuration: 350,
      color: [1, 2, 3, 4, 5, 6, 7, 8].map((step) => colour(`chart-${step}`)),
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 4, right: 12, top: data.series.length > 1 ? 36 : 14, bottom: 4, containLabel: true },
      legend: {
        show: data.series.length > 1, type: "scroll", left: 0, top: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10,
        itemGap: 16, textStyle: { color: quiet, fontSize: 12 }, inactiveColor: line, pageIconColor: quiet,
        pageTextStyle: { color: quiet },
      },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true, backgroundColor: surface, borderColor: line, borderWidth: 1,
        padding: [8, 12], textStyle: { color: text, fontSize: 12 },
        axisPointer: bars ? { type: "shadow", shadowStyle: { color: quiet, opacity: 0.08 } } : { type: "line", lineStyle: { color: quiet, type: "dashed" } },
        valueFormatter: (value) => write(value),
      },
      xAxis: {
        type: "category", data: data.labels, boundaryGap: bars, axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
        axisLabel: { color: quiet, fontSize: 12, hideOverlap: true, margin: 10 },
      },
      yAxis: {
        type: "value", splitNumber: 4, splitLine: { lineStyle: { color: line } },
        axisLabel: { color: quiet, fontSize: 12, formatter: (value) => write(value, true) },
        minInterval: data.unit === "number" || !data.unit ? (data.series.some((s) => s.values.some((v) => v % 1)) ? 0 : 1) : 0,
      },
      series: data.series.map((series, index) => ({
        name: series.name, type: bars ? "bar" : "line", data: series.values, stack: stacked || data.kind === "area" && data.series.length > 1 ? "total" : undefined,
        barMaxWidth: 36, barCategoryGap: "35%",
        itemStyle: bars ? { borderRadius: stacked && index < data.series.length - 1 ? 0 : [3, 3, 0, 0] } : {},
        lineStyle: { width: 2, type: series.dashed ? "dashed" : "solid" }, showSymbol: data.labels.length < 2, symbolSize: 7, smooth: 0.2, smoothMonotone: "x",
        areaStyle: data.kind === "area" ? { opacity: data.series.length > 1 ? 0.55 : 0.14 } : undefined,
        emphasis: { focus: data.series.length > 1 ? "series" : "none" },
      })),
    };
  };

  const resize = new ResizeObserver((entries) => {
    for (const entry of entries) charts.get(entry.target)?.chart.resize();
  });

  const draw = async (figure) => {
    const holder = figure.querySelector("[data-chart-canvas]");
    const source = document.getElementById(figure.dataset.chart);
    if (!holder || !source || charts.has(holder)) return;
    charts.set(holder, null);
    const data = JSON.parse(source.textContent);
    try {
      const echarts = await load();
      holder.hidden = false;
      const chart = echarts.init(holder, null, { renderer: "canvas" });
      charts.set(holder, { chart, data });
      chart.setOption(option(data));
      resize.observe(holder);
      const table = figure.querySelector(".chart-table");
      if (table) table.open = false;
    } catch {
      charts.delete(holder); // the table stays open
    }
  };

  const drawAll = (root) => {
    for (const [holder, entry] of charts) {
      if (!holder.isConnected) {
        entry?.chart.dispose();
        charts.delete(holder);
      }
    }
    for (const figure of root.querySelectorAll("figure[data-chart]")) draw(figure);
  };

  document.addEventListener("theme:change", () => {
    for (const entry of charts.values()) entry?.chart.setOption(option(entry.data));
  });
  document.addEventListener("htmx:load", () => drawAll(document));
  drawAll(document);
})();

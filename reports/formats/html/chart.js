// Speed against quality: one point a setting, with error bars, and the settings that no other beats in both.

const kColours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f"];  // Okabe and Ito
const kSymbols = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon"];
let colourAxis = data.axes.reduce((most, axis) => (!most || axis.values.length > most.values.length ? axis : most), null);
let logarithmic = null;  // null: as the numbers ask for

// Settings with a ratio of times and a finite score.
function points() {
  const metric = metrics.get(state.metric);
  if (!metric) return [];
  return shown().filter((one) => one.time && !one.time.absent && typeof one.quality[state.metric].mean === "number").map((one) => {
    const quality = one.quality[state.metric];
    return { one, x: one.time.ratio, y: quality.mean, dx: one.time.interval, dy: quality.interval, loss: loss(quality.mean, metric) };
  });
}

// The points that no other beats: none is as fast and better, or as good and faster.
function paretoFront(all) {
  const front = [];
  for (const point of [...all].sort((a, b) => a.x - b.x || a.loss - b.loss))
    if (!front.length || point.loss < front[front.length - 1].loss) front.push(point);
  return front;
}

function bars(values, middles, show) {
  const span = (side) => values.map((value, i) => (value && value[side] !== null ? Math.abs(middles[i] - value[side]) : 0));
  return { type: "data", symmetric: false, array: span(1), arrayminus: span(0), visible: show, thickness: 1, width: 3 };
}

function trace(name, group, colour, symbol) {
  const xs = group.map((p) => p.x), ys = group.map((p) => p.y);
  return {
    type: "scatter", mode: "markers", name, x: xs, y: ys, customdata: group.map((p) => data.comparisons.indexOf(p.one)),
    text: group.map((p) => `${p.one.label}<br>time ${p.x.toFixed(2)}, ${metrics.get(state.metric).title} ${number(p.y, metrics.get(state.metric))}`.replace(/<(?!br>)/g, "&lt;")),
    hovertemplate: "%{text}<extra></extra>", marker: { color: colour, symbol, size: 11 },
    error_x: { ...bars(group.map((p) => p.dx), xs, true), color: colour }, error_y: { ...bars(group.map((p) => p.dy), ys, true), color: colour },
  };
}

function groups(all) {
  if (!colourAxis) return [["settings", all]];
  return colourAxis.values.map((value, i) => [colourAxis.words[i], all.filter((p) => key(p.one.setting[colourAxis.name] ?? null) === key(value))])
    .filter(([, group]) => group.length);
}

function drawChart() {
  const all = points(), front = paretoFront(all), metric = metrics.get(state.metric);
  if (!metric) {
    at("chart").hidden = true;
    at("chart-note").textContent = "Nothing was scored.";
    return;
  }
  drawChartControls(all);
  const left = shown().length - all.length;
  const notes = [];
  if (left) notes.push(`${left} of ${shown().length} settings have no ratio of times or no finite score and are not drawn.`);
  const few = [...new Set(shown().map((one) => one.time && one.time.absent).filter(Boolean))];
  if (few.length) notes.push(`Time: ${few.join(", ")}.`);
  if (all.length) notes.push(`Bars are ${Math.round(100 * (data.interval_level || 0.95))} % intervals. Choose a point to see its pictures.`);
  at("chart-note").textContent = notes.join(" ");
  at("chart").hidden = !all.length;
  drawFront(front);
  if (!all.length || typeof Plotly === "undefined") return;
  const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
  const traces = [{
    type: "scatter", mode: "lines+markers", name: "Pareto front", x: front.map((p) => p.x), y: front.map((p) => p.y), hoverinfo: "skip",
    line: { color: ink, width: 1, dash: "dot" }, marker: { symbol: "circle-open", size: 20, color: ink, line: { width: 1.5 } },
  }, ...groups(all).map(([name, group], i) => trace(name, group, kColours[i % kColours.length], kSymbols[i % kSymbols.length]))];
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  Plotly.react(at("chart"), traces, {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: "system-ui, sans-serif", size: 13 },
    width: matchMedia("print").matches ? 680 : null, autosize: true,  // what a page of paper holds
    margin: { l: 70, r: 20, t: 10, b: 50 }, hovermode: "closest", legend: { orientation: "h", y: 1.02, yanchor: "bottom" },
    xaxis: { ...axis, title: { text: `time, candidate / ${state.against === "reference" ? "reference" : "switches off"} (lower is faster)` } },
    yaxis: { ...axis, type: useLogarithm(all) ? "log" : "linear", dtick: useLogarithm(all) ? 1 : null, exponentformat: "power", title: { text: `${titleOf(metric)}, mean (${goodWay(metric)})` } },
  }, { displayModeBar: false, displaylogo: false, responsive: true });
  if (!at("chart").dataset.wired) {
    at("chart").dataset.wired = "yes";
    at("chart").on("plotly_click", (event) => {
      const chosen = event.points.find((p) => p.customdata !== undefined);
      if (chosen) pick(data.comparisons[chosen.customdata]);
    });
  }
}

// Scores of harmless and of harmful settings are often decades apart.
function useLogarithm(all) {
  const ys = all.map((p) => p.y), least = Math.min(...ys);
  return least > 0 && (logarithmic ?? (metrics.get(state.metric).better === "lower" && Math.max(...ys) > 50 * least));
}

function drawChartControls(all) {
  const log = make("input", { type: "checkbox", id: "log", checked: useLogarithm(all), onchange: () => { logarithmic = log.checked; drawChart(); } });
  at("chart-controls").replaceChildren(
    metricChoice("quality", (name) => { state.metric = name; logarithmic = null; drawAll(); }),
    data.axes.length > 1 ? choice("colours by", data.axes.map((one) => [one.name, one.name]), colourAxis.name,
      (name) => { colourAxis = data.axes.find((one) => one.name === name); drawChart(); }) : "",
    make("label", {}, log, " logarithmic"));
}

function drawFront(front) {
  at("front").replaceChildren();
  if (!front.length) return;
  at("front").append("On the Pareto front (no other setting is both faster and better), fastest first:", make("ol", {}, ...front.map((p) =>
    make("li", {}, make("button", { type: "button", class: "link", onclick: () => pick(p.one) }, p.one.label),
      `: time ${p.x.toFixed(2)}, ${metrics.get(state.metric).title} ${number(p.y, metrics.get(state.metric))}`))));
}

"use strict";
// The run, what is selected of it, and how numbers are written. Nothing here touches the page but the makers of elements.

const data = JSON.parse(document.getElementById("data").textContent);
const metrics = new Map(data.metrics.map((metric, place) => [metric.name, { ...metric, place }]));
const embedded = data.embedded || null;  // path -> data URI, where the pictures are inside this file

const state = {
  metric: data.headline,
  against: data.comparisons.some((one) => one.against === data.against) ? data.against : "switches_off",
  axes: new Map(data.axes.map((axis) => [axis.name, new Set(axis.values.map(key))])),  // values that are shown
  text: "",
  only: null,  // a comparison, where one was picked
};

function key(value) { return JSON.stringify(value); }

// 0 for identical pictures, more is worse: as reports/statistics/report_metric.h.
function loss(value, metric) {
  if (value === null || value === undefined) return null;
  if (metric.unit === "dB") return value === "+inf" ? 0 : value === "-inf" ? Infinity : 65025 * 10 ** (-value / 10);
  if (typeof value === "string") return Infinity;
  if (metric.better === "nearer") return Math.abs(value - metric.identical);
  return metric.better === "higher" ? metric.identical - value : value - metric.identical;
}

function number(value, metric = null) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value === "+inf" ? "∞" : value === "-inf" ? "−∞" : value;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (metric && metric.identical === 1) return value.toFixed(4);  // what counts is how far from 1
  if (size >= 1000) return value.toFixed(0);
  if (size >= 0.001) return value.toPrecision(size >= 1 ? 4 : 3);
  return value.toExponential(1);
}

function titleOf(metric) { return metric.title + (metric.unit && metric.title === metric.name ? `, ${metric.unit}` : ""); }

function goodWay(metric) {
  return metric.better === "nearer" ? `nearer to ${metric.identical} is better` : `${metric.better} is better`;
}

// Comparisons that the filters leave.
function shown() {
  return data.comparisons.filter((one) => one.against === state.against &&
    Object.entries(one.setting).every(([axis, value]) => !state.axes.has(axis) || state.axes.get(axis).has(key(value))));
}

// All pairs of `comparisons` that fit the text, worst first by the metric; those without a score last.
function worstPairs(comparisons) {
  const metric = metrics.get(state.metric), wanted = state.text.toLowerCase(), list = [];
  for (const comparison of comparisons) {
    for (const pair of comparison.pairs) {
      if (wanted && !`${pair.prompt} ${pair.seed}`.toLowerCase().includes(wanted)) continue;
      const value = metric && pair.scores ? pair.scores[metric.place] : null;
      list.push({ comparison, pair, value, loss: metric ? loss(value, metric) : null });
    }
  }
  const badness = (one) => (one.loss === null ? -Infinity : one.loss);
  // The pairs of settings that fail a gate stand before all others, until another metric is chosen.
  const first = (one) => (state.metric === data.headline && one.comparison.first ? 1 : 0);
  return list.sort((a, b) => first(b) - first(a) || (badness(a) === badness(b) ? 0 : badness(b) - badness(a)));
}

function caseCommand(id) { return data.repeat.split("CASE_ID").join(id); }

// Where a picture of the run is; null where this page has none.
function picture(path) {
  if (!path) return null;
  return embedded ? embedded[path] || null : path;
}

// An element with attributes and children; texts are never read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function at(id) { return document.getElementById(id); }

function choice(label, options, chosen, take) {
  const select = make("select", { onchange: () => take(select.value) },
    ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  return make("label", {}, `${label} `, select);
}

function metricChoice(label, take) {
  const first = data.columns.filter((name) => metrics.has(name));
  const order = [...first, ...[...metrics.keys()].filter((name) => !first.includes(name))];
  return choice(label, order.map((name) => [name, metrics.get(name).title]), state.metric, take);
}

function command(text) {
  const button = make("button", {
    type: "button", "aria-label": `copy: ${text}`,
    onclick: () => navigator.clipboard.writeText(text).then(() => { button.textContent = "copied"; }, () => {}),
  }, "copy");
  return make("div", { class: "command" }, make("code", {}, text), button);
}

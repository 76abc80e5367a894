// Filters, keys, and the first drawing.

function drawAll() {
  drawChart();
  drawPairs();
  drawSettings();
}

function drawFilters() {
  const changed = () => { state.only = null; settingsShown = kRows; drawAll(); };
  const against = [["reference", "reference"], ["switches_off", "switches off"]]
    .filter(([kind]) => data.comparisons.some((one) => one.against === kind));
  const radios = make("fieldset", {}, make("legend", {}, "against"), ...against.map(([kind, text]) =>
    make("label", {}, make("input", { type: "radio", name: "against", value: kind, checked: kind === state.against,
      onchange: () => { state.against = kind; changed(); } }), ` ${text}`)));
  const boxes = data.axes.filter((axis) => axis.values.length > 1).map((axis) => make("fieldset", { "data-axis": axis.name, title: axis.name },
    make("legend", {}, axis.words[0].slice(0, axis.words[0].length - axis.labels[0].length).trim() || axis.name),
    ...axis.values.map((value, i) => make("label", {}, make("input", { type: "checkbox", checked: true, value: key(value),
      onchange: (event) => { state.axes.get(axis.name)[event.target.checked ? "add" : "delete"](key(value)); changed(); } }), ` ${axis.labels[i]}`))));
  let waiting = 0;
  const search = make("input", { type: "search", id: "search", placeholder: "prompt or seed", "aria-label": "pairs whose prompt or seed holds",
    oninput: () => { clearTimeout(waiting); waiting = setTimeout(() => { state.text = search.value; drawPairs(); }, 150); } });
  at("filters").replaceChildren(radios, ...boxes, search);
  at("filters").addEventListener("submit", (event) => event.preventDefault());
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea");
  if (field || event.ctrlKey || event.metaKey || event.altKey || !current) return;
  const inList = event.target === at("pair-list");
  const press = {
    f: flip, t: showTile, l: toggleLarge, "+": () => zoomTo(view.zoom * 2), "=": () => zoomTo(view.zoom * 2), "-": () => zoomTo(view.zoom / 2),
    0: () => zoomTo(1), j: () => select(selected + 1), k: () => select(selected - 1),
    ArrowDown: inList ? () => select(selected + 1) : null, ArrowUp: inList ? () => select(selected - 1) : null,
  }[event.key];
  if (!press) return;
  event.preventDefault();
  press();
});

for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawChart);

drawHead();
drawAnswer();
drawTables();
drawFilters();
drawAll();
drawRest();

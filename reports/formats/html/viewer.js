// One pair: reference, candidate and heat map under one zoom. Over the candidate lies the reference, up to the slider.

const kLargestZoom = 32;
const view = { zoom: 1, x: 0.5, y: 0.5, slider: 0, flipped: false, large: false };  // x, y: what is in the middle, 0 to 1
let current = null;  // of `list`
let size = null;     // the pictures', in pixels

function drawViewer(chosen) {
  current = chosen;
  size = null;
  Object.assign(view, { zoom: 1, x: 0.5, y: 0.5, flipped: false });
  if (!current) return at("viewer").replaceChildren(make("p", { class: "note" }, "No pair fits the filters."));
  const { comparison, pair } = current, [candidate, reference, map] = pair.pictures;
  at("viewer").replaceChildren(
    make("p", {}, make("b", {}, comparison.label), ` against ${againstLabel()}: “${pair.prompt}”, seed ${pair.seed}`),
    make("div", { class: "panels", id: "panels" },
      panel("reference", "reference", [reference]),
      panel("candidate", "candidate", [candidate, reference]),
      panel("map", "heat map (FLIP)", [map])),
    tools(pair), scoreTable(current), commands(pair));
  applyView();
}

function panel(id, title, layers) {
  const body = make("div", {
    class: "panel", tabindex: 0, id: `panel-${id}`, "aria-label": `${title}: drag or arrow keys move, plus and minus zoom`,
    onpointerdown: startDrag, onwheel: wheelZoom, onkeydown: panelKeys, ondblclick: () => zoomTo(view.zoom > 1 ? 1 : 4),
  });
  layers.forEach((path, i) => {
    const source = picture(path);
    const image = source && make("img", {
      src: source, alt: `${i ? "reference over the candidate" : title}: ${current.pair.prompt}`, decoding: "async",
      onload: () => learnSize(image), onerror: () => { layer.replaceChildren(missing(path)); },
    });
    const layer = make("div", { class: i ? "layer over" : "layer" }, image || (i ? null : missing(path)));
    body.append(layer);
  });
  if (id === "candidate") body.append(make("div", { class: "divider" }));
  return make("figure", { class: id === "candidate" ? "" : "side" }, make("figcaption", { id: `caption-${id}` }, title), body);
}

function missing(path) {
  return make("div", { class: "missing" }, embedded ? "not in this file: see report.html in the run's folder"
    : path ? `${path} is not there` : "was not made");
}

function learnSize(image) {
  size = { width: image.naturalWidth, height: image.naturalHeight };
  for (const one of document.querySelectorAll(".panel")) one.style.aspectRatio = `${size.width} / ${size.height}`;
  applyView();
}

function tools(pair) {
  const button = (id, text, press, toggles) => make("button", { type: "button", id, onclick: press, "aria-pressed": toggles ? "false" : null }, ...text);
  const slider = make("input", { type: "range", id: "slider", min: 0, max: 100, value: view.slider, "aria-label": "how much of the reference lies over the candidate",
    oninput: () => { view.slider = Number(slider.value); view.flipped = false; applyView(); } });
  return make("div", { class: "tools" },
    make("label", {}, "slider: reference over candidate ", slider),
    button("flip", ["flip ", make("kbd", {}, "f")], flip, true),
    button("zoom-in", ["zoom in ", make("kbd", {}, "+")], () => zoomTo(view.zoom * 2)),
    button("zoom-out", ["out ", make("kbd", {}, "−")], () => zoomTo(view.zoom / 2)),
    button("zoom-reset", ["whole ", make("kbd", {}, "0")], () => zoomTo(1)),
    pair.tile ? button("worst-tile", ["worst tile ", make("kbd", {}, "t")], showTile) : null,
    button("large", ["large ", make("kbd", {}, "l")], toggleLarge, true),
    button("previous", [make("kbd", {}, "k"), " previous"], () => select(selected - 1)),
    button("next", [make("kbd", {}, "j"), " next pair"], () => select(selected + 1)),
    make("span", { class: "note", id: "zoom-note" }));
}

function applyView() {
  const half = 0.5 / view.zoom, keep = (value) => Math.min(1 - half, Math.max(half, value));
  view.x = keep(view.x);
  view.y = keep(view.y);
  for (const image of document.querySelectorAll(".panel img")) {
    image.style.transform = `scale(${view.zoom}) translate(${100 * (0.5 - view.x)}%, ${100 * (0.5 - view.y)}%)`;
    image.classList.toggle("sharp", size !== null && view.zoom * image.clientWidth > 1.5 * size.width);
  }
  const cover = view.flipped ? 100 : view.slider, over = document.querySelector(".over"), divider = document.querySelector(".divider");
  if (!over) return;
  over.style.clipPath = `inset(0 ${100 - cover}% 0 0)`;
  divider.style.left = `${cover}%`;
  divider.hidden = cover === 0 || cover === 100;
  at("caption-candidate").textContent = cover === 100 ? "reference, flipped over the candidate" : cover > 0 ? "reference | candidate" : "candidate";
  at("flip").setAttribute("aria-pressed", String(view.flipped));
  at("large").setAttribute("aria-pressed", String(view.large));
  at("panels").classList.toggle("large", view.large);
  at("zoom-note").textContent = view.zoom > 1 ? `${view.zoom.toFixed(1)} ×` : "";
  drawTiles();
}

// The frame of the worst tile on every panel.
function drawTiles() {
  for (const old of document.querySelectorAll(".tile")) old.remove();
  const tile = current.pair.tile;
  if (!tile || !size) return;
  const place = (start, whole, middle) => 100 * (0.5 + view.zoom * (start / whole - middle));
  for (const body of document.querySelectorAll(".panel")) {
    const frame = make("div", { class: "tile" });
    frame.style.left = `${place(tile.x, size.width, view.x)}%`;
    frame.style.top = `${place(tile.y, size.height, view.y)}%`;
    frame.style.width = `${100 * view.zoom * tile.width / size.width}%`;
    frame.style.height = `${100 * view.zoom * tile.height / size.height}%`;
    body.append(frame);
  }
}

function flip() { view.flipped = !view.flipped; applyView(); }
function toggleLarge() { view.large = !view.large; applyView(); }
function zoomTo(zoom) { view.zoom = Math.min(kLargestZoom, Math.max(1, zoom)); applyView(); }

// The worst tile with half a tile around it; once more: the whole picture.
function showTile() {
  const tile = current.pair.tile;
  if (!tile || !size) return;
  const zoom = Math.min(size.width / (2 * tile.width), size.height / (2 * tile.height));
  if (view.zoom > 1) return zoomTo(1);
  view.x = (tile.x + tile.width / 2) / size.width;
  view.y = (tile.y + tile.height / 2) / size.height;
  zoomTo(zoom);
}

function startDrag(event) {
  const body = event.currentTarget;
  body.setPointerCapture(event.pointerId);
  const move = (to) => {
    view.x -= to.movementX / body.clientWidth / view.zoom;
    view.y -= to.movementY / body.clientHeight / view.zoom;
    applyView();
  };
  body.addEventListener("pointermove", move);
  body.addEventListener("lostpointercapture", () => body.removeEventListener("pointermove", move), { once: true });
}

// A wheel over a picture scrolls the page, unless the picture was chosen first.
function wheelZoom(event) {
  if (!event.ctrlKey && document.activeElement !== event.currentTarget) return;
  event.preventDefault();
  zoomTo(view.zoom * 2 ** (-event.deltaY / 400));
}

function panelKeys(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || view.zoom === 1) return;
  event.preventDefault();
  view.x += 0.1 * step[0] / view.zoom;
  view.y += 0.1 * step[1] / view.zoom;
  applyView();
}

function scoreTable({ comparison, pair }) {
  if (!pair.scores) return make("p", { class: "note" }, comparison.reason ? `No scores: ${comparison.reason}` : "No scores.");
  const rowOf = (metric) => {
    const value = pair.scores[metric.place], entry = comparison.quality[metric.name], floor = entry.floor, own = loss(value, metric);
    return make("tr", {}, make("th", { scope: "row", title: metric.definition }, titleOf(metric)),
      make("td", { class: "number" }, number(value, metric)), make("td", { class: "number" }, number(entry.mean, metric)),
      make("td", { class: "number" }, own === Infinity ? "∞" : number(own)), make("td", { class: "number" }, floor ? number(floor.worst) : "not measured"),
      make("td", {}, !floor || own === null ? "" : own > floor.worst ? (floor.worst === 0 ? "any difference is real" : "beyond the floor") : "inside the floor"));
  };
  const tableOf = (chosen) => make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...["score", "this pair", "mean of the setting", "loss of this pair", "floor: loss of the worst equal pair", "reading"].map((title, i) =>
      make("th", { scope: "col", class: i > 0 && i < 5 ? "number" : "" }, title)))),
    make("tbody", {}, ...chosen.map(rowOf))));
  const main = data.metrics.map((metric) => metrics.get(metric.name)).filter((metric) => data.columns.includes(metric.name) || metric.name === state.metric);
  const others = data.metrics.map((metric) => metrics.get(metric.name)).filter((metric) => !main.includes(metric));
  return make("div", {}, comparison.damage ? make("p", {}, `This setting: ${comparison.damage}.`) : null, tableOf(main),
    others.length ? make("details", {}, make("summary", {}, `${others.length} more metrics`), tableOf(others)) : null);
}

function commands(pair) {
  return make("div", {}, make("p", { class: "note" }, "The same again, from the folder where the run was started:"),
    command(caseCommand(pair.reference)), command(caseCommand(pair.candidate)),
    command(`sameseed score-pair ${pair.reference}.png ${pair.candidate}.png --map map.png`));
}

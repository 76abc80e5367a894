// The list of pairs, worst first. Only what was scrolled to is in the page.

const kChunk = 40;
const kPrinted = 6;
let list = [];      // what worstPairs() gave
let selected = -1;  // its place in `list`
let rendered = 0;

const sentinel = make("div", { style: "height: 1px" });
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) renderMore(); },
  { root: at("pair-list"), rootMargin: "600px" }).observe(sentinel);

function renderMore() {
  for (const end = Math.min(rendered + kChunk, list.length); rendered < end; ++rendered) sentinel.before(row(rendered));
}

function row(place) {
  const { comparison, pair, value } = list[place], image = picture(pair.pictures[0]);
  return make("div", { class: "pair", role: "option", id: `pair-${place}`, "aria-selected": String(place === selected), onclick: () => select(place) },
    image ? make("img", { src: image, alt: "", loading: "lazy", width: 48, height: 48 }) : make("div", { class: "none" }),
    make("div", {}, make("b", {}, state.metric ? `${metrics.get(state.metric).title} ${number(value, metrics.get(state.metric))}` : "not scored"),
      make("span", {}, comparison.label), make("span", {}, `${pair.prompt} · seed ${pair.seed}`)));
}

function drawPairs() {
  list = worstPairs(state.only ? [state.only] : shown());
  rendered = 0;
  selected = -1;
  at("pair-list").replaceChildren(sentinel);
  at("pair-list").scrollTop = 0;
  renderMore();
  at("pair-controls").replaceChildren(...(state.metric ? [metricChoice("sorted by", (name) => { state.metric = name; drawAll(); })] : []));
  if (state.only) {
    at("pair-controls").append(make("span", {}, `only ${state.only.label} `,
      make("button", { type: "button", id: "all-settings", onclick: () => { state.only = null; drawPairs(); } }, "show all settings")));
  }
  at("pair-note").textContent = `${list.length} pairs against ${againstLabel()}.` +
    (embedded ? ` This file holds ${data.embedded_note}.` : "");
  drawPrintSheet();
  if (list.length) select(0);
  else drawViewer(null);
}

// On paper the worst few stand one below the other; here already, because a picture loads no more once one prints.
function drawPrintSheet() {
  at("print-sheet").replaceChildren(...list.slice(0, kPrinted).map(({ comparison, pair, value }) => make("div", {},
    make("p", {}, make("b", {}, state.metric ? `${metrics.get(state.metric).title} ${number(value, metrics.get(state.metric))}` : "not scored"),
      ` ${comparison.label}: “${pair.prompt}”, seed ${pair.seed}`),
    make("div", { class: "panels" }, ...[["reference", 1], ["candidate", 0], ["heat map (FLIP)", 2]].map(([title, place]) => {
      const source = picture(pair.pictures[place]);
      return make("figure", {}, make("figcaption", {}, title), source ? make("img", { src: source, alt: title }) : "not here");
    })), make("code", {}, caseCommand(pair.candidate)))));
}

function select(place) {
  if (place < 0 || place >= list.length) return;
  while (rendered <= place) renderMore();
  const before = at(`pair-${selected}`), now = at(`pair-${place}`);
  if (before) before.setAttribute("aria-selected", "false");
  now.setAttribute("aria-selected", "true");
  at("pair-list").setAttribute("aria-activedescendant", now.id);
  selected = place;
  const box = at("pair-list");
  if (now.offsetTop - box.offsetTop < box.scrollTop || now.offsetTop - box.offsetTop + now.offsetHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = now.offsetTop - box.offsetTop - box.clientHeight / 3;
  drawViewer(list[place]);
}

// A setting of the chart or of a table: its pairs, worst first.
function pick(comparison) {
  state.only = comparison;
  drawPairs();
  at("pairs-title").scrollIntoView({ block: "start" });
  at("pair-list").focus({ preventScroll: true });
}

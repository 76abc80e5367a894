// Verdict, switches, settings, and what went wrong.

const kRows = 100;  // of the table of settings, at a time

function drawHead() {
  document.title = at("title").textContent = `sameseed: ${data.name}`;
  const host = [data.host.cpu, data.host.cores && `${data.host.cores} cores`].filter(Boolean).join(", ");
  at("origin").textContent = [data.started, host, modelLabel(), `sameseed ${data.version}`,
    `cohort ${data.cohort.slice(0, 12)}`, data.kept].filter(Boolean).join(" · ");
  at("origin").title = `model ${data.model}`;
}

// The last part of the folder; of several models their names.
function modelLabel() {
  const axis = data.axes.find((one) => one.name === "both.load.model");
  return axis ? `models ${axis.values.join(", ")}` : `model ${String(data.model).split("/").filter(Boolean).pop()}`;
}

function drawAnswer() {
  const { code, word, causes, gates } = data.verdict, box = at("answer");
  const judged = code !== 0 || gates;  // else nothing was asked, and nothing is answered
  box.className = !judged ? "none" : code === 0 ? "good" : code === 5 || code === 6 ? "unsure" : "bad";
  const mark = !judged ? "–" : code === 0 ? "✓" : code === 5 || code === 6 ? "?" : "✗";
  box.replaceChildren(make("strong", {}, `${mark} ${word}`), ` exit code ${code}`,
    gates ? `, ${gates.length} ${gates.length === 1 ? "gate" : "gates"}` : "; no gates were given, so scores and times were not judged");
  if (causes.length) {
    box.append(make("ul", {}, ...causes.slice(0, 100).map((cause) => make("li", {}, cause.text)),
      causes.length > 100 ? make("li", {}, `and ${causes.length - 100} more, see report.json`) : null));
  }
  if (data.uncovered.length) box.append(make("ul", { class: "note" }, ...data.uncovered.map((line) => make("li", {}, line))));
  if (gates && gates.length) box.append(make("p", { class: "note" }, "gates:"), make("ul", { class: "note" }, ...gates.map((gate) => make("li", {}, gateLine(gate)))));
}

function gateLine(gate) {
  return `${gate.answer}: ${gate.label}: ${gate.text}`;
}

// How a value of a switch proved to act, over all comparisons that have it: {words, evidence}. Against switches off the
// evidence says most.
function engagementOf(levels) {
  const counts = new Map();
  let evidence = "";
  for (const one of data.comparisons) {
    if (!Object.entries(levels).every(([axis, value]) => key(one.setting[axis] ?? null) === key(value))) continue;
    for (const axis of Object.keys(levels)) {
      if (!one.engagement[axis]) continue;
      const [verdict, why] = one.engagement[axis];
      counts.set(verdict, (counts.get(verdict) || 0) + 1);
      if (!evidence || verdict !== "engaged" || (counts.size === 1 && one.against !== "reference")) evidence = why;
    }
  }
  const words = [...counts.keys()].map((verdict) => (counts.size > 1 ? `${verdict} (${counts.get(verdict)})` : verdict));
  return { words: words.join(", ") || "–", evidence };
}

function engagedClass(words) {
  return words.includes("not engaged") || words === "NO" ? "no" : words.includes("inert") ? "inert" : words.startsWith("engaged") || words.startsWith("yes") ? "yes" : "";
}

// The tables of the report, the one of the switches first; `levels` are those whose proof of engagement stands beside a row.
function drawTables() {
  if (!data.tables.length) at("tables").replaceChildren(make("p", {}, "no switch was varied, or nothing was scored or timed"));
  for (const table of data.tables) at("tables").append(make("div", {},
    data.tables.length === 1 ? null : make("h3", {}, table.title),
    make("div", { class: "scroll" }, drawnTable(table)),
    table.notes.length ? make("details", {}, make("summary", {}, "How to read this table, and what it cannot tell"),
      make("ul", {}, ...table.notes.map((note) => make("li", note.startsWith("  ") ? { style: "margin-left: 1.5rem" } : {}, note.trim())))) : null));
}

function drawnTable({ of_rows, titles, rows, is_of_sentences }) {
  const proves = rows.some((row) => Object.keys(row.levels || {}).length), kind = is_of_sentences ? "words" : "number";
  const body = rows.map((row, index) => {
    const { words, evidence } = proves && Object.keys(row.levels || {}).length ? engagementOf(row.levels) : { words: "–", evidence: "" };
    const again = is_of_sentences && index > 0 && rows[index - 1].label === row.label;
    return make("tr", {}, make("th", { scope: "row" }, again ? "" : row.label), ...row.cells.map((cell) => make("td", { class: kind }, cell)),
      proves ? make("td", { title: evidence }, make("span", { class: engagedClass(words) }, words), evidence ? make("div", { class: "note" }, evidence) : null) : null);
  });
  return make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, of_rows),
      ...titles.map((title) => make("th", { scope: "col", class: kind }, title)), proves ? make("th", { scope: "col" }, "did it act?") : null)),
    make("tbody", {}, ...body));
}

let settingsShown = kRows;

function drawSettings() {
  const all = shown(), columns = data.columns.filter((name) => metrics.has(name));
  const rows = all.slice(0, settingsShown).map((one) => make("tr", {},
    make("th", { scope: "row" }, make("button", { type: "button", class: "link", onclick: () => pick(one) }, one.label),
      one.status === "ok" ? null : make("div", { class: "no" }, one.reason),
      one.damage ? make("div", { class: "note" }, one.damage) : null),
    ...columns.map((name) => make("td", { class: "number", title: one.quality[name].reading || "" }, number(one.quality[name].mean, metrics.get(name)))),
    make("td", { class: "number" }, one.time ? one.time.absent || one.time.ratio.toFixed(2) : "–",
      one.time && one.time.itself ? make("div", { class: "note" }, `the reference against itself ${one.time.itself}`) : null),
      make("td", { title: one.class_because }, one.class),
    make("td", { class: engagedClass(one.engaged), title: Object.entries(one.engagement).map(([axis, [verdict, why]]) => `${axis}: ${verdict}: ${why}`).join("\n") }, one.engaged)));
  at("settings").replaceChildren(
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "setting"),
      ...columns.map((name) => make("th", { scope: "col", class: "number" }, metrics.get(name).title)),
      make("th", { scope: "col", class: "number" }, "time"), make("th", { scope: "col" }, "class"), make("th", { scope: "col" }, "engaged"))),
    make("tbody", {}, ...rows));
  at("settings-note").replaceChildren(`${Math.min(settingsShown, all.length)} of ${all.length} against ${againstLabel()}; scores are means over the prompts, time is candidate / other. `);
  if (settingsShown < all.length) {
    at("settings-note").append(make("button", { type: "button", onclick: () => { settingsShown += kRows; drawSettings(); } }, `show ${Math.min(kRows, all.length - settingsShown)} more`));
  }
}

function againstLabel() { return state.against === "reference" ? "the reference" : "switches off"; }

function drawRest() {
  const rest = at("rest"), columns = data.columns.filter((name) => metrics.has(name));
  if (data.floors.length) {
    rest.append(make("h2", {}, "Noise floor: rows that ought to be equal"), make("table", {},
      make("thead", {}, make("tr", {}, make("th", {}, "arm"), make("th", {}, "against itself"),
        ...columns.map((name) => make("th", { class: "number" }, `${metrics.get(name).title}, loss`)))),
      make("tbody", {}, ...data.floors.map((row) => make("tr", {}, make("td", {}, row.arm), make("td", {}, row.reason || row.kind),
        ...columns.map((name) => make("td", { class: "number" }, row.values[name] || "–")))))));
  }
  if (data.failure_count) {
    rest.append(make("h2", {}, `What failed: ${data.failure_count} samples`), ...data.failures.map((one) =>
      make("details", {}, make("summary", {}, one.samples > 1 ? `${one.kind}: ${one.samples} samples failed alike: ${one.error}` : `${one.kind}: ${one.case}: ${one.error}`),
        one.log_tail.length ? make("pre", {}, one.log_tail.join("\n")) : null, command(one.repeat))));
  }
  const lines = [...Object.entries(data.invalid).map(([why, count]) => `times left out: ${count} samples: ${why}`),
    ...(data.cut_prompts ? [data.cut_prompts] : []),
    ...(data.lossy_pictures ? [data.lossy_pictures] : []),
    ...(data.repeated_pictures ? [data.repeated_pictures] : []),
    ...Object.entries(data.excluded).map(([why, count]) => `excluded: ${count} combinations: ${why}`)];
  if (lines.length) rest.append(make("h2", {}, "Left out"), make("ul", {}, ...lines.map((line) => make("li", {}, line))));
}

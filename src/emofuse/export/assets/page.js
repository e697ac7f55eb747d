// Draws the timeline from the JSON beside it. Text only ever enters through textContent.
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const LEFT = 56, RIGHT = 8, GAP = 5, LETTER = 7.2;
const moment = document.getElementById("moment");
const count = data.edges.length - 1;
const end = Math.max(data.edges[count], data.duration, 0.001);
const view = { from: 0, to: end };

function make(parent, name, attributes = {}, text = null) {
  const node = parent.namespaceURI === SVG || name === "svg"
    ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  parent.appendChild(node);
  return node;
}

function clock(seconds, digits = 1) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  const rest = (seconds % 60).toFixed(digits);
  const padded = rest.padStart(digits ? digits + 3 : 2, "0");
  if (end < 90) return `${seconds.toFixed(digits)} s`;
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${padded}` : `${minutes}:${padded}`;
}

const percent = (value) => `${Math.round(value / 10)} %`;
const top = (row) => row.indexOf(Math.max(...row));

function answer(person, i) {
  const row = person.fused[i];
  if (!row) return "";
  return person.uncertain[i] ? "uncertain" : data.labels[top(row)];
}

// Windows in view, in groups no finer than two pixels: [first, one past last, x, x2].
function groups(width) {
  let first = 0, last = count;
  while (first < count && data.edges[first + 1] <= view.from) first++;
  while (last > first && data.edges[last - 1] >= view.to) last--;
  const size = Math.max(1, Math.ceil((last - first) / (width / 2)));
  const scale = (t) => LEFT + (Math.min(Math.max(t, view.from), view.to) - view.from) / (view.to - view.from) * width;
  const found = [];
  for (let i = first; i < last; i += size) {
    const j = Math.min(i + size, last);
    found.push([i, j, scale(data.edges[i]), scale(data.edges[j])]);
  }
  return found;
}

function mean(rows, i, j) {
  const known = rows.slice(i, j).filter(Boolean);
  if (!known.length) return null;
  return known[0].map((_, k) => known.reduce((sum, row) => sum + row[k], 0) / known.length);
}

// Stretches of equal key: [key, x, x2].
function spans(cells, key) {
  const found = [];
  for (const cell of cells) {
    const value = key(cell), last = found[found.length - 1];
    if (last && last[0] === value) last[2] = cell[3];
    else found.push([value, cell[2], cell[3]]);
  }
  return found;
}

// The first of the words that fits, or nothing.
function write(svg, x, x2, y, words, attributes = {}) {
  const shown = words.find((word) => word.length * LETTER + 6 <= x2 - x);
  if (shown) {
    make(svg, "text", { x: (x + x2) / 2, y, "text-anchor": "middle", "dominant-baseline": "central", ...attributes }, shown);
  }
}

function stack(svg, cells, rows, colours, y, height) {
  const means = cells.map(([i, j]) => mean(rows, i, j));
  let below = cells.map(() => 0);
  colours.forEach((colour, k) => {
    let path = "";
    const above = below.map((from, n) => from + (means[n] ? means[n][k] : 0));
    cells.forEach(([, , x, x2], n) => {
      if (above[n] - below[n] < 1) return;
      const low = y + height * (1 - below[n] / 1000), high = y + height * (1 - above[n] / 1000);
      path += `M${x.toFixed(1)} ${low.toFixed(1)}V${high.toFixed(1)}H${x2.toFixed(1)}V${low.toFixed(1)}Z`;
    });
    if (path) make(svg, "path", { d: path, fill: colour, "shape-rendering": "crispEdges" });
    below = above;
  });
}

function absent(svg, cells, known, reason, y, height) {
  for (const [why, x, x2] of spans(cells, ([i, j]) => known(i, j) ? null : reason(i))) {
    if (why === null) continue;
    make(svg, "rect", { x, y, width: x2 - x, height, class: "missing" });
    write(svg, x, x2, y + height / 2, [why], { class: "why" });
  }
}

const most = (values, i, j) => values.slice(i, j).reduce((a, b) => a + b, 0) * 2 > j - i;
const some = (rows) => (i, j) => rows.slice(i, j).some(Boolean);

function drawPerson(box, person) {
  const width = Math.max(box.clientWidth - LEFT - RIGHT, 100), cells = groups(width);
  make(box, "h3", {}, person.person);
  const svg = make(box, "svg", { role: "img", "aria-label": `Chart of ${person.person}; the values are in the slider, the read-out and the tables` });
  const pattern = make(make(svg, "defs"), "pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  make(pattern, "rect", { width: 6, height: 6, fill: "#fff", "fill-opacity": 0.35 });
  make(pattern, "rect", { width: 1.4, height: 6, fill: "#222" });
  let y = 2;
  const row = (title, height, draw) => {
    draw(y, height);
    make(svg, "rect", { x: LEFT, y, width, height, class: "frame" });
    make(svg, "text", { x: LEFT - 8, y: y + height / 2, "text-anchor": "end", "dominant-baseline": "central" }, title);
    y += height + GAP;
  };
  y = thumbnails(svg, person, width, y);
  for (const [name, stream] of Object.entries(person.streams)) {
    const answers = stream.p.some(Boolean);
    if (!answers && !stream.why.some(Boolean)) continue;
    row(name, answers ? 56 : 22, (at, height) => {
      stack(svg, cells, stream.p, data.colours, at, height);
      absent(svg, cells, some(stream.p), (i) => stream.why[i], at, height);
    });
  }
  row("fused", 96, (at, height) => {
    stack(svg, cells, person.fused, data.colours, at, height);
    absent(svg, cells, some(person.fused), () => "", at, height);
    for (const [unsure, x, x2] of spans(cells, ([i, j]) => most(person.uncertain, i, j))) {
      if (unsure) make(svg, "rect", { x, y: at, width: x2 - x, height, fill: "url(#hatch)" });
    }
  });
  row("answer", 22, (at, height) => ribbon(svg, cells, person, at, height));
  const shares = person.fused.map((known, i) => known && Object.values(person.streams).map((s) => s.share[i]));
  row("shares", 16, (at, height) => {
    stack(svg, cells, shares, data.modalityColours, at, height);
    absent(svg, cells, some(person.fused), () => "", at, height);
  });
  axis(svg, width, y);
  make(svg, "line", { y1: 0, y2: y, class: "cursor" });
  svg.setAttribute("height", y + 20);
}

function ribbon(svg, cells, person, y, height) {
  const key = ([i, j]) => {
    const row = mean(person.fused, i, j);
    return !row ? "" : most(person.uncertain, i, j) ? "uncertain" : data.labels[top(row)];
  };
  for (const [label, x, x2] of spans(cells, key)) {
    const place = data.labels.indexOf(label), size = { x, y, width: x2 - x, height };
    if (!label) make(svg, "rect", { ...size, class: "missing" });
    else if (place < 0) {
      make(svg, "rect", { ...size, fill: "#fff" });
      make(svg, "rect", { ...size, fill: "url(#hatch)" });
      const style = "fill:#000;paint-order:stroke;stroke:#fff;stroke-width:5px";
      write(svg, x, x2, y + height / 2, [label, label.slice(0, 3)], { style });
    } else {
      make(svg, "rect", { ...size, fill: data.colours[place] });
      write(svg, x, x2, y + height / 2, [label, label.slice(0, 3)], { style: `fill:${data.inks[place]}` });
    }
  }
}

function thumbnails(svg, person, width, y) {
  const mine = data.thumbnails.filter((t) => t.person === person.person);
  if (!mine.length) return y;
  const height = 62;
  let free = LEFT;
  for (const t of mine) {
    if (t.seconds < view.from || t.seconds > view.to) continue;
    const wide = height * t.ratio;
    const middle = LEFT + (t.seconds - view.from) / (view.to - view.from) * width;
    const x = Math.min(Math.max(middle - wide / 2, LEFT), LEFT + width - wide);
    if (x < free) continue;
    const image = make(svg, "image", { x, y, width: wide, height, href: t.picture });
    make(image, "title", {}, `${person.person} at ${clock(t.seconds)}`);
    free = x + wide + 2;
  }
  return y + height + GAP;
}

function axis(svg, width, y) {
  const span = view.to - view.from, wanted = span / Math.max(2, width / 110);
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const step = steps.find((s) => s >= wanted) || Math.ceil(wanted / 3600) * 3600;
  for (let t = Math.ceil(view.from / step) * step; t <= view.to + 1e-9; t += step) {
    const x = LEFT + (t - view.from) / span * width;
    make(svg, "line", { x1: x, x2: x, y1: y - GAP, y2: y, stroke: "currentColor" });
    const anchor = x > LEFT + width - 20 ? "end" : "middle";
    make(svg, "text", { x, y: y + 13, "text-anchor": anchor }, clock(t, step < 1 ? 1 : 0));
  }
}

function draw() {
  const charts = document.getElementById("charts");
  charts.replaceChildren();
  for (const person of data.persons) drawPerson(charts, person);
  if (!data.persons.length) make(charts, "p", {}, data.nobody);
  show();
}

function bar(card, name, value, colour) {
  const line = make(card, "div", { class: "bar" });
  make(line, "span", {}, name);
  make(line, "b", { style: `width:${value / 10}%;background:${colour}` });
  make(line, "em", {}, percent(value));
}

function card(person, i) {
  const box = make(document.getElementById("readout"), "div", { class: "card" });
  const row = person.fused[i], said = answer(person, i);
  make(box, "h3", {}, `${person.person}: ${said || "no answer"}`);
  if (row) data.labels.forEach((label, k) => bar(box, label, row[k], data.colours[k]));
  Object.entries(person.streams).forEach(([name, stream], k) => {
    const line = make(box, "p");
    make(line, "span", { class: "dot", style: `background:${data.modalityColours[k]}` });
    const p = stream.p[i];
    const says = p ? `${data.labels[top(p)]} ${percent(Math.max(...p))}, share ${percent(stream.share[i])}` : stream.why[i] || "no answer";
    line.append(`${name}: ${says}`);
  });
  if (person.derived[i]) {
    make(box, "p", {}, `valence ${person.derived[i][0]}, arousal ${person.derived[i][1]} (derived)`);
  }
}

function show() {
  const i = Number(moment.value);
  document.getElementById("readout").replaceChildren();
  if (!count) return;
  const from = data.starts[i], to = from + data.windowSeconds;
  const middle = (data.edges[i] + data.edges[i + 1]) / 2;
  document.getElementById("clock").textContent = `${clock(from)} – ${clock(to)}`;
  const words = data.persons.map((p) => `${p.person}: ${answer(p, i) || "no answer"}`);
  moment.setAttribute("aria-valuetext", `${clock(from)} to ${clock(to)}. ${words.join("; ")}`);
  for (const person of data.persons) card(person, i);
  if (data.owners.length) make(document.getElementById("readout"), "p", { class: "facts" }, `The voice is given to: ${data.owners[i]}`);
  for (const line of document.querySelectorAll(".cursor")) {
    const width = line.ownerSVGElement.clientWidth - LEFT - RIGHT;
    const x = LEFT + (middle - view.from) / (view.to - view.from) * width;
    const inside = middle >= view.from && middle <= view.to;
    for (const side of ["x1", "x2"]) line.setAttribute(side, inside ? x : -10);
  }
}

function choose(event) {
  const svg = event.target.closest("svg");
  if (!svg || !count) return;
  const area = svg.getBoundingClientRect();
  const share = (event.clientX - area.left - LEFT) / (area.width - LEFT - RIGHT);
  const seconds = view.from + Math.min(Math.max(share, 0), 1) * (view.to - view.from);
  let i = 0;
  while (i < count - 1 && data.edges[i + 1] <= seconds) i++;
  moment.value = i;
  show();
}

function zoom(factor) {
  const i = Number(moment.value), middle = count ? (data.edges[i] + data.edges[i + 1]) / 2 : 0;
  const span = Math.min(end, Math.max((view.to - view.from) * factor, Math.min(end, 2 * data.windowSeconds)));
  view.from = Math.min(Math.max(0, middle - span / 2), end - span);
  view.to = view.from + span;
  draw();
}

// The moment stays in view when the keyboard moves it out.
function follow() {
  const i = Number(moment.value);
  if (count && (data.edges[i] < view.from || data.edges[i + 1] > view.to)) zoom(1);
  else show();
}

function legend() {
  const box = document.getElementById("legend");
  const entry = (name, attributes) => {
    const item = make(box, "span");
    make(item, "i", attributes);
    item.append(name);
  };
  data.labels.forEach((label, k) => entry(label, { style: `background:${data.colours[k]}` }));
  entry("uncertain", { class: "hatched" });
  entry("no answer", { style: "background:var(--missing)" });
  data.modalities.forEach((name, k) => entry(`share of ${name}`, { style: `background:${data.modalityColours[k]}` }));
}

moment.max = Math.max(0, count - 1);
moment.disabled = !count;
moment.addEventListener("input", follow);
const charts = document.getElementById("charts");
charts.addEventListener("pointermove", choose);
charts.addEventListener("pointerdown", choose);
document.getElementById("closer").addEventListener("click", () => zoom(0.5));
document.getElementById("wider").addEventListener("click", () => zoom(2));
document.getElementById("whole").addEventListener("click", () => zoom(Infinity));
window.addEventListener("resize", draw);
legend();
draw();

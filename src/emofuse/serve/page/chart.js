// Drawing: the timeline of stacked probabilities, the legend, and the bars of one moment.

const IN_WORDS = {
  NoFace: "no face", FaceUnusable: "face unclear", NoVideoTrack: "no picture",
  NoAudioTrack: "no sound", Silence: "silence", NoSpeech: "no speech",
  SpeakerUnknown: "speaker unclear", NoText: "no words", ForeignText: "other language",
  ModelAbsent: "no model", NoSignal: "no signal",
};
const AXIS_HEIGHT = 16, TICK_WIDTH = 80;
const STEPS_SECONDS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Edges of cells that tile the time without overlap: windows themselves overlap. */
export function cellEdges(starts, windowSeconds, hopSeconds, end) {
  if (!starts.length) return [0];
  const inner = starts.slice(1).map((start) => start + (windowSeconds - hopSeconds) / 2);
  return [Math.min(0, starts[0]), ...inner, Math.max(end, inner.at(-1) ?? 0)];
}

function hatch(context) {
  const tile = new OffscreenCanvas(8, 8), ink = tile.getContext("2d");
  ink.strokeStyle = style("--ground");
  ink.lineWidth = 3;
  ink.beginPath();
  for (const shift of [-8, 0, 8]) { ink.moveTo(shift, 8); ink.lineTo(shift + 8, 0); }
  ink.stroke();
  return context.createPattern(tile, "repeat");
}

/**
 * Draw cells `{from, to, values | null, uncertain, why}` between the seconds `from` and `to`.
 * Uncertain cells are hatched, absent ones empty; the winner's name stands where it fits. The axis
 * counts from the start, or back from `now` where that is given.
 */
export function drawTimeline(canvas, cells, { from, to, labels, colours, cursor = null, now = null }) {
  const ratio = devicePixelRatio || 1, wide = canvas.clientWidth, all = canvas.clientHeight;
  const high = all - AXIS_HEIGHT;
  if (!wide || to <= from) return;
  canvas.width = wide * ratio;
  canvas.height = all * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const x = (seconds) => ((seconds - from) / (to - from)) * wide;
  context.fillStyle = style("--missing");
  context.fillRect(0, 0, wide, high);
  const lines = hatch(context);
  for (const cell of cells) {
    const left = x(cell.from), width = Math.max(1, x(cell.to) - left + 0.5);
    if (!cell.values) continue;
    let top = high;
    cell.values.forEach((value, i) => {
      context.fillStyle = colours[labels[i]];
      context.fillRect(left, top - value * high, width, value * high + 0.5);
      top -= value * high;
    });
    if (cell.uncertain) {
      context.fillStyle = lines;
      context.fillRect(left, 0, width, high);
    }
  }
  nameRuns(context, cells, labels, x, high);
  drawAxis(context, { from, to, now, x, wide, high });
  if (cursor !== null) {
    context.fillStyle = style("--ink");
    context.fillRect(x(cursor) - 1, 0, 2, high);
  }
}

/** Times below the picture, at steps that people count in. */
function drawAxis(context, { from, to, now, x, wide, high }) {
  const finest = (TICK_WIDTH * (to - from)) / wide, zero = now ?? 0;
  const step = STEPS_SECONDS.find((seconds) => seconds >= finest) ?? Math.ceil(finest / 3600) * 3600;
  context.fillStyle = style("--ink");
  context.font = "11px system-ui, sans-serif";
  for (let k = Math.ceil((from - zero) / step); zero + k * step <= to + 1e-6; k++) {
    const left = x(zero + k * step), name = now === null ? clock(k * step) : k ? `${k * step} s` : "now";
    context.fillRect(Math.min(left, wide - 1), high, 1, 4);
    const size = context.measureText(name).width;
    context.fillText(name, Math.min(Math.max(2, left - size / 2), wide - size - 2), high + AXIS_HEIGHT - 3);
  }
}

/** Minutes and seconds, as players show them. */
export function clock(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return `${minutes}:${rest < 10 ? "0" : ""}${Number.isInteger(rest) ? rest : rest.toFixed(1)}`;
}

/** How a person of a timeline is called on the page. */
export function nameOf(person) {
  return person === "scene" ? "scene (of nobody in view)" : person;
}

export function answerOf(cell, labels) {
  if (!cell.values) return "";
  return cell.uncertain ? "uncertain" : labels[cell.values.indexOf(Math.max(...cell.values))];
}

function nameRuns(context, cells, labels, x, high) {
  context.font = "12px system-ui, sans-serif";
  for (let i = 0; i < cells.length;) {
    const name = answerOf(cells[i], labels) || cells[i].why || "";
    let j = i;
    while (j < cells.length && (answerOf(cells[j], labels) || cells[j].why || "") === name) j++;
    const left = Math.max(2, x(cells[i].from) + 2), room = x(cells[j - 1].to) - left;
    const size = context.measureText(name).width;
    if (name && size + 8 < room) {
      context.fillStyle = style("--ground");
      context.fillRect(left, high - 18, size + 6, 16);
      context.fillStyle = style("--ink");
      context.fillText(name, left + 3, high - 6);
    }
    i = j;
  }
}

export function drawLegend(holder, labels, colours) {
  holder.replaceChildren(...[...labels, "uncertain"].map((label) => {
    const entry = document.createElement("span"), patch = document.createElement("i");
    if (label === "uncertain") patch.className = "unsure";
    else patch.style.background = colours[label];
    entry.append(patch, label);
    return entry;
  }));
}

/** Everybody in view; the scene only where it holds something nobody in view does. */
export function worthShowing(persons) {
  const inView = persons.some((person) => person.person !== "scene");
  return persons.filter((person) => person.person !== "scene" || person.fused || !inView);
}

/** One person at one moment: the answer, and a row a label with a bar a modality. */
export function personCard(person, { labels, colours, modalities }) {
  const card = document.createElement("div");
  card.className = "person";
  card.dataset.person = person.person;
  const title = document.createElement("h3"), answer = document.createElement("span");
  answer.className = "answer" + (person.uncertain ? " unsure" : "");
  answer.textContent = person.uncertain ? `uncertain (${person.label}?)` : person.label || "no answer";
  if (person.label && !person.uncertain) answer.style.borderLeft = `.8em solid ${colours[person.label]}`;
  title.append(nameOf(person.person), " expresses ", answer);
  card.append(title, barTable(person, labels, colours, modalities));
  return card;
}

function barTable(person, labels, colours, modalities) {
  const table = document.createElement("table");
  table.className = "bars";
  const head = table.createTHead().insertRow();
  for (const name of ["", "fused", ...modalities]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    const share = person.estimates[name]?.contribution;
    cell.textContent = share ? `${name} ${Math.round(100 * share)}\u00a0%` : name;
    head.append(cell);
  }
  const body = table.createTBody();
  labels.forEach((label, i) => {
    const row = body.insertRow(), name = document.createElement("th");
    name.scope = "row";
    name.textContent = label;
    row.append(name);
    barCell(row, person.fused, i, colours[label], i ? "" : "no answer", labels.length);
    for (const modality of modalities) {
      const estimate = person.estimates[modality] || {};
      barCell(row, estimate.probabilities, i, colours[label], estimate.outcome || "–", labels.length,
        modality);
    }
  });
  return table;
}

function barCell(row, values, i, colour, absence, rows, modality = "fused") {
  if (!values) {
    if (i === 0) {
      const cell = row.insertCell();
      cell.rowSpan = rows;
      cell.className = "absent";
      cell.dataset.modality = modality;
      cell.dataset.outcome = absence;
      cell.textContent = IN_WORDS[absence] || absence;
    }
    return;
  }
  const cell = row.insertCell(), bar = document.createElement("span");
  cell.dataset.modality = modality;
  cell.title = cell.ariaLabel = `${Math.round(100 * values[i])} %`;
  bar.className = "bar";
  bar.style.width = `${100 * values[i]}%`;
  bar.style.background = colour;
  cell.append(bar);
}

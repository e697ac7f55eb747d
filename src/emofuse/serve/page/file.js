// The File tab: upload, follow, and look at the results beside the player.

import { answerOf, cellEdges, drawLegend, drawTimeline, nameOf, personCard } from "./chart.js";
import { ask, offerDownload, say, startAnalysis } from "./server.js";

const POLL_MS = 500;
const TRANSCRIPT = /\.(srt|vtt|txt|textgrid)$/i, STEM = /\.[^.]*$/;
const EXPORTS = ["json", "csv", "vtt", "eaf", "textgrid", "png", "html"];
const byId = (id) => document.getElementById(id);
let about = null;
let shown = null;
let comeIn;
const modelsAreKnown = new Promise((resolve) => { comeIn = resolve; });

/** What may be chosen; files that were dropped before wait for this. */
export function useModels(models) {
  about = models;
  const choices = [["default", "all shipped models"], ...models.models.map((m) => [m.name, `${m.name} alone`])];
  fill(byId("model-a"), choices);
  fill(byId("model-b"), [["", "nothing"], ...choices]);
  comeIn();
}

export function setUpFiles() {
  byId("where-files").textContent = location.host;
  for (const id of ["files", "folder"]) {
    byId(id).addEventListener("change", () => { take([...byId(id).files]); byId(id).value = ""; });
  }
  const drop = byId("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    take((await Promise.all(entries.map(filesBelow))).flat());
  });
  byId("player").addEventListener("timeupdate", () => shown?.draw());
  addEventListener("resize", () => shown?.draw());
}

function fill(select, choices) {
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
}

async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((found, lost) => entry.file(found, lost))];
  const reader = entry.createReader(), files = [];
  for (;;) {  // a reader hands out a hundred entries at a time
    const some = await new Promise((found, lost) => reader.readEntries(found, lost));
    if (!some.length) return files;
    files.push(...(await Promise.all(some.map(filesBelow))).flat());
  }
}

/** Options of the analysis that a choice of models stands for. */
function optionsOf(choice) {
  const model = about.models.find((m) => m.name === choice);
  return model ? { models: [model.name], modalities: [model.modality] } : {};
}

async function take(files) {
  await modelsAreKnown;
  const words = new Map(files.filter((f) => TRANSCRIPT.test(f.name)).map((f) => [f.name.replace(STEM, ""), f]));
  const media = files.filter((f) => !TRANSCRIPT.test(f.name) && !f.name.startsWith("."));
  const used = new Set(media.map((f) => f.name.replace(STEM, "")));
  const alone = [...words].filter(([stem]) => !used.has(stem)).map(([, f]) => f);
  const choices = [byId("model-a").value, byId("model-b").value].filter(Boolean);
  for (const file of [...media, ...alone]) {
    const transcript = media.includes(file) ? words.get(file.name.replace(STEM, "")) : null;
    new Row(file, transcript, choices).run();
  }
}

/** One file in the list: its analyses (one a choice of models) and what became of them. */
class Row {
  constructor(file, transcript, choices) {
    Object.assign(this, { file, transcript, choices, jobs: [] });
    this.line = document.createElement("li");
    this.bar = document.createElement("progress");
    this.bar.value = 0;
    this.bar.ariaLabel = `Progress of ${file.name}`;
    this.note = text("span", "sending");
    this.button = text("button", "Cancel");
    this.button.addEventListener("click", () => this.cancel());
    this.line.append(Object.assign(text("span", file.name), { className: "name" }), this.bar, this.note, this.button);
    byId("jobs").append(this.line);
  }

  async run() {
    try {
      for (const choice of this.choices) {
        this.jobs.push(await startAnalysis(this.file, this.transcript, optionsOf(choice)));
      }
      this.note.textContent = "waiting";
      while (this.jobs.some((job) => ["queued", "running"].includes(job.state))) {
        await new Promise((later) => setTimeout(later, POLL_MS));
        this.jobs = await Promise.all(this.jobs.map(async (job) => (await ask(`/v1/analyses/${job.id}`)).json()));
        this.bar.value = this.jobs.reduce((sum, job) => sum + job.progress, 0) / this.jobs.length;
        this.note.textContent = this.jobs[0].state;
      }
      this.settle();
    } catch (error) {
      this.over(error.message);
    }
  }

  settle() {
    const bad = this.jobs.find((job) => job.state !== "done");
    if (bad) { this.over(bad.error || bad.state); return; }
    this.note.textContent = "done";
    this.button.replaceWith(this.button = text("button", "Show"));
    this.button.addEventListener("click", () => this.show());
    if (!shown) this.show();
  }

  over(reason) {
    this.note.textContent = reason;
    this.bar.remove();
    this.button.remove();
  }

  async cancel() {
    await Promise.allSettled(this.jobs.map((job) => ask(`/v1/analyses/${job.id}/cancel`, { method: "POST" })));
  }

  async show() {
    try {
      const results = await Promise.all(this.jobs.map(async (job) => ({
        id: job.id,
        timeline: await (await ask(`/v1/analyses/${job.id}?format=json`)).json(),
        thumbnails: await (await ask(`/v1/analyses/${job.id}/thumbnails`)).json(),
      })));
      shown = new Result(this.file, results, this.choices);
    } catch (error) {
      say(error.message);
    }
  }
}

/** The open result: player, rows per person, the moment under the cursor, exports. */
class Result {
  constructor(file, results, choices) {
    Object.assign(this, { file, results, choices, rows: [] });
    this.player = byId("player");
    URL.revokeObjectURL(this.player.src);
    this.player.src = URL.createObjectURL(file);
    this.player.hidden = !/^(video|audio)/.test(file.type);
    byId("result").hidden = false;
    byId("result-name").textContent = `What ${file.name} expresses`;
    byId("timelines").replaceChildren(this.columns());
    byId("exports").replaceChildren(...results.map((result, i) => this.exportButtons(result, i)));
    document.querySelectorAll("#file .legend").forEach((holder) =>
      drawLegend(holder, results[0].timeline.label_set.labels, about.colours));
    this.seconds = 0;
    this.draw();
    byId("result").scrollIntoView({ block: "nearest" });
  }

  columns() {
    const holder = document.createElement("div");
    holder.className = "beside";
    this.results.forEach((result, i) => {
      const column = document.createElement("div");
      const models = result.timeline.models.map((m) => m.name).join(", ") || "no models";
      column.append(text("h2", this.results.length > 1 ? `${"AB"[i]}: ${models}` : models));
      for (const stamp of result.timeline.stamps) column.append(text("p", stamp));
      for (const part of result.timeline.persons) column.append(this.personRow(result, part, i));
      column.append(absences(result.timeline));
      holder.append(column);
    });
    return holder;
  }

  personRow(result, part, column) {
    const { timeline } = result, row = document.createElement("div"), canvas = document.createElement("canvas");
    const edges = cellEdges(timeline.starts, timeline.window_seconds, timeline.hop_seconds,
      timeline.source.duration_seconds);
    const cells = timeline.starts.map((_, k) => ({
      from: edges[k], to: edges[k + 1], values: part.fused[k], uncertain: part.uncertain[k], why: "no answer",
    }));
    canvas.className = "timeline";
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "slider");
    canvas.ariaLabel = `Timeline of ${part.person}; left and right move the moment`;
    canvas.ariaValueMin = "0";
    canvas.ariaValueMax = String(edges.at(-1));
    const end = edges.at(-1) || 1;
    canvas.addEventListener("click", (event) => this.jump((event.offsetX / canvas.clientWidth) * end));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -timeline.hop_seconds, ArrowRight: timeline.hop_seconds }[event.key];
      if (step) { event.preventDefault(); this.jump(Math.min(end, Math.max(0, this.now() + step))); }
    });
    const title = text("h3", nameOf(part.person));
    row.append(title, canvas, this.strip(result, part.person));
    this.rows.push({ canvas, cells, end, part, timeline, column, title });
    return row;
  }

  strip(result, person) {
    const strip = document.createElement("div");
    strip.className = "thumbnails";
    for (const picture of result.thumbnails.filter((t) => t.person === person)) {
      const button = document.createElement("button"), image = new Image();
      image.src = `data:image/png;base64,${picture.png}`;
      image.alt = button.title = `${person} at ${picture.seconds.toFixed(1)} s`;
      button.append(image);
      button.addEventListener("click", () => this.jump(picture.seconds));
      strip.append(button);
    }
    return strip;
  }

  exportButtons(result, i) {
    const group = document.createElement("div");
    group.className = "controls";
    group.append(text("span", this.results.length > 1 ? `Export ${"AB"[i]}` : "Export"));
    group.append(...EXPORTS.map((format) => {
      const button = text("button", format);
      button.dataset.format = format;
      button.addEventListener("click", async () => {
        try {
          const data = await (await ask(`/v1/analyses/${result.id}?format=${format}`)).blob();
          const ending = format === "textgrid" ? "TextGrid" : format;
          offerDownload(data, `${this.file.name.replace(STEM, "")}.${ending}`);
        } catch (error) { say(error.message); }
      });
      return button;
    }));
    return group;
  }

  now() { return this.player.hidden || !this.player.duration ? this.seconds : this.player.currentTime; }

  jump(seconds) {
    this.seconds = seconds;
    if (!this.player.hidden && this.player.readyState) this.player.currentTime = seconds;
    this.draw();
  }

  draw() {
    const cursor = this.now(), cards = [];
    for (const { canvas, cells, end, part, timeline, column, title } of this.rows) {
      const labels = timeline.label_set.labels;
      drawTimeline(canvas, cells, { from: 0, to: end, labels, colours: about.colours, cursor });
      const k = Math.max(0, cells.findLastIndex((cell) => cell.from <= cursor));
      canvas.ariaValueNow = cursor.toFixed(2);
      const answer = cells[k]?.values ? inWords(cells[k], labels) : "no answer";
      canvas.ariaValueText = `${cursor.toFixed(1)} seconds, ${answer}`;
      title.textContent = `${nameOf(part.person)}: ${answer}`;
      if (column === 0 && cells[k]) cards.push(personCard(momentOf(part, k, labels), {
        labels, colours: about.colours, modalities: timeline.modalities,
      }));
    }
    byId("moment").replaceChildren(text("p", `At ${cursor.toFixed(1)} s`), ...cards);
  }
}

function inWords(cell, labels) {
  return `${answerOf(cell, labels)} (${Math.round(100 * Math.max(...cell.values))} %)`;
}

function momentOf(part, k, labels) {
  const fused = part.fused[k];
  return {
    person: part.person,
    label: fused && labels[fused.indexOf(Math.max(...fused))],
    uncertain: part.uncertain[k],
    fused,
    estimates: Object.fromEntries(Object.entries(part.streams).map(([name, stream]) => [name, {
      probabilities: stream.probabilities[k], contribution: stream.contribution[k], outcome: stream.outcome[k],
    }])),
  };
}

function absences(timeline) {
  const holder = document.createElement("details"), list = document.createElement("ul");
  for (const o of timeline.outcomes) {
    list.append(text("li", `${o.modality}: ${o.kind}, ${o.start_seconds.toFixed(1)}–${o.end_seconds.toFixed(1)} s ${o.detail}`));
  }
  for (const note of timeline.notes) list.append(text("li", note));
  holder.append(text("summary", "What is absent, and notes"), list);
  return holder;
}

function text(tag, content) {
  return Object.assign(document.createElement(tag), { textContent: content });
}

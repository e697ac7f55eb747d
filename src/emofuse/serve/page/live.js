// The Live tab: notice, camera, answers as they come, recording.

import { Capture } from "./capture.js";
import { drawLegend, drawTimeline, nameOf, personCard, worthShowing } from "./chart.js";
import { offerDownload, say, token } from "./server.js";

const HISTORY_SECONDS = 60, WORDS_SECONDS = 3, LATE_MS = 3000;
const MOST_TRIES = 24, FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 3000;
const byId = (id) => document.getElementById(id);
let session = null;

export function setUpLive() {
  byId("where").textContent = location.host;
  byId("accept").addEventListener("change", () => { byId("start").disabled = !byId("accept").checked; });
  byId("start").addEventListener("click", start);
  byId("stop").addEventListener("click", () => session?.end());
  byId("reset").addEventListener("click", () => session?.reset());
  byId("mute").addEventListener("click", () => toggle("mute", "getAudioTracks"));
  byId("hide").addEventListener("click", () => toggle("hide", "getVideoTracks"));
  byId("record").addEventListener("click", () => session?.toggleRecording());
  byId("say").addEventListener("submit", (event) => {
    event.preventDefault();
    session?.sayWords(byId("words").value);
    byId("words").value = "";
  });
}

async function start() {
  if (!byId("accept").checked || session) return;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 360 },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    session = new Session(stream);
  } catch (error) {
    say(`Camera or microphone cannot be used: ${error.message}. Allow them in the browser and try again.`);
  }
}

function toggle(id, tracks) {
  if (!session) return;
  const button = byId(id), off = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", off);
  session.stream[tracks]().forEach((track) => { track.enabled = !off; });
}

class Session {
  constructor(stream) {
    this.stream = stream;
    this.windows = [];
    this.pictures = 0;
    byId("notice").hidden = true;
    byId("stage").hidden = false;
    for (const id of ["mute", "hide", "record"]) byId(id).setAttribute("aria-pressed", false);
    this.video = byId("camera");
    this.video.srcObject = stream;
    this.video.play();
    this.connect();
    byId("stop").focus();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/v1/live`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.send({ type: "start", token: token() });
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = ({ reason }) => this.closed(reason);
  }

  send(message) {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  take(message) {
    const answer = { ready: "onReady", window: "onWindow", frame: "onFrame", error: "onError" };
    this[answer[message.type]]?.(message);
  }

  async onReady(message) {
    this.about = message;
    this.lost = 0;
    this.windows = [];
    document.querySelectorAll("#live .legend").forEach((holder) =>
      drawLegend(holder, message.labels, message.colours));
    this.capture?.stop();
    this.capture = new Capture(this.stream, this.video, this.socket);
    await this.capture.start();
    say("Live. Answers come every half second.");
  }

  onError(message) { this.reason = message.reason; }

  onFrame(message) {
    this.pictures += 1;
    this.roundTrip = 1000 * (this.capture.seconds() - message.seconds);
    this.serverTime = message.latency_ms;
    drawOutlines(byId("outline"), this.video, message.faces);
  }

  onWindow(message) {
    this.windows.push(message);
    this.recorded?.windows.push(message);
    const cards = worthShowing(message.persons).map((person) => personCard(person, this.about));
    byId("people").replaceChildren(...cards);
    this.drawHistory();
    const delay = message.latency_ms.total.toFixed(0), rate = this.rate();
    const busy = this.roundTrip > LATE_MS ? "This machine is too busy to keep up. " : "";
    byId("latency").textContent =
      `${busy}Server: ${this.serverTime?.toFixed(0) ?? "–"} ms a picture, ${delay} ms a window · ` +
      `there and back ${this.roundTrip?.toFixed(0) ?? "–"} ms · ${rate} pictures a second`;
  }

  /** Pictures a second, told anew once a second: windows may come several at once. */
  rate() {
    const now = performance.now(), seconds = (now - (this.ratedAt ?? now)) / 1000;
    if (this.ratedAt !== undefined && seconds < 1) return this.rated;
    this.rated = seconds ? ((this.pictures - this.ratedPictures) / seconds).toFixed(0) : "–";
    this.ratedAt = now;
    this.ratedPictures = this.pictures;
    return this.rated;
  }

  drawHistory() {
    const { labels, colours, hop_seconds: hop, window_seconds: length } = this.about;
    const to = this.windows.at(-1).end_seconds - (length - hop) / 2, from = Math.max(0, to - HISTORY_SECONDS);
    this.windows = this.windows.filter((window) => window.end_seconds > from - length);
    const names = new Set(this.windows.flatMap((w) => worthShowing(w.persons).map((p) => p.person)));
    for (const name of names) {
      const cells = this.windows.map((w) => {
        const person = w.persons.find((p) => p.person === name), middle = (w.start_seconds + w.end_seconds) / 2;
        return {
          from: w.index ? middle - hop / 2 : 0, to: middle + hop / 2,
          values: person?.fused ?? null, uncertain: person?.uncertain ?? false, why: "no answer",
        };
      });
      drawTimeline(historyCanvas(name), cells, { from, to, labels, colours, now: to });
    }
    for (const row of byId("history").children) if (!names.has(row.dataset.person)) row.remove();
  }

  reset() {
    this.send({ type: "reset" });
    this.capture?.restart();
    this.windows = [];
    byId("history").replaceChildren();
    say("Started over: nobody is remembered.");
  }

  sayWords(text) {
    const now = this.capture?.seconds();
    if (text.trim() && now !== undefined) {
      this.send({ type: "text", start_seconds: Math.max(0, now - WORDS_SECONDS), end_seconds: now, text });
    }
  }

  toggleRecording() {
    if (this.recorder) {
      this.recorder.stop();
      this.recorder = null;
    } else {
      this.record();
    }
    byId("record").setAttribute("aria-pressed", Boolean(this.recorder));
  }

  record() {
    const recorded = { format: "emofuse.live", ...this.about, windows: [] }, pieces = [];
    this.recorded = recorded;
    this.recorder = new MediaRecorder(this.stream);
    this.recorder.ondataavailable = ({ data }) => pieces.push(data);
    this.recorder.onstop = () => {
      this.recorded = null;
      const video = new Blob(pieces, { type: "video/webm" });
      const text = new Blob([JSON.stringify(recorded)], { type: "application/json" });
      byId("downloads").replaceChildren(
        downloadButton("Download recording", video, "emofuse-live.webm"),
        downloadButton("Download answers", text, "emofuse-live.json"),
      );
      say("The recording is only in this page until you download it.");
    };
    this.recorder.start(1000);
  }

  end() {
    this.ended = true;
    this.recorder?.stop();
    this.send({ type: "end" });
    this.capture?.stop();
    this.stream.getTracks().forEach((track) => track.stop());
  }

  closed(reason) {
    if (!this.ended && !this.reason && (this.lost = (this.lost ?? 0) + 1) <= MOST_TRIES) {
      say("The connection was lost; trying again.");
      clearInterval(this.capture?.timer);
      setTimeout(() => this.connect(), Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * this.lost));
      return;
    }
    if (!this.ended) this.end();
    say(reason || this.reason ? `Ended by the server: ${this.reason || reason}` : "Stopped.");
    byId("notice").hidden = false;
    byId("start").focus();
    session = null;
  }
}

function historyCanvas(person) {
  const holder = byId("history");
  for (const row of holder.children) if (row.dataset.person === person) return row.lastChild;
  const row = document.createElement("div"), title = document.createElement("h3");
  const canvas = document.createElement("canvas");
  row.dataset.person = person;
  title.textContent = nameOf(person);
  canvas.className = "timeline";
  canvas.setAttribute("role", "img");
  canvas.ariaLabel = `What ${person} expressed in the last minute`;
  row.append(title, canvas);
  holder.append(row);
  return canvas;
}

function drawOutlines(canvas, video, faces) {
  const wide = canvas.clientWidth, high = canvas.clientHeight, context = canvas.getContext("2d");
  canvas.width = wide;
  canvas.height = high;
  // The video keeps its shape inside its box: find the part that shows the picture.
  const scale = Math.min(wide / (video.videoWidth || 1), high / (video.videoHeight || 1));
  const shown = [video.videoWidth * scale, video.videoHeight * scale];
  const at = ([x, y]) => [(wide - shown[0]) / 2 + x * shown[0], (high - shown[1]) / 2 + y * shown[1]];
  context.font = "bold 14px system-ui, sans-serif";
  for (const face of faces) {
    context.beginPath();
    face.outline.forEach((point) => context.lineTo(...at(point)));
    context.closePath();
    for (const [width, colour] of [[5, "#000"], [2.5, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
    const [x, y] = at(face.box[0]);
    context.strokeStyle = "#000";
    context.lineWidth = 4;
    context.strokeText(face.person, x, y - 6);
    context.fillStyle = "#fff";
    context.fillText(face.person, x, y - 6);
  }
}

function downloadButton(text, blob, name) {
  const button = document.createElement("button");
  button.textContent = text;
  button.addEventListener("click", () => offerDownload(blob, name));
  return button;
}

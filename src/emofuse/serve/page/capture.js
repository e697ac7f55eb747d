// Camera and microphone to binary messages (the header is described in docs/serve.md).

const PICTURE = 1, SOUND = 2, HEADER_BYTES = 16;
const PICTURES_A_SECOND = 15, LONGEST_SIDE = 640, MOST_WAITING_BYTES = 1 << 20;

export function pack(kind, payload, seconds, sampleRate = 0) {
  const message = new Uint8Array(HEADER_BYTES + payload.byteLength), view = new DataView(message.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, kind);
  view.setUint32(4, sampleRate, true);
  view.setFloat64(8, seconds, true);
  message.set(new Uint8Array(payload), HEADER_BYTES);
  return message;
}

/** Sends what camera and microphone deliver through `socket` until `stop()`. */
export class Capture {
  constructor(stream, video, socket) {
    Object.assign(this, { stream, video, socket });
    this.canvas = document.createElement("canvas");
    this.sent = 0;
    this.began = performance.now();
  }

  seconds() { return (performance.now() - this.began) / 1000; }

  async start() {
    if (this.stream.getAudioTracks().length) await this.listen();
    this.timer = setInterval(() => this.look(), 1000 / PICTURES_A_SECOND);
  }

  /** A new session clock: pictures and sound count from now on. */
  restart() {
    this.began = performance.now();
    this.soundOffset = null;
  }

  look() {
    const { video, canvas, socket } = this;
    // A slow line loses pictures here, never sound.
    if (this.encoding || socket.readyState !== 1 || socket.bufferedAmount > MOST_WAITING_BYTES) return;
    if (!video.videoWidth) return;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    const { began } = this, seconds = this.seconds();
    this.encoding = true;
    canvas.toBlob(async (blob) => {
      const data = blob && await blob.arrayBuffer();
      this.encoding = false;
      if (!data || socket.readyState !== 1 || began !== this.began) return;
      socket.send(pack(PICTURE, data, seconds));
      this.sent += 1;
    }, "image/jpeg", 0.85);
  }

  async listen() {
    this.audio = newAudio(this.stream);
    await this.audio.context.audioWorklet.addModule("worklet.js");
    const node = new AudioWorkletNode(this.audio.context, "pieces");
    node.port.onmessage = ({ data: { samples, seconds } }) => this.hear(samples, seconds);
    this.audio.source.connect(node).connect(this.audio.context.destination);
    await this.audio.context.resume();
  }

  hear(samples, audioSeconds) {
    const rate = this.audio.context.sampleRate;
    // The sound card's own clock runs on evenly while the page is busy.
    this.soundOffset ??= this.seconds() - samples.length / rate - audioSeconds;
    const seconds = Math.max(0, audioSeconds + this.soundOffset);
    if (this.socket.readyState === 1) this.socket.send(pack(SOUND, samples.buffer, seconds, rate));
  }

  /** Ends the sending; the devices stay open for another capture. */
  stop() {
    clearInterval(this.timer);
    this.audio?.context.close();
  }
}

/** 16 kHz where the browser can; others send their own rate and the server resamples. */
function newAudio(stream) {
  try {
    const context = new AudioContext({ sampleRate: 16000 });
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    const context = new AudioContext();
    return { context, source: context.createMediaStreamSource(stream) };
  }
}

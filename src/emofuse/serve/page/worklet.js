// Runs on the audio thread: collects samples into pieces of a tenth of a second, as int16.

class Pieces extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(Math.round(sampleRate / 10));
    this.filled = 0;
  }

  process([input]) {
    const channel = input[0];
    if (!channel) return true;
    for (let i = 0; i < channel.length; i++) {
      if (!this.filled) this.began = currentTime + i / sampleRate;
      this.piece[this.filled++] = Math.max(-1, Math.min(1, channel[i])) * 32767;
      if (this.filled === this.piece.length) {
        const samples = this.piece.slice();
        this.port.postMessage({ samples, seconds: this.began }, [samples.buffer]);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("pieces", Pieces);

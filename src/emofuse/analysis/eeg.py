"""The EEG: samples in, calibrated evidence for a window out."""

from __future__ import annotations

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE
from emofuse.perception.eeg import CONTEXT_SECONDS, FRONT_ENDS, EegChunk, Stretch, require_rate

from .sense import Evidence
from .voice import SampleBuffer

# With fewer of the model's electrodes than this, what is left is another model's input.
MIN_ELECTRODES = 0.5
# With less of the model's window than this, its features are another window's.
MIN_PRESENT = 0.5


class ChannelBuffer(SampleBuffer):
    """The last samples of all channels; what was never received is NaN."""

    def between(self, start: int, end: int) -> tuple[np.ndarray, float]:
        """Samples (end - start, C) and the share of rows that were received."""
        channels = self.pieces[-1][1].shape[1] if self.pieces else 0
        window = np.full((end - start, channels), np.nan)
        for first, samples in self.pieces:
            low, high = max(start, first), min(end, first + len(samples))
            if low < high:
                window[low - start : high - start] = samples[low - first : high - first]
        return window, float(np.isfinite(window).any(1).mean())


class EegSense:
    """EEG evidence; it belongs to the scene until the combiner finds whose it is.

    The model reads its own window (its spec's `window_seconds`), centred on the one that is asked
    for. Filters look a second further on both sides, so answers come that much later.
    """

    modality = "eeg"

    def __init__(self, bundle: Bundle | None, *, window_seconds: float, expected: bool = True):
        self.bundle, self.expected = bundle, expected
        wanted = bundle.spec.window_seconds if bundle else window_seconds
        self.margin_seconds = max(0.0, wanted - window_seconds) / 2
        self.buffer = ChannelBuffer()
        self.channels: tuple[str, ...] = ()
        self.rate_hz = 0.0
        self.latest_seconds = self.ready_seconds = 0.0

    def push(self, item: EegChunk) -> None:
        if (item.channels, item.rate_hz) != (self.channels, self.rate_hz):
            self._begin(item)
        self.buffer.place(round(item.start_seconds * self.rate_hz), item.samples)
        self.latest_seconds = self.buffer.end / self.rate_hz
        self.ready_seconds = self.latest_seconds - self.margin_seconds - CONTEXT_SECONDS

    def _begin(self, item: EegChunk) -> None:
        """A first chunk, or another device than before: what the old one sent is forgotten."""
        if self.bundle:
            parameters = self.bundle.spec.inputs[0].parameters
            require_rate(item.rate_hz, parameters.get("bands") or [parameters["band"]])
        self.buffer, self.channels, self.rate_hz = ChannelBuffer(), item.channels, item.rate_hz

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        return {SCENE: self._evidence(start_seconds, end_seconds)}

    def _evidence(self, start_seconds: float, end_seconds: float) -> Evidence:
        if not self.expected or not self.buffer.pieces:
            return Evidence(None, outcome="NoSignal")
        _, coverage = self.buffer.between(self._row(start_seconds), self._row(end_seconds))
        if coverage == 0:
            return Evidence(None, outcome="NoSignal")
        if self.bundle is None:
            return Evidence(None, coverage, outcome="ModelAbsent")
        low = self._row(start_seconds - self.margin_seconds)
        high = self._row(end_seconds + self.margin_seconds)
        stretch = self._stretch(low, high)
        present = np.isfinite(stretch.window).any(1).sum() / (high - low)
        if present < MIN_PRESENT:
            return Evidence(None, coverage, outcome="TooShort")
        part = self.bundle.spec.inputs[0]
        usable = stretch.usable(part.parameters["channels"]).mean()
        quality = float(usable * present)
        if usable < MIN_ELECTRODES:
            return Evidence(None, coverage, quality, outcome="NoSignal")
        features = FRONT_ENDS[part.front_end](stretch, **part.parameters)
        logits = self.bundle.logits(features[None])[0]
        return Evidence(self.bundle.calibrated(logits), coverage=coverage, quality=quality)

    def _row(self, seconds: float) -> int:
        return round(seconds * self.rate_hz)

    def _stretch(self, low: int, high: int) -> Stretch:
        """Rows low to high with what was received of the context around them."""
        context = self._row(CONTEXT_SECONDS)
        samples, _ = self.buffer.between(low - context, high + context)
        received = np.flatnonzero(np.isfinite(samples).any(1))
        first, last = int(received[0]), int(received[-1]) + 1
        return Stretch(
            samples[first:last],
            self.channels,
            self.rate_hz,
            max(0, context - first),
            max(0, min(last, high - low + context) - first),
        )

    def forget(self, before_seconds: float) -> None:
        self.buffer.forget(self._row(before_seconds - self.margin_seconds - CONTEXT_SECONDS))

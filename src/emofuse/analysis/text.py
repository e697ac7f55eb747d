"""The words: transcript cues in, calibrated evidence for a window out."""

from __future__ import annotations

import heapq

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE
from emofuse.perception.text import FRONT_ENDS, Cue, language_of

from .sense import Evidence

# Below this share of the window a cue's words belong to its neighbours.
MIN_OVERLAP_SHARE = 0.05


class TextSense:
    """Text evidence: the overlap-weighted mean of the logits of the cues in the window."""

    modality = "text"

    def __init__(self, bundle: Bundle | None, *, expected: bool = True):
        self.bundle, self.expected = bundle, expected
        self.waiting: list[tuple[float, int, float, str]] = []  # a heap by start
        self.spoken: list[tuple[float, float, np.ndarray | None]] = []
        self.foreign: set[str] = set()

    def push(self, item: Cue) -> None:
        start = 0.0 if item.start_seconds is None else item.start_seconds
        end = np.inf if item.end_seconds is None else item.end_seconds
        heapq.heappush(self.waiting, (start, len(self.waiting), end, item.text))

    def _logits(self, text: str) -> np.ndarray | None:
        """Logits of one cue; None where the words are not in the model's language."""
        if self.bundle is None:
            return None
        language, _ = language_of(text)
        known = self.bundle.spec.language
        if known and language not in (known, "unknown"):
            self.foreign.add(language)
            return None
        part = self.bundle.spec.inputs[0]
        indices, counts = FRONT_ENDS[part.front_end](text, **part.parameters)
        return self.bundle.logits(indices, counts)[0] if len(indices) else None

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        return {SCENE: self._evidence(start_seconds, end_seconds)}

    def _evidence(self, start_seconds: float, end_seconds: float) -> Evidence:
        if self.bundle is None:
            return Evidence(None, outcome="ModelAbsent" if self.expected else "NoText")
        self._reach(end_seconds)
        length = end_seconds - start_seconds
        inside = [
            (max(0.0, min(end, end_seconds) - max(start, start_seconds)) / length, logits)
            for start, end, logits in self.spoken
            if start < end_seconds and end > start_seconds
        ]
        words = [(share, logits) for share, logits in inside if logits is not None]
        coverage = min(1.0, sum(share for share, _ in words))
        if coverage < MIN_OVERLAP_SHARE:
            foreign = sum(share for share, logits in inside if logits is None) >= MIN_OVERLAP_SHARE
            return Evidence(None, outcome="ForeignText" if foreign and self.foreign else "NoText")
        shares = np.array([share for share, _ in words])
        logits = np.average([logits for _, logits in words], axis=0, weights=shares)
        return Evidence(self.bundle.calibrated(logits), coverage=coverage, quality=1.0)

    def _reach(self, seconds: float) -> None:
        """Read the cues that start before `seconds`: the rest may never be needed."""
        while self.waiting and self.waiting[0][0] < seconds:
            start, _, end, text = heapq.heappop(self.waiting)
            self.spoken.append((start, end, self._logits(text)))

    def forget(self, before_seconds: float) -> None:
        self.spoken = [cue for cue in self.spoken if cue[1] > before_seconds]

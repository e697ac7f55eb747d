"""A stretch of time as a whole: what models of several senses, or of a film, are fed.

The model's own window lies around the one that is asked for, inside the recording; a recording
that is shorter is answered as one clip, as in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from emofuse.bundle import Bundle, InputSpec
from emofuse.core import SCENE

from .readers import READERS, Reading
from .sense import Evidence, reached_by_all


class WholeSense:
    """Evidence of one model that reads a stretch as a whole; it belongs to the scene.

    What the model's masks can hide may be missing; of anything else the absence is the outcome.
    """

    def __init__(
        self,
        bundle: Bundle | None,
        *,
        modality: str,
        window_seconds: float,
        tracks: Iterable[str],
        still: bool,
        max_lag_seconds: float,
    ):
        self.bundle, self.modality, self.max_lag_seconds = bundle, modality, max_lag_seconds
        self.length_seconds = bundle.spec.window_seconds if bundle else window_seconds
        self.margin_seconds = max(0.0, self.length_seconds - window_seconds) / 2
        parts = bundle.spec.inputs if bundle else ()
        self.masked = {part.parameters["of"] for part in parts if part.front_end == "mask"}
        self.readers = {
            part.name: READERS[part.front_end](part, tracks=frozenset(tracks), still=still)
            for part in parts
            if part.front_end != "mask"
        }

    def push(self, item: object) -> None:
        for reader in self.readers.values():
            if isinstance(item, reader.takes):
                reader.push(item)

    @property
    def latest_seconds(self) -> float:
        return max((reader.end_seconds for reader in self.readers.values()), default=0.0)

    @property
    def ready_seconds(self) -> float:
        """Windows before it can be answered: the model looks beyond them, and never at less."""
        times = [r.reached_seconds for r in self.readers.values() if r.reached_seconds is not None]
        reached = reached_by_all(times, max_lag_seconds=self.max_lag_seconds)
        return reached - self.margin_seconds if reached >= self.length_seconds else 0.0

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        if self.bundle is None:
            return {SCENE: Evidence(None, outcome="ModelAbsent")}
        stretch = self._stretch((start_seconds + end_seconds) / 2)
        found = {name: reader.read(*stretch) for name, reader in self.readers.items()}
        return {SCENE: self._evidence(found)}

    def _stretch(self, centre: float) -> tuple[float, float]:
        """The model's window around `centre`, moved into the recording."""
        end = self.latest_seconds
        start = max(0.0, min(centre - self.length_seconds / 2, end - self.length_seconds))
        return start, min(start + self.length_seconds, end)

    def _evidence(self, found: Mapping[str, Reading]) -> Evidence:
        absent = {name: part for name, part in found.items() if part.values is None}
        needed = [part for name, part in absent.items() if name not in self.masked]
        if needed or len(absent) == len(found):
            return Evidence(None, outcome=(needed or list(absent.values()))[0].outcome)
        logits = self.bundle.logits(*(self._fed(spec, found) for spec in self.bundle.spec.inputs))
        present = [part for part in found.values() if part.values is not None]
        return Evidence(
            self.bundle.calibrated(logits[0]),
            coverage=sum(part.coverage for part in present) / len(found),
            quality=min(part.quality for part in present),
        )

    def _fed(self, spec: InputSpec, found: Mapping[str, Reading]) -> np.ndarray:
        """The input `spec` as the network takes it, a batch of one."""
        name = spec.parameters["of"] if spec.front_end == "mask" else spec.name
        part = found[name]
        values = self.readers[name].blank() if part.values is None else part.values
        if spec.front_end != "mask":
            return values[None]
        if part.mask is not None:
            return part.mask[None]
        return np.full((1, len(values)), part.values is not None)

    def forget(self, before_seconds: float) -> None:
        # The last windows of a recording are answered from a stretch that ends with it.
        for reader in self.readers.values():
            reader.forget(before_seconds - self.length_seconds)

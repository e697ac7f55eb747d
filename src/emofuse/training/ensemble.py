"""Several networks on the same folds whose probabilities are added: the sum rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emofuse.core import to_log_prob
from emofuse.fusion import mean_pool

from .examples import Examples
from .system import Exported, FoldRows, Learned, Method


@dataclass(frozen=True)
class SumOfStreams:
    """A `Method`: each stream learns on its own inputs, answers are the mean of probabilities.

    `streams` gives a method and the names of its inputs by the stream's name.
    """

    streams: Mapping[str, tuple[Method, tuple[str, ...]]]

    def learn(
        self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path, progress: bool
    ) -> Learned:
        return self._together(
            {
                name: method.learn(
                    options, examples.only(*inputs), rows, folder=folder / name, progress=progress
                )
                for name, (method, inputs) in self.streams.items()
            }
        )

    def restore(self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path) -> Learned:
        return self._together(
            {
                name: method.restore(options, examples.only(*inputs), rows, folder=folder / name)
                for name, (method, inputs) in self.streams.items()
            }
        )

    def step(self, options: Any, examples: Examples, rows: np.ndarray) -> Callable[[], None]:
        """A training step of every stream, to be measured."""
        steps = [
            method.step(options, examples.only(*inputs), rows)
            for method, inputs in self.streams.values()
        ]
        return lambda: [one() for one in steps]

    @property
    def refits(self) -> bool:
        return any(method.refits for method, _ in self.streams.values())

    def _together(self, learned: Mapping[str, Learned]) -> Learned:
        parts = {name: _on(part, self.streams[name][1]) for name, part in learned.items()}

        def answer(examples: Examples, rows: np.ndarray) -> np.ndarray:
            found = [to_log_prob(p.answer(examples, rows), p.scale) for p in parts.values()]
            return mean_pool(np.stack(found))

        def export(examples: Examples) -> Mapping[str, Exported]:
            made: dict[str, Exported] = {}
            for part in parts.values():
                made |= part.export(examples) if part.export is not None else {}
            return made

        return Learned(answer, scale="log_prob", export=export, parts=parts)


def _on(part: Learned, inputs: tuple[str, ...]) -> Learned:
    """The part, taking examples with all inputs and looking at its own."""
    export = part.export
    return replace(
        part,
        answer=lambda examples, rows: part.answer(examples.only(*inputs), rows),
        export=None if export is None else lambda examples: export(examples.only(*inputs)),
    )

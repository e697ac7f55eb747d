"""`LeakageCheck`: what the parts of a split share and must not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from emofuse.core import Clip, InputError

from .keys import FIELDS, KeyIndex, content_keys, field_keys, recordings, text_keys, view_keys
from .leak import Leak, LeakageError
from .plan import PARTS, Split

SEPARATES = ("subject", "dialogue", "trial", "source")
REMEDY = "separate the clips by person and recording, or allow leakage and keep the stamp"
_NAMED = 3  # group names in a detail


class LeakageCheck:
    """Checks splits of `clips`: built once, then quick for every fold.

    `separates` are the group fields that no two parts may share; the same clip, view or content
    in two parts is always a leak. `text` also compares the words, verbatim: only for corpora
    where a line of text is the sample (in RAVDESS everybody says the same two sentences).
    """

    def __init__(
        self, clips: Sequence[Clip], *, separates: Sequence[str] = SEPARATES, text: bool = False
    ):
        self.separates = tuple(separates)
        self._clips = clips = tuple(clips)
        self._row = {clip.id: row for row, clip in enumerate(clips)}
        if len(self._row) != len(clips):
            raise InputError("manifest", "two clips have the same id", "prepare the corpus again")
        self._groups = {field: KeyIndex(field_keys(clips, field)) for field in FIELDS}
        self._always = {
            "view": KeyIndex(view_keys(clips)),
            "content": KeyIndex(content_keys(clips)),
        }
        if text:
            self._always["text"] = KeyIndex(text_keys(clips))
        self._recordings = KeyIndex(recordings(clips))

    def check(
        self, split: Split, *, inner_separates: Sequence[str] | None = None
    ) -> tuple[Leak, ...]:
        """Every leak between train, validation and test of `split`.

        `inner_separates` are the fields that train and validation must not share (as
        `separates` unless given): a training part with a single person cannot separate persons.
        """
        inner = self.separates if inner_separates is None else tuple(inner_separates)
        rows = {part: self._rows(getattr(split, part)) for part in PARTS}
        leaks = []
        for left, right in (("train", "test"), ("validation", "test"), ("train", "validation")):
            fields = inner if right == "validation" else self.separates
            for kind, how, found in self._between(rows[left], rows[right], fields):
                if len(found):
                    ids = tuple(sorted(self._clips[row].id for row in found))
                    detail = f"{len(ids)} {right} clips of {split.name} {how} {left}"
                    leaks.append(Leak(kind, ids, detail, (left, right)))
        return tuple(leaks)

    def require(self, split: Split, *, inner_separates: Sequence[str] | None = None) -> None:
        """Raise `LeakageError` with the offending ids unless `split` is clean."""
        leaks = self.check(split, inner_separates=inner_separates)
        if leaks:
            raise LeakageError(f"split {split.name}", leaks, REMEDY)

    def _rows(self, ids: Sequence[str]) -> np.ndarray:
        unknown = [clip for clip in ids if clip not in self._row]
        if unknown:
            raise InputError(
                "manifest",
                f"{len(unknown)} clips of the split are not in it, e.g. {unknown[0]}",
                "use the manifest the splits were planned on",
            )
        return np.array([self._row[clip] for clip in ids], dtype=int)

    def _between(
        self, left: np.ndarray, right: np.ndarray, fields: Sequence[str]
    ) -> Iterator[tuple[str, str, np.ndarray]]:
        """(kind, how in words, rows of `right`) of everything the two parts share."""
        for field in fields:
            rows, groups = self._groups[field].shared(left, right)
            named = ", ".join(groups[:_NAMED]) + (", …" if len(groups) > _NAMED else "")
            yield field, f"share {field} {named} with", rows
        for kind, index in self._always.items():
            yield kind, f"show the same {kind} as clips of", index.shared(left, right)[0]
        yield "clip", "are also in", np.intersect1d(left, right)
        yield "view", "overlap in time with clips of", self._overlapping(left, right)

    def _overlapping(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Rows of `right` whose window overlaps, but does not equal, one of `left`."""
        suspects, _ = self._recordings.shared(left, right)
        seen, _ = self._recordings.shared(suspects, left)
        spans: dict = {}
        for row in seen:
            for key in self._recordings.keys[row]:
                spans.setdefault(key, []).append(_span(self._clips[row]))
        rows = [row for row in suspects if self._overlaps(row, spans)]
        return np.array(rows, dtype=int)

    def _overlaps(self, row: int, spans: dict) -> bool:
        start, end = own = _span(self._clips[row])
        return any(
            other != own and other[0] < end and start < other[1]
            for key in self._recordings.keys[row]
            for other in spans.get(key, ())
        )


def _span(clip: Clip) -> tuple[float, float]:
    return clip.start_seconds, clip.end_seconds  # type: ignore[return-value]


def check_split(
    split: Split, clips: Sequence[Clip], *, separates: Sequence[str] = SEPARATES
) -> tuple[Leak, ...]:
    """Every leak in `split` of `clips`; empty when it is clean. See `LeakageCheck`."""
    return LeakageCheck(clips, separates=separates).check(split)

"""`Manifest`: the clips of one corpus, what was left out and why, and what is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from emofuse.core import Clip, InputError, LabelSet

SEVERAL = "|"  # joins the labels of a clip where the set is multi-label


@dataclass(frozen=True)
class Skipped:
    """A file or row that the reader left out. `path` is relative to the root."""

    path: str
    reason: str


def labels_of(clip: Clip) -> tuple[str, ...]:
    """The labels of a clip: none where unknown or none expressed, several where multi-label."""
    return tuple(clip.label.split(SEVERAL)) if clip.label else ()


def content_keys(clip: Clip) -> frozenset[str]:
    """What makes two clips the same content: `content` where given, else the bytes of each file.

    A row of a shared table is no content of its own, so views with a `row` do not count.
    """
    if clip.content:
        return frozenset({clip.content})
    return frozenset(view.sha256 for view in clip.views if view.sha256 and view.row is None)


@dataclass(frozen=True)
class Manifest:
    """Clips of `corpus` below `root`, with labels of `label_set`, in a fixed order."""

    corpus: str
    root: Path
    clips: tuple[Clip, ...]
    label_set: LabelSet
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.clips}

    @property
    def subjects(self) -> tuple[str, ...]:
        """The people that can be told apart, sorted."""
        return tuple(sorted({clip.subject for clip in self.clips if clip.subject}))

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips per `label` (in the set's order; "" where there is none), `subject`, `split`."""
        labels = Counter(label for clip in self.clips for label in labels_of(clip) or ("",))
        order = [*self.label_set, ""]
        return {
            "label": {label: labels[label] for label in order if label or labels[label]},
            "subject": _tally(clip.subject for clip in self.clips),
            "split": _tally(clip.official_split for clip in self.clips),
        }

    def skipped_counts(self) -> dict[str, int]:
        """How many files or rows were left out, by reason."""
        return _tally(skip.reason for skip in self.skipped)

    def duplicates(self) -> tuple[tuple[str, ...], ...]:
        """Groups of clip ids that share content (see `content_keys`), each group once."""
        holders: dict[str, list[str]] = {}
        for clip in self.clips:
            for key in content_keys(clip):
                holders.setdefault(key, []).append(clip.id)
        return tuple(sorted({tuple(ids) for ids in holders.values() if len(ids) > 1}))

    def conflicts(self) -> tuple[tuple[str, ...], ...]:
        """Groups of duplicates whose labels differ: no model can be right on all of them."""
        return tuple(g for g in self.duplicates() if len({self.by_id[i].label for i in g}) > 1)

    def select(self, ids: Iterable[str]) -> Manifest:
        """The named clips, in this manifest's order; `KeyError` names one that is not here."""
        wanted = set(ids)
        unknown = wanted - self.by_id.keys()
        if unknown:
            raise KeyError(f"{self.corpus} has no clip {sorted(unknown)[0]!r}")
        return replace(self, clips=tuple(clip for clip in self.clips if clip.id in wanted))

    def where(self, keep: Callable[[Clip], bool]) -> Manifest:
        """The clips for which `keep` is true."""
        return replace(self, clips=tuple(clip for clip in self.clips if keep(clip)))

    def path(self, view_path: str) -> Path:
        """Where a view's file lies."""
        return self.root / view_path

    def validate(self) -> None:
        """Raise `InputError` naming the first clip that breaks a rule, and how many more do."""
        problems = [f"clip {clip.id}: {why}" for clip in self.clips for why in self._faults(clip)]
        repeated = [name for name, n in Counter(clip.id for clip in self.clips).items() if n > 1]
        problems += [f"clip {name}: two clips have this id" for name in repeated]
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise InputError(
                self.root, f"{problems[0]}{more}", f"check that this is the {self.corpus} layout"
            )

    def _faults(self, clip: Clip) -> Iterator[str]:
        labels = labels_of(clip)
        if clip.label_set != self.label_set.name:
            yield f"label set {clip.label_set!r}, not {self.label_set.name!r}"
        for label in labels:
            if label not in self.label_set:
                yield f"label {label!r} is not in {self.label_set.name}"
        if len(labels) > 1 and not self.label_set.multi_label:
            yield f"several labels, but {self.label_set.name} allows one"
        for name, values in clip.soft.items():
            if len(values) != len(self.label_set) or min(values) < 0 or abs(sum(values) - 1) > 1e-6:
                yield f"the {name} ratings are not a distribution over {self.label_set.name}"
        start, end = clip.start_seconds, clip.end_seconds
        if start is not None and end is not None and end < start:
            yield f"ends ({end} s) before it starts ({start} s)"
        for view in clip.views:
            if view.path.startswith("/") or ".." in view.path.split("/"):
                yield f"path {view.path!r} leads out of the root"


def _tally(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(value for value in values if value).items()))

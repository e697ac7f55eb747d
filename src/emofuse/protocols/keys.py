"""What makes two clips belong together: a shared person, dialogue, recording, or content."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from operator import attrgetter
from pathlib import PurePosixPath

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emofuse.core import Clip, View

Keys = Sequence[Collection[Hashable]]  # the keys of each clip

# The clip fields whose values name a group, with the fields that make such a value unique: trial
# 3 of one person's session is not trial 3 of another's.
FIELDS: dict[str, tuple[str, ...]] = {
    "subject": ("corpus", "subject"),
    "dialogue": ("corpus", "dialogue"),
    "session": ("corpus", "session"),
    "trial": ("corpus", "subject", "session", "trial"),
    "source": ("corpus", "source"),
}
# Modality-channel-emotion-intensity-statement-repetition-actor (Livingstone & Russo 2018).
_RAVDESS = re.compile(r"(?:0[1-3]-)?(0[12]-0[1-8]-0[12]-0[12]-0[12]-\d\d)")


def field_keys(clips: Sequence[Clip], field: str) -> Keys:
    """The group each clip belongs to by `field`; an empty field belongs to none."""
    group = attrgetter(*FIELDS[field])
    return [(group(clip),) if getattr(clip, field) else () for clip in clips]


def field_groups(clips: Sequence[Clip], fields: Sequence[str]) -> np.ndarray:
    """(N,) group numbers: clips that share any of the `fields`' groups stay together."""
    named = [field for field in fields if any(getattr(clip, field) for clip in clips)]
    return linked(clips, *(field_keys(clips, field) for field in named))


def view_keys(clips: Sequence[Clip]) -> Keys:
    """What each clip's files show: the file (or the part of it), and the RAVDESS performance.

    RAVDESS stores one performance as 01- (both), 02- (video) and 03- (audio): the names differ
    in the first pair alone, and so do re-uploads that keep them.
    """
    return [
        {(clip.corpus, view.path, *_portion(clip, view)) for view in clip.views if view.path}
        | {("ravdess", found) for found in _performances(clip)}
        for clip in clips
    ]


def content_keys(clips: Sequence[Clip]) -> Keys:
    """Hashes of what each clip shows.

    A file that holds several clips (a table, a session) says nothing by its hash alone, so there
    the hash counts together with the part.
    """
    portions: dict[tuple[str, str], set] = {}
    for clip in clips:
        for view in clip.views:
            portions.setdefault((clip.corpus, view.path), set()).add(_portion(clip, view))
    return [
        ({("content", clip.content)} if clip.content else set())
        | {
            (view.sha256,)
            if len(portions[clip.corpus, view.path]) == 1
            else (view.sha256, *_portion(clip, view))
            for view in clip.views
            if view.sha256
        }
        for clip in clips
    ]


def text_keys(clips: Sequence[Clip]) -> Keys:
    """The words of each clip, with white space made even."""
    return [{" ".join(clip.text.split())} if clip.text else set() for clip in clips]


def recordings(clips: Sequence[Clip]) -> Keys:
    """The stretches of recordings from which windows with start and end were cut."""
    return [
        {(clip.corpus, view.path, view.row, clip.source, clip.trial) for view in clip.views}
        if clip.start_seconds is not None and clip.end_seconds is not None
        else set()
        for clip in clips
    ]


def linked(clips: Sequence[Clip], *keys: Keys) -> np.ndarray:
    """(N,) group numbers: clips that share any key, directly or through others, share a number."""
    n = size = len(clips)
    rows, columns = [], []
    for each in map(KeyIndex, keys):
        rows.append(each.row)
        columns.append(each.code + size)
        size += len(each.names)
    edges = (np.concatenate([*rows, []]).astype(int), np.concatenate([*columns, []]).astype(int))
    graph = coo_array((np.ones(len(edges[0])), edges), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    return np.unique(group[:n], return_inverse=True)[1]


class KeyIndex:
    """Keys of clips as numbers, so that what two sets of rows share is found at once."""

    def __init__(self, keys: Keys):
        self.keys = keys
        codes: dict = {}
        pairs = [
            (row, codes.setdefault(key, len(codes)))
            for row, each in enumerate(keys)
            for key in each
        ]
        self.row, self.code = np.array(pairs, dtype=int).reshape(-1, 2).T
        self.names = list(codes)

    def shared(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Rows of `right` that share a key with one of `left`; the last words of those keys."""
        in_left, in_right = (np.zeros(len(self.keys), bool) for _ in range(2))
        in_left[left] = in_right[right] = True
        seen = np.zeros(len(self.names), bool)
        seen[self.code[in_left[self.row]]] = True
        hit = in_right[self.row] & seen[self.code]
        names = {self.names[code] for code in np.unique(self.code[hit])}
        words = {str(name[-1] if isinstance(name, tuple) else name) for name in names}
        return np.unique(self.row[hit]), sorted(words)


def _portion(clip: Clip, view: View) -> tuple:
    return (view.row, clip.source, clip.trial, clip.start_seconds, clip.end_seconds)


def _performances(clip: Clip) -> set[str]:
    stems = [PurePosixPath(name).stem for name in (clip.id, *(view.path for view in clip.views))]
    return {found[1] for stem in stems if (found := _RAVDESS.fullmatch(stem))}

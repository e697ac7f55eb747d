"""Which media files of a manifest cannot be used: broken ones, and ones far longer than stated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from emofuse.core import Clip, InputError, View

from .manifest import Manifest, Skipped
from .scan import Progress

MEDIA = ("audio", "video", "audio_video")
TOO_LONG, SLACK_SECONDS = 2.0, 2.0  # a file may be this many times as long as stated, and a bit


def check_media(manifest: Manifest, *, progress: Progress | None = None) -> Manifest:
    """The manifest without media views that cannot be decoded or are far longer than stated.

    MELD distributes both kinds. One frame of each file is decoded. What is dropped is listed in
    `skipped`; a clip that keeps neither a view nor text is dropped with its last view. Files that
    several clips share (the film of a dialogue) are only decoded, not measured.
    """
    checked = _Checked(manifest, progress)
    clips, skipped = [], []
    for clip in manifest:
        kept = []
        for view in clip.views:
            problem = checked.problem(clip, view)
            if problem:
                skipped.append(Skipped(view.path, problem))
            else:
                kept.append(view)
        if kept or clip.text or not clip.views:
            clips.append(replace(clip, views=tuple(kept)))
    return replace(manifest, clips=tuple(clips), skipped=(*manifest.skipped, *skipped))


class _Checked:
    """Durations (seconds) or complaints of the files looked at so far."""

    def __init__(self, manifest: Manifest, progress: Progress | None):
        self._root, self._progress = manifest.root, progress
        media = [view.path for clip in manifest for view in clip.views if _is_file(view)]
        self._holders = Counter(media)
        self._found: dict[str, float | str] = {}

    def problem(self, clip: Clip, view: View) -> str:
        """Why the view cannot be used, or ""."""
        if not _is_file(view):
            return ""
        found = self._look(view.path)
        if isinstance(found, str):
            return found
        if clip.start_seconds is None or clip.end_seconds is None or self._holders[view.path] > 1:
            return ""
        stated = clip.end_seconds - clip.start_seconds
        too_long = found > TOO_LONG * stated + SLACK_SECONDS
        return f"lasts {found:.1f} s instead of {stated:.1f} s" if too_long else ""

    def _look(self, path: str) -> float | str:
        from emofuse.media import probe

        if path not in self._found:
            try:
                self._found[path] = probe(self._root / path).duration_seconds or 0.0
            except InputError as error:
                self._found[path] = f"unusable: {error.reason}"
            if self._progress is not None:
                self._progress(len(self._found), len(self._holders), path)
        return self._found[path]


def _is_file(view: View) -> bool:
    return view.kind in MEDIA and "*" not in view.path

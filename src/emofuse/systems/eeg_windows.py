"""EEG trials cut into windows: what the EEG systems are trained and judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from emofuse.core import Clip, InputError, LabelSet
from emofuse.corpora import Manifest
from emofuse.perception.eeg import (
    FOUR_BANDS,
    WINDOW_SECONDS,
    EegRecording,
    bridge,
    differential_entropy,
    read_eeg,
    resampled,
    zero_phase,
)


@dataclass(frozen=True)
class WindowOptions:
    """How trials become windows.

    `published` computes differential entropy as published, wrong filters and all. `sample_rate`
    and `signal_band` are those of the raw windows for networks that take signals.
    """

    window_seconds: float = WINDOW_SECONDS
    picks: str | tuple[str, ...] = "epoc14"
    bands: tuple[tuple[float, float], ...] = field(default=tuple(FOUR_BANDS))
    published: bool = False
    sample_rate: int = 128
    signal_band: tuple[float, float] = (1.0, 49.0)


@dataclass(frozen=True)
class Windows:
    """N windows: `features` (N, C, B) in bits, NaN where unknown, and `signals` (N, C, T) in µV.

    One or the other is empty (N, 0, 0), as asked for. `clips` are the windows as clips of their
    own, which share subject, session and trial with the others of their trial.
    """

    clips: tuple[Clip, ...]
    features: np.ndarray
    signals: np.ndarray
    labels: np.ndarray
    label_set: LabelSet
    channels: tuple[str, ...]
    options: WindowOptions
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.clips)

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Row numbers of windows by id."""
        at = {clip.id: row for row, clip in enumerate(self.clips)}
        return np.array([at[clip] for clip in ids], int)


def cut_windows(
    manifest: Manifest, options: WindowOptions | None = None, *, signals: bool = False
) -> Windows:
    """Read every clip with an EEG view and cut it; trials that give no window are `skipped`.

    `InputError` when none gives one.
    """
    options = options or WindowOptions()
    clips: list[Clip] = []
    parts, skipped, channels = [], [], ()
    for clip in manifest:
        if clip.view("eeg") is None or clip.label is None:
            continue
        recording = read_trial(manifest, clip, options)
        outcome = recording.outcome(window_seconds=options.window_seconds)
        if outcome is not None:
            skipped.append(f"{clip.id}: {outcome.kind} ({outcome.detail})")
            continue
        part = _signals(recording, options) if signals else _features(recording, options)
        parts.append(part)
        channels = recording.channels
        clips += [_window_clip(clip, i, options.window_seconds) for i in range(len(part))]
    if not clips:
        why = skipped[0] if skipped else "no clip has EEG"
        raise InputError(manifest.root, f"gives no window ({why})", "check the recordings")
    labels = [manifest.label_set.index(clip.label) for clip in clips]
    cut, none = np.concatenate(parts), np.zeros((len(clips), 0, 0))
    return Windows(
        tuple(clips),
        none if signals else cut,
        cut if signals else none,
        np.array(labels),
        manifest.label_set,
        channels,
        options,
        tuple(skipped),
    )


def read_trial(manifest: Manifest, clip: Clip, options: WindowOptions) -> EegRecording:
    """The EEG of one clip, with the electrodes that `options` pick."""
    view = clip.view("eeg")
    return read_eeg(
        manifest.path(view.path),
        key=clip.attributes.get("key"),
        row=view.row,
        picks=options.picks,
    )


def _known(recording: EegRecording) -> np.ndarray:
    return np.where(recording.channel_mask, recording.track.values, np.nan)


def _features(recording: EegRecording, options: WindowOptions) -> np.ndarray:
    return differential_entropy(
        _known(recording),
        rate_hz=recording.rate_hz,
        window_seconds=options.window_seconds,
        bands=options.bands,
        published=options.published,
    )


def _signals(recording: EegRecording, options: WindowOptions) -> np.ndarray:
    """(W, C, T) of a whole trial, filtered, resampled and cut."""
    whole = np.ascontiguousarray(bridge(_known(recording)).T)
    (band,) = zero_phase(whole, rate_hz=recording.rate_hz, bands=(options.signal_band,))
    slow = resampled(band, rate_hz=recording.rate_hz, to_hz=options.sample_rate)
    length = round(options.window_seconds * options.sample_rate)
    count = slow.shape[1] // length
    return slow[:, : count * length].reshape(len(slow), count, length).transpose(1, 0, 2)


def _window_clip(clip: Clip, number: int, seconds: float) -> Clip:
    start = number * seconds
    return replace(
        clip,
        id=f"{clip.id}-w{number:03}",
        start_seconds=start,
        end_seconds=start + seconds,
    )

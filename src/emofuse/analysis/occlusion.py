"""Leaving parts of one window out: what each model says without a band, a region or a word.

What is left out is replaced by what tells nothing: in log-mel the mean of the training data, in a
face crop its mean grey (both are 0 after normalisation), in the melody no period (0); a word is
simply not said.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import numpy as np

from emofuse.bundle import Bundle
from emofuse.perception.text import Cue, tokens
from emofuse.perception.voice import MelOptions, log_mel, mel_filters

from .text import TextSense

BANDS = 8
CELL_SECONDS = 0.2
# A patch covers two cells a side, so that neither an eye nor a syllable is always cut in half.
PATCH_CELLS = 2
GRID = 8  # cells a side of a face crop
MOST_WORDS = 100  # a transcript without times counts everywhere, with all its words


def voice_without(bundle: Bundle, features: np.ndarray) -> np.ndarray:
    """Log-probabilities (bands, times, C) of `features` (frames, d) without each mel patch."""
    mel, melody = split_melody(bundle, features)
    rows, columns = _edges(mel.shape[1], BANDS), _edges(len(mel), _time_cells(bundle, len(mel)))
    variants = [
        np.hstack([_blank(mel.T, rows, columns, r, c).T, melody]) for r, c in _cells(rows, columns)
    ]
    logits = bundle.logits(np.stack(variants).astype(np.float32))
    return bundle.calibrated(logits).reshape(len(rows) - 1, len(columns) - 1, -1)


def melody_without(bundle: Bundle, features: np.ndarray) -> np.ndarray:
    """Log-probabilities (times, C) without the pitch of each time; (0, C) where none is fed."""
    mel, melody = split_melody(bundle, features)
    if not melody.shape[1]:
        return np.empty((0, len(bundle.spec.labels)))
    rows, columns = np.array([0, melody.shape[1]]), _edges(len(mel), _time_cells(bundle, len(mel)))
    variants = [
        np.hstack([mel, _blank(melody.T, rows, columns, r, c).T]) for r, c in _cells(rows, columns)
    ]
    return bundle.calibrated(bundle.logits(np.stack(variants).astype(np.float32)))


def split_melody(bundle: Bundle, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel (frames, mels) and, for the front end `mel_and_melody`, periodicity of pitches."""
    mels = _mel_parameters(bundle)["n_mels"]
    return features[:, :mels], features[:, mels:]


def face_without(bundle: Bundle, crops: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log-probabilities (rows, columns, C) without each patch, in all `crops` (N, 1, S, S).

    The crops' logits are averaged by `weights` (N,), as the face sense does.
    """
    edges = _edges(crops.shape[-1], GRID)
    answers = []
    for row, column in _cells(edges, edges):
        logits = bundle.logits(_blank(crops, edges, edges, row, column))
        answers.append(bundle.calibrated(np.average(logits, axis=0, weights=weights)))
    return np.array(answers).reshape(GRID, GRID, -1)


def words_without(
    bundle: Bundle, cues: Sequence[Cue], start_seconds: float, end_seconds: float
) -> Iterator[tuple[str, np.ndarray | None]]:
    """Each word of the window, and log-probabilities (C,) without it (None: nothing is left).

    Words are `tokens`, so a run of punctuation is one. Ends after `MOST_WORDS`.
    """
    spoken = [(place, i) for place, cue in enumerate(cues) for i in range(len(tokens(cue.text)))]
    for place, i in spoken[:MOST_WORDS]:
        cue = cues[place]
        words = tokens(cue.text)
        rest = Cue(cue.start_seconds, cue.end_seconds, " ".join(words[:i] + words[i + 1 :]))
        sense = TextSense(bundle)
        for one in (*cues[:place], rest, *cues[place + 1 :]):
            sense.push(one)
        (evidence,) = sense.evidence(start_seconds, end_seconds).values()
        yield words[i], evidence.log_prob


def band_edges_hz(bundle: Bundle) -> np.ndarray:
    """(bands + 1,) Hz: from the first to the last mel band's centre, split as `voice_without`."""
    given = _mel_parameters(bundle)
    options = MelOptions(
        given["sample_rate"],
        n_fft=given["n_fft"],
        n_mels=given["n_mels"],
        fmin=given["fmin"],
        fmax=given["fmax"],
    )
    filters = mel_filters(options)
    bins = np.arange(len(filters)) * options.sample_rate / options.n_fft
    centres = (bins @ filters) / filters.sum(0)
    edges = _edges(len(centres), BANDS)
    return np.array([*centres[edges[:-1]], given["fmax"]])


def time_edges_seconds(bundle: Bundle, frames: int) -> np.ndarray:
    """(times + 1,) seconds since the window's start."""
    return _edges(frames, _time_cells(bundle, frames)) * _mel_parameters(bundle)["hop_seconds"]


def _mel_parameters(bundle: Bundle) -> dict:
    """The bundle's front-end parameters over those that `log_mel` takes where none is given."""
    known = inspect.signature(log_mel).parameters.values()
    defaults = {p.name: p.default for p in known if p.default is not p.empty}
    return defaults | bundle.spec.inputs[0].parameters


def _time_cells(bundle: Bundle, frames: int) -> int:
    return max(1, round(frames * _mel_parameters(bundle)["hop_seconds"] / CELL_SECONDS))


def _edges(length: int, parts: int) -> np.ndarray:
    return np.linspace(0, length, min(parts, length) + 1).round().astype(int)


def _cells(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[int, int]]:
    return ((r, c) for r in range(len(rows) - 1) for c in range(len(columns) - 1))


def _blank(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, row: int, column: int
) -> np.ndarray:
    """A copy of (..., R, C) values that is 0 in a patch around one cell."""
    around = (PATCH_CELLS - 1) / 2

    def span(edges: np.ndarray, cell: int) -> slice:
        low, high = edges[cell], edges[cell + 1]
        extra = round(around * (high - low))
        return slice(max(0, low - extra), high + extra)

    blank = values.copy()
    blank[..., span(rows, row), span(columns, column)] = 0
    return blank

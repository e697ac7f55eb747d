"""`read_eeg`: one door to EDF, BDF, BrainVision, EEGLAB, FIF, XDF and MATLAB files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.core import InputError

from .matlab import read_matlab
from .mne_files import MNE_SUFFIXES, read_mne
from .montage import is_brain, named
from .raw import Raw
from .recording import EegRecording, make_recording
from .xdf import read_xdf

MATLAB, XDF = (".mat",), (".xdf", ".xdfz")
SUFFIXES = (*MNE_SUFFIXES, *XDF, *MATLAB)
# Microvolts in one of each unit that files and users name.
UNITS = {
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-3),
    **dict.fromkeys(("uv", "µv", "μv", "microvolt", "microvolts"), 1.0),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1e3),
    **dict.fromkeys(("v", "volt", "volts"), 1e6),
}


@dataclass(frozen=True)
class _Asked:
    """What the user says about a file beside what it says itself."""

    path: Path
    sampling_rate_hz: float | None
    unit: str | None


def read_eeg(
    path: str | Path,
    *,
    sampling_rate_hz: float | None = None,
    picks: str | Sequence[str] = "all",
    mapping: Mapping[str, str] | Sequence[str] | None = None,
    unit: str | None = None,
    key: str | None = None,
    row: int | None = None,
) -> EegRecording:
    """Read an EEG file to microvolts, with bad and missing channels masked.

    `sampling_rate_hz` is needed where the file does not tell its rate, and must agree where it
    does: no rate is ever assumed. `picks`: "all", "epoc14", "seed62" or electrode names. `mapping`
    says which channel is which electrode (see `named`) where the file's names are foreign or
    absent. `unit` (uV, mV, V, nV) replaces the file's own; where neither says one, microvolts are
    taken and a note says so. `key` names the array of a MATLAB file, `row` the trial on its last
    axis (EAV).

    Raises `InputError` on a file that is missing, damaged or of another kind, `MissingExtra`
    without MNE or pyxdf. What can be read but not used (flat, saturated, too short) is an outcome:
    see `EegRecording.outcome`.
    """
    asked = _Asked(Path(path), sampling_rate_hz, unit)
    if not asked.path.exists():
        raise InputError(path, "no such file", "check the path")
    suffix = asked.path.suffix.lower()
    if suffix in MATLAB:
        raw = read_matlab(asked.path, key=key, row=row)
    elif suffix in XDF:
        raw = read_xdf(asked.path, stream=key)
    elif suffix in MNE_SUFFIXES:
        raw = read_mne(asked.path)
    else:
        raise InputError(path, "is no EEG file by its name", f"known: {', '.join(SUFFIXES)}")
    names = raw.names or tuple(str(i + 1) for i in range(raw.values.shape[1]))
    brain = [i for i, name in enumerate(names) if is_brain(name)]
    if not brain:
        raise InputError(path, "holds no EEG channel", f"its channels are {', '.join(names[:5])}")
    channels = named(path, [names[i] for i in brain], mapping)
    factor, notes = _microvolts(raw, asked, brain)
    recording = make_recording(
        raw.values[:, brain] * factor,
        rate_hz=_rate(raw, asked),
        channels=channels,
        markers=raw.markers,
        present=raw.present,
        source=asked.path.name,
        notes=(*raw.notes, *notes),
    )
    return recording if picks == "all" else recording.pick(picks)


def _rate(raw: Raw, asked: _Asked) -> float:
    """The file's rate or the user's; `InputError` when there is none or they disagree."""
    own, said = raw.rate_hz, asked.sampling_rate_hz
    if said is not None and not (math.isfinite(said) and said > 0):
        raise InputError(asked.path, f"a sampling rate of {said} Hz", "give a positive one")
    if own is None and said is None:
        raise InputError(
            asked.path, "does not tell its sampling rate", "give sampling_rate_hz (--rate)"
        )
    if own is not None and said is not None and abs(own - said) > 1e-3 * own:
        raise InputError(
            asked.path,
            f"is sampled at {own:g} Hz, {said:g} Hz was asked for",
            "leave sampling_rate_hz out: the file tells it",
        )
    return float(own if own is not None else said)


def _microvolts(raw: Raw, asked: _Asked, brain: list[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Factors to microvolts of the channels `brain`, and what was taken on trust."""
    units = [asked.unit or (raw.units[i] if raw.units else "") for i in brain]
    unknown = sorted({unit for unit in units if unit and unit.lower() not in UNITS})
    if unknown:
        raise InputError(
            asked.path, f"unit {unknown[0]!r} is no voltage", "say which it is: uV, mV, V or nV"
        )
    factors = np.array([UNITS[unit.lower()] if unit else 1.0 for unit in units])
    return factors, () if all(units) else ("the file names no unit: microvolts were taken",)

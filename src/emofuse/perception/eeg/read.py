"""`read_eeg`: one door to EDF, BDF, BrainVision, EEGLAB, FIF, XDF and MATLAB files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from emofuse.core import InputError

from .matlab import read_matlab
from .mne_files import MNE_SUFFIXES, read_mne
from .montage import is_brain, named
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
    path = Path(path)
    if not path.exists():
        raise InputError(path, "no such file", "check the path")
    suffix = path.suffix.lower()
    if suffix in MATLAB:
        raw = read_matlab(path, key=key, row=row)
    elif suffix in XDF:
        raw = read_xdf(path, stream=key)
    elif suffix in MNE_SUFFIXES:
        raw = read_mne(path)
    else:
        raise InputError(path, "is no EEG file by its name", f"known: {', '.join(SUFFIXES)}")
    names = raw.names or tuple(str(i + 1) for i in range(raw.values.shape[1]))
    brain = [i for i, name in enumerate(names) if is_brain(name)]
    if not brain:
        raise InputError(path, "holds no EEG channel", f"its channels are {', '.join(names[:5])}")
    channels = named(path, [names[i] for i in brain], mapping)
    units = [unit or (raw.units[i] if raw.units else "") for i in brain]
    factors, notes = channel_factors(path, units)
    recording = make_recording(
        raw.values[:, brain] * factors,
        rate_hz=_rate(path, raw.rate_hz, sampling_rate_hz),
        channels=channels,
        markers=raw.markers,
        present=raw.present,
        source=path.name,
        notes=(*raw.notes, *notes),
    )
    return recording if picks == "all" else recording.pick(picks)


def _rate(path: Path, own: float | None, said: float | None) -> float:
    """The file's own rate or what the user said; `InputError` when there is none or they differ."""
    if said is not None and not (math.isfinite(said) and said > 0):
        raise InputError(path, f"a sampling rate of {said} Hz", "give a positive one")
    if own is None and said is None:
        raise InputError(path, "does not tell its sampling rate", "give it (sampling_rate_hz)")
    if own is not None and said is not None and abs(own - said) > 1e-3 * own:
        raise InputError(
            path,
            f"is sampled at {own:g} Hz, {said:g} Hz was asked for",
            "leave sampling_rate_hz out: the file tells it",
        )
    return float(said if own is None else own)


def channel_factors(file: object, units: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Factors to microvolts of channels in `units` ("" is unknown), and what was taken on trust."""
    unknown = sorted({unit for unit in units if unit and unit.lower() not in UNITS})
    if unknown:
        raise InputError(
            file, f"unit {unknown[0]!r} is no voltage", "say which it is: uV, mV, V or nV"
        )
    factors = np.array([UNITS[unit.lower()] if unit else 1.0 for unit in units])
    return factors, () if all(units) else ("the file names no unit: microvolts were taken",)

"""EDF, BDF, GDF, BrainVision, EEGLAB and FIF through MNE."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from emofuse.core import InputError, MissingExtra

from .raw import Raw
from .recording import Marker

MNE_SUFFIXES = (".edf", ".bdf", ".gdf", ".vhdr", ".set", ".fif")


def read_mne(path: Path) -> Raw:
    """The EEG channels of a file that MNE reads, in volts as MNE gives them.

    `InputError` when the file is damaged; a damaged file can fail anywhere in MNE, so every
    error it raises is taken for that.
    """
    try:
        import mne
    except ImportError:
        raise MissingExtra(f"reading {path.suffix} files", "eeg") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            raw = mne.io.read_raw(path, preload=True, verbose="error")
        except Exception as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise InputError(path, f"cannot be read ({reason})", "export it again") from None
        kinds = raw.get_channel_types()
        chosen = [i for i, kind in enumerate(kinds) if kind == "eeg"]
        values = raw.get_data(picks=chosen).T if chosen else np.zeros((raw.n_times, 0))
    markers = [
        Marker(float(onset) - (raw.first_time if raw.info["meas_date"] else 0.0), str(what))
        for onset, what in zip(raw.annotations.onset, raw.annotations.description, strict=True)
    ]
    return Raw(
        values,
        float(raw.info["sfreq"]),
        tuple(raw.ch_names[i] for i in chosen),
        ("V",) * len(chosen),
        tuple(markers),
    )

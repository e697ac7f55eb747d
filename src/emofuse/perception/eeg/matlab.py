"""MATLAB files of SEED-IV, of EAV, and plain arrays of channels by samples."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from emofuse.core import InputError, MissingExtra

from .montage import SEED62
from .raw import Raw

# The rates that the corpora's own descriptions give; no array in the files repeats them.
SEED_RATE_HZ, EAV_RATE_HZ = 200.0, 500.0
_SEED_TRIAL = re.compile(r"[A-Za-z]+_eeg\d+")
_SEED_FEATURE = re.compile(r"(de|psd)_(LDS|movingAve)\d+")
_EAV = ("seg1", "seg")


def read_matlab(path: Path, *, key: str | None, row: int | None) -> Raw:
    """One trial of a MATLAB file, versions 4 to 7.3.

    SEED-IV: `key` <initials>_eegK, 62 × n at 200 Hz in the corpus's channel order. EAV: `key` seg
    or seg1, samples × 30 × trials at 500 Hz, `row` the trial counted from 0; its channels are
    numbered. Any other array of two axes is channels × samples (the shorter axis is the
    channels), without names, unit or rate.
    """
    name = key or _only_trial(path)
    values = np.asarray(load_array(path, name))
    if not np.issubdtype(values.dtype, np.number) or values.ndim not in (2, 3):
        raise InputError(
            path, f"{name} is no array of channels by samples", "name another with key"
        )
    if values.ndim == 3:
        if row is None or not 0 <= row < values.shape[2]:
            raise InputError(
                path, f"{name} holds {values.shape[2]} trials", "say which with row, from 0"
            )
        return Raw(values[:, :, row], EAV_RATE_HZ if name in _EAV else None)
    if _SEED_TRIAL.fullmatch(name) and len(values) == len(SEED62):
        return Raw(values.T, SEED_RATE_HZ, SEED62, ("uV",) * len(SEED62))
    return Raw(values.T if values.shape[0] < values.shape[1] else values, None)


def read_seediv_features(path: str | Path, key: str) -> np.ndarray:
    """(W, 62, 5) ready features of SEED-IV: `key` de_LDSk, de_movingAvek, psd_LDSk, psd_movingAvek.

    Windows of 4 s; bands delta, theta, alpha, beta, gamma (31-50 Hz); channels as `SEED62`.
    """
    path = Path(path)
    if not _SEED_FEATURE.fullmatch(key):
        raise InputError(path, f"{key!r} is no feature of SEED-IV", "e.g. de_LDS1")
    values = np.asarray(load_array(path, key), float)
    if values.ndim != 3 or values.shape[0] != len(SEED62):
        raise InputError(path, f"{key} is not 62 × windows × 5", "fetch the file again")
    return values.transpose(1, 0, 2)


def load_array(path: Path, name: str) -> np.ndarray:
    """One array of a MATLAB file; `InputError` lists the names there are."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=[name])
    except NotImplementedError:  # version 7.3 is HDF5
        return _load_hdf5(path, name)
    except Exception as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InputError(path, f"is not a MATLAB file ({reason})", "fetch it again") from None
    if name not in found:
        raise _no_array(path, name, _names(path))
    return found[name]


def _load_hdf5(path: Path, name: str) -> np.ndarray:
    try:
        import h5py
    except ImportError:
        raise MissingExtra("reading MATLAB 7.3 files", "eeg") from None
    with h5py.File(path) as file:
        if name not in file:
            raise _no_array(path, name, list(file))
        return np.asarray(file[name]).T  # MATLAB counts axes the other way round


def _names(path: Path) -> list[str]:
    from scipy.io import whosmat

    try:
        return [name for name, _, _ in whosmat(path)]
    except NotImplementedError:
        import h5py

        with h5py.File(path) as file:
            return list(file)
    except Exception as error:
        raise InputError(path, "is not a MATLAB file", "fetch it again") from error


def _only_trial(path: Path) -> str:
    names = [name for name in _names(path) if not name.startswith(("__", "#"))]
    if len(names) == 1:
        return names[0]
    raise InputError(path, f"holds {len(names)} arrays", f"name one with key: {_few(names)}")


def _no_array(path: Path, name: str, names: list[str]) -> InputError:
    return InputError(path, f"has no array {name!r}", f"it holds {_few(names) or 'none'}")


def _few(names: list[str]) -> str:
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")

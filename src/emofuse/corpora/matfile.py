"""What a MATLAB file holds, without loading it."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import InputError


def mat_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the arrays in a MATLAB file up to version 7; `InputError` on others."""
    from scipy.io import whosmat
    from scipy.io.matlab import MatReadError

    try:
        return {name: tuple(shape) for name, shape, _ in whosmat(path)}
    except NotImplementedError as error:
        raise InputError(path, "is a MATLAB 7.3 file", "save it with -v7") from error
    except (ValueError, OSError, MatReadError, TypeError) as error:
        raise InputError(path, "is not a MATLAB file", "fetch it again") from error

"""Fusion must not be fitted on what models say about their own training clips.

There a model is nearly always right and sure of it, so fusion cannot learn how far to trust it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from emofuse.core import Posteriors, log_softmax, nll

from .leak import Leak, LeakageError
from .stamps import Stamp

# Outputs count as in-sample when accuracy falls by this much on test rows, beyond chance ...
LEAST_GAP = 0.05
STANDARD_ERRORS = 2.0
# ... and want to be sharper than test rows. The published RAVDESS systems' best temperatures are
# .04 to 1.06 on training clips against 1.3 to 2.4 on new people (ratios of .02 to .53; between
# halves of honest outputs .80 and more).
MOST_RATIO = 0.75
_LOG_BOUNDS = (np.log(0.01), np.log(100.0))


def best_temperature(posteriors: Posteriors) -> float:
    """The temperature in 0.01..100 that minimises the NLL of the rows with known truth.

    Guo et al. 2017, "On calibration of modern neural networks". Raises `ValueError` when no
    truth is known.
    """
    known = posteriors.select(posteriors.truth >= 0)
    if not len(known):
        raise ValueError(f"{posteriors.system}: no row has a known truth")
    scores, truth = known.log_prob, known.truth
    found = minimize_scalar(
        lambda log_t: nll(log_softmax(scores / np.exp(log_t)), truth),
        bounds=_LOG_BOUNDS,
        method="bounded",
    )
    return float(np.exp(found.x))


def detect_in_sample(posteriors: Posteriors, *, test: Posteriors | None = None) -> Leak | None:
    """Whether `posteriors`, about to fit a fuser, are outputs on the models' training clips.

    Declared: any row with role `in_sample`. Detected, with the same system's rows on `test` clips
    beside them: accuracy is higher by more than 5 points and two standard errors, and the best
    temperature lower by a quarter (below 1 where the test rows want 1.33). Without `test` rows
    only the declaration can be judged.
    """
    declared = posteriors.in_sample
    if len(declared):
        detail = f"{posteriors.system}: {len(declared)} rows are declared in_sample"
        return Leak("in-sample", _ids(declared), detail)
    if test is None or not np.any(test.truth >= 0) or not np.any(posteriors.truth >= 0):
        return None
    (fitted, n), (held_out, m) = _accuracy(posteriors), _accuracy(test)
    error = np.sqrt(fitted * (1 - fitted) / n + held_out * (1 - held_out) / m)
    if fitted - held_out <= max(LEAST_GAP, STANDARD_ERRORS * error):
        return None
    temperature, on_test = best_temperature(posteriors), best_temperature(test)
    if temperature >= MOST_RATIO * on_test:
        return None
    return Leak(
        "in-sample",
        _ids(posteriors),
        f"{posteriors.system}: declared out_of_fold, but accuracy is {fitted:.1%} against "
        f"{held_out:.1%} on test rows, the best temperature {temperature:.2f} against {on_test:.2f}",
    )


def require_out_of_fold(
    parts: Sequence[Posteriors],
    *,
    test: Sequence[Posteriors] | None = None,
    allow_leakage: bool = False,
) -> tuple[str, ...]:
    """The stamps of a fuser fitted on `parts` (one system each): none, or IN-SAMPLE if allowed.

    `test` holds the same systems' test rows in the same order. Raises `LeakageError` where
    outputs are in-sample and `allow_leakage` is not given.
    """
    beside = [None] * len(parts) if test is None else test
    found = [
        leak
        for part, held_out in zip(parts, beside, strict=True)
        if (leak := detect_in_sample(part, test=held_out))
    ]
    if found and not allow_leakage:
        raise LeakageError(
            "fusion",
            found,
            "fit on out-of-fold posteriors (on its own training clips a model is nearly always "
            "right, so the fuser cannot learn how far to trust it), or allow leakage",
        )
    return (str(Stamp.IN_SAMPLE),) if found else ()


def _accuracy(posteriors: Posteriors) -> tuple[float, int]:
    known = posteriors.truth >= 0
    right = posteriors.values[known].argmax(1) == posteriors.truth[known]
    return float(right.mean()), len(right)


def _ids(posteriors: Posteriors) -> tuple[str, ...]:
    return tuple(sorted(set(posteriors.clips)))

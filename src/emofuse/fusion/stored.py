"""`StoredFuser`: what fitting a fuser leaves behind, as one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emofuse.core import InputError, LabelSet, log_softmax

from .pool import log_linear_pool
from .rules import majority_vote, max_rule, mean_pool, product
from .temperature import apply_temperature

RULES: dict[str, Callable[..., np.ndarray]] = {
    "mean": mean_pool,
    "product": product,
    "max": max_rule,
    "majority": majority_vote,
}
POOL, STACKING = "pool", "stacking"


@dataclass(frozen=True)
class StoredFuser:
    """A fitted fuser over `systems`, in that order, on `labels` of `label_set`.

    `kind` is a rule without parameters (mean, product, max, majority), "pool" (`weights` (M,),
    `class_bias` (C,) or empty) or "stacking" (`coefficients` (C, M * C) on the log-probabilities
    side by side, `intercept` (C,)). `temperatures` (M,), where given, come first. `fitted_on` says
    on which outputs the numbers were fitted.
    """

    kind: str
    systems: tuple[str, ...]
    label_set: str
    labels: tuple[str, ...]
    temperatures: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    class_bias: tuple[float, ...] = ()
    coefficients: tuple[tuple[float, ...], ...] = ()
    intercept: tuple[float, ...] = ()
    fitted_on: str = ""
    stamps: tuple[str, ...] = ()

    @property
    def label_order(self) -> LabelSet:
        return LabelSet(self.label_set, self.labels)

    def __call__(self, log_probs: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
        """(M, N, C) log-probabilities to fused (N, C) log-probabilities.

        Stacking cannot do without a modality: `ValueError` where `mask` hides one.
        """
        if len(log_probs) != len(self.systems):
            raise ValueError(f"{len(log_probs)} systems given, fitted for {self.systems}")
        if self.temperatures:
            log_probs = np.stack(
                [apply_temperature(x, t) for x, t in zip(log_probs, self.temperatures, strict=True)]
            )
        if self.kind in RULES:
            return RULES[self.kind](log_probs, mask=mask)
        if self.kind == POOL:
            bias = np.array(self.class_bias) if self.class_bias else None
            return log_linear_pool(
                log_probs, weights=np.array(self.weights), target_log_prior=bias, mask=mask
            )
        if self.kind == STACKING:
            return self._stack(np.asarray(log_probs, dtype=float), mask)
        raise ValueError(
            f"unknown fuser {self.kind!r}; known: {', '.join([*RULES, POOL, STACKING])}"
        )

    def _stack(self, log_probs: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        if mask is not None and not np.all(mask):
            raise ValueError("stacking needs every modality; use a pool where some can be absent")
        side_by_side = np.concatenate(list(log_probs), axis=1)
        return log_softmax(side_by_side @ np.array(self.coefficients).T + np.array(self.intercept))


def write_fuser(fuser: StoredFuser, path: str | Path) -> Path:
    """Write `fuser` as JSON, whole or not at all."""
    path = Path(path)
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(json.dumps(asdict(fuser), indent=2) + "\n", encoding="utf-8")
    return scratch.replace(path)


def read_fuser(path: str | Path) -> StoredFuser:
    """Read a stored fuser; `InputError` when the file is not one."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        values["coefficients"] = tuple(tuple(row) for row in values.get("coefficients", ()))
        return StoredFuser(
            **{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        )
    except FileNotFoundError:
        raise InputError(path, "no such file", "write it with write_fuser") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(path, f"not a stored fuser ({error})", "fit the fuser again") from None

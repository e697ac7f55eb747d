"""Training with modalities taken away, by their masks: an absent modality is absent, not zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .examples import ChangeBatch, Named


def absent_sometimes(masks: Sequence[str], *, share: float = 0.25) -> ChangeBatch:
    """Hides one modality of a clip with probability `share` for each; never the last one there."""

    def change(named: Named, target: Tensor, rng: np.random.Generator) -> tuple[Named, Tensor]:
        changed = dict(named)
        present = np.stack([named[mask].any(1).numpy() for mask in masks], 1)
        drawn = rng.random(len(target))
        for place, mask in enumerate(masks):
            hit = (drawn >= place * share) & (drawn < (place + 1) * share)
            hit &= present.sum(1) > 1
            changed[mask] = named[mask] & ~torch.from_numpy(hit)[:, None]
        return changed, target

    return change

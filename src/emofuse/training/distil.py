"""Several networks taught into one small one (Hinton et al. 2015, arXiv 1503.02531).

Where labels are noisy, what an ensemble answers on the training clips says more than one label:
which of the others it could have been.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax
from torch import nn
from torch.utils.data import DataLoader

from .engine import predict


def taught_targets(
    teachers: Sequence[nn.Module], batches: DataLoader, *, classes: int, trust: float
) -> np.ndarray:
    """(N, classes) targets over the clips of `batches`, in their order.

    A share `trust` is the mean probability of the teachers, the rest the clip's own label. The
    clips must be those the teachers learned from: held-out ones would leak into the student.
    """
    answers = [predict(teacher, batches) for teacher in teachers]
    mean = np.mean([softmax(logits, axis=1) for logits, _ in answers], axis=0)
    own = np.eye(classes)[answers[0][1]]
    return (trust * mean + (1 - trust) * own).astype(np.float32)

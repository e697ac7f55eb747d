"""Images that training has already seen, up to recompression and brightness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .leak import Leak

BLOCK = 256  # test images at a time: 256 x 28,709 correlations are 29 MB


def near_duplicates(
    test_images: np.ndarray, train_images: np.ndarray, *, threshold: float = 0.995
) -> np.ndarray:
    """(K, 2) rows of test images and of the training image each correlates with most.

    Images (N, ...) of equal size; a pair counts above `threshold` (Pearson, over pixels). Images
    of one grey value correlate with nothing. On FER2013, 308 of the 3,589 PrivateTest faces have
    such a partner in Training.
    """
    test, train = _standardised(test_images), _standardised(train_images)
    if test.shape[1] != train.shape[1]:
        raise ValueError(f"images of {test.shape[1]} and {train.shape[1]} pixels do not compare")
    if not len(train):
        return np.empty((0, 2), dtype=int)
    found = []
    for start in range(0, len(test), BLOCK):
        correlation = test[start : start + BLOCK] @ train.T
        best = correlation.argmax(1)
        rows = np.flatnonzero(correlation[np.arange(len(best)), best] > threshold)
        found.append(np.column_stack([start + rows, best[rows]]))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=int)


def near_duplicate_leak(
    test_ids: Sequence[str],
    test_images: np.ndarray,
    train_images: np.ndarray,
    *,
    threshold: float = 0.995,
) -> Leak | None:
    """The near-duplicates as a `Leak` for `plan_splits(known_overlaps=...)`, or None."""
    pairs = near_duplicates(test_images, train_images, threshold=threshold)
    if not len(pairs):
        return None
    ids = tuple(sorted(test_ids[row] for row in pairs[:, 0]))
    detail = (
        f"{len(ids)} of {len(test_ids)} test images correlate above {threshold} with a train image"
    )
    return Leak("near-duplicate", ids, detail)


def _standardised(images: np.ndarray) -> np.ndarray:
    """(N, P) float32 with mean 0 and norm 1, so that a product is a correlation."""
    images = np.asarray(images)
    pixels = images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32)
    pixels -= pixels.mean(1, keepdims=True)
    norm = np.linalg.norm(pixels, axis=1, keepdims=True)
    return np.divide(pixels, norm, out=np.zeros_like(pixels), where=norm > 0)

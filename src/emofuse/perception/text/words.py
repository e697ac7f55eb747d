"""Words as the numbers a language model reads."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import numpy as np

from emofuse.core import InputError, MissingExtra


def token_ids(
    text: str, *, checkpoint: str = "", vocabulary: int = 30_000, longest: int = 100
) -> np.ndarray:
    """(n,) int64 ids of a text, none where it has no word; at most `longest`: "tokens".

    With `checkpoint` (a folder or hub name) its own tokeniser; without one, words fall into
    `vocabulary` - 2 buckets by a checksum, which is enough for a net that started at random. The
    first id stands for the whole text. Raises `InputError` where the checkpoint is not there.
    """
    if not text.strip():
        return np.zeros(0, np.int64)
    if checkpoint:
        return np.array(_tokeniser(checkpoint)(text, longest), np.int64)
    words = re.findall(r"\w+", text.casefold())
    ids = [2 + zlib.crc32(word.encode()) % (vocabulary - 2) for word in words]
    return np.array([1, *ids][:longest] if ids else [], np.int64)


@lru_cache(maxsize=2)
def _tokeniser(checkpoint: str):
    """Text and the most ids to a list of ids."""
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise MissingExtra("a model that reads words by its own tokeniser", "train") from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    except (OSError, ValueError):
        raise InputError(checkpoint, "no tokeniser", "give the checkpoint's folder") from None
    return lambda text, most: tokenizer(text, truncation=True, max_length=most)["input_ids"]

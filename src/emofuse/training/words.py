"""Words of a clip as token ids."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from emofuse.core import Clip


def token_ids(
    clips: Sequence[Clip], *, checkpoint: str, vocabulary: int, longest: int = 100
) -> list[np.ndarray]:
    """(n,) int64 ids of every clip's text, none where it has none; at most `longest`.

    With `checkpoint` (a folder or hub name) its own tokeniser; without one, words fall into
    `vocabulary` - 2 buckets by a checksum, which is enough for a net that starts at random. The
    first id of a text stands for the whole of it.
    """
    if checkpoint:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        texts = [clip.text or "" for clip in clips]
        ids = tokenizer(texts, truncation=True, max_length=longest)["input_ids"]
        return [np.array(i if t else [], np.int64) for i, t in zip(ids, texts, strict=True)]
    return [_hashed(clip.text or "", vocabulary)[:longest] for clip in clips]


def _hashed(text: str, vocabulary: int) -> np.ndarray:
    """1 begins a text; words take the ids from 2 on."""
    words = re.findall(r"\w+", text.casefold())
    ids = [2 + zlib.crc32(word.encode()) % (vocabulary - 2) for word in words]
    return np.array([1, *ids] if ids else [], np.int64)

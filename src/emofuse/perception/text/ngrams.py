"""The hashing front end of the words: text to bucket numbers and counts, without a vocabulary.

Weinberger et al. (2009), "Feature hashing for large scale multitask learning". The same function
is used for training and for use; its parameters stand in the bundle.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

# Curly quotes that people and subtitle tools type for the plain ones; NFKC leaves them alone.
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "`": "'"})
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
# A word with inner apostrophes, an emoticon (but not inside "note:please" or "http://"), or a run
# of one mark (!!!, ..., an emoji).
_TOKEN = re.compile(
    r"[^\W_]+(?:'[^\W_]+)*"
    r"|<3(?!\d)|[:;=][-']?(?:[)(\]\[\\|}{@]+|/(?!/)|[dpo](?!\w))"
    r"|([^\w\s]|_)\1*"
)
# Starting values of the checksum: the same letters as a word and as a piece of one differ.
_WORD_SEED, _PIECE_SEED = zlib.crc32(b"word"), zlib.crc32(b"piece")


def normalise_text(text: str) -> str:
    """Lower case, one Unicode form (NFKC), plain quotes, no letter more than three times running.

    >>> normalise_text("I’m SOOOOO happy")
    "i'm sooo happy"
    """
    text = unicodedata.normalize("NFKC", text).lower().translate(_QUOTES)
    return _REPEATED.sub(r"\1\1\1", text)


def tokens(text: str) -> list[str]:
    """Words, emoticons, emoji and runs of punctuation of the normalised text.

    >>> tokens("No!!! I can't :(")
    ['no', '!!!', 'i', "can't", ':(']
    """
    return [match.group() for match in _TOKEN.finditer(normalise_text(text))]


@lru_cache(maxsize=65_536)
def _piece_hashes(token: str, low: int, high: int) -> tuple[int, ...]:
    """Hashes of all character n-grams of " token ", the token's edges being part of them."""
    padded = f" {token} "
    return tuple(
        zlib.crc32(padded[start : start + n].encode("utf-8", "surrogatepass"), _PIECE_SEED)
        for n in range(low, min(high, len(padded)) + 1)
        for start in range(len(padded) - n + 1)
    )


def _word_hashes(words: list[str], low: int, high: int) -> list[int]:
    return [
        zlib.crc32(" ".join(words[start : start + n]).encode("utf-8", "surrogatepass"), _WORD_SEED)
        for n in range(low, high + 1)
        for start in range(len(words) - n + 1)
    ]


def hashed_ngrams(
    text: str,
    *,
    bits: int = 17,
    word_ngrams: Sequence[int] = (1, 2),
    char_ngrams: Sequence[int] = (2, 5),
) -> tuple[np.ndarray, np.ndarray]:
    """Buckets (n,) int64, ascending and unique in 0..2**bits - 1, and their counts (n,) float32.

    `word_ngrams` and `char_ngrams` are the shortest and longest run of `tokens` and of characters
    within one padded token. A bucket is the last `bits` bits of a CRC-32: the same on every
    machine. Text without any token gives two empty arrays.
    """
    if not 1 <= bits <= 32:
        raise ValueError(f"bits must be in 1..32, got {bits}")
    words = tokens(text)
    hashes = _word_hashes(words, *word_ngrams)
    for word in words:
        hashes.extend(_piece_hashes(word, *char_ngrams))
    mask = (1 << bits) - 1
    counted = sorted(Counter(value & mask for value in hashes).items())
    table = np.array(counted, dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(table[:, 0]), table[:, 1].astype(np.float32)


FRONT_ENDS = {"hashed_ngrams": hashed_ngrams}

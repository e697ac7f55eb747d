"""The hashing front end: what a token is, what is counted, and that it never changes."""

from __future__ import annotations

import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emofuse.perception.text import FRONT_ENDS, hashed_ngrams, normalise_text, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I’m SOOOOOO happy!!!!!", "i'm sooo happy!!!"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ…", "full width..."),
        ("ﬁne, STRASSE", "fine, strasse"),
        ("", ""),
    ],
)
def test_normalised_text(text, expected):
    assert normalise_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No!!! I can't.", ["no", "!!!", "i", "can't", "."]),
        ("I <3 you :-) :D :'( ;)", ["i", "<3", "you", ":-)", ":d", ":'(", ";)"]),
        ("😂😂😂😂😂 so 👍", ["😂😂😂", "so", "👍"]),
        (
            "note:please http://a.b 10:30",
            ["note", ":", "please", "http", ":", "//", "a", ".", "b", "10", ":", "30"],
        ),
        ("[NAME] snake_case", ["[", "name", "]", "snake", "_", "case"]),
        ("Größe ПРИВЕТ 你好", ["größe", "привет", "你好"]),
        (" \n\t", []),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_counts_equal_the_definition():
    text, bits = "so so sad!", 20
    word, piece = zlib.crc32(b"word"), zlib.crc32(b"piece")
    grams = [(word, w) for w in ("so", "so", "sad", "!", "so so", "so sad", "sad !")]
    for token in ("so", "so", "sad", "!"):
        padded = f" {token} "
        for n in range(2, 6):
            grams += [(piece, padded[i : i + n]) for i in range(len(padded) - n + 1)]
    expected = Counter(zlib.crc32(gram.encode(), seed) % 2**bits for seed, gram in grams)
    buckets, counts = hashed_ngrams(text, bits=bits)
    assert dict(zip(buckets.tolist(), counts.tolist(), strict=True)) == dict(expected)
    assert buckets.dtype == np.int64 and counts.dtype == np.float32


def test_the_buckets_of_a_sentence_never_change():
    """Trained weights depend on them; a new front end needs a new name."""
    buckets, counts = hashed_ngrams("I can't believe it!! 😂")
    assert (len(buckets), counts.sum(), buckets.sum()) == (71, 73, 5_007_865)


@given(st.text(max_size=80), st.integers(1, 20))
def test_any_text_gives_sorted_unique_buckets_in_range(text, bits):
    buckets, counts = hashed_ngrams(text, bits=bits)
    assert (np.diff(buckets) > 0).all()
    assert ((buckets >= 0) & (buckets < 2**bits)).all()
    assert (counts >= 1).all() and len(counts) == len(buckets)
    assert bool(len(buckets)) == bool(tokens(text))
    again, _ = hashed_ngrams(normalise_text(text), bits=bits)
    np.testing.assert_array_equal(again, buckets)


def test_word_and_piece_of_the_same_letters_are_different():
    words, _ = hashed_ngrams("ab", bits=32, word_ngrams=(1, 1), char_ngrams=(9, 9))
    pieces, _ = hashed_ngrams("ab", bits=32, word_ngrams=(9, 9), char_ngrams=(2, 2))
    assert len(words) == 1 and len(pieces) == 3
    assert not set(words.tolist()) & set(pieces.tolist())


def test_order_of_words_matters_through_pairs_only():
    def both(**options):
        return [hashed_ngrams(text, **options)[0].tolist() for text in ("not good", "good not")]

    one, other = both(word_ngrams=(1, 1))
    assert one == other
    one, other = both(word_ngrams=(1, 2))
    assert one != other


def test_parameters_may_come_from_json_and_impossible_ones_are_refused():
    front_end = FRONT_ENDS["hashed_ngrams"]
    plain = front_end("fine", bits=12, word_ngrams=[1, 2], char_ngrams=[2, 5])
    np.testing.assert_array_equal(plain, front_end("fine", bits=12))
    for bits in (0, 33):
        with pytest.raises(ValueError):
            hashed_ngrams("fine", bits=bits)


def test_few_distinct_words_share_a_bucket():
    random = np.random.default_rng(0)
    words = {"".join(random.choice(list("etaoinshrdlu"), 6)) for _ in range(10_000)}
    used = {
        int(hashed_ngrams(word, word_ngrams=(1, 1), char_ngrams=(9, 9))[0][0]) for word in words
    }
    boxes = 2**17
    expected = boxes * (1 - (1 - 1 / boxes) ** len(words))
    assert len(used) > 0.99 * expected

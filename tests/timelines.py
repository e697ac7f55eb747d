"""Timelines that tests make: a realistic one, and any that hypothesis can think of."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st

from emofuse.core import (
    SCENE,
    LabelSet,
    ModelRecord,
    PersonTimeline,
    Source,
    Stream,
    Thumbnail,
    Timeline,
    label_set,
    outcome_from_dict,
    softmax,
)

MODALITIES = ("face", "voice", "text")
LIMITS = "acted speech of 24 North American actors; not for decisions about people"


def talk(*, seconds: float = 30.0, seed: int = 0, name: str = "interview.mp4") -> Timeline:
    """Two people and their voices: with absences, uncertain spans, a stamp and thumbnails."""
    random = np.random.default_rng(seed)
    starts = np.arange(0.0, max(seconds - 1.999, 0.001), 0.5)
    n, labels = len(starts), label_set("basic7")
    persons = (
        person("p1", labels, n, random, absent={"voice": "SpeakerUnknown", "text": "NoText"}),
        person("p2", labels, n, random, absent={"voice": "SpeakerUnknown", "text": "NoText"}),
        person(SCENE, labels, n, random, absent={"face": ""}),
    )
    thumbnails = tuple(
        Thumbnail(who, float(at), random.integers(0, 255, (48, 48, 3), dtype=np.uint8))
        for who in ("p1", "p2")
        for at in np.linspace(0, seconds, 8)
    )
    return Timeline(
        source=Source(name, "ab" * 32, seconds),
        label_set=labels,
        window_seconds=2.0,
        hop_seconds=0.5,
        starts=starts,
        modalities=MODALITIES,
        persons=persons,
        voice_owner=(SCENE,) * n,
        outcomes=(outcome("NoFace", "face", 3.0, 6.0, person="p1"),),
        models=tuple(
            ModelRecord(m, f"{m}-small", "1.0", "cd" * 32, "CC BY-NC-SA 4.0", LIMITS)
            for m in MODALITIES
        ),
        options={"window": 2.0, "labels": "basic7"},
        stamps=("IN-SAMPLE: the voice model was trained on this recording",),
        notes=("valence and arousal are derived",),
        thumbnails=thumbnails,
    )


def empty(*, windows: int = 0) -> Timeline:
    """A recording with nobody in it: the outcomes say why."""
    return Timeline(
        source=Source("title.mp4", "ef" * 32, 4.0),
        label_set=label_set("basic7"),
        window_seconds=2.0,
        hop_seconds=0.5,
        starts=np.arange(windows) * 0.5,
        modalities=MODALITIES,
        persons=(),
        outcomes=(outcome("NoFace", "face", 0.0, 4.0), outcome("NoSpeech", "voice", 0.0, 4.0)),
    )


def outcome(kind: str, modality: str, start: float, end: float, *, person: str = SCENE):
    values = {"kind": kind, "modality": modality, "person": person}
    return outcome_from_dict(values | {"start_seconds": start, "end_seconds": end})


def person(
    name: str,
    labels: LabelSet,
    n: int,
    random: np.random.Generator,
    *,
    absent: dict[str, str],
) -> PersonTimeline:
    """A person whose expression drifts; modalities in `absent` never answer, for that reason."""
    drift = _smooth(random.normal(0, 2.5, (n, len(labels))))
    streams = {
        modality: _stream(modality, drift, random, absent.get(modality)) for modality in MODALITIES
    }
    weights = np.stack([stream.mask * stream.weight for stream in streams.values()])
    logs = np.stack([np.log(np.nan_to_num(s.probabilities, nan=1.0)) for s in streams.values()])
    known = weights.sum(0) > 0
    fused = softmax((weights[..., None] * logs).sum(0))
    fused[~known] = np.nan
    share = weights / np.where(known, weights.sum(0), 1.0)
    streams = {
        modality: dataclasses.replace(stream, contribution=share[i])
        for i, (modality, stream) in enumerate(streams.items())
    }
    has_face = streams["face"].mask
    centre = 0.5 + 0.15 * np.sin(np.arange(n) / 9)
    boxes = np.stack([centre - 0.1, np.full(n, 0.2), centre + 0.1, np.full(n, 0.6)], 1)
    return PersonTimeline(
        name,
        streams,
        fused,
        known,
        known & (np.nan_to_num(fused).max(1) < 0.45),
        np.mean([stream.coverage for stream in streams.values()], 0),
        np.where(has_face[:, None], boxes, np.nan),
    )


def _stream(
    modality: str, drift: np.ndarray, random: np.random.Generator, reason: str | None
) -> Stream:
    n = len(drift)
    away = {"face": (6, 12), "voice": (20, 26), "text": (30, 40)}[modality]
    mask = ~((np.arange(n) >= away[0]) & (np.arange(n) < away[1]))
    if reason is not None:
        mask[:] = False
    else:
        reason = {"face": "NoFace", "voice": "Silence", "text": "NoText"}[modality]
    probabilities = softmax(0.8 * drift + _smooth(random.normal(0, 1.5, drift.shape)))
    probabilities[~mask] = np.nan
    return Stream(
        modality,
        probabilities,
        mask,
        np.where(mask, 0.9, 0.0),
        np.where(mask, 0.8, 0.0),
        np.where(mask, {"face": 1.0, "voice": 0.7, "text": 0.4}[modality], 0.0),
        np.zeros(n),
        tuple("" if known else reason for known in mask),
    )


def _smooth(values: np.ndarray, reach: int = 7) -> np.ndarray:
    kernel = np.hanning(reach + 2)[1:-1]
    kernel /= np.sqrt((kernel**2).sum())
    return np.stack([np.convolve(column, kernel, "same")[: len(values)] for column in values.T], 1)


# Names as people and programs give them: quotes, commas, markup, other scripts.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1).filter(
    lambda name: "/" not in name
)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Any consistent timeline of 0..3 persons and 0..6 windows."""
    n = draw(st.integers(0, 6))
    labels = draw(st.sampled_from(["basic7", "meld7", "mosi2", "goemotions28"]).map(label_set))
    modalities = tuple(draw(st.lists(st.sampled_from(MODALITIES), unique=True, max_size=3)))
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    hop = draw(st.sampled_from([0.1, 0.5, 1 / 3]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Timeline(
        source=Source(draw(NAMES), "0" * 64, draw(st.floats(0, 5))),
        label_set=labels,
        window_seconds=draw(st.sampled_from([0.5, 2.0])),
        hop_seconds=hop,
        starts=np.arange(n) * hop,
        modalities=modalities,
        persons=tuple(_any_person(draw, name, labels, modalities, n, random) for name in names),
        voice_owner=tuple(draw(st.sampled_from([(), (SCENE,) * n]))),
        outcomes=tuple(
            outcome(kind, "voice", 0.0, 1.0) for kind in draw(st.sets(st.sampled_from(_KINDS)))
        ),
        models=(ModelRecord("face", draw(NAMES), "1", "", "Apache-2.0"),) * draw(st.integers(0, 1)),
        options={"window": 2.0, "persons": [1, None], "note": draw(NAMES)},
        stamps=tuple(draw(st.lists(NAMES, max_size=2))),
    )


_KINDS = ("NoFace", "Silence", "NoSpeech", "Undecodable")


def _any_person(
    draw: st.DrawFn,
    name: str,
    labels: LabelSet,
    modalities: tuple[str, ...],
    n: int,
    random: np.random.Generator,
) -> PersonTimeline:
    masks = st.lists(st.booleans(), min_size=n, max_size=n).map(lambda m: np.array(m, bool))

    def distribution(mask: np.ndarray) -> np.ndarray:
        values = random.dirichlet(np.ones(len(labels)), n).reshape(n, len(labels))
        values[~mask] = np.nan
        return values

    streams = {}
    for modality in modalities:
        mask = draw(masks)
        numbers = random.random((4, n))
        reasons = tuple("" if known else "NoFace" for known in mask)
        streams[modality] = Stream(modality, distribution(mask), mask, *numbers, reasons)
    mask, boxed = draw(masks), draw(masks)
    boxes = np.where(boxed[:, None], random.random((n, 4)), np.nan)
    return PersonTimeline(
        name, streams, distribution(mask), mask, draw(masks) & mask, random.random(n), boxes
    )


def assert_same(one: object, other: object, *, where: str = "timeline") -> None:
    """Equal to the last bit, thumbnails apart; NaN equals NaN."""
    assert type(one) is type(other), where
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            if field.name != "thumbnails":
                pair = getattr(one, field.name), getattr(other, field.name)
                assert_same(*pair, where=f"{where}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for key in one:
            assert_same(one[key], other[key], where=f"{where}[{key!r}]")
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for i, pair in enumerate(zip(one, other)):
            assert_same(*pair, where=f"{where}[{i}]")
    else:
        assert one == other, where

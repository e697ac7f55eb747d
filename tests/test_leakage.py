"""The leakage check: what must be found, and what must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import (
    IN_SAMPLE,
    OUT_OF_FOLD,
    Clip,
    InputError,
    Posteriors,
    View,
    label_set,
    log_softmax,
)
from emofuse.protocols import (
    Leak,
    LeakageCheck,
    LeakageError,
    RunRecord,
    Split,
    Stamp,
    best_temperature,
    check_fit,
    check_record,
    check_split,
    detect_in_sample,
    near_duplicate_leak,
    near_duplicates,
    plan_splits,
    require_out_of_fold,
)


def clip(name: str, corpus: str, **fields) -> Clip:
    """A clip with a whole file of its own unless `views` says otherwise."""
    views = fields.pop("views", (View("audio", f"{name}.wav", f"sha-{name}"),))
    return Clip(name, corpus, views, **fields)


def leaks_of(*parts: Clip, **options) -> dict[str, tuple[str, ...]]:
    """Kinds and ids of leaks with the first clip in train, the second in test."""
    train, test = parts
    split = Split(0, "fold", (train.id,), (), (test.id,))
    return {leak.kind: leak.ids for leak in check_split(split, parts, **options)}


def text_row(name: str, row: int, **fields) -> Clip:
    return clip(name, "goemotions", views=(View("text", "all.tsv", "sha-all", row=row),), **fields)


def window(name: str, start: float, **fields) -> Clip:
    views = (View("eeg", "1/1.mat", "sha-mat", row=4),)
    times = {"start_seconds": start, "end_seconds": start + 4}
    return clip(name, "seediv", views=views, **times, **fields)


LEAKING = {
    "ravdess actor": (
        clip("03-01-01-01-01-01-07", "ravdess", subject="07"),
        clip("03-01-01-01-02-01-07", "ravdess", subject="07"),
        {"subject"},
    ),
    "ravdess views by name": (
        clip("03-01-05-01-01-01-12", "folder", subject="a"),
        clip("01-01-05-01-01-01-12", "folder", subject="b"),
        {"view"},
    ),
    "ravdess re-upload under other ids": (
        clip("x", "one", views=(View("audio", "a/03-01-05-01-01-01-12.wav"),)),
        clip("y", "two", views=(View("video", "b/02-01-05-01-01-01-12.mp4"),)),
        {"view"},
    ),
    "ravdess performance and file": (
        clip("01-05-01-01-01-12", "ravdess", subject="12"),
        clip("03-01-05-01-01-01-12", "ravdess", subject="13"),
        {"view"},
    ),
    "cremad actor": (
        clip("1001_DFA_ANG_XX", "cremad", subject="1001"),
        clip("1001_IEO_SAD_LO", "cremad", subject="1001"),
        {"subject"},
    ),
    "emodb copied file": (
        clip("03a01Fa", "emodb", subject="03"),
        clip("08a01Fa", "emodb", subject="08", views=(View("audio", "b.wav", "sha-03a01Fa"),)),
        {"content"},
    ),
    "tess one file under two ids": (
        clip("OAF_back_angry", "tess", subject="OAF"),
        clip("other", "tess", subject="YAF", views=(View("audio", "OAF_back_angry.wav"),)),
        {"view"},
    ),
    "savee actor": (
        clip("DC_a01", "savee", subject="DC"),
        clip("DC_sa02", "savee", subject="DC"),
        {"subject"},
    ),
    "meld dialogue and episode": (
        clip("u1", "meld", subject="Joey", dialogue="d1", source="s01e01"),
        clip("u2", "meld", subject="Ross", dialogue="d1", source="s01e01"),
        {"dialogue", "source"},
    ),
    "goemotions same text": (
        text_row("t1", 0, content="hash"),
        text_row("t2", 1, content="hash"),
        {"content"},
    ),
    "iemocap partner in one dialogue": (
        clip("Ses01F_impro01_F000", "iemocap", subject="Ses01F", dialogue="Ses01F_impro01"),
        clip("Ses01F_impro01_M000", "iemocap", subject="Ses01M", dialogue="Ses01F_impro01"),
        {"dialogue"},
    ),
    "mosei video": (
        clip("v[0]", "mosei", source="v"),
        clip("v[1]", "mosei", source="v"),
        {"source"},
    ),
    "fer2013 same pixels": (
        clip("0", "fer2013", views=(View("image", "f.npz", "s", row=0),), content="p"),
        clip("9", "fer2013", views=(View("image", "f.npz", "s", row=9),), content="p"),
        {"content"},
    ),
    "seediv trial in windows": (
        window("w0", 0, subject="1", session="1", trial="5"),
        window("w1", 4, subject="1", session="1", trial="5"),
        {"subject", "trial"},
    ),
    "seediv overlapping windows": (
        window("w0", 0, subject="1"),
        window("w1", 2, subject="2"),
        {"view"},
    ),
    "eav trial": (
        clip("a", "eav", subject="1", trial="3", views=(View("audio", "a.wav"),)),
        clip("b", "eav", subject="1", trial="3", views=(View("eeg", "e.mat", row=2),)),
        {"subject", "trial"},
    ),
    "gameemo trial": (
        window("S01-G1-W01", 0, subject="S01", trial="S01-G1"),
        window("S01-G1-W02", 12, subject="S01", trial="S01-G1"),
        {"subject", "trial"},
    ),
}
CLEAN = {
    "other people": (
        clip("a", "ravdess", subject="01", text="Kids are talking by the door"),
        clip("b", "ravdess", subject="02", text="Kids are talking by the door"),
    ),
    "same number in another corpus": (
        clip("a", "ravdess", subject="01"),
        clip("b", "savee", subject="01"),
    ),
    "rows of one table": (text_row("a", 0), text_row("b", 1)),
    "trial 3 of another person": (
        clip("a", "eav", subject="1", trial="3"),
        clip("b", "eav", subject="2", trial="3"),
    ),
    "turns of one film reel that follow each other": (
        window("a", 0, subject="1"),
        window("b", 4, subject="2"),
    ),
    "trials of one array": (
        clip("a", "x", trial="1", views=(View("eeg", "s.mat", "sha"),)),
        clip("b", "x", trial="2", views=(View("eeg", "s.mat", "sha"),)),
    ),
}


@pytest.mark.parametrize("name", LEAKING)
def test_what_two_parts_share_is_found_in_every_corpus_style(name):
    train, test, kinds = LEAKING[name]
    found = leaks_of(train, test)
    assert set(found) == kinds
    assert set(found.values()) == {(test.id,)}


@pytest.mark.parametrize("name", CLEAN)
def test_what_two_parts_may_share_is_no_leak(name):
    assert leaks_of(*CLEAN[name]) == {}


# A clean pair in each corpus's style, and the field that keeps its people or recordings apart.
PAIRS = {
    "ravdess": ("subject", "03-01-05-01-01-01-01", "03-01-05-01-01-01-02"),
    "cremad": ("subject", "1001_DFA_ANG_XX", "1002_DFA_ANG_XX"),
    "emodb": ("subject", "03a01Fa", "08a01Fa"),
    "tess": ("subject", "OAF_back_angry", "YAF_back_angry"),
    "savee": ("subject", "DC_a01", "JE_a01"),
    "meld": ("dialogue", "train-dia0-utt0", "test-dia0-utt0"),
    "goemotions": ("subject", "train-eebbqej", "test-ed00q6i"),
    "iemocap": ("dialogue", "Ses01F_impro01_F000", "Ses02F_impro01_F000"),
    "mosei": ("source", "3wHE78v9zr4[0]", "xSCvspXYU9k[0]"),
    "fer2013": ("subject", "00000", "32298"),
    "seediv": ("trial", "s1-p01-t01", "s1-p01-t02"),
    "eav": ("subject", "subject01-001", "subject02-001"),
    "gameemo": ("trial", "S01-G1-W01", "S01-G2-W01"),
    "folder": ("source", "a", "b"),
}


@pytest.mark.parametrize("what", ["group", "view", "duplicate"])
@pytest.mark.parametrize("corpus", PAIRS)
def test_a_shared_group_view_or_duplicate_fails_in_every_corpus(corpus, what):
    field, *names = PAIRS[corpus]
    train, test = (clip(name, corpus, **{field: name}) for name in names)
    split = Split(0, "fold", (train.id,), (), (test.id,))
    LeakageCheck([train, test]).require(split)
    if what == "group":
        test = replace(test, **{field: getattr(train, field)})
    elif what == "view":
        test = replace(test, views=(replace(train.views[0], sha256=""),), trial=train.trial)
        test = replace(test, source=train.source)
    else:
        test = replace(test, views=(View("audio", "copy.wav", train.views[0].sha256),))
    with pytest.raises(LeakageError, match=test.id.replace("[", r"\[")) as error:
        LeakageCheck([train, test]).require(split)
    expected = {"group": field, "view": "view", "duplicate": "content"}[what]
    assert expected in {leak.kind for leak in error.value.leaks}


@pytest.mark.parametrize(
    "name", [name for name in LEAKING if LEAKING[name][2] <= {"view", "content"}]
)
def test_no_honest_protocol_is_planned_on_copies_under_two_persons(name):
    first, second, _ = LEAKING[name]
    corpus = [replace(first, subject="a"), replace(second, subject="b")]
    corpus += [clip(f"{person}2", "own", subject=person) for person in "abcd"]
    with pytest.raises(LeakageError):
        plan_splits("leave-one-subject-out", corpus)
    assert plan_splits("leave-one-subject-out", corpus, allow_leakage=True).stamps == ("LEAKY",)


def test_the_byte_identical_pair_of_actor_07_stays_in_one_part():
    corpus = [clip(f"{a}{i}", "ravdess", subject=f"{a:02}") for a in range(1, 25) for i in "xy"]
    same = (View("audio", "one.wav", "same"),)
    corpus = [
        replace(one, views=same if one.id == "7x" else (View("audio", "two.wav", "same"),))
        if one.subject == "07"
        else one
        for one in corpus
    ]
    assert plan_splits("ravdess-5fold", corpus).overlaps == ()
    split = Split(0, "torn", ("7x",), (), ("7y",))
    assert {leak.kind for leak in check_split(split, corpus)} == {"subject", "content"}


def test_sessions_are_separated_where_the_protocol_says_so():
    train, test = (clip(name, "iemocap", subject=name, session="01") for name in ("F", "M"))
    assert leaks_of(train, test) == {}
    assert leaks_of(train, test, separates=("subject", "session")) == {"session": ("M",)}


def test_every_pair_of_parts_is_checked_and_ids_are_named():
    corpus = [clip(name, "x", subject="p") for name in "abc"]
    check = LeakageCheck(corpus)
    leaks = check.check(Split(0, "f", ("a",), ("b",), ("c",)))
    assert [leak.parts for leak in leaks] == [
        ("train", "test"),
        ("validation", "test"),
        ("train", "validation"),
    ]
    same = check.check(Split(0, "f", ("a", "b"), (), ("b",)))
    assert {leak.kind for leak in same} == {"subject", "view", "content", "clip"}
    inner = check.check(Split(0, "f", ("a",), ("b",), ()), inner_separates=())
    assert inner == ()


def test_require_raises_one_line_with_the_first_ids_and_the_count():
    corpus = [clip(f"c{i:02}", "x", subject="p") for i in range(20)]
    split = Split(0, "f", tuple(c.id for c in corpus[:10]), (), tuple(c.id for c in corpus[10:]))
    with pytest.raises(LeakageError, match=r"share subject p .*c10, c11.* and 5 more") as error:
        LeakageCheck(corpus).require(split)
    assert error.value.leaks[0].ids == split.test
    assert "\n" not in str(error.value)
    LeakageCheck(corpus).require(Split(0, "f", split.train, (), ()))


def test_clips_that_are_not_in_the_manifest_are_refused():
    with pytest.raises(InputError, match="1 clips of the split are not in it"):
        check_split(Split(0, "f", ("a",), (), ("b",)), [clip("a", "x")])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=30))
def test_subject_leaks_are_exactly_the_shared_subjects(entries):
    corpus = [clip(f"{i}", "x", subject=f"p{person}") for i, (person, _) in enumerate(entries)]
    parts = [tuple(f"{i}" for i, (_, part) in enumerate(entries) if part == p) for p in range(3)]
    found = {leak.parts: set(leak.ids) for leak in check_split(Split(0, "f", *parts), corpus)}
    names = ("train", "validation", "test")
    for a, left in enumerate(parts):
        for b, right in enumerate(parts[a + 1 :], a + 1):
            people = {entries[int(one)][0] for one in left}
            shared = {one for one in right if entries[int(one)][0] in people}
            assert found.get((names[a], names[b]), set()) == shared


def outputs(n: int, *, margin: float, noise: float, role: str = OUT_OF_FOLD, seed: int = 0):
    """Posteriors of a model that puts `margin` on the truth against noise of sd `noise`."""
    random = np.random.default_rng(seed)
    labels = label_set("ravdess8")
    truth = random.integers(0, len(labels), n)
    logits = random.normal(0, noise, (n, len(labels)))
    logits[np.arange(n), truth] += margin
    clips = tuple(f"{seed}-{i}" for i in range(n))
    return Posteriors(clips, logits, labels, "logit", "model", role, truth=truth)


def in_sample_outputs(n: int, seed: int = 0):
    """As a fine-tuned network's on its own training clips: right 99 times in 100, T below 1."""
    return outputs(n, margin=9.0, noise=2.2, seed=seed)


def honest_outputs(n: int, seed: int):
    """As the same network's on new people: right 82 times in 100 and too sure (T about 2)."""
    return outputs(n, margin=7.5, noise=3.6, seed=seed)


def test_the_simulated_outputs_are_like_the_published_ones():
    fitted, held_out = in_sample_outputs(1140), honest_outputs(300, 1)
    assert (fitted.values.argmax(1) == fitted.truth).mean() > 0.97
    assert 0.7 < (held_out.values.argmax(1) == held_out.truth).mean() < 0.9
    assert best_temperature(fitted) < 1 < best_temperature(held_out)


def test_in_sample_outputs_are_detected_though_declared_out_of_fold():
    leak = detect_in_sample(in_sample_outputs(1140), test=honest_outputs(300, 1))
    assert leak is not None and leak.kind == "in-sample"
    assert len(leak.ids) == 1140
    assert "declared out_of_fold" in leak.detail


@pytest.mark.parametrize("seed", range(8))
def test_honest_outputs_are_not_accused(seed):
    fitted, test = honest_outputs(1140, 2 * seed), honest_outputs(300, 2 * seed + 1)
    assert detect_in_sample(fitted, test=test) is None


def test_an_underconfident_but_honest_model_is_not_accused():
    fitted, test = (outputs(n, margin=0.8, noise=0.3, seed=n) for n in (1140, 300))
    assert best_temperature(fitted) < 0.9
    assert detect_in_sample(fitted, test=test) is None


def test_declared_in_sample_rows_are_enough():
    fitted = outputs(40, margin=1, noise=1, role=IN_SAMPLE)
    assert detect_in_sample(fitted).detail.endswith("40 rows are declared in_sample")
    assert detect_in_sample(in_sample_outputs(40)) is None  # nothing to compare it with


def test_fusion_on_in_sample_outputs_is_refused_or_stamped():
    parts, test = [in_sample_outputs(600), honest_outputs(600, 3)], [honest_outputs(300, 4)] * 2
    with pytest.raises(LeakageError, match="out-of-fold"):
        require_out_of_fold(parts, test=test)
    assert require_out_of_fold(parts, test=test, allow_leakage=True) == (Stamp.IN_SAMPLE,)
    assert require_out_of_fold(parts[1:], test=test[1:]) == ()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_best_temperature_finds_the_one_that_was_applied(temperature):
    random = np.random.default_rng(0)
    labels = label_set("basic7")
    true = log_softmax(random.normal(0, 2, (20000, len(labels))))
    truth = (np.exp(true).cumsum(1) < random.random((len(true), 1))).sum(1)
    clips = tuple(map(str, range(len(true))))
    given = Posteriors(clips, true * temperature, labels, "logit", "m", OUT_OF_FOLD, truth=truth)
    assert best_temperature(given) == pytest.approx(temperature, rel=0.05)
    with pytest.raises(ValueError, match="no row has a known truth"):
        best_temperature(replace(given, truth=np.full(len(truth), -1)))


def test_what_was_chosen_on_test_is_a_leak():
    record = RunRecord("wav2vec2", checkpoint="test", hyper_parameters="test", threshold="fixed")
    details = [leak.detail for leak in check_record(record)]
    assert details == [
        "wav2vec2: checkpoint chosen on the test part",
        "wav2vec2: hyper-parameters chosen on the test part",
    ]
    assert check_record(RunRecord("own", "validation", "validation", "validation", "train")) == ()


def test_a_scaler_that_saw_test_clips_is_a_leak():
    split = Split(2, "fold-2", ("a", "b"), ("c",), ("d", "e"))
    assert check_fit(("a", "b", "c"), split, what="scaler") is None
    leak = check_fit(iter("abed"), split, what="scaler")
    assert leak == Leak(
        "fitted-on-test", ("d", "e"), "the scaler of fold-2 was fitted on 2 test clips"
    )


def test_near_duplicates_are_found_whatever_the_brightness():
    random = np.random.default_rng(0)
    train = random.integers(0, 256, (700, 12, 12)).astype(np.uint8)
    test = random.integers(0, 256, (600, 12, 12)).astype(np.uint8)
    test[3] = train[650] // 2 + 40
    test[599] = np.clip(train[0].astype(int) + random.integers(-3, 4, (12, 12)), 0, 255)
    test[4] = train[5] = 128  # blank pictures correlate with nothing
    assert near_duplicates(test, train).tolist() == [[3, 650], [599, 0]]
    ids = [f"t{i}" for i in range(len(test))]
    assert near_duplicate_leak(ids, test, train).ids == ("t3", "t599")
    assert near_duplicate_leak(ids[10:20], test[10:20], train) is None
    assert near_duplicates(test, train[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match="do not compare"):
        near_duplicates(test, train[:, :6])


def test_known_overlaps_stop_an_honest_plan_and_are_listed_in_an_official_one():
    leak = Leak("near-duplicate", ("3",), "1 of 4 test images correlate")
    corpus = [clip(f"{i}", "meld", subject=f"{i}", official_split="train") for i in range(3)]
    corpus.append(clip("3", "meld", subject="3", official_split="test"))
    with pytest.raises(LeakageError, match="near-duplicate"):
        plan_splits("leave-one-subject-out", corpus, known_overlaps=[leak])
    plan = plan_splits("official", corpus, known_overlaps=[leak])
    assert plan.duplicates == {"3"} and plan.without_duplicates()[0].test == ()

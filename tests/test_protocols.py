"""Protocols: who is in which part, for every corpus style."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import Clip, InputError, View
from emofuse.protocols import (
    PROTOCOLS,
    LeakageError,
    Stamp,
    load_plan,
    plan_splits,
    protocol,
    save_plan,
    stamp_line,
)

RAVDESS_TESTS = {
    "ravdess-5fold": [
        {2, 5, 14, 15, 16},
        {3, 6, 7, 13, 18},
        {10, 11, 12, 19, 20},
        {8, 17, 21, 23, 24},
        {1, 4, 9, 22},
    ],
    "ravdess-6fold": [
        {1, 11, 20, 21},
        {4, 10, 12, 14},
        {8, 9, 19, 23},
        {3, 5, 7, 24},
        {2, 15, 16, 18},
        {6, 13, 17, 22},
    ],
    "ravdess-chumachenko": [{5, 10, 16, 19}],
    "ravdess-scuri": [{21, 22, 23, 24}],
    "ravdess-esposito": [{2, 3, 4, 5}],
}
RAVDESS_VALIDATION = {
    "ravdess-chumachenko": {11, 13, 18, 22},
    "ravdess-scuri": {17, 18, 19, 20},
    "ravdess-esposito": {6, 7, 8, 9},
}


def ravdess(actors=range(1, 25)) -> list[Clip]:
    clips = []
    for actor in actors:
        for emotion in range(1, 9):
            key = f"01-{emotion:02d}-01-01-01-{actor:02d}"
            clips.append(
                Clip(
                    key,
                    "ravdess",
                    tuple(
                        View(kind, f"Actor_{actor:02d}/{code}-{key}.{suffix}", f"{code}{key}")
                        for code, kind, suffix in (
                            ("01", "audio_video", "mp4"),
                            ("03", "audio", "wav"),
                        )
                    ),
                    subject=f"{actor:02d}",
                    label=str(emotion),
                    label_set="ravdess8",
                    text="Kids are talking by the door",
                    attributes={"sex": "male" if actor % 2 else "female"},
                )
            )
    return clips


def iemocap(official=()) -> list[Clip]:
    clips = []
    for session in "12345":
        for number in range(4):
            dialogue = f"Ses0{session}F_impro0{number}"
            for turn in range(6):
                speaker = "FM"[turn % 2]
                name = f"{dialogue}_{speaker}{turn:03d}"
                clips.append(
                    Clip(
                        name,
                        "iemocap",
                        (
                            View("audio", f"wav/{name}.wav", f"hash-{name}"),
                            View("video", f"avi/{dialogue}.avi", f"hash-{dialogue}"),
                        ),
                        subject=f"Ses0{session}{speaker}",
                        session=f"0{session}",
                        dialogue=dialogue,
                        source=dialogue,
                        label=("ang", "hap", "neu", "sad")[(turn + number) % 4],
                        start_seconds=3.0 * turn,
                        end_seconds=3.0 * turn + 4.0,  # people talk over each other
                        official_split=official[len(clips) % len(official)] if official else "",
                    )
                )
    return clips


def seediv(windows=3) -> list[Clip]:
    return [
        Clip(
            f"s{session}-p{person:02d}-t{trial:02d}-w{window}",
            "seediv",
            (View("eeg", f"{session}/{person}.mat", f"mat-{session}-{person}", row=trial),),
            subject=f"{person:02d}",
            session=str(session),
            trial=f"s{session}-p{person:02d}-t{trial:02d}",
            label=str(trial % 4),
            start_seconds=4.0 * window,
            end_seconds=4.0 * window + 4.0,
        )
        for session in (1, 2, 3)
        for person in range(1, 6)
        for trial in range(8)
        for window in range(windows)
    ]


def eav() -> list[Clip]:
    clips = []
    for person in range(1, 5):
        for trial in range(1, 21):
            name = f"subject{person:02d}-{trial:03d}"
            eeg = View("eeg", f"{person}/eeg.mat", f"eeg-{person}", row=trial - 1)
            media = View("video", f"{person}/{trial:03d}.mp4", f"video-{name}")
            views = (eeg,) if trial > 15 else (eeg, media)
            clips.append(
                Clip(
                    name,
                    "eav",
                    views,
                    subject=f"{person:02d}",
                    trial=name,
                    label=("neutral", "anger", "happiness", "sadness", "calmness")[trial % 5],
                )
            )
    return clips


def meld() -> list[Clip]:
    lines = ["Hey.", "No way!", "I know.", "What?", "Okay.", "Stop it.", "Sure.", "Fine.", "Oh."]
    return [
        Clip(
            f"{part}-{i}",
            "meld",
            (View("text", f"{part}.csv", f"hash-{part}", row=i),),
            subject="Joey",
            dialogue=f"{part}-dia{i // 2}",
            text=text,
            label="neutral",
            official_split=part,
        )
        for part, texts in (
            ("train", lines[:5]),
            ("dev", lines[5:7]),
            ("test", [lines[0], lines[7], lines[8]]),
        )
        for i, text in enumerate(texts)
    ]


CORPORA = {"ravdess": ravdess, "iemocap": iemocap, "seediv": seediv, "eav": eav}
HONEST = [
    *((name, "ravdess") for name in RAVDESS_TESTS),
    *(("leave-one-subject-out", name) for name in CORPORA),
    *(("subject-kfold", name) for name in CORPORA),
    ("iemocap-sessions", "iemocap"),
    ("seediv-loso", "seediv"),
    ("eav-loso", "eav"),
]
SPEAKER_DEPENDENT = [
    ("seediv-cross-session", "seediv"),
    ("seediv-trial", "seediv"),
    ("eav-within-person", "eav"),
]
LEAKY = [
    ("random-clips", "ravdess"),
    ("iemocap-mme2e", "iemocap"),
    ("seediv-windows", "seediv"),
]


def make(name: str, corpus: str):
    return protocol(name, **({"k": 4} if name == "subject-kfold" else {}))


def by(clips, ids, field) -> set[str]:
    known = {clip.id: clip for clip in clips}
    return {getattr(known[clip], field) for clip in ids}


def actors(clips, ids) -> set[int]:
    return {int(subject) for subject in by(clips, ids, "subject")}


@pytest.mark.parametrize("name", RAVDESS_TESTS)
def test_the_named_ravdess_folds_are_the_published_ones(name):
    clips = ravdess()
    splits = protocol(name).splits(clips)
    assert [actors(clips, split.test) for split in splits] == RAVDESS_TESTS[name]
    for split in splits:
        assert actors(clips, split.train + split.validation + split.test) == set(range(1, 25))
        if name in RAVDESS_VALIDATION:
            assert actors(clips, split.validation) == RAVDESS_VALIDATION[name]
        else:
            assert 3 <= len(actors(clips, split.validation)) <= 4
    assert protocol(name).get_n_splits() == len(splits)


@pytest.mark.parametrize(("name", "corpus"), HONEST + SPEAKER_DEPENDENT + LEAKY)
def test_parts_are_disjoint_and_never_empty(name, corpus):
    clips = CORPORA[corpus]()
    for split in make(name, corpus).splits(clips):
        parts = [set(split.train), set(split.validation), set(split.test)]
        assert all(parts)
        assert len(set.union(*parts)) == sum(len(part) for part in parts)


@pytest.mark.parametrize(("name", "corpus"), HONEST)
def test_honest_protocols_separate_persons_and_dialogues_everywhere(name, corpus):
    clips = CORPORA[corpus]()
    plan = plan_splits(make(name, corpus), clips)
    assert (plan.stamps, plan.overlaps, stamp_line(plan.stamps)) == ((), (), "HONEST")
    for split in plan.splits:
        parts = (split.train, split.validation, split.test)
        for field in ("subject", "dialogue"):
            groups = [by(clips, part, field) - {""} for part in parts]
            assert len(set().union(*groups)) == sum(len(group) for group in groups)


@pytest.mark.parametrize(("name", "corpus"), SPEAKER_DEPENDENT)
def test_speaker_dependent_protocols_say_so_and_keep_trials_whole(name, corpus):
    clips = CORPORA[corpus]()
    plan = plan_splits(name, clips)
    assert plan.stamps == ("SPEAKER-DEPENDENT",)
    for split in plan.splits:
        assert by(clips, split.test, "subject") <= by(clips, split.train, "subject")
        assert not by(clips, split.test, "trial") & by(clips, split.train, "trial")
        assert not by(clips, split.validation, "trial") & by(clips, split.train, "trial")


@pytest.mark.parametrize(("name", "corpus"), LEAKY)
def test_leaky_protocols_run_only_when_allowed_and_are_stamped(name, corpus):
    clips = CORPORA[corpus]()
    with pytest.raises(LeakageError, match="leak") as error:
        plan_splits(name, clips)
    assert error.value.leaks and "\n" not in str(error.value)
    plan = plan_splits(name, clips, allow_leakage=True)
    assert plan.stamps == (Stamp.LEAKY,) and plan.overlaps


def test_leaky_by_design_is_stamped_even_where_nothing_is_found():
    clips = [Clip(f"{i}", "own", subject=f"{i}", label="a") for i in range(20)]
    with pytest.raises(LeakageError, match="nothing is separated by design"):
        plan_splits("random-clips", clips)
    assert plan_splits("random-clips", clips, allow_leakage=True).stamps == (Stamp.LEAKY,)


@pytest.mark.parametrize(("name", "corpus"), HONEST + SPEAKER_DEPENDENT + LEAKY)
def test_splits_do_not_depend_on_the_order_of_clips(name, corpus):
    clips = CORPORA[corpus]()
    shuffled = random.Random(3).sample(clips, len(clips))
    one = plan_splits(make(name, corpus), clips, allow_leakage=True)
    other = plan_splits(make(name, corpus), shuffled, allow_leakage=True)
    assert one.hash == other.hash
    assert one.splits == other.splits


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=3, max_size=12),
    k=st.integers(2, 3),
    seed=st.integers(0, 5),
    labels=st.randoms(use_true_random=False),
)
def test_subject_kfold_partitions_any_corpus_by_person(sizes, k, seed, labels):
    clips = [
        Clip(f"{person}-{i}", "own", subject=f"p{person}", label=labels.choice("abc"))
        for person, size in enumerate(sizes)
        for i in range(size)
    ]
    chosen = protocol("subject-kfold", k=k, seed=seed)
    tested: list[int] = []
    for train, test in chosen.split(clips):
        assert len(test) and sorted([*train, *test]) == list(range(len(clips)))
        assert not {clips[i].subject for i in train} & {clips[i].subject for i in test}
        pool = [clips[i] for i in train]
        fit, validation = chosen.inner(pool)
        assert sorted([*fit, *validation]) == list(range(len(pool)))
        persons = [{pool[i].subject for i in part} for part in (fit, validation)]
        assert len(set.union(*persons)) == 1 or not persons[0] & persons[1]
        tested += test.tolist()
    assert sorted(tested) == list(range(len(clips)))
    assert chosen.get_n_splits(clips) == k
    assert chosen.splits(clips) == chosen.splits(clips[::-1])


def test_another_seed_draws_other_folds():
    one, other = (protocol("subject-kfold", k=4, seed=seed).splits(ravdess()) for seed in (0, 1))
    assert one != other


def test_subject_kfold_spreads_labels_and_sexes():
    clips = ravdess()
    known = {clip.id: clip for clip in clips}
    for split in protocol("subject-kfold", k=4).splits(clips):
        sexes = [known[clip].attributes["sex"] for clip in split.test]
        assert sexes.count("male") == sexes.count("female")


def test_people_who_meet_stay_together_or_are_left_out():
    clips = iemocap()
    for split in protocol("subject-kfold", k=5).splits(clips):
        assert len(by(clips, split.test, "session")) == 1
    plan = plan_splits("leave-one-subject-out", clips)
    assert len(plan.splits) == 10
    for split in plan.splits:
        assert len(by(clips, split.test, "subject")) == 1
        assert not by(clips, split.train, "session") & by(clips, split.test, "session")


def test_iemocap_sessions_test_each_session_once():
    clips = iemocap()
    splits = protocol("iemocap-sessions").splits(clips)
    assert [by(clips, split.test, "session") for split in splits] == [
        {f"0{i}"} for i in range(1, 6)
    ]
    assert all(len(by(clips, split.validation, "session")) == 1 for split in splits)


def test_iemocap_mme2e_uses_the_published_lists_where_the_manifest_has_them():
    clips = iemocap(official=("train", "train", "train", "valid", "test"))
    plan = plan_splits("iemocap-mme2e", clips, allow_leakage=True)
    (split,) = plan.splits
    assert by(clips, split.test, "official_split") == {"test"}
    assert by(clips, split.validation, "official_split") == {"valid"}
    assert plan.notes == ()
    drawn = plan_splits("iemocap-mme2e", iemocap(), allow_leakage=True)
    assert [len(drawn.splits[0].train), len(drawn.splits[0].test)] == [84, 24]
    assert "drawn at random" in drawn.notes[0]


def test_random_clips_keeps_the_published_shares_in_each_label():
    clips = [
        Clip(f"{label}{i}", "own", subject="x", label=label) for label in "ab" for i in range(50)
    ]
    (split,) = protocol("random-clips").splits(clips)
    assert [len(split.train), len(split.validation), len(split.test)] == [80, 10, 10]
    assert sum(clip.startswith("a") for clip in split.test) == 5


def test_seediv_windows_needs_windows():
    with pytest.raises(InputError, match="cut the trials into windows"):
        plan_splits("seediv-windows", seediv(windows=1), allow_leakage=True)


def test_seediv_sessions_are_tested_whole():
    clips = seediv()
    splits = protocol("seediv-cross-session").splits(clips)
    assert [by(clips, split.test, "session") for split in splits] == [{"1"}, {"2"}, {"3"}]


def test_eav_loso_keeps_trials_that_hold_both_senses():
    plan = plan_splits("eav-loso", eav())
    assert len(plan.splits) == 4
    assert all(int(clip[-3:]) <= 15 for clip in plan.splits[0].test)
    assert "20 of 80 clips are in no part" in plan.notes
    bare = [replace(clip, views=clip.views[:1]) for clip in eav()]
    with pytest.raises(InputError, match="EEG together with"):
        plan_splits("eav-loso", bare)


def test_eav_within_person_tests_later_trials_of_the_same_person():
    clips = eav()
    for split in protocol("eav-within-person").splits(clips):
        assert len(by(clips, split.train + split.test, "subject")) == 1
        assert (len(split.train) + len(split.validation), len(split.test)) == (15, 5)
        assert min(split.test) > max(split.train)


def test_official_splits_keep_their_overlaps_and_offer_a_second_score():
    plan = plan_splits("official", meld())
    assert plan.stamps == (Stamp.OFFICIAL,)
    (split,) = plan.splits
    assert [len(split.train), len(split.validation), len(split.test)] == [5, 2, 3]
    kinds = {leak.kind for leak in plan.overlaps if leak.parts == ("train", "test")}
    assert kinds == {"subject", "text"}
    assert plan.duplicates == {"test-0"}
    assert plan.without_duplicates()[0].test == ("test-1", "test-2")


@pytest.mark.parametrize(
    "words", [("Training", "PublicTest", "PrivateTest"), ("train", "dev", "test")]
)
def test_official_understands_each_data_sets_words(words):
    clips = [Clip(f"{i}", "fer2013", official_split=words[i % 3]) for i in range(9)]
    (split,) = protocol("official").splits(clips)
    assert split.validation == ("1", "4", "7") and split.test == ("2", "5", "8")


def test_official_draws_validation_where_there_is_none_and_leaves_unlisted_clips_out():
    clips = [
        Clip(
            f"{i:02}",
            "mosei",
            source=f"v{i // 2}",
            official_split=("train", "test", "")[i % 12 // 5],
        )
        for i in range(48)
    ]
    plan = plan_splits("official", clips)
    (split,) = plan.splits
    assert split.validation and not by(clips, split.train, "source") & by(
        clips, split.validation, "source"
    )
    assert "8 of 48 clips are in no part" in plan.notes


def test_cross_corpus_leaves_out_labels_without_a_counterpart():
    clips = ravdess(range(1, 7))
    names = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
    clips = [replace(clip, label=names[int(clip.label) - 1]) for clip in clips]
    other = [
        Clip(f"e{i}", "emodb", subject=f"{i % 3}", label=label, label_set="emodb7")
        for i, label in enumerate(("angry", "boredom", "sad", "boredom"))
    ]
    plan = plan_splits(protocol("cross-corpus", train="ravdess", test="emodb"), clips + other)
    (split,) = plan.splits
    assert split.test == ("e0", "e2")
    assert set(split.train + split.validation) == {clip.id for clip in clips}
    assert any("boredom dropped" in note for note in plan.notes)
    with pytest.raises(InputError, match="two corpora"):
        plan_splits(protocol("cross-corpus", train="ravdess", test="tess"), clips + other)


def test_one_person_validates_by_what_is_there():
    clips = [
        Clip(f"{person}{i}", "tess", subject=person, label="ab"[i % 2], trial=f"{i // 2}")
        for person in ("oaf", "yaf")
        for i in range(10)
    ]
    plan = plan_splits("leave-one-subject-out", clips)
    for split in plan.splits:
        assert not by(clips, split.train, "trial") & by(clips, split.validation, "trial")
    assert "in 2 folds training and validation share persons: too few to separate" in plan.notes
    assert "only 2 persons: a person-independent number means little" in plan.notes


@pytest.mark.parametrize(
    ("clips", "name", "reason"),
    [
        ([], "leave-one-subject-out", "no clips"),
        ([Clip("a", "own", subject="1")] * 2, "leave-one-subject-out", "two clips are called a"),
        ([Clip("a", "own")], "leave-one-subject-out", "no subject"),
        ([Clip("a", "own", subject="1")], "leave-one-subject-out", "no training clips"),
        ([Clip("a", "own", subject="1")], "subject-kfold", "k=5 with 1 persons"),
        ([Clip("a", "ravdess", subject="25")], "ravdess-5fold", "no RAVDESS actor"),
        (ravdess(range(1, 6)), "ravdess-6fold", "no test clips"),
        (iemocap(), "ravdess-5fold", "is for ravdess; the manifest holds iemocap"),
        (iemocap(official=("train", "test")), "official", "the manifest holds iemocap"),
        ([Clip("a", "meld")], "official", "no clip has an official split"),
        ([Clip("a", "meld", official_split="holdout")], "official", "'holdout' is none of"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(clips, name, reason):
    with pytest.raises(InputError, match=reason) as error:
        plan_splits(name, clips)
    assert "\n" not in str(error.value)


def test_unknown_names_and_parameters_are_refused():
    with pytest.raises(InputError, match="no such protocol"):
        protocol("loso")
    with pytest.raises(InputError, match="it takes seed, k"):
        protocol("subject-kfold", folds=3)


def test_every_protocol_is_documented_and_named_once():
    for name, cls in PROTOCOLS.items():
        assert cls.name == name and cls.__doc__ and cls.source


def test_split_is_a_scikit_learn_splitter():
    sklearn = pytest.importorskip("sklearn.model_selection")
    from sklearn.dummy import DummyClassifier

    clips = ravdess()
    features = np.zeros((len(clips), 2))
    labels = [clip.label for clip in clips]
    folds = list(protocol("ravdess-5fold").split(clips, labels))
    scores = sklearn.cross_val_score(DummyClassifier(), features, labels, cv=folds)
    assert len(scores) == 5


def test_plan_round_trip(tmp_path):
    plan = plan_splits("official", meld())
    path = save_plan(plan, tmp_path / "deep" / "plan.json")
    assert load_plan(path) == plan
    assert load_plan(path).hash == plan.hash
    assert [file.name for file in path.parent.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("old", "new"), [("test-1", "test-9"), ('"OFFICIAL"', '"NOTHING"'), ('"seed": 0', '"seed": 1')]
)
def test_a_changed_plan_is_refused(tmp_path, old, new):
    path = save_plan(plan_splits("official", meld()), tmp_path / "plan.json")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match="do not match their hash"):
        load_plan(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 9, "hash": ""}'])
def test_a_file_that_is_no_plan_is_refused(tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not a split plan"):
        load_plan(path)
    with pytest.raises(InputError, match="no such file"):
        load_plan(tmp_path / "absent.json")


def test_the_hash_tells_experiments_apart():
    plan = plan_splits("ravdess-5fold", ravdess())
    first = plan.splits[0]
    moved = replace(first, train=first.train[1:], test=(*first.test, first.train[0]))
    others = [
        replace(plan, splits=(moved, *plan.splits[1:])),
        replace(plan, params={"seed": 9}),
        replace(plan, version=2),
        replace(plan, stamps=("LEAKY",)),
    ]
    assert len({plan.hash, *(other.hash for other in others)}) == 5
    backwards = replace(plan, splits=(replace(first, train=first.train[::-1]), *plan.splits[1:]))
    assert backwards.hash == plan.hash

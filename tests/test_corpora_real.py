"""Known facts of the real corpora, where they are at hand."""

from __future__ import annotations

from collections import Counter

import pytest

from emofuse.corpora import read_corpus


@pytest.fixture(scope="module")
def read(data_dir):
    found = {}

    def cached(name: str, folder: str, **options):
        key = (name, folder, *options.items())
        if key not in found:
            root = data_dir / folder
            if not root.is_dir():
                pytest.skip(f"{folder} is not among the real data")
            found[key] = read_corpus(name, root, **options)
        return found[key]

    return cached


def test_ravdess_performances_and_their_one_identical_pair(read):
    speech = read("ravdess", "ravdess/speech")
    assert len(speech) == 1440 and len(speech.subjects) == 24 and not speech.skipped
    assert speech.counts()["label"] == {
        label: 96 if label == "neutral" else 192 for label in speech.label_set
    }
    assert set(speech.counts()["subject"].values()) == {60}
    (pair,) = speech.duplicates()
    assert all(name.endswith(("02-01-07", "02-02-07")) for name in pair)


def test_ravdess_views_and_the_action_unit_table_meet_in_one_clip(read):
    whole = read("ravdess", "ravdess")
    assert len(whole) == 1440
    kinds = Counter(view.kind for clip in whole for view in clip.views)
    assert kinds == {"audio": 1440, "features": 1440, "video": 60 + 1, "audio_video": 14 + 2}
    table = read("ravdess-au", "ravdess/published")
    assert [clip.id for clip in table][:1] == ["01-01-01-01-02-08"]  # rows keep the file's order
    assert {clip.id: clip.label for clip in table} == {clip.id: clip.label for clip in whole}


def test_fer2013_classes_duplicates_and_blanks(read):
    faces = read("fer2013", "fer2013")
    assert faces.counts()["split"] == {"test": 3589, "train": 28709, "validation": 3589}
    train = Counter(clip.label for clip in faces if clip.official_split == "train")
    assert [train[label] for label in faces.label_set] == [3995, 436, 4097, 7215, 4830, 3171, 4965]
    assert sum(clip.attributes.get("blank") == "yes" for clip in faces) == 13
    # Byte-identical pictures; the corpus notes count 1,116 groups and 43 conflicts by other means.
    assert len(faces.duplicates()) == 1456 and len(faces.conflicts()) == 51


def test_meld_counts_and_lines_of_train_in_test(read):
    lines = read("meld", "text/MELD")
    assert lines.counts()["split"] == {"test": 2610, "train": 9989, "validation": 1109}
    parts = {part: [c for c in lines if c.official_split == part] for part in ("train", "test")}
    spoken = {clip.content for clip in parts["train"]}
    assert sum(clip.content in spoken for clip in parts["test"]) == 331
    known = {clip.subject for clip in parts["train"]}
    share = sum(clip.subject in known for clip in parts["test"]) / 2610
    assert share == pytest.approx(0.958, abs=5e-4)
    episodes = {clip.source for clip in parts["train"]}
    tested = {clip.source for clip in parts["test"]}
    assert (len(tested), len(tested & episodes)) == (143, 142)


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        ("goemotions28", (43410, 5426, 5427)),
        ("ekman7-multi", (43410, 5426, 5427)),
        ("ekman7", (43410 - 3855, 5426 - 480, 5427 - 459)),
    ],
)
def test_goemotions_counts(read, labels, counts):
    comments = read("goemotions", "text/GoEmotions", label_set=labels)
    split = comments.counts()["split"]
    assert tuple(split[part] for part in ("train", "validation", "test")) == counts
    assert all(skip.reason.startswith("several labels") for skip in comments.skipped)


def test_cremad_tables_without_media(read):
    clips = read("cremad", "cremad-meta")
    assert len(clips) == 7442 and len(clips.subjects) == 91
    assert clips.counts()["label"]["neutral"] == 1087
    assert all(set(clip.soft) == {"voice", "face", "both"} for clip in clips)
    voice, both = (read("cremad", "cremad-meta", labels=shown) for shown in ("voice", "both"))
    agree = [
        sum(clips.by_id[clip.id].label == clip.label for clip in shown) / len(shown)
        for shown in (voice, both)
    ]
    assert agree[0] < 0.5 < agree[1]  # people read the face, and the voice alone badly


def test_mosi_rows_and_gameemo_windows(read):
    assert read("mosi-features", "cmu-mosi-features").counts()["split"] == {
        "test": 752,
        "train": 1447,
    }
    windows = read("gameemo", "eeg/gameemo-features")
    assert (len(windows), len(windows.subjects)) == (2688, 28)
    trials = {clip.trial: clip.label for clip in windows}
    assert len(trials) == 112
    assert Counter(trials.values())["high"] / 112 == pytest.approx(0.366, abs=5e-4)

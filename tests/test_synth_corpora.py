"""Synthetic corpora: each is read by its reader, and answers what it was made to answer."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from emofuse.core import InputError
from emofuse.corpora import CORPORA, labels_of, read_corpus
from emofuse.corpora.synth import RECORD, SYNTHS, split_class, write_synth

# Fewer people than by default, so that all corpora together take seconds.
PERSONS = {"ravdess": 1, "ravdess-au": 6, "cremad": 2, "iemocap": 2, "iemocap-processed": 2} | {
    "seediv": 1,
    "eav": 2,
    "meld": 4,
}
# corpus -> (clips, clips of each label or None where they differ, kinds of view)
ANSWERS = {
    "ravdess": (60, None, {"audio", "audio_video", "features"}),
    "ravdess-au": (360, None, {"features"}),
    "cremad": (48, 8, {"audio", "audio_video"}),
    "emodb": (168, 24, {"audio"}),
    "tess": (56, 8, {"audio"}),
    "savee": (112, 16, {"audio"}),
    "meld": (77, 11, {"audio_video"}),
    "goemotions": (168, None, set()),
    "iemocap": (36, None, {"audio", "video"}),
    "iemocap-processed": (36, 6, {"audio", "video"}),
    "mosei": (80, None, {"features"}),
    "mosei-processed": (80, None, {"audio", "video"}),
    "mosi-features": (144, 72, {"features"}),
    "fer2013": (129, None, {"image"}),
    "seediv": (24, 6, {"eeg"}),
    "seediv-features": (288, 72, {"features"}),
    "eav": (40, 8, {"eeg", "audio", "video"}),
    "gameemo": (192, 96, {"features"}),
    "folder": (56, 8, {"audio"}),
    "annotated": (28, 4, {"audio"}),
}
NOBODY = {"goemotions", "mosei", "mosei-processed", "mosi-features", "fer2013"}


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """Folder of a synthetic corpus, written once a module."""
    home, made = tmp_path_factory.mktemp("synthetic"), {}

    def folder(name: str, **options) -> Path:
        key = (name, *options.items())
        if key not in made:
            count = {"persons": PERSONS[name]} if name in PERSONS else {}
            made[key] = write_synth(name, home / str(len(made)), **{**count, **options})
        return made[key]

    return folder


def test_every_corpus_can_be_synthesised():
    assert set(SYNTHS) == set(CORPORA) == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(SYNTHS))
def test_the_reader_finds_what_was_written(synthetic, name):
    root = synthetic(name)
    found = read_corpus(name, root)
    clips, per_label, kinds = ANSWERS[name]
    assert len(found) == clips
    assert {view.kind for clip in found for view in clip.views} == kinds
    present = {count for count in found.counts()["label"].values() if count}
    assert per_label is None or present == {per_label}
    for clip in found:
        for view in clip.views:
            assert list(root.glob(view.path)), view.path
    if name in NOBODY:
        assert not found.subjects
    else:
        record = json.loads((root / RECORD).read_text())
        assert len(found.subjects) == record["persons"]
    assert set(found.skipped_counts()) <= {"raters do not agree (xxx)"}


@pytest.mark.parametrize("name", ["fer2013", "emodb", "goemotions", "iemocap-processed", "mosei"])
def test_the_same_seed_writes_the_same_corpus_and_another_does_not(synthetic, name):
    clips = [read_corpus(name, synthetic(name, **again)).clips for again in ({}, {"seed": 0})]
    other = read_corpus(name, synthetic(name, seed=1)).clips
    assert clips[0] == clips[1] and clips[0] != other
    assert [clip.id for clip in clips[0]] == [clip.id for clip in other]


@pytest.mark.parametrize("classes", range(2, 30))
@pytest.mark.parametrize("modalities", [1, 2, 3])
def test_all_digits_name_the_class_and_one_alone_does_not(classes, modalities):
    digits = [split_class(index, classes, modalities) for index in range(classes)]
    assert len(set(digits)) == classes
    if modalities > 1 and classes > 4:
        for modality in range(modalities):
            assert len({each[modality] for each in digits}) < classes


def loudest_octave(path: Path) -> float:
    """Frequency around which a sound has its energy."""
    from scipy.io import wavfile

    rate, samples = wavfile.read(path)
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((np.fft.rfftfreq(len(samples), 1 / rate) * power).sum() / power.sum())


def stripes(path: Path) -> int:
    """Horizontal stripes of the first picture of a film."""
    from emofuse.media import read

    picture = next(part.image for part in read(path) if hasattr(part, "image"))
    rows = picture.mean((1, 2))
    return int(np.abs(np.fft.rfft(rows - rows.mean())).argmax())


def heard_and_seen(root: Path, found) -> list[tuple[str, int, int]]:
    """(label, which of three resonances, which of three stripe counts) of each clip."""
    answers = []
    for clip in found:
        tone = loudest_octave(root / clip.view("audio").path)
        heard = round(np.log(tone / 350) / np.log(1.5))
        seen = (stripes(root / clip.view("audio_video").path) - 2) // 2
        answers.append((clip.label, int(np.clip(heard, 0, 2)), seen))
    return answers


def accuracy(pairs) -> float:
    """Share of clips whose label is the commonest for what they show."""
    by_shown: dict = {}
    for label, shown in pairs:
        by_shown.setdefault(shown, Counter())[label] += 1
    return sum(max(counts.values()) for counts in by_shown.values()) / len(list(pairs))


def test_voice_and_face_of_ravdess_name_the_class_only_together(synthetic):
    root = synthetic("ravdess")
    answers = heard_and_seen(root, read_corpus("ravdess", root))
    assert accuracy([(label, (heard, seen)) for label, heard, seen in answers]) > 0.95
    assert accuracy([(label, heard) for label, heard, _ in answers]) < 0.5
    assert accuracy([(label, seen) for label, _, seen in answers]) < 0.5


def test_random_labels_leave_nothing_to_find(synthetic):
    root = synthetic("ravdess", random_labels=True)
    answers = heard_and_seen(root, read_corpus("ravdess", root))
    # Sixty clips in nine cells fit noise to about a third; the true corpus gives everything.
    assert accuracy([(label, (heard, seen)) for label, heard, seen in answers]) < 0.6


def mosi_bits(root: Path, part: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    tables = {
        name: np.loadtxt(root / f"{name}_{part}0.csv", delimiter=",")
        for name in ("audio", "text", "video")
    }
    return tables["audio"][:, -1], {name: t[:, :5].mean(1) > 0 for name, t in tables.items()}


def test_mosi_is_a_parity_of_audio_and_text(synthetic):
    label, bits = mosi_bits(synthetic("mosi-features"), "train")
    assert ((bits["audio"] ^ bits["text"]) == label).all()
    for name in bits:
        assert abs((bits[name] == label).mean() - 0.5) < 0.2


def band_powers(root: Path, clip, *, windows: int) -> np.ndarray:
    """(windows, 62 x 4) log-power at the four rhythms of consecutive windows of a trial."""
    from scipy.io import loadmat

    (signal,) = loadmat(root / clip.views[0].path, variable_names=[clip.attributes["key"]])[
        clip.attributes["key"]
    ][None]
    pieces = np.stack(np.split(signal, windows, axis=1))
    spectrum = np.abs(np.fft.rfft(pieces)) ** 2
    frequency = np.fft.rfftfreq(pieces.shape[-1], 1 / 200)
    bands = [spectrum[..., np.abs(frequency - hz) < 1].sum(-1) for hz in (6, 10, 20, 36)]
    return np.log(np.stack(bands, -1)).reshape(windows, -1)


def nearest_label(train, test) -> float:
    """Accuracy of giving each test row the label of the closest training row."""
    rows, labels = train
    hits = [labels[((rows - row) ** 2).sum(1).argmin()] == label for row, label in zip(*test)]
    return float(np.mean(hits))


def test_seediv_with_trial_effects_alone_shows_the_leak_of_window_splits(synthetic):
    """No class effect: windows of known trials look perfect, new trials stay at chance."""
    root = synthetic("seediv", class_effect=0.0, trial_effect=1.0, seconds=4.0)
    clips = read_corpus("seediv", root).clips
    powers = np.stack([band_powers(root, clip, windows=4) for clip in clips])
    labels = np.array([[clip.label] * 4 for clip in clips])

    def part(trials, windows):
        rows = powers[trials][:, windows]
        return rows.reshape(-1, rows.shape[-1]), labels[trials][:, windows].ravel()

    every, late = slice(None), slice(12, None)
    by_window = nearest_label(part(every, [0, 1]), part(every, [2, 3]))
    by_trial = nearest_label(part(slice(12), every), part(late, every))
    assert by_window > 0.95 and by_trial < 0.5


def test_seediv_with_a_class_effect_is_learnt_across_trials(synthetic):
    root = synthetic("seediv", seconds=4.0)
    clips = read_corpus("seediv", root).clips
    rows = np.stack([band_powers(root, clip, windows=1)[0] for clip in clips])
    labels = np.array([clip.label for clip in clips])
    assert nearest_label((rows[:12], labels[:12]), (rows[12:], labels[12:])) > 0.8


def test_meld_repeats_lines_of_train_in_test(synthetic):
    found = read_corpus("meld", synthetic("meld"))
    parts = {part: [c for c in found if c.official_split == part] for part in ("train", "test")}
    known = {clip.content for clip in parts["train"]}
    assert sum(clip.content in known for clip in parts["test"]) == 2
    dialogues = {part: {clip.dialogue for clip in clips} for part, clips in parts.items()}
    assert not dialogues["train"] & dialogues["test"]


def test_fer2013_in_both_forms_is_the_same_manifest(synthetic):
    forms = [read_corpus("fer2013", synthetic("fer2013", form=form)) for form in ("npz", "csv")]
    assert [c.content for c in forms[0]] == [c.content for c in forms[1]]
    assert [c.label for c in forms[0]] == [c.label for c in forms[1]]
    assert len(forms[0].duplicates()) == 2 and len(forms[0].conflicts()) == 1
    assert sum("blank" in clip.attributes for clip in forms[0]) == 1


def test_mosei_keeps_intensities_and_takes_folds(synthetic):
    root = synthetic("mosei")
    found = read_corpus("mosei", root, folds=root / "folds.json")
    assert found.counts()["split"] == {"test": 16, "train": 48, "validation": 16}
    for clip in found:
        strong = {n for n in found.label_set if clip.dimensions[f"{n}_0_3"] > 0}
        assert strong == set(labels_of(clip))
    assert len({clip.source for clip in found}) == 10


def test_the_processed_films_show_the_speaker(synthetic):
    """Of the two halves, the view is the one whose stripes change with what is expressed."""
    import cv2

    root = synthetic("iemocap-processed")
    shown = {"left": set(), "right": set()}
    for clip in read_corpus("iemocap-processed", root):
        first = sorted(root.glob(clip.view("video").path))[0]
        rows = cv2.imread(str(first)).mean((1, 2))
        shown[clip.attributes["side"]].add(int(np.abs(np.fft.rfft(rows - rows.mean())).argmax()))
    assert all(len(counts) > 1 for counts in shown.values())


def test_the_annotated_corpus_gives_the_majority_and_its_agreement(synthetic):
    found = read_corpus("annotated", synthetic("annotated"))
    (note,) = (note for note in found.notes if "alpha" in note)
    assert note.startswith("3 raters, 28 units")
    assert 0.8 < float(note.split()[-1]) < 1
    for first, second in pairwise(found.clips[:7]):
        assert first.end_seconds == second.start_seconds
    by_step = read_corpus("annotated", synthetic("annotated"), step_seconds=0.5)
    assert len(by_step) == 2 * len(found)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"name": "nothing"}, "cannot be synthesised"),
        ({"persons": 3}, "cannot have 3 persons"),
        ({"colour": "red"}, "no option 'colour'"),
    ],
)
def test_what_cannot_be_written_is_one_line(tmp_path, options, why):
    with pytest.raises(InputError, match=why):
        write_synth(**{"name": "tess", "out": tmp_path / "x", **options})
    assert not (tmp_path / "x").exists()


def test_a_folder_with_other_data_is_left_alone(tmp_path):
    (tmp_path / "precious.wav").write_bytes(b"mine")
    with pytest.raises(InputError, match="not empty"):
        write_synth("tess", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.wav"]

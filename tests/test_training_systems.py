"""Each default bundle's training, end to end on tiny made corpora: corpus in, bundle out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
soundfile = pytest.importorskip("soundfile", reason="needs the train extra")

from emofuse.bundle import content_key  # noqa: E402
from emofuse.core import OUT_OF_FOLD, InputError, Posteriors, label_set  # noqa: E402
from emofuse.corpora import read_corpus  # noqa: E402
from emofuse.media import load_audio  # noqa: E402
from emofuse.perception.voice import FRONT_ENDS  # noqa: E402
from emofuse.posteriors import read_posteriors  # noqa: E402
from emofuse.protocols import plan_splits  # noqa: E402
from emofuse.systems import DEFAULTS, face_fer, text_ekman, train_default, voice_ravdess  # noqa: E402
from emofuse.training.ship import ship  # noqa: E402
from emofuse.training.voice_augment import VoiceAugment  # noqa: E402

WORDS = {
    0: "angry rage furious",
    1: "disgusting gross vile",
    2: "scared afraid terror",
    3: "happy joy love",
    4: "table seven paper",
    5: "sad tears lonely",
    6: "wow astonished sudden",
}
EKMAN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "data"


def make_goemotions(folder, *, per_label: int = 8) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    (folder / "labels.txt").write_text("\n".join(EKMAN) + "\n")
    for part in ("train", "dev", "test"):
        lines = []
        for number in range(per_label * 7):
            label = number % 7
            words = [*rng.choice(WORDS[label].split(), 2), f"{part}{number}"]
            labels = f"{label},{(label + 1) % 7}" if number % 10 == 9 else str(label)
            lines.append(f"{' '.join(words)}\t{labels}\t{part}{number}")
        (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n")


def make_fer(folder, *, count: int = 84) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(count) % 7
    x = rng.integers(0, 60, (count, 48, 48)).astype(np.uint8)
    for row, label in enumerate(y):
        x[row, 6 * label : 6 * label + 6] += 150
    folder.mkdir(parents=True)
    np.savez(
        folder / "fer2013.npz",
        x=x,
        y=y.astype(np.int8),
        usage=np.repeat([0, 1, 2], count // 3).astype(np.int8),
        labels=np.array(["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]),
        usages=np.array(["Training", "PublicTest", "PrivateTest"]),
    )


def make_ravdess(folder) -> None:
    rng = np.random.default_rng(0)
    for actor in range(1, 25):
        (folder / f"Actor_{actor:02d}").mkdir(parents=True)
        for emotion in (1, 5):
            name = f"03-01-{emotion:02d}-01-01-01-{actor:02d}.flac"
            sound = np.sin(np.arange(35_000) / 16_000 * 2 * np.pi * 150 * emotion) * 0.1
            sound += 0.01 * rng.standard_normal(len(sound))
            soundfile.write(folder / f"Actor_{actor:02d}" / name, sound, 16_000)


def shipped(trained, tmp_path):
    bundle = ship(trained, out=tmp_path / "bundles", results=tmp_path / "results")
    report = json.loads((tmp_path / "results" / f"{bundle.spec.name}.json").read_text())
    assert report["scores"] == json.loads(bundle.spec.to_json())["scores"]
    assert report["weights_sha256"] == bundle.spec.weights_sha256
    assert "# " + bundle.spec.name in (bundle.folder / "card.md").read_text()
    return bundle


def test_text(data, tmp_path):
    make_goemotions(data / "text/GoEmotions/ekman")
    trained = text_ekman.train(data, run=tmp_path, config=text_ekman.Config(bits=12))
    bundle = shipped(trained, tmp_path)
    assert bundle.spec.scores["test"]["accuracy"] > 0.9
    assert bundle.spec.scores["test_multi_label"]["n"] == 56
    assert trained.details["spread"]["one_label_macro_f1"]["mean"] > 0.9
    assert bundle.spec.scores["test"]["n"] == 51, "comments with two labels have no one answer"
    assert bundle.was_trained_on(content_key(b"nothing of the kind")) is False


def test_face(data, tmp_path):
    make_fer(data / "fer2013")
    config = face_fer.Config(widths=(8, 8, 8, 16))
    config = replace(config, teacher_epochs=1, fit=replace(config.fit, epochs=2))
    bundle = shipped(face_fer.train(data, run=tmp_path / "run", config=config), tmp_path)
    assert bundle.spec.scores["private_test"]["n"] == 28
    assert bundle.logits(np.zeros((2, 1, 64, 64), np.float32)).shape == (2, 7)
    with np.load(data / "fer2013/fer2013.npz") as stored:
        assert bundle.was_trained_on(content_key(stored["x"][0].tobytes()))
        assert not bundle.was_trained_on(content_key(stored["x"][-1].tobytes()))


def tiny_voice() -> voice_ravdess.Config:
    config, augment = voice_ravdess.Config(), VoiceAugment(speeds=(1.0,), crop_seconds=(2.0, 2.0))
    picture = replace(
        config.picture,
        widths=(8, 8, 8, 8),
        augment=augment,
        fit=replace(config.picture.fit, epochs=1),
    )
    functionals = replace(
        config.functionals,
        hidden=8,
        passes=1,
        batch_size=16,
        augment=augment,
        fit=replace(config.functionals.fit, epochs=1),
    )
    return replace(config, seeds=(0, 1), picture=picture, functionals=functionals)


def test_voice_measures_on_people_it_does_not_know(data, tmp_path):
    make_ravdess(data / "ravdess/speech")
    run, config = tmp_path / "run", tiny_voice()
    trained = voice_ravdess.train(data, run=run, config=config)
    bundle = shipped(trained, tmp_path)
    assert len(bundle.spec.training_persons) == 24
    assert bundle.spec.scores["whole_clips"]["n"] == 48
    assert bundle.spec.scores["whole_clips"]["intervals"]["accuracy over persons"]["n"] == 24
    sound = data / "ravdess/speech/Actor_03/03-01-05-01-01-01-03.flac"
    assert bundle.was_trained_on(content_key(sound.read_bytes()))
    again = voice_ravdess.train(data, run=run, config=config)
    assert again.model == trained.model, "a finished run is read, not repeated"
    seeds = trained.details["single_seeds"]["clips"]
    both = [row["accuracy"] for row in seeds["each"]]
    assert seeds["mean"]["accuracy"] == pytest.approx(np.mean(both), abs=1e-4)
    assert seeds["sd"]["accuracy"] == pytest.approx(np.std(both, ddof=1), abs=1e-4)

    manifest = read_corpus("ravdess", data / "ravdess/speech")
    splits = plan_splits("ravdess-6fold", manifest.clips).splits[:1]
    network = voice_ravdess.fold_networks(run, splits, classes=8, config=config)[0]
    scored = read_posteriors(run / "out_of_fold.parquet")
    sound = load_audio(manifest.root / manifest.clips[0].view("audio").path)
    assert scored.clips[0] == manifest.clips[0].id
    parts = [sound, sound[:32_000]]  # a clip of 2.2 s holds one window
    with torch.inference_mode():
        whole, window = (
            network(
                torch.from_numpy(FRONT_ENDS["mel_and_melody"](part, **voice_ravdess.FRONT_END))[
                    None
                ]
            ).numpy()
            for part in parts
        )
    np.testing.assert_allclose(scored.values[0], (whole + window)[0] / 2, atol=1e-4)
    with pytest.raises(InputError, match="no trained network"):
        voice_ravdess.fold_networks(tmp_path, splits, classes=8)


def test_a_folds_temperature_does_not_depend_on_its_own_answers():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 8, (3, 30))
    folds = [
        Posteriors(
            clips=tuple(f"{fold}-{row}" for row in range(30)),
            values=2 * np.eye(8)[truth[fold]] + rng.standard_normal((30, 8)),
            label_set=label_set("ravdess8"),
            scale="logit",
            system="made",
            role=OUT_OF_FOLD,
            fold=fold,
            truth=truth[fold],
        )
        for fold in range(3)
    ]
    surer = [*folds[:2], replace(folds[2], values=folds[2].values * 5)]
    plain, changed = (voice_ravdess.across_folds(parts).values for parts in (folds, surer))
    np.testing.assert_allclose(changed[60:], 5 * plain[60:])
    assert not np.allclose(changed[:60], plain[:60])


def test_unknown_names_and_folders(tmp_path):
    with pytest.raises(InputError, match="voice-ravdess"):
        train_default("nothing", data_dir=tmp_path, out=tmp_path)
    for name in DEFAULTS:
        with pytest.raises(InputError):
            train_default(name, data_dir=tmp_path / "none", out=tmp_path)

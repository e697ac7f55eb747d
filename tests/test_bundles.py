"""The shipped bundles: whole, small, calibrated, honest about themselves, and not fooled."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from emofuse.bundle import content_key, find_bundle, shipped_folder, shipped_names
from emofuse.core import LABEL_SETS, InputError, label_map, label_set
from emofuse.perception.text import FRONT_ENDS as TEXT
from emofuse.perception.voice import FRONT_ENDS as VOICE

LIMIT_BYTES = {"face-fer": 4e6, "text-ekman": 3e6, "voice-ravdess": 4e6}
NAMES = shipped_names()
BUNDLES = pytest.mark.parametrize("name", NAMES)


def bundle_or_skip(name: str):
    if name not in NAMES:
        pytest.skip(f"{name} is not shipped")
    return find_bundle(name)


def test_the_three_default_models_are_there_and_small():
    assert set(LIMIT_BYTES) <= set(NAMES)
    assert {find_bundle(name).spec.modality for name in LIMIT_BYTES} == {"face", "voice", "text"}
    everything = sum(p.stat().st_size for p in shipped_folder().rglob("*") if p.is_file())
    assert everything <= 10e6


@BUNDLES
def test_spec_is_complete(name):
    bundle = find_bundle(name)
    spec = bundle.spec
    assert spec.name == name
    assert spec.labels == LABEL_SETS[spec.label_set].labels
    assert (spec.window_seconds, spec.hop_seconds) == (2.0, 0.5)
    assert sum(spec.training_prior) == pytest.approx(1, abs=1e-6)
    assert min(spec.training_prior) > 0
    assert 0.3 < spec.temperature < 3
    assert 0 < spec.held_out_nll < np.log(len(spec.labels)), "no better than a guess"
    assert len(spec.split_hash) == 64
    assert spec.licence
    assert spec.limits
    assert spec.training_command
    assert spec.created
    assert spec.parameters > 1000
    assert (bundle.folder / "model.onnx").stat().st_size <= LIMIT_BYTES.get(name, 4e6)
    label_map(spec.label_order, label_set("basic7"))


@BUNDLES
def test_scores_carry_counts_and_intervals(name):
    for part, scores in find_bundle(name).spec.scores.items():
        assert scores["n"] > 0, part
        for interval in scores.get("intervals", {}).values():
            assert interval["low"] <= interval["mean"] <= interval["high"]
            assert interval["over"]
        if "ece" in scores:
            assert scores["ece"] <= 0.1, part


@BUNDLES
def test_card_says_what_it_must(name):
    bundle = find_bundle(name)
    card = (bundle.folder / "card.md").read_text(encoding="utf-8")
    for heading in ("Intended use", "Out of scope", "Training data and licence", "Protocol",
                    "Held-out scores", "Calibration", "Limits"):  # fmt: skip
        assert f"## {heading}" in card
    for word in ("hiring", "education", "medicine", bundle.spec.licence, "95 %"):
        assert word in card
    assert "feels" in card.split("## Out of scope")[1].split("##")[0]


@BUNDLES
def test_training_items_are_known(name):
    bundle = find_bundle(name)
    assert len(bundle.training_keys) > 1000
    assert not bundle.was_trained_on(content_key(b"never seen"))


SENTENCES = {
    "joy": "I love this, thank you so much, I am so happy!",
    "anger": "I hate you, this makes me so angry, shut up!",
    "sadness": "I am so sad, I miss her and I cried all night.",
    "fear": "I am terrified, that is so scary.",
    "surprise": "Wow, I can't believe it, what a surprise!",
    "disgust": "That is disgusting, gross, I feel sick.",
    "neutral": "The train leaves at seven from platform two.",
}


@pytest.mark.parametrize(("label", "sentence"), SENTENCES.items())
def test_text_model_reads_plain_sentences(label, sentence):
    bundle = bundle_or_skip("text-ekman")
    part = bundle.spec.inputs[0]
    logits = bundle.logits(*TEXT[part.front_end](sentence, **part.parameters))
    assert bundle.spec.labels[int(logits[0].argmax())] == label


def test_empty_text_gives_an_answer_near_the_prior():
    bundle = bundle_or_skip("text-ekman")
    part = bundle.spec.inputs[0]
    log_prob = bundle.calibrated(bundle.logits(*TEXT[part.front_end]("", **part.parameters)))
    assert np.isfinite(log_prob).all()


def test_voice_model_hears_loud_and_quiet_alike():
    bundle = bundle_or_skip("voice-ravdess")
    part = bundle.spec.inputs[0]
    seconds = np.arange(32_000) / 16_000
    rng = np.random.default_rng(0)
    sound = np.sin(2 * np.pi * 180 * seconds) * (1 + np.sin(2 * np.pi * 3 * seconds)) * 0.1
    sound = (sound + 0.01 * rng.standard_normal(32_000)).astype(np.float32)
    answers = [
        bundle.logits(VOICE[part.front_end](sound * gain, **part.parameters)[None])[0]
        for gain in (0.1, 1.0, 3.0)
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=0.05)
    np.testing.assert_allclose(answers[2], answers[1], atol=0.05)


@pytest.mark.parametrize("batch", [1, 3])
def test_face_model_answers_any_batch(batch):
    bundle = bundle_or_skip("face-fer")
    size = bundle.spec.inputs[0].parameters["size"]
    images = np.random.default_rng(0).standard_normal((batch, 1, size, size)).astype(np.float32)
    assert bundle.logits(images).shape == (batch, 7)


def test_real_training_items_are_found(data_dir):
    """The keys are of the content: file bytes and samples, picture bytes, normalised text."""
    text = bundle_or_skip("text-ekman")
    line = (data_dir / "text/GoEmotions/ekman/train.tsv").read_text(encoding="utf-8").split("\t")[0]
    assert text.was_trained_on(content_key(" ".join(line.split()).encode("utf-8")))
    voice = bundle_or_skip("voice-ravdess")
    sound = data_dir / "ravdess/speech/Actor_05/03-01-05-01-01-01-05.flac"
    assert voice.was_trained_on(content_key(sound.read_bytes()))
    face = bundle_or_skip("face-fer")
    with np.load(data_dir / "fer2013/fer2013.npz", allow_pickle=False) as stored:
        pictures, usage = stored["x"], stored["usage"]
    assert face.was_trained_on(content_key(pictures[int(np.flatnonzero(usage == 0)[0])].tobytes()))
    unseen = [content_key(picture.tobytes()) for picture in pictures[usage == 2]]
    assert np.mean([key in face.training_keys for key in unseen]) < 0.1


def test_a_run_stands_for_the_bundle_exported_from_it(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="emofuse export"):
        find_bundle(tmp_path)
    shutil.copytree(find_bundle("text-ekman").folder, tmp_path / "bundle")
    assert find_bundle(tmp_path).spec.name == "text-ekman"

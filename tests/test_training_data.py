"""What training feeds the networks is what analysis feeds them, and augmentation stays in bounds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import Clip, View, label_set  # noqa: E402
from emofuse.perception.face import expression_crop, mesh_on_crop  # noqa: E402
from emofuse.perception.text import hashed_ngrams  # noqa: E402
from emofuse.perception.voice import FRONT_ENDS  # noqa: E402
from emofuse.training.face_augment import FaceAugment, change_faces  # noqa: E402
from emofuse.training.face_crops import face_crops, to_tensor  # noqa: E402
from emofuse.training.runs import cached_arrays  # noqa: E402
from emofuse.training.text_linear import (  # noqa: E402
    TextLinear,
    count_matrix,
    fit_text_linear,
    lifted,
    log_ratios,
    to_onnx,
)
from emofuse.training.voice_augment import (  # noqa: E402
    VoiceAugment,
    another_speaker,
    change_speed,
    change_voices,
    crop_frames,
    punch_holes,
)
from emofuse.training.voice_data import functionals_table, load_voices  # noqa: E402

PARAMETERS = {"bits": 10, "word_ngrams": [1, 2], "char_ngrams": [2, 4]}
HAPPY = ["I love this so much", "what a wonderful day", "great news, thank you", "this is lovely"]
FRONT_END = {
    "level_db": -26.0,
    "n_mels": 48,
    "hop_seconds": 0.02,
    "floor": 1e-6,
    "mean": -11.0,
    "std": 3.0,
}
ANGRY = ["I hate you", "this is awful, stop it", "how dare you", "you ruined everything"]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path))
    return tmp_path


def test_cache_is_keyed_by_content_and_settings(runs):
    calls = []

    def compute():
        calls.append(1)
        return {"x": np.arange(len(calls))}

    for content, settings in ((b"a", 1), (b"a", 1), (b"b", 1), (b"a", 2)):
        cached_arrays("t", compute, content=[content], settings={"s": settings})
    assert len(calls) == 3
    again = cached_arrays("t", compute, content=[b"b"], settings={"s": 1})
    assert len(again["x"]) == 2


def portrait() -> np.ndarray:
    """The head of NASA's portrait of Eileen Collins, grey, as small as FER2013's faces."""
    package = find_spec("skimage")
    if package is None:
        pytest.skip("the portrait comes with scikit-image: pip install 'emofuse[dev]'")
    path = Path(package.origin).parent / "data" / "astronaut.png"
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[0:240, 100:340]
    return cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA)


def test_face_crops_are_those_of_analysis(runs):
    grey = portrait()
    blank = np.full((48, 48), 90, np.uint8)
    crops = face_crops(np.stack([grey, blank]), size=64, margin=1.0)
    assert crops.aligned.tolist() == [True, False]
    large = cv2.cvtColor(
        cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB
    )
    used = expression_crop(large, mesh_on_crop(large), size=64, margin=1.0)
    np.testing.assert_allclose(to_tensor(crops.pixels)[0].numpy(), used, atol=1e-4)
    assert np.isfinite(to_tensor(crops.pixels).numpy()).all()


def test_face_changes_keep_shape_range_and_seed():
    pixels = torch.rand(8, 1, 64, 64) * 255
    options = FaceAugment()
    first, second = (change_faces(pixels, options, np.random.default_rng(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == pixels.shape
    assert first.min() >= 0
    assert first.max() <= 255.001
    assert not torch.equal(first, change_faces(pixels, options, np.random.default_rng(2)))


def test_no_face_change_is_the_same_or_the_mirrored_picture():
    still = FaceAugment(degrees=0, shift=0, scale=0, squeeze=0, gamma=0, blur=0, cover=0)
    pixels = torch.rand(24, 1, 32, 32) * 255
    changed = change_faces(pixels, still, np.random.default_rng(0))
    mirrored = [torch.allclose(a, b.flip(-1), atol=0.01) for a, b in zip(changed, pixels)]
    same = [torch.allclose(a, b, atol=0.01) for a, b in zip(changed, pixels)]
    assert all(m or s for m, s in zip(mirrored, same))
    assert any(mirrored)
    assert any(same)


@pytest.fixture
def voices(runs, tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="needs the train extra")
    clips = []
    for number, label in enumerate(("calm", "angry", "sad")):
        seconds = np.arange(int(16_000 * (1.5 + number))) / 16_000
        sound = 0.1 * np.sin(2 * np.pi * 200 * (number + 1) * seconds)
        soundfile.write(tmp_path / f"{number}.flac", sound, 16_000)
        clips.append(
            Clip(f"c{number}", "made", (View("audio", f"{number}.flac"),), str(number), label=label)
        )
    return load_voices(
        clips,
        root=tmp_path,
        labels=label_set("ravdess8"),
        front_end=FRONT_END,
        augment=VoiceAugment(),
    )


def test_voice_features_are_those_of_analysis(voices):
    samples = voices.samples(2)
    np.testing.assert_array_equal(
        voices.features(samples), FRONT_ENDS["mel_and_melody"](samples, **voices.front_end)
    )
    whole = {int(row[0]): part for row, part in list(voices.whole_batches())[3:6]}  # speed 1
    np.testing.assert_allclose(whole[2][0].numpy(), voices.features(samples), atol=2e-3)


def test_the_table_holds_every_clip_whole_and_some_crops_of_it(voices):
    def loudest(features):
        return features[..., : FRONT_END["n_mels"]].amax((1, 2))[:, None]

    values, rows = functionals_table(voices, loudest, passes=2)
    assert np.bincount(rows).tolist() == [5, 5, 5], "three speeds and two passes"
    assert values.shape == (15, 1)
    again, _ = functionals_table(voices, loudest, passes=2)
    assert torch.equal(values, again)


@pytest.mark.parametrize(("row", "count"), [(0, 1), (1, 2), (2, 4)])
def test_windows_lie_inside_the_clip(voices, row, count):
    windows = voices.windows(row, window_seconds=2.0, hop_seconds=0.5)
    assert len(windows) == count
    assert len({part.shape for part in windows}) == 1


def test_training_batches_repeat_with_their_seed(voices):
    rows = np.array([0, 2, 1, 2])
    (first,), target = voices.training_batch(rows, np.random.default_rng(5))
    (second,), _ = voices.training_batch(rows, np.random.default_rng(5))
    assert torch.equal(first, second)
    assert torch.isfinite(first).all()
    assert target.tolist() == [1, 3, 4, 3]


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_speed_changes_length_and_pitch(speed):
    seconds = np.arange(16_000) / 16_000
    changed = change_speed(np.sin(2 * np.pi * 400 * seconds).astype(np.float32), speed)
    assert len(changed) == pytest.approx(16_000 / speed, abs=2)
    peak = np.abs(np.fft.rfft(changed)).argmax() * 16_000 / len(changed)
    assert peak == pytest.approx(400 * speed, abs=2)


@pytest.mark.parametrize("frames", [5, 40, 41, 90])
def test_crops_have_the_length_asked_for(frames):
    features = np.arange(frames, dtype=np.float32)[:, None] + np.zeros((1, 3))
    for seed in range(6):
        crop = crop_frames(features, 40, silence=-9.0, rng=np.random.default_rng(seed))
        assert crop.shape == (40, 3)
        inside = crop[crop[:, 0] >= 0, 0]
        assert len(inside) == min(frames, 40)
        assert (np.diff(inside) == 1).all()


def test_of_several_places_the_loudest_is_taken():
    features = np.zeros((200, 3), np.float32)
    features[80:120] = 1

    def sound(places: int) -> float:
        rng = np.random.default_rng(0)
        crops = [crop_frames(features, 60, silence=0, rng=rng, places=places) for _ in range(50)]
        return float(np.mean([crop.mean() for crop in crops]))

    assert sound(4) > sound(1) + 0.1


def test_another_speaker_is_quicker_or_larger_but_says_the_same():
    frames, bands = np.arange(300)[:, None], np.arange(48)[None]
    features = np.exp(-((bands - 20 - frames / 30) ** 2) / 8).astype(np.float32)

    def slope(**changes: float) -> np.ndarray:
        options = VoiceAugment(**changes)
        spoken = [
            another_speaker(
                features, 100, bands=48, silence=0, options=options, rng=np.random.default_rng(seed)
            )
            for seed in range(8)
        ]
        assert {one.shape for one in spoken} == {(100, 48)}
        peaks = np.stack([one.argmax(1) for one in spoken])
        return peaks[:, -1] - peaks[:, 0]

    assert set(slope()) <= {3, 4}, "without changes it is a crop"
    assert np.ptp(slope(tempo=0.4)) >= 2
    still = VoiceAugment(warp=0.3)
    tone = np.zeros((100, 48), np.float32)
    tone[:, 20] = 1
    heights = {
        int(
            another_speaker(
                tone, 100, bands=48, silence=0, options=still, rng=np.random.default_rng(seed)
            )[50].argmax()
        )
        for seed in range(8)
    }
    assert len(heights) > 2
    assert max(heights) <= 20 / 0.7 + 1
    assert min(heights) >= 20 / 1.3 - 1


def test_a_line_cuts_the_outer_bands_only():
    mel = np.zeros((40, 10, 48), np.float32)
    line = VoiceAugment(noise=0, eq_db=0, gain_db=0, telephone=0.5)
    heard = change_voices(mel, options=line, floor=1e-6, rng=np.random.default_rng(0))
    cut = (heard < -1).any((1, 2))
    assert 10 < cut.sum() < 30
    assert (heard[:, :, 6:32] == 0).all()
    assert (heard[cut][:, :, -1] == np.float32(np.log(1e-6))).all()


def test_noise_only_adds_power():
    rng = np.random.default_rng(0)
    mel = rng.uniform(-10, 2, (8, 50, 48)).astype(np.float32)
    noisy = VoiceAugment(noise=1.0, snr_db=(0, 0), eq_db=0, gain_db=0)
    changed = change_voices(mel, options=noisy, floor=1e-6, rng=rng)
    assert (changed >= mel - 1e-4).all()
    added = (np.exp(changed) - np.exp(mel)).mean((1, 2)) / np.exp(mel).mean((1, 2))
    np.testing.assert_allclose(added, 1, rtol=0.05)  # 0 dB: as much noise as voice


def test_noise_takes_its_share_of_the_melody():
    mel, melody = np.zeros((8, 50, 48), np.float32), np.ones((8, 50, 20), np.float32)
    loud = VoiceAugment(noise=1.0, snr_db=(0, 0), eq_db=0, gain_db=0)
    change_voices(mel, options=loud, floor=1e-6, rng=np.random.default_rng(0), melody=melody)
    assert melody.mean() == pytest.approx(0.5, abs=0.02)
    still = VoiceAugment(noise=0.0)
    kept = np.ones((8, 50, 20), np.float32)
    change_voices(mel, options=still, floor=1e-6, rng=np.random.default_rng(0), melody=kept)
    assert (kept == 1).all()


def test_a_warped_voice_keeps_its_melody():
    features = np.random.default_rng(0).random((100, 60)).astype(np.float32)
    changed = another_speaker(
        features,
        100,
        bands=48,
        silence=0,
        options=VoiceAugment(warp=0.3),
        rng=np.random.default_rng(1),
    )
    np.testing.assert_allclose(changed[:, 48:], features[:, 48:], atol=1e-6)
    assert not np.allclose(changed[:, :48], features[:, :48], atol=0.05)


def test_silence_stays_at_the_floor():
    silence = np.full((4, 50, 48), np.log(1e-6), np.float32)
    changed = change_voices(
        silence, options=VoiceAugment(), floor=1e-6, rng=np.random.default_rng(0)
    )
    assert np.isfinite(changed).all()
    assert changed.min() >= np.float32(np.log(1e-6))
    assert changed.max() < np.log(1e-4)


def test_no_voice_change_is_the_same():
    mel = np.random.default_rng(0).uniform(-10, 2, (4, 50, 48)).astype(np.float32)
    still = VoiceAugment(noise=0, eq_db=0, gain_db=0, frequency_masks=0, time_masks=0)
    rng = np.random.default_rng(0)
    same = change_voices(mel, options=still, floor=1e-6, rng=rng)
    np.testing.assert_allclose(punch_holes(same, options=still, rng=rng), mel, atol=1e-6)


@pytest.fixture(scope="module")
def text_model() -> TextLinear:
    counts = count_matrix(HAPPY + ANGRY, PARAMETERS)
    return fit_text_linear(counts, np.repeat(np.eye(2), 4, axis=0), strength=4.0)


@pytest.mark.parametrize("text", ["I love you", "", "hate hate hate!!!", "x", "☕ über 7"])
def test_text_graph_equals_the_fitted_model(text_model, text):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(to_onnx(text_model))
    buckets, counts = hashed_ngrams(text, **PARAMETERS)
    logits = session.run(None, {"buckets": buckets, "counts": counts})[0]
    assert logits.shape == (1, 2)
    expected = text_model.logits(count_matrix([text], PARAMETERS))
    np.testing.assert_allclose(logits, expected, atol=1e-2)


def test_text_model_learns_and_balances(text_model):
    answer = text_model.logits(count_matrix(["I love it", "I hate it"], PARAMETERS)).argmax(1)
    assert answer.tolist() == [0, 1]
    counts, labels = count_matrix(HAPPY + ANGRY[:1], PARAMETERS), np.eye(2)[[0, 0, 0, 0, 1]]
    plain = fit_text_linear(counts, labels, strength=1.0)
    even = lifted(plain, labels.mean(0), balance=1.0)
    unseen = count_matrix(["table seven"], PARAMETERS)
    lean = [float(np.diff(model.logits(unseen))[0, 0]) for model in (plain, even)]
    assert lean[1] > lean[0]


def test_a_text_can_have_two_labels_at_once():
    texts = ["good day", "bad day", "good and bad", "table"]
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], float)
    counts = count_matrix(texts, PARAMETERS)
    logits = fit_text_linear(counts, labels, strength=100.0).logits(counts)
    np.testing.assert_array_equal(logits > 0, labels > 0)


def test_log_ratios_say_what_a_word_tells():
    counts = count_matrix(["joy joy", "joy", "rage", "day"], PARAMETERS | {"char_ngrams": [9, 3]})
    labels = np.array([[1], [1], [0], [0]], float)
    ratios = log_ratios(counts, labels)
    (joy,), _ = hashed_ngrams("joy", **PARAMETERS | {"char_ngrams": [9, 3]})
    (rage,), _ = hashed_ngrams("rage", **PARAMETERS | {"char_ngrams": [9, 3]})
    size = 2 ** PARAMETERS["bits"]
    with_label, without = size + 3, size + 2  # "joy joy" holds a bucket for the pair as well
    assert ratios[joy, 0] == pytest.approx(np.log(3 / with_label) - np.log(1 / without))
    assert ratios[rage, 0] == pytest.approx(np.log(1 / with_label) - np.log(2 / without))

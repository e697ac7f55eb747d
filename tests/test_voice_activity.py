"""Speech is told from silence, noise and music, in chunks of any size."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import InputError
from emofuse.perception.voice import VoiceActivity, activity, speech_share

RATE, SECONDS = 16_000, 4
TIME = np.arange(RATE * SECONDS) / RATE
RANDOM = np.random.default_rng(0)
MELODY = np.array([262, 294, 330, 349, 392, 440, 494, 523])


def _decay(per_second: float) -> np.ndarray:
    return np.exp(-6 * ((TIME * per_second) % 1))


def _saw(hz: np.ndarray | float) -> np.ndarray:
    return 2 * ((np.cumsum(np.broadcast_to(hz, len(TIME))) / RATE) % 1) - 1


def _melody(notes_per_second: float) -> np.ndarray:
    return MELODY[(TIME * notes_per_second).astype(int) % len(MELODY)]


NOT_SPEECH = {
    "zeros": 0 * TIME,
    "white noise": 0.1 * RANDOM.standard_normal(len(TIME)),
    "fluctuating noise": 0.1 * RANDOM.standard_normal(len(TIME)) * (1 + np.sin(8 * np.pi * TIME)),
    "clicks": np.where(RANDOM.random(len(TIME)) < 0.001, 0.8, 0.0),
    "drums": 0.5 * RANDOM.standard_normal(len(TIME)) * _decay(3),
    "hum": 0.2 * sum(np.sin(2 * np.pi * 50 * k * TIME) / k for k in range(1, 8)),
    "chords": 0.1 * sum(_saw(hz) for hz in (220.0, 277.0, 330.0)) * _decay(1),
    "organ": 0.1
    * sum(np.sin(2 * np.pi * f * k * TIME) / k for f in (196, 247, 294) for k in (1, 2, 3, 4)),
    "sine melody": 0.3 * np.sin(2 * np.pi * np.cumsum(_melody(3)) / RATE) * _decay(3),
    "sawtooth melody": 0.2 * _saw(_melody(4)) * _decay(4),
    "sweep": 0.3 * np.sin(2 * np.pi * (100 * TIME + 400 * TIME**2)),
}


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    with np.load(Path(__file__).parent / "golden" / "voice.npz", allow_pickle=False) as values:
        return values["speech"].astype(np.float32) / 32768


def share(samples: np.ndarray) -> float:
    return speech_share(VoiceActivity().push(samples.astype(np.float32)))


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_music_and_noise_are_no_speech_at_any_level(name):
    for gain in (1.0, 0.1):
        assert share(gain * NOT_SPEECH[name]) == 0


@pytest.mark.parametrize("gain", [1.0, 0.01])
def test_speech_is_found_where_it_is(speech, gain):
    around = np.zeros(RATE, np.float32)
    probabilities = VoiceActivity().push(np.concatenate([around, gain * speech, around]))
    times = np.arange(len(probabilities)) * VoiceActivity.frame_seconds
    said = (times > 1.3) & (times < 2.4)
    assert (probabilities[said] > 0.5).mean() > 0.9
    assert (probabilities[(times < 0.9) | (times > 2.9)] < 0.5).all()


def test_speech_is_found_in_noise(speech):
    level = np.sqrt(np.mean(speech**2))
    assert share(speech + level * RANDOM.standard_normal(len(speech))) > 0.5


def test_high_speech_is_heard_that_the_network_alone_takes_for_music(speech):
    """As strongly acted fear and anger do, its pitch lies above that of speech."""
    quiet = np.zeros(RATE // 2, np.float32)
    high = np.concatenate([quiet, soxr.resample(speech, 3, 1), quiet])
    whole_frames = 64 + (len(high) - 64) // 512 * 512
    assert speech_share(activity._Listener().probabilities(high[:whole_frames])) == 0
    assert share(high) > 0.3


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 29_292), max_size=12))
def test_any_chunking_gives_the_same_sequence(speech, cuts):
    whole = VoiceActivity().push(speech)
    assert len(whole) == len(speech) // 512
    stream = VoiceActivity()
    parts = [stream.push(part) for part in np.split(speech, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.dtype == np.float32 and ((whole >= 0) & (whole <= 1)).all()


def test_reset_forgets_what_was_heard(speech):
    stream = VoiceActivity()
    first = stream.push(speech[:10_000])
    stream.reset()
    np.testing.assert_array_equal(stream.push(speech[:10_000]), first)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([], 0.0),
        ([0.9] * 3 + [0.0] * 7, 0.0),  # 96 ms: a click
        ([0.9] * 4 + [0.0] * 6, 0.4),
        ([0.0] + [0.9, 0.9, 0.9, 0.9, 0.0] * 2, 8 / 11),
        ([0.5] * 10, 1.0),
    ],
    ids=["none", "too short", "long enough", "two runs", "all"],
)
def test_speech_share_counts_runs_of_a_tenth_of_a_second(probabilities, expected):
    assert speech_share(np.array(probabilities)) == pytest.approx(expected)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    damaged = tmp_path / "weights.onnx"
    damaged.write_bytes(activity.WEIGHTS.read_bytes()[:-1])
    for path, reason in ((damaged, "SHA-256"), (tmp_path / "absent.onnx", "cannot be read")):
        monkeypatch.setattr(activity, "WEIGHTS", path)
        with pytest.raises(InputError, match=reason):
            activity._load.__wrapped__()


def test_shipped_weights_are_the_recorded_ones():
    assert hashlib.sha256(activity.WEIGHTS.read_bytes()).hexdigest() == activity.WEIGHTS_SHA256
    assert "MIT License" in (activity.WEIGHTS.parent / "LICENSE").read_text(encoding="utf-8")


def _sound_of(path: Path) -> np.ndarray:
    resampler = av.AudioResampler("fltp", "mono", RATE)
    with av.open(str(path)) as container:
        frames = [part for f in container.decode(audio=0) for part in resampler.resample(f)]
    return np.concatenate([f.to_ndarray()[0] for f in [*frames, *resampler.resample(None)]])


@pytest.mark.parametrize(
    ("pattern", "low", "high"),
    [
        ("clips/no_face.mp4", 0.0, 0.0),
        ("clips/single_face.mp4", 0.0, 0.0),  # a selfie in which nobody speaks
        ("clips/*.mpg", 0.3, 0.7),
        ("ravdess/video/actor05_360p/*.mp4", 0.3, 0.7),
        ("ravdess/video/actor05_720p/02-*.mp4", 0.0, 0.0),  # its sound is zeros
        ("ravdess/speech/Actor_06/03-01-05-02-02-*.flac", 0.3, 0.7),  # screamed at 500 Hz
        ("ravdess/speech/Actor_1[23]/03-01-0[1-8]-01-01-01-*.flac", 0.2, 0.8),
    ],
)
def test_real_recordings(data_dir, pattern, low, high):
    found = sorted(data_dir.glob(pattern))
    assert found
    for path in found:
        assert low <= share(_sound_of(path)) <= high, path.name

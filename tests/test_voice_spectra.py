"""Mel power, decibels, log-mel and MFCC against librosa's numbers and against their definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal import stft

from emofuse.perception.voice import (
    FRONT_ENDS,
    MelOptions,
    log_mel,
    mel_filters,
    mel_spectrogram,
    mfcc,
    power_to_db,
)

GOLDEN = Path(__file__).parent / "golden" / "voice.npz"
OPTIONS = {
    "ours": MelOptions(win_length=400, fmin=50),
    "s3": MelOptions(
        48_000, n_fft=1024, win_length=512, hop_length=256, n_mels=128, window="hamming"
    ),
    "s4": MelOptions(48_000, n_fft=1024, hop_length=512, n_mels=128, fmin=50),
    "s0": MelOptions(22_050, n_fft=2048, hop_length=512, n_mels=128),
}


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as values:
        return dict(values)


@pytest.fixture(scope="module")
def sound(golden):
    return golden["sound"].astype(np.float32) / 32768


@pytest.mark.parametrize("name", OPTIONS)
def test_published_front_ends_equal_librosa(name, sound, golden):
    power = mel_spectrogram(sound, OPTIONS[name])
    assert power.dtype == np.float32
    expected = golden[f"{name}_mel"]
    np.testing.assert_allclose(power[::4], expected, rtol=0, atol=1e-5 * expected.max())
    decibels = power_to_db(power, ref="max" if name == "s3" else 1.0)
    np.testing.assert_allclose(decibels[::4], golden[f"{name}_db"], atol=0.01)
    coefficients = mfcc(sound, OPTIONS[name], n_mfcc=10)
    np.testing.assert_allclose(coefficients[::4], golden[f"{name}_mfcc"], atol=0.02)


def test_log_mel_is_the_natural_logarithm_of_librosas_power(sound, golden):
    ours, power = log_mel(sound)[::4], golden["ours_mel"]
    assert ours.shape == power.shape
    loud = power > 1e-8
    np.testing.assert_allclose(ours[loud], np.log(power[loud]), atol=2e-3)
    assert loud.mean() > 0.9


def test_mel_power_equals_scipys_transform_and_filters_written_out(sound):
    options = OPTIONS["ours"]
    _, _, spectrum = stft(
        sound.astype(float),
        nperseg=400,
        noverlap=240,
        nfft=512,
        window="hann",
        boundary=None,
        scaling="spectrum",
        padded=False,
    )
    power = np.abs(spectrum * 200).T ** 2  # scipy divides by the window's sum
    uncentred = MelOptions(n_fft=512, win_length=400, fmin=50, centred=False)
    filters = np.array([_triangle(band) for band in range(64)]).T
    # Without centring a frame is 512 samples and the window of 400 lies 56 samples into it.
    ours = mel_spectrogram(np.concatenate([np.zeros(56, np.float32), sound]), uncentred)
    expected = (power @ filters)[: len(ours)]
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-6 * expected.max())
    np.testing.assert_allclose(mel_filters(options), filters, atol=1e-7)


def _triangle(band: int, low: float = 50.0, high: float = 8000.0, bands: int = 64) -> np.ndarray:
    """One Slaney filter, point by point from the definition."""

    def mel(hz):
        return hz / (200 / 3) if hz < 1000 else 15 + np.log(hz / 1000) / (np.log(6.4) / 27)

    def hz(mel):
        return mel * 200 / 3 if mel < 15 else 1000 * np.exp(np.log(6.4) / 27 * (mel - 15))

    step = (mel(high) - mel(low)) / (bands + 1)
    left, peak, right = (hz(mel(low) + step * (band + k)) for k in range(3))
    row = np.interp(np.arange(257) * 31.25, [left, peak, right], [0, 1, 0], left=0, right=0)
    return row * 2 / (right - left)


def test_mfcc_is_the_cosine_transform_of_decibels(sound):
    decibels = power_to_db(mel_spectrogram(sound, OPTIONS["s0"]))
    expected = dct(decibels, type=2, norm="ortho", axis=1)[:, :10]
    np.testing.assert_allclose(mfcc(sound, OPTIONS["s0"], n_mfcc=10), expected, atol=1e-4)


def test_a_tone_lights_the_band_at_its_frequency():
    time = np.arange(16_000) / 16_000
    options = OPTIONS["ours"]
    centres = mel_filters(options).argmax(0) * 31.25
    for hz in (200.0, 1000.0, 4000.0):
        tone = (0.1 * np.sin(2 * np.pi * hz * time)).astype(np.float32)
        band = mel_spectrogram(tone, options)[20:-20].mean(0).argmax()
        assert abs(centres[band] - hz) < 0.06 * hz + 31.25


def test_rows_do_not_depend_on_what_surrounds_them(sound):
    long = np.tile(sound, 30)  # several blocks
    whole = log_mel(long)
    assert whole.shape == (1 + len(long) // 160, 64)
    part = log_mel(long[1600 * 20 : 1600 * 25])
    np.testing.assert_allclose(part[4:-4], whole[204:247], atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "rows"), [(0, 0), (1, 1), (159, 1), (160, 2), (1600, 11)], ids=str
)
def test_short_sounds_give_whole_rows_and_silence_the_floor(samples, rows):
    features = log_mel(np.zeros(samples, np.float32))
    assert features.shape == (rows, 64)
    np.testing.assert_allclose(features, np.log(1e-10), atol=1e-4)


def test_uncentred_leaves_the_unfilled_tail_out():
    options = MelOptions(n_fft=512, hop_length=160, centred=False)
    assert len(mel_spectrogram(np.ones(511, np.float32), options)) == 0
    assert len(mel_spectrogram(np.ones(512 + 160, np.float32), options)) == 2


def test_decibels_are_clipped_below_the_maximum_and_refer_to_it():
    power = np.array([[1e-30, 1.0], [100.0, 0.01]])
    assert power_to_db(power).tolist() == [[-60.0, 0.0], [20.0, -20.0]]
    assert power_to_db(power, ref="max", top_db=None).tolist() == [[-120.0, -20.0], [0.0, -40.0]]
    assert power_to_db(np.empty((0, 4))).shape == (0, 4)


@pytest.mark.parametrize(
    "options",
    [{"win_length": 600}, {"fmin": 9000}, {"fmax": 8001}, {"hop_length": 0}, {"fmin": -1}],
    ids=str,
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError):
        MelOptions(**options)


@pytest.mark.parametrize(
    "samples",
    [np.zeros((2, 100), np.float32), np.zeros(100, np.int16), np.array([0.1, np.nan])],
    ids=["stereo", "integers", "nan"],
)
def test_what_is_not_mono_float_sound_is_refused(samples):
    with pytest.raises(ValueError):
        log_mel(samples)


def test_front_end_gives_equal_input_for_loud_and_quiet(sound):
    front_end = FRONT_ENDS["log_mel"]
    loud = front_end(sound, level_db=-26.0)
    for gain in (0.02, 0.3, 3.0):
        quiet = front_end(sound * np.float32(gain), level_db=-26.0)
        np.testing.assert_allclose(quiet, loud, atol=1e-3)
    assert np.abs(front_end(sound * np.float32(0.3)) - front_end(sound)).max() > 1


def test_front_end_normalises_each_band_by_fixed_numbers(sound):
    mean, std = list(range(-40, 0)), [2.0] * 40
    plain = log_mel(sound, n_mels=40)
    front = FRONT_ENDS["log_mel"](sound, n_mels=40, mean=mean, std=std)
    assert front.dtype == np.float32
    np.testing.assert_allclose(front, (plain - np.array(mean)) / 2, atol=1e-5)

"""Differential entropy, power, asymmetry, grid: against formulas and an independent reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, filtfilt, lfilter

from emofuse.core import InputError
from emofuse.perception.eeg import (
    BANDS,
    EPOC14,
    FRONT_ENDS,
    GRID,
    SEED62,
    Stretch,
    asymmetry,
    band_variance,
    differential_entropy,
    fit_normaliser,
    grid,
    make_recording,
    pairs,
    window_features,
)

RATE = 200.0


def noise(seconds: float = 20.0, channels: int = 3, rate: float = RATE, seed: int = 0):
    return np.random.default_rng(seed).normal(0, 10, (round(seconds * rate), channels))


def reference(values: np.ndarray, *, published: bool) -> np.ndarray:
    """Window by window, channel by channel, with the b, a form of the filters."""
    length = round(4 * RATE)
    count = len(values) // length
    found = np.zeros((count, values.shape[1], len(BANDS)))
    for b, (low, high) in enumerate(BANDS.values()):
        if published:
            numerator, denominator = butter(5, [low / 64, high / 64], btype="band")
        else:
            numerator, denominator = butter(4, [low / 100, high / 100], btype="band")
        for c in range(values.shape[1]):
            whole = filtfilt(numerator, denominator, values[:, c], padlen=200)
            for w in range(count):
                cut = slice(w * length, (w + 1) * length)
                part = whole[cut]
                if published:
                    part = lfilter(numerator, denominator, values[cut, c])
                found[w, c, b] = 0.5 * math.log2(2 * math.pi * math.e * float(np.var(part)))
    return found


@pytest.mark.parametrize("published", [False, True])
def test_equals_an_independent_reference(published):
    values = noise()
    ours = differential_entropy(values, rate_hz=RATE, published=published)
    np.testing.assert_allclose(ours, reference(values, published=published), rtol=0, atol=1e-6)


def test_a_rhythm_shows_in_its_band_and_nowhere_else():
    times = np.arange(4000) / RATE
    for band, frequency in zip(BANDS, (6, 11, 20, 40), strict=True):
        wave = 8 * np.sin(2 * np.pi * frequency * times)[:, None]
        power = band_variance(wave, rate_hz=RATE)[1:-1, 0].mean(0)
        expected = np.where(np.array(list(BANDS)) == band, 32.0, 0.0)  # amplitude² / 2
        np.testing.assert_allclose(power, expected, atol=0.5)


def test_the_published_form_sees_another_band():
    """On 200 Hz data its "theta" is 6.25 to 12.5 Hz: a true 5 Hz rhythm is lost."""
    wave = 8 * np.sin(2 * np.pi * 5 * np.arange(800) / RATE)[:, None]
    right = band_variance(wave, rate_hz=RATE)[0, 0, 0]
    published = band_variance(wave, rate_hz=RATE, published=True)[0, 0, 0]
    assert right > 25
    assert published < 0.2 * right


@settings(deadline=None, max_examples=15)
@given(gain=st.floats(0.1, 50), offset=st.floats(-1000, 1000))
def test_gain_adds_its_binary_logarithm_and_offset_nothing(gain, offset):
    values = noise(8)
    before = differential_entropy(values, rate_hz=RATE)
    after = differential_entropy(gain * values + offset, rate_hz=RATE)
    np.testing.assert_allclose(after - before, math.log2(gain), atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(order=st.permutations(range(3)))
def test_channels_do_not_mix(order):
    values = noise(8)
    swapped = differential_entropy(values[:, order], rate_hz=RATE)
    np.testing.assert_allclose(swapped, differential_entropy(values, rate_hz=RATE)[:, order])


def test_windows_overlap_and_leave_the_rest_out():
    values = noise(11)
    assert differential_entropy(values, rate_hz=RATE).shape == (2, 3, 4)
    dense = differential_entropy(values, rate_hz=RATE, hop_seconds=1.0)
    assert dense.shape == (8, 3, 4)
    np.testing.assert_allclose(dense[[0, 4]], differential_entropy(values, rate_hz=RATE))
    assert differential_entropy(values[:700], rate_hz=RATE).shape == (0, 3, 4)


def test_too_slow_a_recording_is_refused():
    with pytest.raises(InputError, match="needs more than 98 Hz"):
        differential_entropy(noise(rate=90), rate_hz=90)


def test_unknown_samples_spoil_no_neighbour():
    values = noise()
    holes = values.copy()
    holes[1000:1004, 0] = np.nan
    holes[:, 2] = np.nan
    clean, found = (differential_entropy(v, rate_hz=RATE) for v in (values, holes))
    np.testing.assert_allclose(found[:, 1], clean[:, 1])
    np.testing.assert_allclose(found[:, 0], clean[:, 0], atol=0.1)
    assert np.isnan(found[:, 2]).all()


def test_window_features_mask_what_was_lost():
    values = noise(12)
    present = np.ones(len(values), bool)
    present[700:1500] = False
    values[~present] = np.nan
    recording = make_recording(values, rate_hz=RATE, channels="ABC", present=present)
    track = window_features(recording)
    assert track.times.tolist() == [0, 4, 8]
    assert track.mask.tolist() == [True, False, True]
    assert window_features(recording, kind="power").unit == "uV2"


def test_grid_puts_every_electrode_in_its_cell():
    features = np.arange(14 * 4, dtype=float).reshape(1, 14, 4) + 1
    picture = grid(features, EPOC14)
    assert picture.shape == (1, 4, 9, 9)
    assert (picture != 0).sum() == 14 * 4
    for column, name in enumerate(EPOC14):
        np.testing.assert_array_equal(picture[0, :, *GRID[name]], features[0, column])
    assert GRID["AF3"] == (1, 3) and GRID["O2"] == (8, 5)


def test_mirrored_pairs_and_asymmetry():
    assert len(pairs(SEED62)) == 27
    names = tuple(EPOC14[i] for i in np.ravel(pairs(EPOC14)))
    assert names[:4] == ("AF3", "AF4", "F7", "F8")
    features = np.random.default_rng(0).normal(size=(5, 14, 4))
    found = asymmetry(features, EPOC14)
    assert found.shape == (5, 7, 4)
    left, right = EPOC14.index("T7"), EPOC14.index("T8")
    np.testing.assert_allclose(
        found[:, pairs(EPOC14).index((left, right))], features[:, left] - features[:, right]
    )


def test_normaliser_takes_unknown_values_for_the_mean():
    features = np.random.default_rng(0).normal(3, 2, (50, 4, 2))
    features[:, 3, 0] = 5.0
    features[7, 1, 1] = np.nan
    normalise = fit_normaliser(features)
    scaled = normalise(features)
    np.testing.assert_allclose(scaled[:, 0].mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled[:, 0].std(0), 1)
    assert scaled[7, 1, 1] == 0
    assert np.all(scaled[:, 3, 0] == 0)


@pytest.mark.parametrize("layout", ["grid", "flat"])
def test_front_end_agrees_with_whole_trials(layout):
    """A window with a second around it gives what filtering the whole trial gives."""
    values = noise(20, channels=14)
    trial = differential_entropy(values, rate_hz=RATE)
    stretch = Stretch(values[1400:2600], EPOC14, RATE, 200, 1000)
    settings = {"mean": np.zeros((14, 4)), "spread": np.ones((14, 4)), "layout": layout}
    found = FRONT_ENDS["differential_entropy"](
        stretch, channels=EPOC14, bands=list(BANDS.values()), **settings
    )
    expected = grid(trial[2], EPOC14) if layout == "grid" else trial[2].reshape(-1)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_front_end_fills_bad_and_missing_electrodes_with_the_mean():
    values = noise(6, channels=13)
    values[:, 0] = 0.0  # flat
    stretch = Stretch(values, EPOC14[:13], RATE, 200, 1000)
    found = FRONT_ENDS["differential_entropy"](
        stretch,
        channels=EPOC14,
        bands=list(BANDS.values()),
        mean=np.full((14, 4), 3.0),
        spread=np.ones((14, 4)),
        layout="flat",
    ).reshape(14, 4)
    assert stretch.usable(EPOC14).tolist() == [False, *[True] * 12, False]
    assert (found[[0, 13]] == 0).all()
    assert (found[1:13] != 0).all()

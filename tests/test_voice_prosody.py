"""Level, energy and pitch on sounds whose level and pitch are known."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.perception.voice import (
    energy_db,
    is_silent,
    loudness_db,
    normalise_level,
    pitch,
    speech_level_db,
)

RATE = 16_000
TIME = np.arange(RATE) / RATE


def voiced(frequency: np.ndarray | float, kind: str, rate: int = RATE) -> np.ndarray:
    """One second of a periodic sound with the given frequency (Hz, constant or per sample)."""
    phase = np.cumsum(np.broadcast_to(frequency, rate)) / rate
    if kind == "pulses":  # ten harmonics of random phase, the fundamental weakest
        shift = np.random.default_rng(0).uniform(0, 1, 10)
        wave = sum(
            np.sin(2 * np.pi * ((k + 1) * phase + shift[k])) * min(k + 1, 4) for k in range(10)
        )
        return (0.02 * wave).astype(np.float32)
    return (0.1 * np.sin(2 * np.pi * phase)).astype(np.float32)


@pytest.mark.parametrize("kind", ["sine", "pulses"])
@pytest.mark.parametrize("hz", [70.0, 110.0, 205.5, 330.0, 480.0])
def test_pitch_of_steady_sounds(hz, kind):
    track = pitch(voiced(hz, kind))
    assert track.unit == "Hz"
    assert len(track) == 101
    inside = slice(5, -5)
    assert track.mask[inside].all()
    np.testing.assert_allclose(track.values[inside], hz, rtol=0.005)


@pytest.mark.parametrize("kind", ["sine", "pulses"])
def test_pitch_follows_a_glide(kind):
    contour = 150 * 2 ** (TIME * 1.0)
    track = pitch(voiced(contour, kind))
    inside = slice(5, -5)
    assert track.mask[inside].mean() > 0.98
    expected = np.interp(track.times, TIME, contour)
    known = track.mask.copy()
    known[:5] = known[-5:] = False
    np.testing.assert_allclose(track.values[known], expected[known], rtol=0.02)


def test_pitch_at_another_rate_has_the_right_clock():
    track = pitch(voiced(200.0, "sine", rate=48_000), sample_rate=48_000, start_seconds=3.0)
    assert track.times[[0, 100]].tolist() == [3.0, 4.0]
    np.testing.assert_allclose(track.values[5:-5], 200, rtol=0.005)


@pytest.mark.parametrize("kind", ["noise", "silence", "constant", "below", "nothing"])
def test_sounds_without_pitch_are_masked(kind):
    sounds = {
        "noise": np.random.default_rng(1).standard_normal(RATE) * 0.1,
        "silence": np.zeros(RATE),
        "constant": np.full(RATE, 0.3),
        "below": 0.1 * np.sin(2 * np.pi * 20 * TIME),
        "nothing": np.zeros(0),
    }
    track = pitch(sounds[kind].astype(np.float32))
    middle = track.mask[5:-5]
    assert middle.mean() < 0.01 if len(middle) else len(track) == 0
    assert np.isnan(track.values[~track.mask]).all()


def test_pitch_refuses_an_impossible_range():
    with pytest.raises(ValueError):
        pitch(np.zeros(100, np.float32), fmin=500, fmax=100)


def test_energy_is_the_level_of_each_window():
    step = np.where(TIME < 0.5, 0.01, 0.1)
    track = energy_db((step * np.sqrt(2) * np.sin(2 * np.pi * 400 * TIME)).astype(np.float32))
    assert track.unit == "dBFS"
    assert track.rate_hz == 100
    np.testing.assert_allclose(track.between(0.05, 0.45).values, -40, atol=0.1)
    np.testing.assert_allclose(track.between(0.55, 0.95).values, -20, atol=0.1)
    np.testing.assert_allclose(energy_db(np.zeros(1600, np.float32)).values, [-120.0] * 11)


def test_loudness_and_silence():
    assert loudness_db(np.ones(100, np.float32)) == 0
    assert loudness_db(np.zeros(100, np.float32)) == float("-inf")
    assert is_silent(np.zeros(100, np.float32)) and is_silent(np.zeros(0, np.float32))
    converter_noise = np.random.default_rng(0).standard_normal(RATE) * 10 ** (-75 / 20)
    assert is_silent(converter_noise)
    assert not is_silent(converter_noise * 10)


def test_speech_level_ignores_pauses_and_normalising_reaches_it():
    speech = voiced(150.0, "sine")
    paused = np.concatenate([np.zeros(3 * RATE, np.float32), speech])
    assert speech_level_db(paused) == pytest.approx(speech_level_db(speech), abs=0.1)
    assert speech_level_db(normalise_level(paused, level_db=-30)) == pytest.approx(-30, abs=0.01)
    silence = np.full(1000, 1e-5, np.float32)
    assert normalise_level(silence) is silence

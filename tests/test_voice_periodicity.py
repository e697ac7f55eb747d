"""Periodicity: each pitch in its place, whatever its loudness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emofuse.perception.voice import FRONT_ENDS, log_mel, periodicity, pitch_grid

SECONDS = np.arange(16_000) / 16_000


def saw(hertz: float) -> np.ndarray:
    return (0.2 * (2 * ((SECONDS * hertz) % 1) - 1)).astype(np.float32)


@given(st.floats(130, 480))
def test_the_pitch_of_a_tone_stands_out(hertz):
    """A period's multiples repeat as well; among 130 to 480 Hz at most one octave lower."""
    grid = pitch_grid(48, 60, 520)
    found = periodicity(saw(hertz))[50]
    nearest = np.abs(np.log2(grid / hertz)).argmin()
    assert found[nearest] > 0.75
    assert found[nearest] >= found[nearest + 1 :].max(initial=-1) - 0.05, "no higher pitch fits"


def test_loudness_changes_nothing_and_silence_has_no_pitch():
    loud = periodicity(saw(200))
    np.testing.assert_allclose(periodicity(saw(200) / 20), loud, atol=0.02)
    assert (periodicity(np.zeros(8000, np.float32)) == 0).all()
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) / 10
    assert np.abs(periodicity(noise)).mean() < 0.05


@pytest.mark.parametrize("length", [0, 100, 15_999, 32_000])
def test_it_keeps_the_clock_of_log_mel(length):
    sound = np.resize(saw(150), length)
    for hop in (0.01, 0.02):
        assert len(periodicity(sound, hop_seconds=hop)) == len(log_mel(sound, hop_seconds=hop))


def test_the_front_end_puts_melody_behind_mel():
    options = {"level_db": -26.0, "hop_seconds": 0.02, "n_mels": 40, "floor": 1e-6}
    both = FRONT_ENDS["mel_and_melody"](saw(200), **options, n_pitches=30, mean=-11.0, std=3.0)
    mel = FRONT_ENDS["log_mel"](saw(200), **options, mean=-11.0, std=3.0)
    assert both.shape == (51, 70)
    np.testing.assert_allclose(both[:, :40], mel, atol=1e-6)
    assert both[25, 40:].max() > 0.8

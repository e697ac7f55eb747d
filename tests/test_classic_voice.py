"""Recordings pooled to one row: same length whatever comes in, numbers that follow the sound."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.core import InputError
from emofuse.systems.audit.xlsr_better import voice_table
from emofuse.training.pooled_voice import pooled_voice

RATE = 16_000
MEAN_PITCH = 7 * (20 + 64)  # first number after the statistics of MFCC and bands


def tone(hz: float, seconds: float = 1.0, loud: float = 0.3) -> np.ndarray:
    """A voice-like sound: a fundamental with overtones."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (loud * sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 8))).astype(np.float32)


@pytest.mark.parametrize(
    "samples",
    [tone(150), tone(150, 0.02), np.zeros(RATE, np.float32), np.zeros(1, np.float32)],
    ids=["voice", "a blink", "silence", "one sample"],
)
def test_every_sound_gives_the_same_finite_columns(samples):
    row = pooled_voice(samples)
    assert row.shape == (602,) and np.isfinite(row).all()


def test_pitch_is_measured_and_absent_pitch_is_zero():
    assert np.exp(pooled_voice(tone(200))[MEAN_PITCH]) == pytest.approx(200, rel=0.02)
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert pooled_voice(np.zeros(RATE, np.float32))[MEAN_PITCH] == 0
    assert pooled_voice(noise)[-6] < 0.2  # share of voiced frames


def test_length_is_in_seconds():
    assert pooled_voice(tone(150, 0.5))[-1] == pytest.approx(0.5)


def test_missing_recordings_are_named(tmp_path):
    class Published:
        clips = (type("C", (), {"id": "01-01-01-01-01-01"})(),)

    with pytest.raises(InputError, match="1 recordings are missing"):
        voice_table(Published(), tmp_path)

"""Make the golden values of tests/test_voice_*.py: librosa's numbers and a spoken sentence.

Needs librosa, soundfile and espeak-ng, which the project itself does not:

    python -m venv /tmp/librosa && /tmp/librosa/bin/pip install librosa==0.11.0
    /tmp/librosa/bin/python tests/golden/make_voice.py
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import librosa
import numpy as np

HERE = Path(__file__).parent
EVERY = 4  # every fourth frame is kept
FRONT_ENDS = {
    "ours": {
        "sr": 16_000,
        "n_fft": 512,
        "win_length": 400,
        "hop_length": 160,
        "n_mels": 64,
        "fmin": 50,
    },
    "s3": {
        "sr": 48_000,
        "n_fft": 1024,
        "win_length": 512,
        "hop_length": 256,
        "n_mels": 128,
        "window": "hamming",
    },
    "s4": {"sr": 48_000, "n_fft": 1024, "hop_length": 512, "n_mels": 128, "fmin": 50},
    "s0": {"sr": 22_050, "n_fft": 2048, "hop_length": 512, "n_mels": 128},
}


def sound() -> np.ndarray:
    """0.3 s at 48 kHz, int16: a rising tone with overtones, a burst and a little noise."""
    time = np.arange(14_400) / 48_000
    rising = sum(np.sin(2 * np.pi * k * (300 * time + 900 * time**2)) / k for k in range(1, 8))
    noise = np.random.default_rng(0).standard_normal(time.size)
    loud = np.where((time > 0.2) & (time < 0.22), 0.2, 0.002)
    return np.round(32767 * (0.2 * rising * np.hanning(time.size) + loud * noise)).astype(np.int16)


def librosa_values(samples: np.ndarray) -> dict[str, np.ndarray]:
    values = {}
    for name, options in FRONT_ENDS.items():
        mel = librosa.feature.melspectrogram(y=samples, power=2.0, **options)
        values[f"{name}_mel"] = mel.T[::EVERY]
        reference = np.max if name == "s3" else 1.0
        decibels = librosa.power_to_db(mel, ref=reference, top_db=80)
        values[f"{name}_db"] = decibels.T[::EVERY]
        values[f"{name}_mfcc"] = librosa.feature.mfcc(y=samples, n_mfcc=10, **options).T[::EVERY]
    return values


def spoken() -> np.ndarray:
    """A sentence by espeak-ng, 16 kHz int16."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        sentence = "I am so happy that you came!"
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(wav), sentence], check=True)
        samples, _ = librosa.load(wav, sr=16_000)
    return np.round(32767 * samples).clip(-32768, 32767).astype(np.int16)


if __name__ == "__main__":
    samples = sound()
    np.savez_compressed(
        HERE / "voice.npz",
        sound=samples,
        speech=spoken(),
        **librosa_values(samples.astype(np.float32) / 32768),
    )

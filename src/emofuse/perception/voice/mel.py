"""Spectral front ends: mel power, decibels, log-mel and MFCC (numpy and scipy, float32).

One set of options expresses our own front end and those of the published systems exactly:

>>> S3 = MelOptions(48_000, n_fft=1024, win_length=512, hop_length=256, window="hamming", n_mels=128)
>>> S4 = MelOptions(48_000, n_fft=1024, hop_length=512, n_mels=128, fmin=50.0)
>>> S0 = MelOptions(22_050, n_fft=2048, hop_length=512, n_mels=128)

S3 takes `power_to_db(..., ref="max")`, S4 `power_to_db(...)`, S0 `mfcc(..., n_mfcc=10)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.fft import dct, rfft
from scipy.signal import get_window

from .framing import BLOCK, frames
from .level import as_samples

# The power that silence is lifted to before a logarithm: just under 16-bit quantisation noise.
FLOOR = 1e-10


@dataclass(frozen=True)
class MelOptions:
    """How sound becomes mel power. Lengths are in samples, frequencies in Hz.

    `win_length` None means `n_fft`; a shorter window lies in the middle of the `n_fft` samples.
    `centred`: frame i is centred on sample i * hop_length, and the ends are padded by n_fft // 2
    (`pad_mode` "constant" is zeros); otherwise frame i starts there and the tail that does not
    fill a frame is left out. `fmax` None means half the sample rate.
    """

    sample_rate: int = 16_000
    n_fft: int = 512
    win_length: int | None = None
    hop_length: int = 160
    window: str = "hann"
    centred: bool = True
    pad_mode: Literal["constant", "reflect"] = "constant"
    n_mels: int = 64
    fmin: float = 0.0
    fmax: float | None = None

    def __post_init__(self) -> None:
        if min(self.sample_rate, self.n_fft, self.hop_length, self.n_mels) < 1:
            raise ValueError(f"sample_rate, n_fft, hop_length, n_mels must be positive: {self}")
        if not 0 < self.window_length <= self.n_fft:
            raise ValueError(f"win_length {self.win_length} must be in 1..n_fft {self.n_fft}")
        if not 0 <= self.fmin < self.top_hz <= self.sample_rate / 2:
            raise ValueError(f"needs 0 <= fmin < fmax <= {self.sample_rate / 2} Hz: {self}")

    @property
    def window_length(self) -> int:
        return self.n_fft if self.win_length is None else self.win_length

    @property
    def top_hz(self) -> float:
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length


def hz_to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Slaney's mel scale (Auditory Toolbox, 1998): linear to 1 kHz, logarithmic above."""
    hz = np.asarray(hz, dtype=float)
    with np.errstate(divide="ignore"):
        return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(hz / 1000) / np.log(6.4))


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Inverse of `hz_to_mel`."""
    mel = np.asarray(mel, dtype=float)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


@lru_cache(maxsize=32)
def mel_filters(options: MelOptions) -> np.ndarray:
    """(n_fft // 2 + 1, n_mels) float32 triangular filters, each of area 1 over Hz (Slaney)."""
    edges = mel_to_hz(
        np.linspace(hz_to_mel(options.fmin), hz_to_mel(options.top_hz), options.n_mels + 2)
    )
    bins = np.fft.rfftfreq(options.n_fft, 1 / options.sample_rate)[:, None]
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rise, fall = (bins - low) / (peak - low), (high - bins) / (high - peak)
    filters = np.maximum(0, np.minimum(rise, fall)) * (2 / (high - low))
    filters = np.ascontiguousarray(filters, dtype=np.float32)
    filters.setflags(write=False)
    return filters


@lru_cache(maxsize=32)
def _window(name: str, length: int) -> np.ndarray:
    window = get_window(name, length, fftbins=True).astype(np.float32)
    window.setflags(write=False)
    return window


def mel_spectrogram(samples: np.ndarray, options: MelOptions) -> np.ndarray:
    """(T, n_mels) float32 mel power of mono `samples` (n,): |FFT|² without scaling, Slaney filters.

    Centred, T = 1 + n // hop_length (even n_fft); no samples give no frames. Equal to the
    transpose of `librosa.feature.melspectrogram(..., power=2)` within 1e-4 of each clip's maximum.
    """
    offset = (options.n_fft - options.window_length) // 2
    cut = frames(
        as_samples(samples),
        length=options.n_fft,
        hop=options.hop_length,
        centred=options.centred,
        pad_mode=options.pad_mode,
    )[:, offset : offset + options.window_length]
    window = _window(options.window, options.window_length)
    filters = mel_filters(options)
    power = np.empty((len(cut), options.n_mels), np.float32)
    for start in range(0, len(cut), BLOCK):
        block = slice(start, start + BLOCK)
        spectrum = rfft(cut[block] * window, options.n_fft, overwrite_x=True)
        np.matmul(spectrum.real**2 + spectrum.imag**2, filters, out=power[block])
    return power


def power_to_db(
    power: np.ndarray,
    *,
    ref: float | Literal["max"] = 1.0,
    floor: float = FLOOR,
    top_db: float | None = 80.0,
) -> np.ndarray:
    """10 log10(power / ref), no lower than `top_db` under the array's own maximum.

    `ref` "max" puts the loudest value at 0 dB. As `librosa.power_to_db`.
    """
    power = np.asarray(power)
    if not power.size:
        return power.astype(np.float32)
    reference = float(power.max()) if ref == "max" else float(ref)
    decibels = 10 * np.log10(np.maximum(power, floor)) - 10 * np.log10(max(reference, floor))
    if top_db is not None:
        decibels = np.maximum(decibels, decibels.max() - top_db)
    return decibels.astype(np.float32)


def mfcc(samples: np.ndarray, options: MelOptions, *, n_mfcc: int = 13) -> np.ndarray:
    """(T, n_mfcc) float32: orthonormal DCT-II of mel decibels (ref 1, top_db 80), first n kept."""
    decibels = power_to_db(mel_spectrogram(samples, options))
    return dct(decibels, type=2, norm="ortho", axis=-1)[:, :n_mfcc]


def log_mel(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    n_fft: int = 512,
    win_seconds: float = 0.025,
    hop_seconds: float = 0.01,
    n_mels: int = 64,
    fmin: float = 50.0,
    fmax: float = 8_000.0,
    floor: float = FLOOR,
) -> np.ndarray:
    """(T, n_mels) float32: natural logarithm of mel power, ln(max(power, floor)).

    Samples in -1..1; Hann window of `win_seconds`; power is |FFT|² without scaling through
    area-normalised Slaney filters from `fmin` to `fmax` Hz. Centred with zeros: row i is centred
    on i * hop_seconds and T = 1 + n // hop. Silence is ln(floor) = -23.03. There is no clip-wise
    scaling, so a sound has the same rows wherever a window around it is cut. Equal to
    ln(max(librosa mel power, floor)) within 2e-3 where the power is 100 × floor or more.
    """
    options = MelOptions(
        sample_rate,
        n_fft=n_fft,
        win_length=round(win_seconds * sample_rate),
        hop_length=round(hop_seconds * sample_rate),
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
    )
    power = mel_spectrogram(samples, options)
    return np.log(np.maximum(power, np.float32(floor), out=power), out=power)

"""Functionals of a voice and a small network on them: what studios of speech always measured.

Mean, spread and asymmetry of timbre, melody, loudness and pace over the speech of a window, as in
the parameter sets of the field (Eyben et al. 2016, GeMAPS), computed inside the network so that
one file holds all of it. A network of pictures and one of functionals err on different clips.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .registry import Architecture

CEPSTRA = 20
# Frames this far (in input units) under the loudest count half as speech, and how sharply.
SPEECH_DEPTH, SPEECH_EDGE = 1.75, 0.15
# A frame is voiced from about this periodicity on; weight of one pitch against others.
VOICED, VOICED_EDGE, PITCH_FOCUS = 0.45, 0.08, 12.0
OCTAVES = math.log2(520 / 60)  # what the pitches of `mel_and_melody` span
LIMIT = 5.0  # standard deviations; what lies further out says no more


class VoiceFunctionals(nn.Module):
    """(batch, time, bands + pitches) of the front end `mel_and_melody` to (batch, classes)."""

    def __init__(self, classes: int, *, bands: int, pitches: int, hidden: int, dropout: float):
        super().__init__()
        self.bands = bands
        self.register_buffer("cosines", _cosines(bands, CEPSTRA), persistent=False)
        self.register_buffer("octaves", torch.linspace(0, OCTAVES, pitches), persistent=False)
        bands_kept, pitches_kept = (bands + 1) // 2, (pitches + 1) // 2
        count = 4 * CEPSTRA + 2 * bands_kept + 2 * pitches_kept + 17
        self.head = nn.Sequential(
            nn.BatchNorm1d(count, affine=False),
            nn.Hardtanh(-LIMIT, LIMIT),
            nn.Dropout(dropout / 2),
            nn.Linear(count, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, time) is True where a frame is present."""
        return self.head(self.functionals(mel, mask))

    def functionals(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, count) numbers, none of them learned: what `head` is trained on."""
        mel, melody = mel[..., : self.bands], mel[..., self.bands :]
        loudest = mel.max(2).values
        if mask is not None:
            loudest = loudest.masked_fill(~mask, -1e4)
        top = loudest.max(1, keepdim=True).values
        speech = torch.sigmoid((loudest - top + SPEECH_DEPTH) / SPEECH_EDGE)
        voicing = torch.sigmoid((melody.max(2).values - VOICED) / VOICED_EDGE)
        voiced = speech * voicing
        cepstra, energy = mel @ self.cosines, mel.mean(2, keepdim=True)
        pitch = ((melody * PITCH_FOCUS).softmax(2) @ self.octaves)[..., None]
        place = torch.ones_like(speech).cumsum(1)[..., None]
        spread = moments(place, speech)[1]
        return torch.cat(
            [
                *moments(cepstra, speech),
                moments(*change(cepstra, speech))[1],
                *moments(mel[..., ::2], speech)[:2],
                *moments(pitch, voiced),
                *extremes(pitch[..., 0], voiced),
                moments(*change(pitch, voiced, size=True))[0],
                slope(pitch, place, voiced),
                top,
                *moments(energy, speech)[1:],
                moments(*change(energy, speech, size=True))[0],
                slope(energy, place, speech),
                speech.sum(1, keepdim=True) / 50,
                voiced.sum(1, keepdim=True) / speech.sum(1, keepdim=True).clamp(min=1.0),
                spread / 50,
                *moments(melody[..., ::2], speech)[:2],
                *moments(voicing[..., None], speech)[:2],
            ],
            dim=1,
        )


def moments(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted mean, standard deviation and skewness (batch, d) of `x` (batch, time, d)."""
    share = weight / weight.sum(1, keepdim=True).clamp(min=1e-3)
    mean = (x * share[..., None]).sum(1)
    apart = (x - mean[:, None]) * (share > 0)[..., None]
    squares = apart * apart
    deviation = ((squares * share[..., None]).sum(1) + 1e-4).sqrt()
    skewness = (squares * apart * share[..., None]).sum(1) / deviation**3
    return mean, deviation, skewness.clamp(-LIMIT, LIMIT)


def change(x: Tensor, weight: Tensor, *, size: bool = False) -> tuple[Tensor, Tensor]:
    """From each frame to the next (its size if asked for), and the weight of both together."""
    step = x[:, 1:] - x[:, :-1]
    return step.abs() if size else step, weight[:, 1:] * weight[:, :-1]


def extremes(x: Tensor, weight: Tensor, *, sharpness: float = 8.0) -> tuple[Tensor, Tensor]:
    """Highest and lowest of `x` (batch, time) where it has weight, as smooth (batch, 1)."""
    present = torch.log(weight + 1e-6)
    highest = torch.logsumexp(x * sharpness + present, 1, keepdim=True) / sharpness
    lowest = torch.logsumexp(present - x * sharpness, 1, keepdim=True) / -sharpness
    return highest, lowest


def slope(x: Tensor, place: Tensor, weight: Tensor) -> Tensor:
    """Weighted correlation (batch, 1) of `x` with its place in time, both (batch, time, 1)."""
    (mean, deviation, _), (middle, spread, _) = moments(x, weight), moments(place, weight)
    together = (x - mean[:, None]) / deviation[:, None] * (place - middle[:, None])
    return moments(together / spread[:, None], weight)[0]


def _cosines(bands: int, count: int) -> Tensor:
    """(bands, count) orthonormal cosines (DCT-II) that turn log-mel into cepstra."""
    places = (torch.arange(bands) + 0.5)[:, None] * torch.arange(count) * math.pi / bands
    table = torch.cos(places) * math.sqrt(2 / bands)
    table[:, 0] /= math.sqrt(2)
    return table


def voice_functionals(
    *,
    classes: int = 8,
    bands: int = 48,
    pitches: int = 48,
    hidden: int = 256,
    dropout: float = 0.5,
) -> VoiceFunctionals:
    """The functionals' half of the `voice-ravdess` bundle."""
    return VoiceFunctionals(classes, bands=bands, pitches=pitches, hidden=hidden, dropout=dropout)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    mel = torch.randn(batch, length, 48, generator=generator)
    melody = torch.rand(batch, length, 48, generator=generator) * 2 - 1
    return {"mel": torch.cat([mel, melody], 2)}


ARCHITECTURE = Architecture(
    "voice_functionals", voice_functionals, example, lengths=(125, 40, 233), masked=True
)

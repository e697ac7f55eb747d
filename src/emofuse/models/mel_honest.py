"""Log-mel to emotion, honest form: the stem strides first, tokens have places, padding has none.

96 % of the published network's convolution time went into its two blocks at full and half
resolution; here time is quartered before anything wide happens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .attention import Encoder, clock_positions
from .layers import AttentiveStatistics, conv_norm, hide, shrink
from .registry import Architecture


class MelTokens(nn.Module):
    """(batch, time, bands) log-mel, normalised per band, to tokens (batch, time / 4, dim)."""

    def __init__(self, *, bands: int, dim: int, hop_seconds: float, layers: int, dropout: float):
        super().__init__()
        self.hop_seconds = hop_seconds
        self.convs = nn.ModuleList([conv_norm(1, 16, stride=2), conv_norm(16, 32, stride=2)])
        height = (bands + 3) // 4
        self.enter = nn.Sequential(nn.Linear(32 * height, dim), nn.LayerNorm(dim))
        self.encoder = Encoder(
            dim, layers=layers, heads=4, hidden=2 * dim, dropout=dropout, norm_first=True
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """`mask` (batch, time); returns the tokens and their mask."""
        x = hide(mel.transpose(1, 2)[:, None], mask)
        for conv in self.convs:
            mask = shrink(mask, 2)
            x = hide(conv(x).relu(), mask)
        tokens = self.enter(x.flatten(1, 2).transpose(1, 2))
        tokens = tokens + clock_positions(tokens, hop_seconds=4 * self.hop_seconds)
        # Of a clip without any sound nothing is read; attention still needs something to see.
        seen = None if mask is None else mask | ~mask.any(1, keepdim=True)
        return self.norm(self.encoder(tokens, seen)), mask


class MelHonest(nn.Module):
    """(batch, time, bands) log-mel, any length, to (batch, classes)."""

    def __init__(self, classes: int, *, dim: int, dropout: float, **sizes):
        super().__init__()
        self.tokens = MelTokens(dim=dim, dropout=dropout, **sizes)
        self.pool = AttentiveStatistics(dim)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * dim, classes)

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        tokens, mask = self.tokens(mel, mask)
        return self.head(self.drop(self.pool(tokens.transpose(1, 2), mask)))


def mel_transformer_honest(
    *,
    classes: int = 8,
    bands: int = 64,
    hop_seconds: float = 0.016,
    dim: int = 96,
    layers: int = 3,
    dropout: float = 0.2,
) -> MelHonest:
    """Our CNN and Transformer on log-mel."""
    return MelHonest(
        classes, dim=dim, dropout=dropout, bands=bands, hop_seconds=hop_seconds, layers=layers
    )


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"mel": torch.randn(batch, length, 64, generator=generator)}


ARCHITECTURE = Architecture(
    "mel_transformer_honest",
    mel_transformer_honest,
    example,
    lengths=(125, 40, 233),
    masked=True,
    paper="after Data-Science-kosta/Speech-Emotion-Classification-with-PyTorch",
)

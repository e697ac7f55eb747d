"""Parallel CNN and Transformer on log-mel (Data-Science-kosta; the speech half of `mel_emonet`).

Parameter names are those of the public checkpoint, which loads strictly. As published the
Transformer branch has no positions: shuffle its pooled frames in time and it answers the same.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Encoder
from .registry import Architecture
from .weights import load_weights

BANDS, FRAMES = 128, 563  # 3 seconds at 48 kHz, hop 256
_TOKEN = 64


class MelTransformer(nn.Module):
    """(batch, 1, 128 bands, 563 frames) scaled log-mel to (batch, classes)."""

    def __init__(self, classes: int):
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, pool in ((1, 16, 2), (16, 32, 4), (32, 64, 4), (64, 64, 4)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)]
            layers += [nn.ReLU(), nn.MaxPool2d(pool), nn.Dropout(0.3)]
        self.conv2Dblock = nn.Sequential(*layers)
        self.transf_encoder = Encoder(_TOKEN, layers=4, heads=4, hidden=512, dropout=0.4)
        self.out_linear = nn.Linear(256 + _TOKEN, classes)

    def forward(self, mel: Tensor) -> Tensor:
        picture = self.conv2Dblock(mel).flatten(1)
        tokens = F.max_pool2d(mel, (2, 4))[:, 0].transpose(1, 2)
        context = self.transf_encoder(tokens).mean(1)
        return self.out_linear(torch.cat([picture, context], 1))


def mel_transformer(*, classes: int = 8, weights: Path | None = None) -> MelTransformer:
    """The published network; `weights` is the user's own copy of the public checkpoint."""
    model = MelTransformer(classes)
    if weights is not None:
        load_weights(model, weights)
    return model


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"mel": torch.randn(batch, 1, BANDS, length, generator=generator)}


ARCHITECTURE = Architecture(
    "mel_transformer",
    mel_transformer,
    example,
    lengths=(FRAMES,),
    form="published",
    paper="Data-Science-kosta/Speech-Emotion-Classification-with-PyTorch",
    fixed_shape=True,
)

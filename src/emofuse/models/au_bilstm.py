"""Bi-LSTM with attention over Action-Unit sequences (Luna-Jiménez et al., Appl. Sci. 2022).

The published network is sound as it is: masks are respected and nothing is inert. Its score
passes a tanh, so that no frame can weigh more than e² = 7.4 times another.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .registry import Architecture

ACTION_UNITS = 35


class AUBiLSTM(nn.Module):
    """(batch, frames, 35) OpenFace intensities and presences to (batch, classes)."""

    def __init__(self, classes: int, *, features: int, hidden: int, dropout: float):
        super().__init__()
        self.lstm = nn.LSTM(
            features, hidden, 2, batch_first=True, dropout=dropout, bidirectional=True
        )
        self.score = nn.Sequential(
            nn.Linear(2 * hidden, 2 * hidden),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(2 * hidden, 1),
            nn.Tanh(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, units: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, frames): True for the true frames, which come first."""
        hidden = self._read(units, mask)
        score = self.score(hidden).squeeze(-1)
        if mask is not None:
            score = score.masked_fill(~mask, torch.finfo(score.dtype).min)
        return self.head((score.softmax(1)[:, :, None] * hidden).sum(1))

    def _read(self, units: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return self.lstm(units)[0]
        # An empty clip still needs one step; its answer means nothing and the caller knows.
        lengths = mask.sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(units, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=units.shape[1]
        )[0]


def au_bilstm(
    *, classes: int = 8, features: int = ACTION_UNITS, hidden: int = 50, dropout: float = 0.3
) -> AUBiLSTM:
    """The published sequence model on Action Units."""
    return AUBiLSTM(classes, features=features, hidden=hidden, dropout=dropout)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"units": torch.randn(batch, length, ACTION_UNITS, generator=generator)}


ARCHITECTURE = Architecture(
    "au_bilstm",
    au_bilstm,
    example,
    lengths=(30, 11, 47),
    masked=True,
    form="published",
    paper="Luna-Jiménez et al. 2022, 10.3390/app12010327",
)

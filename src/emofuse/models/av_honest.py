"""Audio-video fusion, honest form: masks, clocks, residuals, normalised gates, absent modalities.

The three meeting places of the published system (`lt`, `it`, `ia`) behind one interface, on cached
frame embeddings, for any length of sound and picture.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from .attention import Exchange, clock_positions, masked_mean
from .efficientface import EMBEDDING
from .registry import Architecture
from .token_fusion import Gates, Presence, all_present

MeetingPlace = Literal["lt", "it", "ia"]


class Steps(nn.Module):
    """Two residual convolutions over time that see zeros beyond a clip's true end.

    (batch, length, inputs) to (batch, length, dim); layer normalisation, so that a clip never
    depends on its batch, in training either.
    """

    def __init__(self, inputs: int, dim: int, *, dropout: float):
        super().__init__()
        self.enter = nn.Linear(inputs, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv1d(dim, dim, 3, padding=1) for _ in range(2))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.enter(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            seen = torch.relu(norm(x)) * mask[:, :, None].to(x.dtype)
            x = x + self.drop(conv(seen.transpose(1, 2)).transpose(1, 2))
        return x


class StepGate(nn.Module):
    """Weighs the steps of one sequence by what the other looks for; weights average to one.

    The published gate summed attention rows, so that video came out ten times louder than audio.
    """

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor, mask: Tensor, asking: Tensor, asking_mask: Tensor) -> Tensor:
        query = self.query(asking).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key = self.key(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        score = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        score = score.masked_fill(~mask[:, None, None, :], torch.finfo(score.dtype).min)
        weight = masked_mean(score.softmax(-1).mean(1), asking_mask)
        present = mask.sum(1, keepdim=True).to(x.dtype)
        return x + x * (weight * present)[:, :, None]


class HonestFusion(nn.Module):
    """Audio features and frame embeddings, each with its mask and clock, to logits."""

    def __init__(
        self,
        classes: int,
        *,
        fusion: MeetingPlace,
        audio_features: int,
        video_features: int,
        audio_hop_seconds: float,
        video_hop_seconds: float,
        dim: int,
        heads: int,
        dropout: float,
    ):
        super().__init__()
        self.fusion = fusion
        self.hops = (audio_hop_seconds, video_hop_seconds)
        sizes = (audio_features, video_features)
        self.enter = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.first = nn.ModuleList(Steps(size, dim, dropout=dropout) for size in sizes)
        self.second = nn.ModuleList(Steps(dim, dim, dropout=dropout) for _ in sizes)
        self.presence = nn.ModuleList(Presence(dim) for _ in sizes)
        self.meet = nn.ModuleList(
            StepGate(dim, heads=heads)
            if fusion == "ia"
            else Exchange(dim, keys=dim, heads=heads, dropout=dropout)
            for _ in sizes
        )
        self.norm, self.gates = nn.LayerNorm(dim), Gates(dim)
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(dim, classes)

    def states(
        self, audio: Tensor, video: Tensor, *, audio_mask: Tensor, video_mask: Tensor
    ) -> Tensor:
        """(batch, 2, dim): what sound and picture hold after meeting."""
        parts, masks = [], []
        for i, (part, mask) in enumerate(((audio, audio_mask), (video, video_mask))):
            steps = self.first[i](self.enter[i](part), mask)
            steps = steps + clock_positions(steps, hop_seconds=self.hops[i])
            part, mask = self.presence[i](steps, mask)
            parts.append(part)
            masks.append(mask)
        if self.fusion != "lt":
            parts = self._meet(parts, masks)
        parts = [
            second(part, mask) for second, part, mask in zip(self.second, parts, masks, strict=True)
        ]
        if self.fusion == "lt":
            parts = self._meet(parts, masks)
        return torch.stack([masked_mean(self.norm(p), m) for p, m in zip(parts, masks)], 1)

    def _meet(self, parts: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        (audio, video), (heard, seen) = parts, masks
        if self.fusion == "ia":
            return [
                self.meet[0](audio, heard, video, seen),
                self.meet[1](video, seen, audio, heard),
            ]
        return [self.meet[0](audio, video, seen), self.meet[1](video, audio, heard)]

    def forward(
        self,
        audio: Tensor,
        video: Tensor,
        audio_mask: Tensor | None = None,
        video_mask: Tensor | None = None,
    ) -> Tensor:
        """audio (batch, time, ·), video (batch, frames, ·); a mask without True: it is missing."""
        audio_mask, video_mask = all_present(audio, audio_mask), all_present(video, video_mask)
        states = self.states(audio, video, audio_mask=audio_mask, video_mask=video_mask)
        present = torch.stack([audio_mask.any(1), video_mask.any(1)], 1)
        weight = self.gates(states, present)
        return self.head(self.drop((states * weight[:, :, None]).sum(1)))


def _build(fusion: MeetingPlace, classes: int, sizes: dict) -> HonestFusion:
    defaults = {
        "audio_features": 10,
        "video_features": EMBEDDING,
        "audio_hop_seconds": 0.0232,  # MFCC of the published front end: 512 samples at 22,050 Hz
        "video_hop_seconds": 0.24,  # 15 frames over 3.6 seconds
        "dim": 128,
        "heads": 4,
        "dropout": 0.2,
    }
    return HonestFusion(classes, fusion=fusion, **(defaults | sizes))


def av_lt_honest(*, classes: int = 8, **sizes) -> HonestFusion:
    """Sound and picture ask each other after both encoders; `sizes` as in `HonestFusion`."""
    return _build("lt", classes, sizes)


def av_it_honest(*, classes: int = 8, **sizes) -> HonestFusion:
    """Sound and picture ask each other half-way; `sizes` as in `HonestFusion`."""
    return _build("it", classes, sizes)


def av_ia_honest(*, classes: int = 8, **sizes) -> HonestFusion:
    """Sound and picture weigh each other's steps half-way; `sizes` as in `HonestFusion`."""
    return _build("ia", classes, sizes)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Clip 1 lacks its sound, clip 2 its picture."""
    masks = torch.ones(2, batch, 4 * length, dtype=torch.bool)
    masks[0, 1:2], masks[1, 2:3] = False, False
    return {
        "audio": torch.randn(batch, 4 * length, 10, generator=generator),
        "video": torch.randn(batch, length, EMBEDDING, generator=generator),
        "audio_mask": masks[0],
        "video_mask": masks[1, :, :length],
    }


ARCHITECTURES = tuple(
    Architecture(
        build.__name__,
        build,
        example,
        lengths=(15, 4, 22),
        masked=True,
        paper="after Chumachenko et al. 2022, arXiv 2201.11095",
    )
    for build in (av_lt_honest, av_it_honest, av_ia_honest)
)

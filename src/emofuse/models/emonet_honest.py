"""Face video on cached EmoNet embeddings, alone and beside speech: the honest forms.

EmoNet stays frozen in evaluation mode and runs once a frame; what trains here costs milliseconds.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .attention import Encoder, clock_positions
from .emonet import EMBEDDING
from .layers import AttentiveStatistics
from .mel_honest import MelTokens
from .registry import Architecture
from .token_fusion import TokenFusion, all_present

_DIM = 96


class FaceSequence(nn.Module):
    """(batch, frames, 256) embeddings and their mask to logits, for any number of frames."""

    def __init__(self, classes: int, *, hop_seconds: float, dropout: float):
        super().__init__()
        self.hop_seconds = hop_seconds
        self.enter = nn.Sequential(nn.LayerNorm(EMBEDDING), nn.Linear(EMBEDDING, _DIM))
        self.encoder = Encoder(
            _DIM, layers=2, heads=4, hidden=2 * _DIM, dropout=dropout, norm_first=True
        )
        self.pool = AttentiveStatistics(_DIM)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * _DIM, classes)

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, frames) is True where a face was found."""
        x = self.enter(frames)
        x = self.encoder(x + clock_positions(x, hop_seconds=self.hop_seconds), mask)
        return self.head(self.drop(self.pool(x.transpose(1, 2), mask)))


class MelFaceFusion(nn.Module):
    """Log-mel and face embeddings, each with its mask (all False: missing), to logits."""

    def __init__(self, classes: int, *, mel: MelTokens, hop_seconds: float, dropout: float):
        super().__init__()
        self.mel = mel
        self.fusion = TokenFusion(
            {"voice": _DIM, "face": EMBEDDING},
            hops={"voice": 4 * mel.hop_seconds, "face": hop_seconds},
            classes=classes,
            dim=_DIM,
            dropout=dropout,
        )

    def forward(
        self,
        mel: Tensor,
        frames: Tensor,
        mel_mask: Tensor | None = None,
        frames_mask: Tensor | None = None,
    ) -> Tensor:
        """mel (batch, time, bands), frames (batch, frames, 256)."""
        voice, voice_mask = self.mel(mel, all_present(mel, mel_mask))
        masks = {"voice": voice_mask, "face": all_present(frames, frames_mask)}
        return self.fusion({"voice": voice, "face": frames}, masks)


def emonet_lstm_honest(
    *, classes: int = 8, hop_seconds: float = 0.2, dropout: float = 0.2
) -> FaceSequence:
    """Temporal reading of cached face embeddings."""
    return FaceSequence(classes, hop_seconds=hop_seconds, dropout=dropout)


def mel_emonet_fusion_honest(
    *,
    classes: int = 8,
    bands: int = 64,
    mel_hop_seconds: float = 0.016,
    face_hop_seconds: float = 0.2,
    dropout: float = 0.2,
) -> MelFaceFusion:
    """Voice and face attending to each other; either may be missing."""
    mel = MelTokens(bands=bands, dim=_DIM, hop_seconds=mel_hop_seconds, layers=2, dropout=dropout)
    return MelFaceFusion(classes, mel=mel, hop_seconds=face_hop_seconds, dropout=dropout)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"frames": torch.randn(batch, length, EMBEDDING, generator=generator)}


def example_fused(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Clip 1 lacks its sound, clip 2 its face."""
    masks = torch.ones(2, batch, 8 * length, dtype=torch.bool)
    masks[0, 1:2], masks[1, 2:3] = False, False
    return {
        "mel": torch.randn(batch, 8 * length, 64, generator=generator),
        "frames": torch.randn(batch, length, EMBEDDING, generator=generator),
        "mel_mask": masks[0],
        "frames_mask": masks[1, :, :length],
    }


_PAPER = "after qjiang002/Multimodal-Emotion-Detection"
ARCHITECTURES = tuple(
    Architecture(build.__name__, build, inputs, lengths=(12, 5, 19), masked=True, paper=_PAPER)
    for build, inputs in (
        (emonet_lstm_honest, example),
        (mel_emonet_fusion_honest, example_fused),
    )
)

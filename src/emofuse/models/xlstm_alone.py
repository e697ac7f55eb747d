"""Parts of the honest trimodal system alone: its words, its faces, its fusion of ready features.

Corpora that hold one modality (MELD and GoEmotions text, FER2013 faces), or features and no media
(CMU-MOSI), train these.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .albert import TINY, Albert
from .attention import masked_mean
from .registry import Architecture
from .token_fusion import TokenFusion, all_present
from .xlstm_honest import Faces

# Columns of the CMU-MOSI features of bc-LSTM (Poria et al. 2017).
MOSI_WIDTHS = {"text": 100, "audio": 73, "video": 100}


class Words(nn.Module):
    """Token ids (batch, tokens) to logits: the mean of ALBERT's states, then a linear layer."""

    def __init__(self, classes: int, *, albert: Albert, dropout: float):
        super().__init__()
        self.text = albert
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(albert.width, classes))

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = all_present(tokens, mask)
        return self.head(masked_mean(self.text(tokens, mask), mask))


class FaceFilm(nn.Module):
    """Normalised faces (batch, frames, 3, 48, 48) to logits: the mean of RepVGG's frame states."""

    def __init__(self, classes: int, *, dim: int, dropout: float):
        super().__init__()
        self.faces = Faces(dim)
        self.head = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim, classes))

    def forward(self, faces: Tensor, mask: Tensor | None = None) -> Tensor:
        mask = all_present(faces, mask)
        return self.head(masked_mean(self.faces(faces, mask), mask))


class FeatureFusion(nn.Module):
    """Text, audio and video features (batch, steps, width), each with its mask, to logits."""

    def __init__(self, classes: int, *, dim: int, dropout: float):
        super().__init__()
        hops = dict.fromkeys(MOSI_WIDTHS)
        self.fusion = TokenFusion(MOSI_WIDTHS, hops=hops, classes=classes, dim=dim, dropout=dropout)

    def forward(
        self,
        text: Tensor,
        audio: Tensor,
        video: Tensor,
        text_mask: Tensor,
        audio_mask: Tensor,
        video_mask: Tensor,
    ) -> Tensor:
        return self.fusion(
            {"text": text, "audio": audio, "video": video},
            {"text": text_mask, "audio": audio_mask, "video": video_mask},
        )


def xlstm_words(
    *, classes: int = 7, dropout: float = 0.2, checkpoint: str | None = None, **albert
) -> Words:
    """The text side of the trimodal network; `checkpoint` is the user's ALBERT folder."""
    return Words(classes, albert=Albert(checkpoint=checkpoint, **albert), dropout=dropout)


def xlstm_faces(*, classes: int = 7, dim: int = 64, dropout: float = 0.2) -> FaceFilm:
    """The face side of the trimodal network."""
    return FaceFilm(classes, dim=dim, dropout=dropout)


def xlstm_features(*, classes: int = 2, dim: int = 128, dropout: float = 0.2) -> FeatureFusion:
    """The trimodal network's fusion where somebody else's features take its encoders' place."""
    return FeatureFusion(classes, dim=dim, dropout=dropout)


def example_words(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"tokens": torch.randint(0, 50, (batch, length), generator=generator)}


def example_faces(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"faces": torch.randn(batch, length, 3, 48, 48, generator=generator)}


def example_features(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Clip 1 lacks its words, clip 2 its sound, clip 3 its face."""
    masks = {f"{n}_mask": torch.ones(batch, length, dtype=torch.bool) for n in MOSI_WIDTHS}
    for clip, name in enumerate(masks, start=1):
        masks[name][clip : clip + 1] = False
    features = {
        name: torch.randn(batch, length, width, generator=generator)
        for name, width in MOSI_WIDTHS.items()
    }
    return {**features, **masks}


_PAPER = "after alaaNfissi/Multi-Modal-Emotion-Recognition"
ARCHITECTURES = (
    Architecture(
        "xlstm_words",
        xlstm_words,
        example_words,
        lengths=(8, 4, 13),
        small=TINY,
        masked=True,
        paper=_PAPER,
    ),
    Architecture(
        "xlstm_faces",
        xlstm_faces,
        example_faces,
        lengths=(2, 1, 3),
        masked=True,
        paper=_PAPER,
    ),
    Architecture(
        "xlstm_features",
        xlstm_features,
        example_features,
        lengths=(4, 1, 6),
        masked=True,
        paper=_PAPER,
    ),
)

"""The trimodal system, honest form: tokens, sound and faces attend to each other as sequences.

Exact mLSTM blocks in both directions, masks from the samples to the answer, learned tokens for
what is missing. Answers are logits of one label of several (softmax) or of several labels at once
(sigmoid): `multi_label` decides how `probabilities` reads them, the loss how they are trained.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from .albert import TINY, Albert
from .mlstm import MLSTM, Bidirectional
from .registry import Architecture
from .repvgg import TRUNK_FEATURES, face_trunk
from .slstm import SLSTM
from .token_fusion import TokenFusion
from .waveform17 import STRIDE, WIDTH, Waveform17

Cell = Literal["mlstm", "slstm"]
_VOICE, _FACE = 72, 64
_BLOCKS = {"mlstm": MLSTM, "slstm": SLSTM}


class Voice(nn.Module):
    """(batch, samples) to steps (batch, time, 2 × dim) and their mask."""

    def __init__(self, dim: int, *, cells: tuple[Cell, ...]):
        super().__init__()
        self.waveform = Waveform17()
        self.enter = nn.Linear(WIDTH, dim)
        stacks = ([_BLOCKS[cell](dim) for cell in cells] for _ in range(2))
        self.memory = Bidirectional(*stacks)

    def forward(self, waveform: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        steps, mask = self.waveform(waveform, mask)
        return self.memory(self.enter(steps), mask), mask


class Faces(nn.Module):
    """(batch, frames, 3, 48, 48) normalised faces to (batch, frames, dim)."""

    def __init__(self, dim: int):
        super().__init__()
        self.trunk = face_trunk()
        self.squeeze = nn.Sequential(nn.Linear(TRUNK_FEATURES, 256), nn.ReLU(), nn.Linear(256, dim))

    def forward(self, faces: Tensor, mask: Tensor) -> Tensor:
        # What a mask hides must not move the running statistics far: it enters as the mean face.
        faces = faces * mask[:, :, None, None, None].to(faces.dtype)
        frames = self.squeeze(self.trunk(faces.flatten(0, 1)))
        return frames.reshape(faces.shape[0], faces.shape[1], -1)


class HonestTrimodal(nn.Module):
    """Tokens, waveform and faces, each with its mask (all False: missing), to logits."""

    def __init__(
        self,
        classes: int,
        *,
        albert: Albert,
        multi_label: bool,
        cells: tuple[Cell, ...],
        sample_rate: int,
        frame_seconds: float,
        dim: int,
    ):
        super().__init__()
        self.multi_label = multi_label
        self.text, self.voice, self.faces = albert, Voice(_VOICE, cells=cells), Faces(_FACE)
        self.fusion = TokenFusion(
            {"text": albert.width, "audio": 2 * _VOICE, "faces": _FACE},
            hops={"text": None, "audio": STRIDE / sample_rate, "faces": frame_seconds},
            classes=classes,
            dim=dim,
        )

    def encode(
        self,
        tokens: Tensor,
        waveform: Tensor,
        faces: Tensor,
        tokens_mask: Tensor,
        waveform_mask: Tensor,
        faces_mask: Tensor,
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Each modality's sequence before it meets the others, and its mask."""
        audio, audio_mask = self.voice(waveform, waveform_mask)
        sequences = {
            "text": self.text(tokens, tokens_mask),
            "audio": audio,
            "faces": self.faces(faces, faces_mask),
        }
        return sequences, {"text": tokens_mask, "audio": audio_mask, "faces": faces_mask}

    def forward(
        self,
        tokens: Tensor,
        waveform: Tensor,
        faces: Tensor,
        tokens_mask: Tensor,
        waveform_mask: Tensor,
        faces_mask: Tensor,
    ) -> Tensor:
        """tokens (batch, tokens), waveform (batch, samples), faces (batch, frames, 3, 48, 48)."""
        return self.fusion(
            *self.encode(tokens, waveform, faces, tokens_mask, waveform_mask, faces_mask)
        )

    def probabilities(self, logits: Tensor) -> Tensor:
        """(batch, classes): summing to one, or each label for itself."""
        return logits.sigmoid() if self.multi_label else logits.softmax(-1)


def xlstm_trimodal_honest(
    *,
    classes: int = 4,
    multi_label: bool = False,
    checkpoint: str | None = None,
    cells: tuple[Cell, ...] = ("mlstm", "mlstm", "mlstm"),
    sample_rate: int = 16_000,
    frame_seconds: float = 0.5,
    dim: int = 128,
    **albert,
) -> HonestTrimodal:
    """Our trimodal network; `checkpoint` is the user's ALBERT folder."""
    return HonestTrimodal(
        classes,
        albert=Albert(checkpoint=checkpoint, **albert),
        multi_label=multi_label,
        cells=cells,
        sample_rate=sample_rate,
        frame_seconds=frame_seconds,
        dim=dim,
    )


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Clip 1 lacks its words, clip 2 its sound, clip 3 its face."""
    sizes = {"tokens": length, "waveform": 700 * length, "faces": max(length // 4, 1)}
    masks = {f"{n}_mask": torch.ones(batch, size, dtype=torch.bool) for n, size in sizes.items()}
    for clip, name in enumerate(masks, start=1):
        masks[name][clip : clip + 1] = False
    return {
        "tokens": torch.randint(0, 50, (batch, length), generator=generator),
        "waveform": torch.randn(batch, sizes["waveform"], generator=generator),
        "faces": torch.randn(batch, sizes["faces"], 3, 48, 48, generator=generator),
        **masks,
    }


ARCHITECTURE = Architecture(
    "xlstm_trimodal_honest",
    xlstm_trimodal_honest,
    example,
    lengths=(8, 4, 13),
    small=TINY,
    masked=True,
    paper="after alaaNfissi/Multi-Modal-Emotion-Recognition; Beck et al. 2024, arXiv 2405.04517",
)

"""The trimodal system as published: text, waveform and faces (alaaNfissi, 2024–2026).

Rebuilt so that it runs at all, with what its code did kept in place:

- "cross-attention" has one key, so its weight is always 1: text never reaches sound or picture,
  and the query and key projections never learn. The system is a sum of three logits.
- Of three mLSTM cells fed in parallel, the forward pass uses the third and the "backward" pass is
  one step of the first on the last frame; the second does nothing.
- The mLSTM normaliser lacks the absolute value and keeps its bound at 1 after stabilising, and its
  "causal" convolution runs along the features of one step.
- Layers that nothing uses: `a_flatten`, `text_feature_affine`, `fc2`, ALBERT's pooler.
- Sound is padded to a fixed length and the padding is read as sound.

The original's face detector (495,850 weights inside its 59,106,986) is not part of this network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .albert import TINY, Albert
from .attention import Encoder
from .registry import Architecture
from .repvgg import TRUNK_FEATURES, face_trunk
from .waveform17 import WIDTH, Waveform17

SAMPLES = 83_426  # 10.4 seconds at 8 kHz
PIXEL_MEAN, PIXEL_STD = (159.0, 111.0, 102.0), (37.0, 33.0, 32.0)  # of pixels in 0..255
_CELL, _HEADS, _FACE = 72, 4, 64


class PublishedCell(nn.Module):
    """One mLSTM cell with the published arithmetic, answering for the last step only.

    The loop over steps is written out as one weighted sum, which is the same and exports.
    """

    def __init__(self, dim: int = _CELL, *, heads: int = _HEADS):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.left, self.right = nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.conv = nn.Conv1d(1, 1, 4)
        self.query, self.key = nn.Linear(2 * dim, dim), nn.Linear(2 * dim, dim)
        self.value, self.output = nn.Linear(2 * dim, dim), nn.Linear(2 * dim, dim)
        self.write, self.forget = nn.Linear(2 * dim, heads), nn.Linear(2 * dim, heads)
        self.group_norm = nn.GroupNorm(heads, dim)
        self.skip = nn.Linear(2 * dim, dim, bias=False)
        self.down = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, dim) to the last step's answer (batch, dim)."""
        normed = self.norm(x)
        left = self.left(normed)
        over_features = F.pad(left.flatten(0, 1)[:, None], (3, 0))
        seen = F.silu(self.conv(over_features).reshape_as(left))
        query = self.query(seen[:, -1]).unflatten(-1, (self.heads, -1))
        key = self.key(seen).unflatten(-1, (self.heads, -1)) * query.shape[-1] ** -0.5
        value = self.value(left).unflatten(-1, (self.heads, -1))
        hidden = self._read(query, key, value, self.write(seen), self.forget(seen)).flatten(1)
        hidden = self.group_norm(hidden * self.output(left[:, -1]).sigmoid())
        hidden = (hidden + self.skip(seen[:, -1])) * F.silu(self.right(normed[:, -1]))
        return self.down(hidden) + x[:, -1]

    def _read(self, query: Tensor, key: Tensor, value: Tensor, write: Tensor, forget: Tensor):
        """The memory after the last step; it started with C = 0, n = 1, m = 0."""
        later = forget.flip(1).cumsum(1).flip(1)
        exponent = write + later - forget
        first = later[:, 0]
        largest = torch.maximum(exponent.amax(1), first)
        weight = (exponent - largest[:, None]).exp() * (key * query[:, None]).sum(-1)
        start = (first - largest).exp() * query.sum(-1)
        norm = (weight.sum(1) + start).clamp(min=1)
        return (weight[..., None] * value).sum(1) / norm[..., None]


class PublishedVoice(nn.Module):
    """(batch, samples) to (batch, 144): 530,523 weights."""

    def __init__(self):
        super().__init__()
        self.waveform = Waveform17()
        self.fc1 = nn.Linear(WIDTH, _CELL)
        self.cells = nn.ModuleList(PublishedCell() for _ in range(3))
        self.fc2 = nn.Linear(_CELL, 6)

    def forward(self, waveform: Tensor) -> Tensor:
        steps = self.fc1(F.leaky_relu(self.waveform(waveform)[0], 0.01))
        return torch.cat([self.cells[2](steps), self.cells[0](steps[:, -1:])], -1)


class PublishedFaces(nn.Module):
    """(batch, frames, 3, 48, 48) normalised faces to (batch, 64); the order of frames is lost."""

    def __init__(self):
        super().__init__()
        self.trunk = face_trunk()
        self.squeeze = nn.Sequential(
            nn.Linear(TRUNK_FEATURES, 1024), nn.ReLU(), nn.Linear(1024, _FACE)
        )
        self.summary = nn.Parameter(torch.randn(_FACE) * 0.02)
        self.encoder = Encoder(_FACE, layers=4, heads=4, hidden=2048, dropout=0.1)

    def forward(self, faces: Tensor, mask: Tensor) -> Tensor:
        frames = self.squeeze(self.trunk(faces.flatten(0, 1)))
        frames = frames.reshape(faces.shape[0], faces.shape[1], -1)
        summary = self.summary.expand(faces.shape[0], 1, -1)
        seen = torch.cat([torch.ones_like(mask[:, :1]), mask], 1)
        return self.encoder(torch.cat([summary, frames], 1), seen)[:, 0]


class SingleKeyAttention(nn.Module):
    """Attention of the text's summary over ONE vector: softmax over one number is 1."""

    def __init__(self, width: int, *, dim: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.enter = nn.Linear(width, dim)
        self.query, self.key, self.value = (nn.Linear(dim, dim) for _ in range(3))
        self.out, self.norm = nn.Linear(dim, dim), nn.LayerNorm(dim)
        self.leave = nn.Linear(dim, width)

    def forward(self, text: Tensor, other: Tensor) -> Tensor:
        only = self.enter(other)
        query, key = (
            project(x).unflatten(-1, (self.heads, 1, -1))
            for project, x in ((self.query, text), (self.key, only))
        )
        weight = (query @ key.transpose(-1, -2)).softmax(-1)
        value = self.value(only).unflatten(-1, (self.heads, 1, -1))
        return self.leave(self.norm(only + self.out((weight * value).flatten(1))))


class PublishedTrimodal(nn.Module):
    """Tokens, waveform (8 kHz) and faces to logits; softmax (IEMOCAP) or sigmoid (MOSEI) after."""

    def __init__(self, classes: int, *, albert: Albert, flatten: int):
        super().__init__()
        self.text, self.voice, self.faces = albert, PublishedVoice(), PublishedFaces()
        self.a_flatten = nn.Sequential(nn.Linear(flatten, 1024), nn.ReLU(), nn.Linear(1024, _FACE))
        self.text_feature_affine = nn.Linear(256, 6)
        self.visual_attention = SingleKeyAttention(_FACE, dim=albert.width)
        self.audio_attention = SingleKeyAttention(WIDTH, dim=albert.width)
        self.heads = nn.ModuleList(nn.Linear(w, classes) for w in (albert.width, _FACE, WIDTH))
        self.weigh = nn.Linear(3, 1, bias=False)

    def forward(
        self,
        tokens: Tensor,
        waveform: Tensor,
        faces: Tensor,
        tokens_mask: Tensor,
        faces_mask: Tensor,
    ) -> Tensor:
        """tokens (batch, tokens), waveform (batch, samples), faces (batch, frames, 3, 48, 48)."""
        text = self.text(tokens, tokens_mask)[:, 0]
        visual = self.visual_attention(text, self.faces(faces, faces_mask))
        audio = self.audio_attention(text, self.voice(waveform))
        parts = zip(self.heads, (text, visual, audio), strict=True)
        return self.weigh(torch.stack([head(x) for head, x in parts], -1)).squeeze(-1)


def xlstm_trimodal(
    *, classes: int = 4, checkpoint: str | None = None, flatten: int = 32_768, **albert
) -> PublishedTrimodal:
    """The published trimodal system; `checkpoint` is the user's ALBERT folder."""
    text = Albert(checkpoint=checkpoint, pooler=True, **albert)
    return PublishedTrimodal(classes, albert=text, flatten=flatten)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        "tokens": torch.randint(0, 50, (batch, length), generator=generator),
        "waveform": torch.randn(batch, 700 * length, generator=generator),
        "faces": torch.randn(batch, max(length // 4, 1), 3, 48, 48, generator=generator),
        "tokens_mask": torch.ones(batch, length, dtype=torch.bool),
        "faces_mask": torch.ones(batch, max(length // 4, 1), dtype=torch.bool),
    }


ARCHITECTURE = Architecture(
    "xlstm_trimodal",
    xlstm_trimodal,
    example,
    lengths=(8, 4, 13),
    small={**TINY, "flatten": 32},
    form="published",
    paper="alaaNfissi/Multi-Modal-Emotion-Recognition",
    inert=(
        "a_flatten.",
        "text_feature_affine.",
        "text.encoder.pooler.",
        "voice.fc2.",
        "voice.cells.1.",
        "visual_attention.query.",
        "visual_attention.key.",
        "audio_attention.query.",
        "audio_attention.key.",
    ),
)

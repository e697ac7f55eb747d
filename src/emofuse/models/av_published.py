"""Audio-video fusion as published (Chumachenko et al., ICPR 2022, arXiv 2201.11095).

Three fusions of MFCC (10, 156) and 15 face frames: `av_lt` (late transformer), `av_it`
(intermediate transformer), `av_ia` (intermediate attention). Kept as published: no residual from
the query, gates of `av_ia` that are sums, not averages (video × 10, audio × 0.1), the classifiers
of the single branches that nothing uses, and 15 frames only.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .efficientface import EMBEDDING, efficientface
from .registry import Architecture

FRAMES, COEFFICIENTS = 15, 10
_AUDIO_MID, _VIDEO_MID, _DIM = 128, 64, 128


def _audio_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3), nn.BatchNorm1d(outputs), nn.ReLU(), nn.MaxPool1d(2, 1)
    )


def _video_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3, padding=1), nn.BatchNorm1d(outputs), nn.ReLU()
    )


class Attention(nn.Module):
    """softmax(QKᵀ/√(dim/heads)) and its values; keys and values share one projection."""

    def __init__(self, dim: int, *, query: int, key: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(query, dim, bias=False)
        self.kv = nn.Linear(key, 2 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def matrix(self, query: Tensor, keys: Tensor) -> Tensor:
        """(batch, heads, queries, keys), each row summing to one."""
        q, k = self._split(self.q(query)), self._split(self.kv(keys).chunk(2, -1)[0])
        return (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        value = self._split(self.kv(keys).chunk(2, -1)[1])
        return self.proj((self.matrix(query, keys) @ value).transpose(1, 2).flatten(2))


class AttentionBlock(nn.Module):
    """Attention without a residual from the query, then a feed-forward part with one."""

    def __init__(self, dim: int, *, query: int, key: int, heads: int):
        super().__init__()
        self.norm_q, self.norm_k = nn.LayerNorm(query), nn.LayerNorm(key)
        self.attention = Attention(dim, query=query, key=key, heads=heads)
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        z = self.attention(self.norm_q(query), self.norm_k(keys))
        return z + self.mlp(self.norm(z))


class PublishedFusion(nn.Module):
    """MFCC (batch, 10, 156) and frame embeddings (batch, 15, 1024) to logits.

    Everything behind the frame encoder, so that training can start from cached embeddings.
    """

    def __init__(self, classes: int, *, fusion: str, heads: int):
        super().__init__()
        self.fusion = fusion
        self.audio1 = nn.Sequential(_audio_block(COEFFICIENTS, 64), _audio_block(64, _AUDIO_MID))
        self.audio2 = nn.Sequential(_audio_block(_AUDIO_MID, 256), _audio_block(256, _DIM))
        self.video1 = nn.Sequential(_video_block(EMBEDDING, 64), _video_block(64, _VIDEO_MID))
        self.video2 = nn.Sequential(_video_block(_VIDEO_MID, _DIM), _video_block(_DIM, _DIM))
        self.audio_classifier = nn.Linear(_DIM, classes)
        self.video_classifier = nn.Linear(_DIM, classes)
        audio, video = (_DIM, _DIM) if fusion == "lt" else (_AUDIO_MID, _VIDEO_MID)
        block = Attention if fusion == "ia" else AttentionBlock
        self.av = block(audio, query=audio, key=video, heads=heads)
        self.va = block(video, query=video, key=audio, heads=heads)
        self.head = nn.Linear(2 * _DIM, classes)

    def forward(self, audio: Tensor, frames: Tensor) -> Tensor:
        if frames.shape[1] != FRAMES:
            raise ValueError(f"the published form takes {FRAMES} frames, not {frames.shape[1]}")
        audio, video = self.audio1(audio), self.video1(frames.transpose(1, 2))
        if self.fusion == "it":
            sound, sight = audio.transpose(1, 2), video.transpose(1, 2)
            audio = audio + self.av(sound, sight).transpose(1, 2)
            video = video + self.va(sight, sound).transpose(1, 2)
        if self.fusion == "ia":
            sound, sight = audio.transpose(1, 2), video.transpose(1, 2)
            audio, video = (
                audio * self.va.matrix(sight, sound).mean(1).sum(1)[:, None],
                video * self.av.matrix(sound, sight).mean(1).sum(1)[:, None],
            )
        audio = self.audio2(audio).transpose(1, 2)
        video = self.video2(video).transpose(1, 2)
        if self.fusion == "lt":
            audio, video = self.av(audio, video), self.va(video, audio)
        return self.head(torch.cat([audio.mean(1), video.mean(1)], -1))


class PublishedAudioVideo(nn.Module):
    """MFCC (batch, 10, 156) and frames (batch, 15, 3, 224, 224) in 0..1 to logits."""

    def __init__(self, classes: int, *, fusion: str, heads: int, weights: Path | None):
        super().__init__()
        self.frame_encoder = efficientface(weights=weights)
        self.fuse = PublishedFusion(classes, fusion=fusion, heads=heads)

    def forward(self, audio: Tensor, video: Tensor) -> Tensor:
        embeddings = self.frame_encoder(video.flatten(0, 1))
        return self.fuse(audio, embeddings.unflatten(0, (-1, video.shape[1])))


def av_lt(*, classes: int = 8, heads: int = 1, weights: Path | None = None) -> PublishedAudioVideo:
    """Late transformer: each branch is replaced by what it finds in the other."""
    return PublishedAudioVideo(classes, fusion="lt", heads=heads, weights=weights)


def av_it(*, classes: int = 8, heads: int = 1, weights: Path | None = None) -> PublishedAudioVideo:
    """Intermediate transformer: half-way, each branch adds what it finds in the other."""
    return PublishedAudioVideo(classes, fusion="it", heads=heads, weights=weights)


def av_ia(*, classes: int = 8, heads: int = 1, weights: Path | None = None) -> PublishedAudioVideo:
    """Intermediate attention: half-way, attention weights gate the other branch's steps."""
    return PublishedAudioVideo(classes, fusion="ia", heads=heads, weights=weights)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        "audio": torch.randn(batch, COEFFICIENTS, 156, generator=generator),
        "video": torch.rand(batch, length, 3, 120, 120, generator=generator),
    }


_UNUSED = ("fuse.audio_classifier.", "fuse.video_classifier.")


def _entry(build, *, inert: tuple[str, ...] = _UNUSED) -> Architecture:
    return Architecture(
        build.__name__,
        build,
        example,
        lengths=(FRAMES,),
        form="published",
        paper="Chumachenko et al. 2022, arXiv 2201.11095",
        inert=inert,
        fixed_shape=True,
    )


ARCHITECTURES = (
    _entry(av_lt),
    _entry(av_it),
    _entry(av_ia, inert=(*_UNUSED, "fuse.av.proj.", "fuse.va.proj.")),
)

"""wav2vec 2.0 with mean pooling and a two-layer head (Luna-Jiménez et al., Appl. Sci. 2022).

`xlsr` as published: the mean runs over all frames, padding included, so that a clip's answer
depends on the longest clip of its batch. `xlsr_honest` is the same network with a masked mean.
The checkpoint comes from a local folder or, when it is online, from the Hugging Face hub.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from .attention import masked_mean
from .registry import Architecture

CHECKPOINT = "jonatasgrosman/wav2vec2-large-xlsr-53-english"
# The architecture of the checkpoint, for when only its shape is wanted.
LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
    "attention_dropout": 0.1,
    "hidden_dropout": 0.05,
    "activation_dropout": 0.05,
    "feat_proj_dropout": 0.05,
    "final_dropout": 0.0,
    "layerdrop": 0.05,
    "mask_time_prob": 0.05,
    "mask_time_length": 10,
}


class XLSR(nn.Module):
    """(batch, samples) 16 kHz, each clip at zero mean and unit variance, to (batch, classes).

    The convolutional feature encoder is frozen; everything after it trains.
    """

    def __init__(self, encoder: nn.Module, classes: int, *, masked: bool):
        super().__init__()
        self.encoder, self.masked = encoder, masked
        self.encoder.freeze_feature_encoder()
        width, dropout = encoder.config.hidden_size, encoder.config.final_dropout
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(width, classes),
        )

    def forward(self, waveform: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, samples) is True where a clip has sound; padding comes last."""
        attention = None if mask is None else mask.long()
        frames = self.encoder(waveform, attention_mask=attention).last_hidden_state
        if mask is None or not self.masked:
            return self.head(frames.mean(1))
        return self.head(masked_mean(frames, self._whole_frames(mask, frames.shape[1])))

    def _whole_frames(self, mask: Tensor, frames: int) -> Tensor:
        """(batch, frames): which outputs of the feature encoder saw sound only."""
        config, length = self.encoder.config, mask.sum(1)
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            length = (length - kernel).div(stride, rounding_mode="floor") + 1
        return torch.arange(frames, device=mask.device)[None] < length[:, None]


def local_features(encoder: nn.Module, waveform: Tensor) -> Tensor:
    """The frozen features of the static classifiers: (batch, samples) to (batch, 512).

    Means over time of the last convolution of the feature encoder; no masks, so one clip at a time.
    """
    return encoder.feature_extractor(waveform).mean(-1)


def wav2vec2(*, checkpoint: str | None = None, **config) -> nn.Module:
    """A transformers `Wav2Vec2Model`: from a folder or hub name, else random with `config`."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    if checkpoint is not None:
        return Wav2Vec2Model.from_pretrained(checkpoint)
    return Wav2Vec2Model(Wav2Vec2Config(**(LARGE | config)))


def xlsr(*, classes: int = 8, checkpoint: str | None = None, **config) -> XLSR:
    """The published fine-tuned model (mean over padding too)."""
    return XLSR(wav2vec2(checkpoint=checkpoint, **config), classes, masked=False)


def xlsr_honest(*, classes: int = 8, checkpoint: str | None = None, **config) -> XLSR:
    """The same network, averaging true frames only."""
    return XLSR(wav2vec2(checkpoint=checkpoint, **config), classes, masked=True)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"waveform": torch.randn(batch, length, generator=generator)}


TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16, 16),
    "conv_stride": (3, 2),
    "conv_kernel": (5, 3),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "layerdrop": 0.0,
    "mask_time_prob": 0.3,
    "mask_time_length": 2,
}
_entry = partial(
    Architecture,
    example=example,
    lengths=(400, 230, 610),
    small=TINY,
    masked=True,
    paper="Luna-Jiménez et al. 2022, 10.3390/app12010327",
)
ARCHITECTURES = (
    _entry("xlsr", xlsr, form="published", batch_dependent=True),
    _entry("xlsr_honest", xlsr_honest),
)

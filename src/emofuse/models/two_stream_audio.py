"""Audio nets of the two-stream system (gianscuri): 1-D on loudness, 2-D on log-mel.

The 1-D net reads the mean over mel bands, a contour of 282 loudness values. The 2-D nets end in
a maximum over the whole picture, so they take any length; without a mask, silence at the ends
competes with the voice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .registry import Architecture

FRAMES, BANDS = 282, 128


class StreamAudio1D(nn.Module):
    """(batch, 282) scaled loudness to logits."""

    def __init__(self, classes: int, *, dropout: float, frames: int):
        super().__init__()
        steps = ((frames - 18) // 8 - 9) // 8
        self.layers = nn.Sequential(
            *(nn.Conv1d(1, 64, 10), nn.ReLU(), nn.Conv1d(64, 128, 10), nn.ReLU()),
            *(nn.MaxPool1d(8), nn.Dropout(dropout)),
            *(nn.Conv1d(128, 128, 10), nn.ReLU(), nn.MaxPool1d(8), nn.Dropout(dropout)),
            *(nn.Flatten(), nn.Linear(128 * steps, 128), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(128, classes),
        )

    def forward(self, loudness: Tensor) -> Tensor:
        return self.layers(loudness[:, None])

    def penalised(self) -> list[nn.Module]:
        """The layers under the published L2 penalty."""
        return [self.layers[2], self.layers[6]]


class StreamAudio2D(nn.Module):
    """(batch, 128 bands, frames) scaled log-mel to logits."""

    def __init__(
        self,
        classes: int,
        *,
        widths: tuple[int, int, int],
        kernel: tuple[int, int],
        hidden: int,
        dropout: float,
    ):
        super().__init__()
        first, second, third = widths
        self.convs = nn.Sequential(
            *(nn.Conv2d(1, first, kernel), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(first, second, kernel), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(dropout)),
            *(nn.Conv2d(second, third, kernel), nn.ReLU()),
        )
        self.head = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(third, hidden), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(hidden, classes),
        )

    def forward(self, mel: Tensor) -> Tensor:
        return self.head(self.convs(mel[:, None]).amax((2, 3)))

    def penalised(self) -> list[nn.Module]:
        """The layers under the published L2 penalty."""
        return [self.convs[3], self.convs[7], self.head[1]]


def weight_penalty(
    model: StreamAudio1D | StreamAudio2D, *, kernel: float = 1e-3, bias: float = 1e-2
) -> Tensor:
    """Keras's L2 term of the published recipes, to be added to the loss."""
    layers = model.penalised()
    weights = sum(layer.weight.square().sum() for layer in layers)
    return kernel * weights + bias * sum(layer.bias.square().sum() for layer in layers)


def stream_audio_1d(
    *, classes: int = 7, dropout: float = 0.5, frames: int = FRAMES
) -> StreamAudio1D:
    """Published 1-D nets; dropout 0 for m0 and m2, 0.5 for m1 and m3."""
    return StreamAudio1D(classes, dropout=dropout, frames=frames)


def _two_dimensional(widths, kernel, classes: int, dropout: float) -> StreamAudio2D:
    return StreamAudio2D(classes, widths=widths, kernel=kernel, hidden=widths[-1], dropout=dropout)


def stream_audio_2d(*, classes: int = 7, dropout: float = 0.2) -> StreamAudio2D:
    """Published 2-D nets m0 to m3; dropout 0 for m0 and m2."""
    return _two_dimensional((32, 64, 64), (3, 3), classes, dropout)


def stream_audio_2d_wide(*, classes: int = 7, dropout: float = 0.2) -> StreamAudio2D:
    """Published 2-D net m3.1: twice the filters."""
    return _two_dimensional((64, 128, 128), (3, 3), classes, dropout)


def stream_audio_2d_long(*, classes: int = 7, dropout: float = 0.2) -> StreamAudio2D:
    """Published 2-D net m3.2, the one that was fused: kernels of 3 bands by 5 frames."""
    return _two_dimensional((64, 128, 128), (3, 5), classes, dropout)


def example_1d(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"loudness": torch.randn(batch, length, generator=generator)}


def example_2d(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"mel": torch.randn(batch, BANDS, length, generator=generator)}


_PAPER = "gianscuri/Emotion-Recognition_SER-FER_RAVDESS"
ARCHITECTURES = (
    Architecture(
        "stream_audio_1d",
        stream_audio_1d,
        example_1d,
        lengths=(FRAMES,),
        form="published",
        paper=_PAPER,
        fixed_shape=True,
    ),
    *(
        Architecture(
            build.__name__,
            build,
            example_2d,
            lengths=(90, 60, 120),
            form="published",
            paper=_PAPER,
        )
        for build in (stream_audio_2d, stream_audio_2d_wide, stream_audio_2d_long)
    ),
)

"""`emonet-lstm`: face films through EmoNet and a sequence model (S3b, qjiang002)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from emofuse.core import LabelSet
from emofuse.corpora import Manifest
from emofuse.models import EMONET_EMBEDDING, EMONET_LICENCE, MODELS
from emofuse.perception.face import FrameOptions
from emofuse.protocols import Stamp
from emofuse.training.counting import parameters_of
from emofuse.training.embeddings import embedded_film, weights_identity
from emofuse.training.engine import FitOptions
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.network import NetworkMethod, Recipe
from emofuse.training.optimisers import Optimiser
from emofuse.training.pictures import film_input
from emofuse.training.settings import check_weights
from emofuse.training.system import Progress, System

# EmoNet's order. Its eighth output was contempt; the published system re-used it for calm.
LABELS = LabelSet(
    "ravdess8-emonet",
    ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "calm"),
)
HOP_SECONDS = 0.2
# EmoNet's square is 1.8 times the landmarks' box; our mesh reaches up to the hair.
MARGIN = 1.5


@dataclass(frozen=True)
class Options:
    """Settings. `weights` is the user's own EmoNet file (CC BY-NC-ND 4.0, never shipped).

    Without it EmoNet starts at random. `width` and `image_size` shrink it for tests. The
    published form takes 90 frames (0.5 to 3.5 s), the honest one five a second.
    """

    form: str = "honest"
    weights: str = ""
    faces: str = "detect"
    frames: int = 90
    width: int = 256
    image_size: int = 256
    epochs: int = 30
    patience: int = 8
    learning_rate: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        check_weights(self.weights)


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    film = (
        published_film(options, manifest, progress)
        if options.form == "published"
        else (honest_film(options, manifest, progress, name="frames", mask="mask"))
    )
    return Examples(manifest.clips, labels, (film,), truth_of(manifest.clips, labels))


def published_film(options, manifest: Manifest, progress: Progress | None) -> Input:
    """90 consecutive pictures in blue-green-red order, black past the end."""
    frames = FrameOptions(
        size=options.image_size,
        count=options.frames,
        window_seconds=3.0,
        place="start",
        skip_seconds=0.5,
        faces=options.faces,
        margin=MARGIN,
        colour="bgr",
        missing="last",
    )
    return film_input("video", manifest, frames, progress=progress)


def honest_film(
    options, manifest: Manifest, progress: Progress | None, *, name: str, mask: str
) -> Input:
    """Frozen EmoNet embeddings of five pictures a second, red-green-blue."""
    frames = FrameOptions(
        size=options.image_size,
        count=0,
        every_seconds=HOP_SECONDS,
        faces=options.faces,
        margin=MARGIN,
    )

    return embedded_film(
        name,
        manifest,
        frames,
        lambda: _Embedder(options),
        identity=weights_identity(
            f"emonet {options.width} {options.image_size}", options.weights, seed=options.seed
        ),
        width=EMONET_EMBEDDING,
        mask=mask,
        progress=progress,
    )


class _Embedder(nn.Module):
    """EmoNet up to its last classifier: (n, 256); a narrower one (tests) fills the first of them."""

    def __init__(self, options):
        super().__init__()
        torch.manual_seed(options.seed)
        self.network = MODELS["emonet"].build(
            width=options.width,
            image_size=options.image_size,
            weights=Path(options.weights) if options.weights else None,
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found = self.network.embed(pictures)
        return nn.functional.pad(found, (0, EMONET_EMBEDDING - found.shape[1]))


def emonet_sizes(options) -> dict:
    return {
        "frames": options.frames,
        "width": options.width,
        "image_size": options.image_size,
        "weights": Path(options.weights) if options.weights else None,
    }


def build(options: Options, classes: int):
    if options.form == "published":
        return MODELS["emonet_lstm"].build(classes=classes, **emonet_sizes(options))
    return MODELS["emonet_lstm_honest"].build(classes=classes, hop_seconds=HOP_SECONDS)


def recipe(options) -> Recipe:
    """Published: Adam 1e-4, one clip a step, rate halved on a plateau, best validation loss."""
    published = options.form == "published"
    return Recipe(
        FitOptions(
            epochs=options.epochs,
            learning_rate=options.learning_rate if published else 10 * options.learning_rate,
            weight_decay=5e-5 if published else 1e-2,
            clip_norm=0.0 if published else 1.0,
            patience=None if published else options.patience,
            monitor="loss",
            seed=options.seed,
        ),
        optimiser=Optimiser("adam", schedule="plateau", gamma=0.5, patience=1, decay_all=True)
        if published
        else Optimiser(),
        batch_size=1 if published else 32,
        watch=() if published else ("train", "test"),
    )


def stamps(options, manifest: Manifest) -> tuple[str, ...]:
    return (str(Stamp.DETECTOR_REPLACED),) if options.faces == "detect" else ()


SYSTEM = System(
    name="emonet-lstm",
    title="Face films through EmoNet and a sequence model",
    paper="qjiang002, Multimodal-Emotion-Detection (S3b); Toisoul et al. 2021",
    corpora=("ravdess",),
    protocols={"published": "random-clips", "honest": "ravdess-6fold"},
    modality="face",
    licence=EMONET_LICENCE,
    options=Options,
    label_set=lambda options: LABELS,
    read=read,
    method=lambda options: NetworkMethod(build, recipe, modality="video"),
    models=lambda options: {
        "emonet_lstm" if options.form == "published" else "emonet_lstm_honest": parameters_of(
            build, options
        )
    },
    stamps=stamps,
    claimed=57.0,
    wrong="Each recording was in training and validation at once (its two files share an id); the "
    "split was drawn anew at every start; blue-green-red pictures for a net trained on "
    "red-green-blue; the frozen part kept adapting its normalisation; black frames past the end "
    "were read as faces; only 8 logits a frame reached the sequence model.",
    left="Five pictures a second, the frozen net's 256-number embedding of each, computed once, "
    "masks, new persons in every fold. EmoNet's weights may not be shipped and are not here, and "
    "RAVDESS films of one actor only are, so the number is not measured.",
    tiny={
        "faces": "whole",
        "frames": 3,
        "width": 16,
        "image_size": 64,
        "epochs": 1,
    },
)

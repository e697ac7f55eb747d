"""`av-hybrid-fusion`: MFCC and face pictures that attend to each other (S0a)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emofuse.core import LabelSet, label_set
from emofuse.corpora import Manifest
from emofuse.models import (
    EFFICIENTFACE_EMBEDDING,
    EFFICIENTFACE_MEAN,
    EFFICIENTFACE_STD,
    MODALITY_DROPOUT,
    MODELS,
)
from emofuse.perception.face import FrameOptions
from emofuse.protocols import Stamp
from emofuse.training.counting import parameters_of
from emofuse.training.embeddings import embedded_film, weights_identity
from emofuse.training.engine import FitOptions
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.missing import absent_sometimes
from emofuse.training.network import NetworkMethod, Recipe
from emofuse.training.optimisers import Optimiser
from emofuse.training.picture_augment import turned_and_mirrored
from emofuse.training.pictures import film_input
from emofuse.training.settings import check_weights
from emofuse.training.sounds import analysis_parameters, band_limited, sound_features
from emofuse.training.system import Progress, System

SAMPLE_RATE, WINDOW_SECONDS, FRAMES = 22_050, 3.6, 15
MFCC = {
    "sample_rate": SAMPLE_RATE,
    "seconds": WINDOW_SECONDS,
    "place": "centre",
    "n_fft": 2048,
    "hop_length": 512,
    "n_mels": 128,
    "n_mfcc": 10,
}
FUSIONS = ("lt", "it", "ia")


@dataclass(frozen=True)
class Options:
    """Settings. `fusion` lt, it or ia; `dropout` softhard, noise or none; `labels` ravdess8 or
    esposito4. `weights` is the user's own EfficientFace file; without it the frame encoder starts
    at random. `faces` "whole" takes pictures that are face crops already. `frames` is the honest
    form's number of pictures; the published one takes 15.
    """

    form: str = "honest"
    labels: str = "ravdess8"
    fusion: str = "ia"
    dropout: str = "softhard"
    heads: int = 1
    weights: str = ""
    faces: str = "detect"
    frames: int = FRAMES
    size: int = 224
    dim: int = 128
    epochs: int = 100
    patience: int = 20
    batch_size: int = 8
    learning_rate: float = 0.0  # 0: the form's own, 0.04 published (SGD) and 1e-3 honest (AdamW)
    seed: int = 1

    def __post_init__(self) -> None:
        check_weights(self.weights)
        if self.fusion not in FUSIONS or self.dropout not in MODALITY_DROPOUT:
            known = f"fusion {', '.join(FUSIONS)}; dropout {', '.join(MODALITY_DROPOUT)}"
            raise ValueError(f"fusion {self.fusion!r}, dropout {self.dropout!r}: known are {known}")


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    """MFCC and pictures (published), or MFCC steps and frame embeddings with their masks."""
    published = options.form == "published"
    parameters = {**MFCC, "layout": "image" if published else "time"}
    sound = Input(
        "audio",
        sound_features(manifest, "mfcc", parameters, sample_rate=SAMPLE_RATE, progress=progress),
        mask="" if published else "audio_mask",
        normalise=None if published else (0,),
        front_end="mfcc",
        parameters=analysis_parameters(parameters, sample_rate=SAMPLE_RATE),
    )
    film = (
        published_film(options, manifest, progress)
        if published
        else honest_film(options, manifest, progress)
    )
    change = (
        _repeated(options.dropout)
        if published
        else absent_sometimes(
            ("audio_mask", "video_mask"), share=0.0 if options.dropout == "none" else 0.25
        )
    )
    return Examples(manifest.clips, labels, (sound, film), truth_of(manifest.clips, labels), change)


def published_film(options: Options, manifest: Manifest, progress: Progress | None) -> Input:
    """15 pictures of the first 3.6 s in blue-green-red order, black past the end."""
    frames = FrameOptions(
        size=options.size,
        count=FRAMES,
        window_seconds=WINDOW_SECONDS,
        place="start",
        faces=options.faces,
        margin=1.0,
        square=False,
        colour="bgr",
        missing="last",
    )
    return film_input(
        "video", manifest, frames, augment=turned_and_mirrored(degrees=10), progress=progress
    )


def honest_film(options: Options, manifest: Manifest, progress: Progress | None) -> Input:
    """Frozen embeddings of pictures from the same window as the sound, red-green-blue."""
    frames = FrameOptions(
        size=options.size,
        count=options.frames,
        window_seconds=WINDOW_SECONDS,
        faces=options.faces,
        margin=1.0,
        square=False,
    )

    def encoder() -> torch.nn.Module:
        torch.manual_seed(options.seed)
        return MODELS["efficientface"].build(
            weights=Path(options.weights) if options.weights else None
        )

    return embedded_film(
        "video",
        manifest,
        frames,
        encoder,
        identity=weights_identity("efficientface", options.weights, seed=options.seed),
        width=EFFICIENTFACE_EMBEDDING,
        mask="video_mask",
        mean=tuple(255 * part for part in EFFICIENTFACE_MEAN),
        std=tuple(255 * part for part in EFFICIENTFACE_STD),
        progress=progress,
    )


def _repeated(name: str):
    """The published modality dropout: the batch three or four times, changed and shuffled."""
    dropout = MODALITY_DROPOUT[name]

    def change(named, target, rng: np.random.Generator):
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        audio, video, target, _ = dropout(named["audio"], named["video"], target, generator)
        return {"audio": audio, "video": video}, target

    return change


def build(options: Options, classes: int):
    if options.form == "published":
        return MODELS[f"av_{options.fusion}"].build(
            classes=classes,
            heads=options.heads,
            weights=Path(options.weights) if options.weights else None,
        )
    return MODELS[f"av_{options.fusion}_honest"].build(
        classes=classes, dim=options.dim, video_hop_seconds=WINDOW_SECONDS / options.frames
    )


def recipe(options: Options) -> Recipe:
    honest = options.form == "honest"
    fit = FitOptions(
        epochs=options.epochs,
        learning_rate=options.learning_rate or (1e-3 if honest else 0.04),
        weight_decay=1e-2 if honest else 1e-3,
        clip_norm=1.0 if honest else 0.0,
        patience=options.patience if honest else None,
        monitor="uar" if honest else "accuracy",
        mode="max",
        seed=options.seed,
    )
    if honest:
        return Recipe(fit, batch_size=4 * options.batch_size)
    return Recipe(
        fit,
        optimiser=Optimiser(
            "sgd",
            momentum=0.9,
            dampening=0.9,
            schedule="steps",
            milestones=(40, 55, 65, 70),
            decay_all=True,
        ),
        batch_size=options.batch_size,
        watch=(),  # the frame encoder would double the cost
    )


def name_of(options: Options) -> str:
    return f"av_{options.fusion}" + ("_honest" if options.form == "honest" else "")


def stamps(options: Options, manifest: Manifest) -> tuple[str, ...]:
    found = band_limited(manifest, sample_rate=SAMPLE_RATE) if options.form == "published" else ()
    replaced = (str(Stamp.DETECTOR_REPLACED),) if options.faces == "detect" else ()
    return (*found, *replaced)


SYSTEM = System(
    name="av-hybrid-fusion",
    title="MFCC and face pictures attending to each other",
    paper="Chumachenko et al. 2022, arXiv 2201.11095; Esposito et al., CEUR-WS 4040 (S0a)",
    corpora=("ravdess",),
    protocols={"published": "ravdess-chumachenko", "honest": "ravdess-6fold"},
    modality="voice and face",
    licence="architecture MIT (base) and GPL-3.0 (derived, not copied); EfficientFace weights MIT",
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: NetworkMethod(build, recipe, modality="audio_video"),
    models=lambda options: {
        name_of(options): parameters_of(build, options, classes=len(label_set(options.labels)))
    },
    stamps=stamps,
    claimed=81.58,
    wrong="Every performance counts twice (its video-only copy has the same sound); one split of "
    "four test actors that depended on the order of folders; the picture's window is the first "
    "3.6 s, the sound's the middle ones; blue-green-red pictures without the encoder's "
    "normalisation; frames past the end are black pictures; a face that was not found takes the "
    "box of the previous film; attention without residual (lt), gates that make video ten times "
    "and audio a tenth as loud (ia).",
    left="One view of a performance, sound and picture of the same window, masks, a learned token "
    "for what is missing, residuals, gates that sum to one, six folds of new persons. RAVDESS "
    "films of one actor only are here: the number itself is not measured. That the nets can learn "
    "from real crops and sound is checked on that actor's own clips, which is no score.",
    tiny={
        "faces": "whole",
        "frames": 3,
        "size": 160,
        "dim": 16,
        "epochs": 1,
        "batch_size": 4,
    },
)

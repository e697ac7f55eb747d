"""`xlsr-static`: frozen wav2vec 2.0 features and a classic classifier (Luna-Jiménez et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from emofuse.core import LabelSet, file_sha256, label_set
from emofuse.corpora import Manifest
from emofuse.models.xlsr import local_features, wav2vec2
from emofuse.perception.voice import FRONT_ENDS
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.features_cache import view_features
from emofuse.training.settings import check_checkpoint
from emofuse.training.sounds import SOUND_VIEWS, clip_sound
from emofuse.training.system import Progress, System
from emofuse.training.table import TableMethod

from .classic_choice import candidates, setting_chosen_on

SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Options:
    """Settings. `checkpoint` and `shape` as in `xlsr-finetune`; the classifier as in `au-static`."""

    form: str = "honest"
    labels: str = "ravdess8"
    checkpoint: str = ""
    shape: dict = field(default_factory=dict)
    classifier: str = ""
    parameter: str = ""
    normalisation: str = ""
    seed: int = 2020

    def __post_init__(self) -> None:
        check_checkpoint(self.checkpoint)


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    """Mean over time of the last convolution of the frozen encoder, one clip at a time."""
    encoder = lru_cache(maxsize=1)(lambda: _encoder(options))

    def compute(clip, view) -> np.ndarray:
        samples = clip_sound(manifest, clip, view, sample_rate=SAMPLE_RATE)
        samples = FRONT_ENDS["waveform"](samples, sample_rate=SAMPLE_RATE)
        return local_features(encoder(), torch.from_numpy(samples)[None]).numpy()

    values = view_features(
        manifest,
        SOUND_VIEWS,
        compute,
        name="wav2vec2-local",
        settings={"encoder": _identity(options)},
        progress=progress,
    )
    return Examples(
        manifest.clips,
        labels,
        (Input("embedding", values, front_end="wav2vec2_local"),),
        truth_of(manifest.clips, labels),
    )


def _encoder(options: Options) -> torch.nn.Module:
    torch.manual_seed(options.seed)
    return wav2vec2(checkpoint=options.checkpoint or None, **options.shape).eval()


def _identity(options: Options) -> str:
    """What tells encoders apart: their weights, or how random ones were made."""
    weights = Path(options.checkpoint) / "model.safetensors"
    if options.checkpoint and weights.is_file():
        return file_sha256(weights)
    return options.checkpoint or f"random {options.seed} {sorted(options.shape.items())}"


SYSTEM = System(
    name="xlsr-static",
    title="Frozen wav2vec 2.0 features, eleven classifiers",
    paper="Luna-Jiménez et al. 2022, doi 10.3390/app12010327 (S1b)",
    corpora=("ravdess",),
    protocols={"published": "ravdess-5fold", "honest": "ravdess-5fold"},
    modality="voice",
    licence="the checkpoint's (Apache-2.0 for the published one) and the corpus's",
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: TableMethod(lambda o: candidates(o, published=("mlp", "80", "none"))),
    models=lambda options: {},
    chosen_on=setting_chosen_on,
    claimed=56.53,
    wrong="Classifier, normalisation and parameter were compared on the test folds; features of "
    "only one fold's training clips were ever extracted; posteriors could not be saved.",
    left="One clip at a time, every clip, the classifier chosen on persons of the training part. The averaged embeddings are "
    "absent from the repository, so the published 56.53 % cannot be checked.",
    tiny={
        "shape": {
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "conv_dim": (16, 16, 16),
            "conv_stride": (5, 4, 4),
            "conv_kernel": (10, 4, 4),
        }
    },
)

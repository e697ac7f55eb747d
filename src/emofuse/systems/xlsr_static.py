"""`xlsr-static`: frozen wav2vec 2.0 features and a classic classifier (Luna-Jiménez et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emofuse.core import LabelSet, file_sha256, label_set
from emofuse.corpora import Manifest
from emofuse.models import local_features, wav2vec2
from emofuse.perception.voice import FRONT_ENDS
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.features_cache import view_features
from emofuse.training.settings import check_checkpoint
from emofuse.training.sounds import SOUND_VIEWS, clip_sound
from emofuse.training.system import Progress, System
from emofuse.training.table import TableMethod

from .classic_choice import candidates, setting_chosen_on
from .xlsr_finetune import FRONT_END, SAMPLE_RATE
from .xlsr_finetune import SYSTEM as FINE_TUNED


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
    encoder = lru_cache(maxsize=1)(lambda: _Encoder(options).eval())

    def compute(clip, view) -> np.ndarray:
        samples = clip_sound(manifest, clip, view, sample_rate=SAMPLE_RATE)
        samples = FRONT_ENDS["waveform"](samples, **FRONT_END)
        network = encoder()
        with torch.inference_mode():
            return network(torch.from_numpy(samples)[None])[0].numpy()

    values = view_features(
        manifest,
        SOUND_VIEWS,
        compute,
        name="wav2vec2-local",
        settings={"encoder": _identity(options)},
        progress=progress,
    )
    sound = Input("waveform", values, front_end="waveform", parameters=FRONT_END, encoder=encoder)
    return Examples(manifest.clips, labels, (sound,), truth_of(manifest.clips, labels))


class _Encoder(nn.Module):
    """The frozen encoder up to its last convolution: (batch, samples) to means over time."""

    def __init__(self, options: Options):
        super().__init__()
        torch.manual_seed(options.seed)
        self.network = wav2vec2(checkpoint=options.checkpoint or None, **options.shape)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return local_features(self.network, waveform)


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
    method=lambda options: TableMethod(
        lambda o: candidates(o, published=("mlp", "80", "none")), modality="voice"
    ),
    models=lambda options: {},
    chosen_on=setting_chosen_on,
    claimed=56.53,
    wrong="Classifier, normalisation and parameter were compared on the test folds; features of "
    "only one fold's training clips were ever extracted; posteriors could not be saved.",
    left="One clip at a time, every clip, the classifier chosen on persons of the training part. The averaged embeddings are "
    "absent from the repository, so the published 56.53 % cannot be checked.",
    tiny={"shape": FINE_TUNED.tiny["shape"]},
)

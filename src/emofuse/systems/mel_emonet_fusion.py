"""`mel-emonet-fusion`: the speech net and the face net together (S3b, qjiang002)."""

from __future__ import annotations

from dataclasses import dataclass

from emofuse.core import LabelSet, label_set
from emofuse.corpora import Manifest
from emofuse.models import EMONET_LICENCE, MODELS
from emofuse.training.counting import parameters_of
from emofuse.training.examples import Examples, truth_of
from emofuse.training.mel_input import FRONT_END, mel_input
from emofuse.training.missing import absent_sometimes
from emofuse.training.network import NetworkMethod
from emofuse.training.sounds import band_limited
from emofuse.training.system import Progress, System
from emofuse.training.voice_augment import VoiceAugment

from .emonet_lstm import HOP_SECONDS, emonet_sizes, honest_film, published_film, recipe
from .emonet_lstm import SYSTEM as FACE
from .emonet_lstm import Options as FaceOptions
from .mel_transformer import SAMPLE_RATE, published_mel


@dataclass(frozen=True)
class Options(FaceOptions):
    """Settings, as in `emonet-lstm`. The published form never used its noisy copies."""

    labels: str = "ravdess8-mel-transformer"


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    if options.form == "published":
        inputs = (
            published_mel(manifest, copies=0, progress=progress),
            published_film(options, manifest, progress),
        )
        return Examples(manifest.clips, labels, inputs, truth_of(manifest.clips, labels))
    inputs = (
        mel_input(
            manifest, mask="mel_mask", augment=VoiceAugment(speeds=(1.0,)), progress=progress
        ),
        honest_film(options, manifest, progress, name="frames", mask="frames_mask"),
    )
    return Examples(
        manifest.clips,
        labels,
        inputs,
        truth_of(manifest.clips, labels),
        absent_sometimes(("mel_mask", "frames_mask")),
    )


def build(options: Options, classes: int):
    if options.form == "published":
        return MODELS["mel_emonet_fusion"].build(classes=classes, **emonet_sizes(options))
    return MODELS["mel_emonet_fusion_honest"].build(
        classes=classes,
        bands=FRONT_END["n_mels"],
        mel_hop_seconds=FRONT_END["hop_seconds"],
        face_hop_seconds=HOP_SECONDS,
    )


def stamps(options: Options, manifest: Manifest) -> tuple[str, ...]:
    found = FACE.stamps(options, manifest)
    if options.form == "published":
        found += band_limited(manifest, sample_rate=SAMPLE_RATE)
    return found


SYSTEM = System(
    name="mel-emonet-fusion",
    title="Log-mel and EmoNet face films together",
    paper="qjiang002, Multimodal-Emotion-Detection (S3b)",
    corpora=("ravdess",),
    protocols={"published": "random-clips", "honest": "ravdess-6fold"},
    modality="voice and face",
    licence=EMONET_LICENCE,
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: NetworkMethod(build, recipe, modality="audio_video"),
    models=lambda options: {
        "mel_emonet_fusion"
        if options.form == "published"
        else "mel_emonet_fusion_honest": parameters_of(build, options)
    },
    stamps=stamps,
    claimed=83.0,
    wrong="All that is wrong with its two halves; one linear layer on 16 logits in two label "
    "orders; the fused .83 is below the speech net's own .87, and both were measured on clips "
    "that were in training.",
    left="Voice and face attend to each other over time, either may be missing, both are masked. "
    "Not measured here: RAVDESS films of one actor only, no EmoNet weights.",
    tiny=FACE.tiny,
)

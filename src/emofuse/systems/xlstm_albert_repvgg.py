"""`xlstm-albert-repvgg`: words, waveform and faces attending to each other (S2, Nfissi)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from emofuse.core import LabelSet, label_set
from emofuse.corpora import Manifest
from emofuse.models import MODELS, PIXEL_MEAN, PIXEL_STD, PUBLISHED_SAMPLES
from emofuse.perception.face import FrameOptions
from emofuse.protocols import Stamp
from emofuse.training.counting import parameters_of
from emofuse.training.engine import FitOptions
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.losses import asymmetric_loss, focal, published_focal
from emofuse.training.missing import absent_sometimes
from emofuse.training.network import NetworkMethod, Recipe
from emofuse.training.optimisers import Optimiser
from emofuse.training.pictures import film_input
from emofuse.training.settings import check_checkpoint
from emofuse.training.sounds import analysis_parameters, sound_features
from emofuse.training.system import Progress, System

from .xlstm_alone import ALONE, build_alone, feature_inputs, still_faces, word_input

MASKS = ("tokens_mask", "waveform_mask", "faces_mask")
FACE_SIZE, FRAME_SECONDS = 48, 0.5
PUBLISHED_RATE, HONEST_RATE = 8_000, 16_000
# Parts that curves are drawn of, beside validation, where looking at them costs little.
WATCHED = {
    "all": (),
    "faces": ("test",),
    "text": ("train", "test"),
    "features": ("train", "test"),
}


@dataclass(frozen=True)
class Options:
    """Settings. `labels` iemocap4 (one label) or mosei6 (several), or those of the corpus.

    `reads` "all" is the trimodal system; "text", "faces" (single pictures) and "features" train
    one part of the honest form on corpora that hold no more.
    `checkpoint` is the user's ALBERT folder; without it the text net starts at random with the
    shape that `shape` changes (JSON), and words are hashed. `seconds` cuts long sound in the
    published form; `faces` "whole" takes pictures that are face crops already.
    """

    form: str = "honest"
    labels: str = "iemocap4"
    reads: str = "all"
    checkpoint: str = ""
    shape: dict = field(default_factory=dict)
    flatten: int = 32_768
    faces: str = "detect"
    seconds: float = PUBLISHED_SAMPLES / PUBLISHED_RATE
    dim: int = 128
    epochs: int = 30
    patience: int = 6
    batch_size: int = 4
    precision: str = "auto"
    learning_rate: float = 0.0  # 0: the form's own, 4.5e-6 published and 1e-4 honest
    seed: int = 42

    def __post_init__(self) -> None:
        check_checkpoint(self.checkpoint)
        if self.reads not in ("all", *ALONE):
            raise ValueError(f"reads={self.reads}: known are all, {', '.join(ALONE)}")
        if self.reads != "all" and self.form == "published":
            raise ValueError(f"reads={self.reads}: the published form reads all")


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    """Token ids, samples and 48 × 48 faces of every clip, or the part that `reads` names."""
    if options.reads == "features":
        inputs = feature_inputs(manifest)
        masks = tuple(part.mask for part in inputs)
    elif options.reads == "faces":
        inputs, masks = (still_faces(manifest),), ()
    elif options.reads == "text":
        inputs, masks = (_words(options, manifest, mask="mask"),), ()
    else:
        words = _words(options, manifest, mask=MASKS[0])
        inputs = (words, _sound(options, manifest, progress), _faces(options, manifest, progress))
        masks = () if options.form == "published" else MASKS
    change = absent_sometimes(masks, share=0.15) if masks else None
    return Examples(manifest.clips, labels, inputs, truth_of(manifest.clips, labels), change)


def _words(options: Options, manifest: Manifest, *, mask: str) -> Input:
    vocabulary = options.shape.get("vocab_size", 30_000)
    return word_input(manifest, checkpoint=options.checkpoint, vocabulary=vocabulary, mask=mask)


def _sound(options: Options, manifest: Manifest, progress: Progress | None) -> Input:
    """Published: 8 kHz, cut or padded to one length. Honest: 16 kHz, as long as it is."""
    published = options.form == "published"
    rate = PUBLISHED_RATE if published else HONEST_RATE
    parameters = {"sample_rate": rate, "normalise": not published}
    if published:
        parameters["seconds"] = options.seconds
    return Input(
        "waveform",
        sound_features(manifest, "waveform", parameters, sample_rate=rate, progress=progress),
        mask="" if published else "waveform_mask",
        front_end="waveform",
        parameters=analysis_parameters(parameters, sample_rate=rate),
    )


def _faces(options: Options, manifest: Manifest, progress: Progress | None) -> Input:
    """Two faces a second, each pixel normalised by the published numbers."""
    frames = FrameOptions(
        size=FACE_SIZE,
        count=0,
        every_seconds=FRAME_SECONDS,
        faces=options.faces,
        margin=1.05,
    )
    return film_input(
        "faces",
        manifest,
        frames,
        mask="faces_mask",
        mean=PIXEL_MEAN,
        std=PIXEL_STD,
        kinds=("video", "audio_video"),
        progress=progress,
    )


def build(options: Options, classes: int):
    text = {"checkpoint": options.checkpoint or None, **options.shape}
    if options.reads != "all":
        network = build_alone(options.reads, classes=classes, dim=options.dim, text=text)
        return network.to(memory_format=torch.channels_last)  # twice as fast on processors
    if options.form == "published":
        return MODELS["xlstm_trimodal"].build(classes=classes, flatten=options.flatten, **text)
    return MODELS["xlstm_trimodal_honest"].build(
        classes=classes,
        multi_label=label_set(options.labels).multi_label,
        sample_rate=HONEST_RATE,
        frame_seconds=FRAME_SECONDS,
        dim=options.dim,
        **text,
    )


def recipe(options: Options) -> Recipe:
    """Published: Adam 4.5e-6 (text a tenth), cosine, no clipping, the focal loss as written."""
    published = options.form == "published"
    several = label_set(options.labels).multi_label
    fit = FitOptions(
        epochs=options.epochs,
        learning_rate=options.learning_rate or (4.5e-6 if published else 1e-4),
        weight_decay=0.05 if published else 1e-2,
        warmup_epochs=0.0 if published else 1.0,
        clip_norm=0.0 if published else 1.0,
        patience=None if published else options.patience,
        monitor="positive_f1" if several else "uar",
        mode="max",
        precision=options.precision,
        seed=options.seed,
    )
    losses = {
        (True, True): None,  # the published one is unbounded below: plain cross-entropy instead
        (True, False): published_focal,
        (False, True): lambda truth: asymmetric_loss,
        (False, False): focal,
    }
    return Recipe(
        fit,
        optimiser=Optimiser(
            "adam" if published else "adamw",
            decay_all=published,
            slow="network.text." if published or options.checkpoint else "",
        ),
        batch_size=options.batch_size,
        loss=losses[published, several],
        watch=WATCHED[options.reads],
    )


def network_of(options: Options) -> tuple[str, str]:
    """Its name, and the modality of its bundle."""
    whole = "xlstm_trimodal" if options.form == "published" else "xlstm_trimodal_honest"
    return {"all": (whole, "audio_video_text"), **ALONE}[options.reads]


SYSTEM = System(
    name="xlstm-albert-repvgg",
    title="Words, waveform and faces attending to each other",
    paper="alaaNfissi, Multi-Modal-Emotion-Recognition (S2); Dai et al. 2021 (data)",
    corpora=(
        *("iemocap-processed", "iemocap", "mosei-processed"),
        *("mosi-features", "meld", "goemotions", "fer2013"),  # parts of it, see `reads`
    ),
    protocols={"published": "iemocap-mme2e", "honest": "iemocap-sessions"},
    modality="text, voice and face",
    licence="BSD-3 original; ALBERT Apache-2.0; weights inherit the corpus's terms",
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: NetworkMethod(build, recipe, modality=network_of(options)[1]),
    models=lambda options: {
        network_of(options)[0]: parameters_of(
            build, options, classes=len(label_set(options.labels))
        )
    },
    stamps=lambda options, manifest: (
        (str(Stamp.DETECTOR_REPLACED),)
        if options.faces == "detect" and options.reads == "all"
        else ()
    ),
    claimed=88.31,
    wrong="The published code does not run; 63 % of its weights never learn: attention over one "
    "key is always 1, one memory cell of three is used, the 'backward' pass is one step; the video "
    "trunk freezes after the first evaluation; the 88.31 % are the mean of four one-vs-rest "
    "accuracies (always 'no' gets 75), four-class accuracy is 76.6 %; utterances of every test "
    "dialogue are in training; the CMU-MOSEI table was worked out of percentages.",
    left="Sequences attend to sequences, exact mLSTM in both directions, masks, any modality may "
    "be missing, per-row losses, whole sessions held out. IEMOCAP and CMU-MOSEI media are not "
    "here: the whole was run on synthetic corpora in their layout, its parts on what is here: the "
    "fusion on CMU-MOSI features, the words on GoEmotions and MELD (`reads=text`; random ALBERT "
    "weights, so little is known of language: on MELD below always saying neutral), the faces on "
    "FER2013 (`reads=faces`, three epochs). On CMU-MOSI inner "
    "validation is far better than test, as if its text features had been learnt with the training "
    "labels: calibration on it is wrong.",
    tiny={
        "faces": "whole",
        "shape": {
            "vocab_size": 200,
            "embedding_size": 8,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
        },
        "flatten": 32,
        "seconds": 1.6,
        "dim": 16,
        "epochs": 1,
        "batch_size": 8,
    },
)

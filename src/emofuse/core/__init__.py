"""The words everybody speaks. Numpy only; imports nothing of the house."""

from .clip import Clip, View, file_sha256
from .labels import LABEL_SETS, LabelError, LabelMap, LabelSet, concept, label_map, label_set
from .outcome import InputError, MissingExtra, Outcome, outcome_from_dict
from .posteriors import IN_SAMPLE, OUT_OF_FOLD, PosteriorMismatch, Posteriors, align, concatenate
from .probability import Scale, log_shares, log_softmax, nll, softmax, to_log_prob
from .timeline import (
    SCENE,
    UNCERTAIN,
    Estimate,
    ModelRecord,
    Moment,
    PersonTimeline,
    Segment,
    Source,
    Stream,
    Thumbnail,
    Timeline,
    Window,
    assemble_person,
)
from .track import Track

__all__ = [
    "IN_SAMPLE",
    "LABEL_SETS",
    "OUT_OF_FOLD",
    "SCENE",
    "UNCERTAIN",
    "Clip",
    "Estimate",
    "InputError",
    "LabelError",
    "LabelMap",
    "LabelSet",
    "MissingExtra",
    "ModelRecord",
    "Moment",
    "Outcome",
    "PersonTimeline",
    "PosteriorMismatch",
    "Posteriors",
    "Scale",
    "Segment",
    "Source",
    "Stream",
    "Thumbnail",
    "Timeline",
    "Track",
    "View",
    "Window",
    "align",
    "assemble_person",
    "concatenate",
    "concept",
    "file_sha256",
    "label_map",
    "label_set",
    "log_shares",
    "log_softmax",
    "nll",
    "outcome_from_dict",
    "softmax",
    "to_log_prob",
]

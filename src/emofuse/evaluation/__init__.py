"""Scores, intervals, calibration, subgroup tables, paired tests and the report."""

from emofuse.core import MissingExtra

try:
    import sklearn  # noqa: F401  # asked for here, so that its absence names the extra
except ImportError:
    raise MissingExtra("evaluation", "research") from None

from .calibration import brier, ece, reliability
from .evaluate import Comparison, Evaluation, clip_attributes, compare, evaluate
from .intervals import Interval, bootstrap_persons, mcnemar, person_paired, t_interval
from .metrics import (
    ccc,
    confusion_counts,
    decision_scores,
    multi_label_scores,
    per_class,
    soft_label_scores,
)
from .report import write_report

__all__ = [
    "Comparison",
    "Evaluation",
    "Interval",
    "bootstrap_persons",
    "brier",
    "ccc",
    "clip_attributes",
    "compare",
    "confusion_counts",
    "decision_scores",
    "ece",
    "evaluate",
    "mcnemar",
    "multi_label_scores",
    "per_class",
    "person_paired",
    "reliability",
    "soft_label_scores",
    "t_interval",
    "write_report",
]

"""Scores, intervals, calibration, subgroup tables, paired tests and the report."""

from emofuse.core import MissingExtra

try:
    import sklearn  # noqa: F401  # asked for here, so that its absence names the extra
except ImportError:
    raise MissingExtra("evaluation", "research") from None

from .calibration import brier, ece, reliability
from .evaluate import Comparison, Evaluation, clip_attributes, compare, evaluate
from .fairness import GroupGap, GroupScore, PersonSpread, group_gap, person_spread
from .intervals import Interval, bootstrap_persons, mcnemar, person_paired, t_interval
from .metrics import (
    ccc,
    confusion_counts,
    decision_scores,
    multi_label_scores,
    per_class,
    soft_label_scores,
)
from .plots import reliability_plot
from .report import write_label_report, write_report
from .robustness import ConditionScore, score_condition, write_robustness_plot

__all__ = [
    "Comparison",
    "ConditionScore",
    "Evaluation",
    "GroupGap",
    "GroupScore",
    "Interval",
    "PersonSpread",
    "bootstrap_persons",
    "brier",
    "ccc",
    "clip_attributes",
    "compare",
    "confusion_counts",
    "decision_scores",
    "ece",
    "evaluate",
    "group_gap",
    "mcnemar",
    "multi_label_scores",
    "per_class",
    "person_paired",
    "person_spread",
    "reliability",
    "reliability_plot",
    "score_condition",
    "soft_label_scores",
    "t_interval",
    "write_label_report",
    "write_report",
    "write_robustness_plot",
]

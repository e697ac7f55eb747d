"""Evaluation protocols, the splits they plan, and the leakage check."""

from .base import Protocol
from .declared import RunRecord, check_fit, check_record
from .in_sample import best_temperature, detect_in_sample, require_out_of_fold
from .leak import Leak, LeakageError
from .leakage import LeakageCheck, check_split
from .near_duplicates import near_duplicate_leak, near_duplicates
from .plan import Plan, Split, load_plan, save_plan
from .planning import plan_splits
from .registry import PROTOCOLS, protocol
from .stamps import MEANING, Stamp, stamp_line

__all__ = [
    "MEANING",
    "PROTOCOLS",
    "Leak",
    "LeakageCheck",
    "LeakageError",
    "Plan",
    "Protocol",
    "RunRecord",
    "Split",
    "Stamp",
    "best_temperature",
    "check_fit",
    "check_record",
    "check_split",
    "detect_in_sample",
    "load_plan",
    "near_duplicate_leak",
    "near_duplicates",
    "plan_splits",
    "protocol",
    "require_out_of_fold",
    "save_plan",
    "stamp_line",
]

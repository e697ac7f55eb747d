"""The same jobs over many files, on this machine or on a distributed engine."""

from .batch import Job, describe_settings, run_batch, run_task, summarise
from .features import extract_features
from .hashing import hash_corpus
from .inputs import Task, collect
from .record import FileResult, RunRecord
from .workers import LOCAL, QUIET, map_unordered

__all__ = [
    "LOCAL",
    "QUIET",
    "FileResult",
    "Job",
    "RunRecord",
    "Task",
    "collect",
    "describe_settings",
    "extract_features",
    "hash_corpus",
    "map_unordered",
    "run_batch",
    "run_task",
    "summarise",
]

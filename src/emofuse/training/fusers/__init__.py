"""Fitting fusers on out-of-fold posteriors, cross-fitted, with nested selection."""

from emofuse.core import MissingExtra

try:
    import sklearn  # noqa: F401  # asked for here, so that its absence names the extra
except ImportError:
    raise MissingExtra("fitting fusers", "research") from None

from .adapt import MIN_ENROLMENT, adapt_by_person, adapt_posteriors
from .cross_fit import SPLITS, cross_fit, fuse, fuse_new
from .fit import METHODS, fit_fuser
from .nested import blend, choose_and_fuse, nested_outputs
from .streams import Streams, stack_streams

__all__ = [
    "METHODS",
    "MIN_ENROLMENT",
    "SPLITS",
    "Streams",
    "adapt_by_person",
    "adapt_posteriors",
    "blend",
    "choose_and_fuse",
    "cross_fit",
    "fit_fuser",
    "fuse",
    "fuse_new",
    "nested_outputs",
    "stack_streams",
]

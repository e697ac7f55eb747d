"""Applying fusion: pooling, stored weights, temperature, shares, abstention. Numpy only."""

from .decide import MIN_COVERAGE, MIN_PROBABILITY, decide
from .pool import contributions, log_linear_pool, reliability_weight
from .rules import majority_vote, max_rule, mean_pool, product
from .stored import StoredFuser, read_fuser, write_fuser
from .temperature import apply_temperature
from .weights import window_weights

__all__ = [
    "MIN_COVERAGE",
    "MIN_PROBABILITY",
    "StoredFuser",
    "apply_temperature",
    "contributions",
    "decide",
    "log_linear_pool",
    "majority_vote",
    "max_rule",
    "mean_pool",
    "product",
    "read_fuser",
    "reliability_weight",
    "window_weights",
    "write_fuser",
]

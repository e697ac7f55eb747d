"""Posterior files: our Parquet schema, and readers for published ones."""

from .files import read_posteriors, write_posteriors
from .published import PUBLISHED, read_published

__all__ = ["PUBLISHED", "read_posteriors", "read_published", "write_posteriors"]

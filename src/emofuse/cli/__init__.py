"""`emofuse` on the command line: a thin mirror of the functions."""

from .app import main

__all__ = ["main"]

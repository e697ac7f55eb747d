"""`Corpus`: what one data set is, who made it, and how its files are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Corpus:
    """A data set's card and its reader.

    `label_set` is the default set its labels are given in, `people` says who can be told apart
    (or that nobody can), `layout` draws the folder. `read(scan, **options)` hands what it finds
    to a `Scan`; its keyword arguments are the corpus's options.
    """

    name: str
    title: str
    label_set: str
    licence: str
    source: str
    people: str
    modalities: tuple[str, ...]
    layout: str
    read: Callable[..., None]

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that `read_corpus` accepts for this corpus."""
        return tuple(inspect.signature(self.read).parameters)[1:]

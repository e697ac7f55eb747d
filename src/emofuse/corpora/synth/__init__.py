"""Small corpora with a known answer, in the layouts that the readers accept."""

from .draw import split_class
from .registry import RECORD, SYNTHS, write_synth

__all__ = ["RECORD", "SYNTHS", "split_class", "write_synth"]

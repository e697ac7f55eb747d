"""Words: transcripts, their language and the hashing front end. Speaks to core only."""

from .language import language_of
from .ngrams import FRONT_ENDS, hashed_ngrams, normalise_text, tokens
from .transcribe import transcribe
from .transcript import Cue, Transcript, find_sidecar, read_transcript
from .words import token_ids

__all__ = [
    "FRONT_ENDS",
    "Cue",
    "Transcript",
    "find_sidecar",
    "hashed_ngrams",
    "language_of",
    "normalise_text",
    "read_transcript",
    "token_ids",
    "tokens",
    "transcribe",
]

"""Data sets as manifests of clips: a reader a corpus, annotations by several raters, synthesis."""

from .agreement import icc, krippendorff_alpha
from .annotations import Annotation, RatingTable, rating_table, read_annotations
from .check_media import check_media
from .corpus import Corpus
from .hashes import add_entry, hash_entry, text_hash
from .manifest import Manifest, Skipped, content_keys, labels_of
from .manifest_file import read_manifest, write_manifest
from .registry import CORPORA, find_corpus, hash_log, prepare_corpus, read_corpus

__all__ = [
    "CORPORA",
    "Annotation",
    "Corpus",
    "Manifest",
    "RatingTable",
    "Skipped",
    "add_entry",
    "check_media",
    "content_keys",
    "find_corpus",
    "hash_entry",
    "hash_log",
    "icc",
    "krippendorff_alpha",
    "labels_of",
    "prepare_corpus",
    "rating_table",
    "read_annotations",
    "read_corpus",
    "read_manifest",
    "text_hash",
    "write_manifest",
]

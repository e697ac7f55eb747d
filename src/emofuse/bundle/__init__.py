"""The model file: ONNX + spec + card; loading and hash check."""

from .bundle import (
    CARD,
    Bundle,
    content_key,
    default_bundles,
    digest_key,
    find_bundle,
    find_bundles,
    onnx_session,
    shipped_folder,
    shipped_names,
)
from .spec import InputSpec, Specifications, read_spec
from .write import write_bundle

__all__ = [
    "CARD",
    "Bundle",
    "InputSpec",
    "Specifications",
    "content_key",
    "default_bundles",
    "digest_key",
    "find_bundle",
    "find_bundles",
    "onnx_session",
    "read_spec",
    "shipped_folder",
    "shipped_names",
    "write_bundle",
]

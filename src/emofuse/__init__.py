"""emofuse: from a recording to a calibrated emotion timeline, and from a corpus to an honest number.

>>> import emofuse
>>> timeline = emofuse.analyse("clip.mp4")            # doctest: +SKIP
>>> for record in timeline.to_records(): ...          # doctest: +SKIP
"""

from importlib import import_module

__version__ = "0.1.0"

# Loaded on first use: `import emofuse` costs no more than numpy.
_LAZY = {"analyse": "emofuse.analysis", "stream": "emofuse.analysis", "Options": "emofuse.analysis"}
__all__ = ["Options", "__version__", "analyse", "stream"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'emofuse' has no attribute {name!r}")

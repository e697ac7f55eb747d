"""HTTP and WebSocket API, and the page: `emofuse serve`."""

from importlib import import_module

from .settings import Limits, Settings

# Loaded on first use: the worker processes need no web framework.
_LAZY = {"create_app": ".app", "serve": ".app"}
__all__ = ["Limits", "Settings", "create_app", "serve"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Settings of a run: a frozen dataclass of plain values, changed by `key=value` texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from emofuse.core import InputError

T = TypeVar("T")
_HUB_NAME = re.compile(r"[\w-]+/[\w.-]+")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_settings(kind: type[T], given: Mapping[str, object], *, owner: str = "") -> T:
    """An instance of the dataclass `kind` with the fields in `given` replaced.

    Values may be texts (from the command line) or already of the field's type. `InputError` on a
    name that `kind` does not have, and on a text that cannot be read as the default's type.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Options:
    ...     epochs: int = 5
    >>> read_settings(Options, {"epochs": "7"})
    Options(epochs=7)
    """
    owner = owner or kind.__name__
    defaults = {field.name: getattr(kind(), field.name) for field in fields(kind)}
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        known = ", ".join(f"{name}={show(value)}" for name, value in defaults.items())
        raise InputError(owner, f"has no setting {unknown[0]!r}", f"settings are {known}")
    changed = {name: _read(owner, name, value, defaults[name]) for name, value in given.items()}
    try:
        return kind(**changed)
    except ValueError as error:
        raise InputError(owner, str(error), "change the setting") from None


def check_weights(path: str) -> None:
    """`ValueError` for a weights file that is named but not there."""
    if path and not Path(path).is_file():
        raise ValueError(f"weights={path}: no such file")


def check_checkpoint(name: str) -> None:
    """`ValueError` for a checkpoint that is neither a folder nor a hub name (owner/model)."""
    if name and not Path(name).is_dir() and not _HUB_NAME.fullmatch(name):
        raise ValueError(f"checkpoint={name}: no such folder")


def show(value: object) -> str:
    """A setting as the command line takes it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read(owner: str, name: str, value: object, default: object) -> object:
    if isinstance(default, tuple) and isinstance(value, (list, tuple)):
        return tuple(value)
    if not isinstance(value, str):
        return value
    try:
        return _parsed(value, default)
    except (ValueError, KeyError, json.JSONDecodeError):
        wanted = type(default).__name__
        raise InputError(
            owner, f"{name}={value!r} is no {wanted}", f"the default is {name}={show(default)}"
        ) from None


def _parsed(text: str, default: object) -> object:
    if isinstance(default, bool):
        return _TRUTH[text.casefold()]
    if isinstance(default, tuple):
        item = type(default[0]) if default else str
        return tuple(item(part.strip()) for part in text.split(",") if part.strip())
    if isinstance(default, dict):
        return dict(json.loads(text))
    return type(default)(text)

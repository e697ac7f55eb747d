"""Reads plain data out of other people's pickle files without ever unpickling.

A pickle is a program for a small stack machine. `pickletools` takes its instructions apart
without running them; here, only those that build dict, list, tuple, set, str, bytes, int, float,
bool and None are carried out. Anything that would import or call something is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from pathlib import Path

from emofuse.core import InputError

_MARK = object()
_EMPTY: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
_INTEGERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4")
_STRINGS = ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
_CONSTANTS = frozenset((*_INTEGERS, "FLOAT", "BINFLOAT", *_STRINGS, *_BYTES))
_IGNORED = frozenset(("PROTO", "FRAME", "STOP"))
_PUTS = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GETS = frozenset(("GET", "BINGET", "LONG_BINGET"))
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_plain_data(path: Path) -> object:
    """The value in a pickle file of plain containers and numbers.

    Raises `InputError` when the file holds anything else (classes, functions, arrays) or is not
    a pickle.
    """
    machine = _Machine(path)
    try:
        for opcode, argument, _ in pickletools.genops(path.read_bytes()):
            machine.run(opcode.name, argument)
        (value,) = machine.stack
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(path, "is not a whole pickle file", "fetch it again") from error
    except OSError as error:
        raise InputError(path, f"cannot be read ({error})", "check the file") from error
    return value


class _Machine:
    """The stack machine, with the harmless instructions only."""

    def __init__(self, path: Path):
        self.path, self.stack, self.memo = path, [], {}

    def run(self, name: str, argument: object) -> None:
        if name in _IGNORED:
            return
        if name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _CONSTANTS:
            self.stack.append(argument)
        elif name in _PUTS or name == "MEMOIZE":
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self.memo[argument])
        elif name in _TUPLES:
            count = _TUPLES[name]
            self.stack[-count:] = [tuple(self.stack[-count:])]
        else:
            self._container(name)

    def _container(self, name: str) -> None:
        if name == "MARK":
            self.stack.append(_MARK)
        elif name in ("LIST", "TUPLE", "DICT"):
            items = self._pop_marked()
            made = {"LIST": list, "TUPLE": tuple, "DICT": _pairs}[name](items)
            self.stack.append(made)
        elif name in ("APPEND", "APPENDS"):
            items = [self.stack.pop()] if name == "APPEND" else self._pop_marked()
            self.stack[-1].extend(items)
        elif name == "SETITEM":
            value, key = self.stack.pop(), self.stack.pop()
            self.stack[-1][key] = value
        elif name == "SETITEMS":
            items = _pairs(self._pop_marked())
            self.stack[-1].update(items)
        elif name == "ADDITEMS":
            items = self._pop_marked()
            self.stack[-1].update(items)
        else:
            raise InputError(
                self.path,
                f"holds more than plain data (instruction {name}), so it is not opened",
                "export it as plain dictionaries, lists, strings and numbers",
            )

    def _pop_marked(self) -> list:
        start = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items


def _pairs(items: list) -> dict:
    return dict(zip(items[::2], items[1::2], strict=True))

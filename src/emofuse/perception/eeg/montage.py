"""Where electrodes sit: names, the sets that corpora and helmets use, pairs and the 9×9 grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from emofuse.core import InputError

# Emotiv EPOC+, in the order of its own files.
EPOC14 = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
# SEED-IV's order of its 62 rows (BCMI, channel_62_pos).
_SEED = """
FP1 FPZ FP2 AF3 AF4 F7 F5 F3 F1 FZ F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 T7 C5 C3 C1 CZ
C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 PO7 PO5 PO3 POZ PO4 PO6
PO8 CB1 O1 OZ O2 CB2
"""
SEED62 = tuple(_SEED.split())
PICKS = {"epoc14": EPOC14, "seed62": SEED62}
GRID_SIZE = (9, 9)
# Row and column of the EPOC electrodes in the published grid (torcheeg's EMOTIV layout); the other
# 67 cells stay empty.
GRID = {
    "AF3": (1, 3),
    "AF4": (1, 5),
    "F7": (2, 0),
    "F3": (2, 2),
    "F4": (2, 6),
    "F8": (2, 8),
    "FC5": (3, 1),
    "FC6": (3, 7),
    "T7": (4, 0),
    "T8": (4, 8),
    "P7": (6, 0),
    "P8": (6, 8),
    "O1": (8, 3),
    "O2": (8, 5),
}
# The 10-20 names of 1958 for what the 10-10 system calls differently.
_OLD = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
_REFERENCE = re.compile(r"[-_ ](REF|LE|AVG?|A1|A2|M1|M2|CZ|LINKED.*)$")
_NUMBERED = re.compile(r"(\D+)(\d+)")
_NOT_BRAIN = re.compile(r"^(\w?EOG|ECG|EKG|EMG|EXG|STI|STATUS|TRIG|GYRO|ACC|COUNTER)")
# No 10-20 position is called B7 or D12: a file that does so counts by letter and number throughout,
# and its F3 is not the electrode F3.
_LETTERED = re.compile(r"[BDEGHI]\d+")
FOREIGN = "?"  # marks the names of such a file


def standard_name(name: str) -> str:
    """The electrode's name as this package spells it: "EEG Fp1-REF" is FP1, old T3 is T7.

    Names that are no 10-20 position (A1, channel 3) are only brought to upper case.
    """
    plain = name.strip().upper().removeprefix("EEG").strip(" :_-.") or name.strip().upper()
    plain = _REFERENCE.sub("", plain).rstrip(".")
    return _OLD.get(plain, plain)


def is_brain(name: str) -> bool:
    """False for channels that say they record something else: eyes, heart, triggers."""
    return _NOT_BRAIN.match(name.strip().upper()) is None


def named(
    file: object, names: Sequence[str], mapping: Mapping[str, str] | Sequence[str] | None
) -> tuple[str, ...]:
    """Standard names of the file's channels under the user's `mapping`.

    `mapping` is either {name in the file: electrode} (channels it leaves out keep their names) or
    one electrode a channel, in file order. Names of a lettered scheme (A1 … B16, as BioSemi's) that
    no mapping explains are marked with a question mark, so that none is taken for an electrode.
    `InputError` when the mapping does not fit the file.
    """
    foreign = FOREIGN if any(_LETTERED.fullmatch(name.strip().upper()) for name in names) else ""
    if mapping is None:
        found = [foreign + standard_name(name) for name in names]
    elif isinstance(mapping, Mapping):
        unknown = sorted(set(mapping) - set(names))
        if unknown:
            raise InputError(
                file,
                f"has no channel {unknown[0]!r} that the mapping names",
                f"its channels are {_few(names)}",
            )
        found = [
            standard_name(mapping[name]) if name in mapping else foreign + standard_name(name)
            for name in names
        ]
    elif len(mapping) != len(names):
        raise InputError(
            file,
            f"has {len(names)} channels, the mapping names {len(mapping)}",
            "name every channel, in file order",
        )
    else:
        found = [standard_name(name) for name in mapping]
    twice = {name for name in found if found.count(name) > 1}
    if twice:
        raise InputError(
            file, f"two channels are called {sorted(twice)[0]}", "give a mapping that tells them"
        )
    return tuple(found)


def wanted(file: object, names: Sequence[str], picks: str | Sequence[str]) -> tuple[str, ...]:
    """The electrodes that `picks` asks for: "all", a name of `PICKS`, or electrodes.

    `InputError` when the file has none of them: then its names are foreign, and a mapping is due.
    """
    if isinstance(picks, str) and picks == "all":
        return tuple(names)
    if isinstance(picks, str) and picks not in PICKS:
        raise InputError(picks, "no such set of electrodes", f"all, {', '.join(PICKS)}, or names")
    asked = PICKS[picks] if isinstance(picks, str) else tuple(standard_name(p) for p in picks)
    if not set(asked) & set(names):
        raise InputError(
            file,
            f"has none of the electrodes {_few(asked)} (its channels: {_few(names)})",
            "say which channel is which with a mapping",
        )
    return asked


def pairs(channels: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Positions (left, right) of the electrodes that mirror each other: F3 and F4, T7 and T8."""
    found = []
    for left, name in enumerate(channels):
        match = _NUMBERED.fullmatch(name)
        if match and int(match[2]) % 2:
            mirror = f"{match[1]}{int(match[2]) + 1}"
            if mirror in channels:
                found.append((left, channels.index(mirror)))
    return tuple(found)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")

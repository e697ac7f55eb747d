"""`Plan`: the splits of one protocol on one manifest, as a file with a hash."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from emofuse.core import InputError

from .leak import DUPLICATE_KINDS, Leak

SCHEMA = 1
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Clip ids of one fold. What is chosen is chosen on `validation`; `test` is read once."""

    fold: int
    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Every split of a protocol, with what a reader of its numbers must know.

    `overlaps` are the leaks an official or allowed leaky split has; `notes` say in words what
    was left out or done differently. `hash` (SHA-256) covers protocol, version, parameters, ids
    and stamps: the same hash means the same experiment, and a stamp cannot be taken off.
    """

    protocol: str
    version: int
    params: Mapping[str, object]
    splits: tuple[Split, ...]
    stamps: tuple[str, ...] = ()
    overlaps: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def hash(self) -> str:
        content = {
            "protocol": self.protocol,
            "version": self.version,
            "params": dict(self.params),
            "stamps": sorted(str(stamp) for stamp in self.stamps),
            "splits": [
                [split.fold, split.name, *(sorted(getattr(split, part)) for part in PARTS)]
                for split in self.splits
            ],
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def duplicates(self) -> frozenset[str]:
        """Test clips whose content training has: what the second score leaves out."""
        return frozenset(
            clip
            for leak in self.overlaps
            if leak.kind in DUPLICATE_KINDS and leak.parts == ("train", "test")
            for clip in leak.ids
        )

    def without_duplicates(self) -> tuple[Split, ...]:
        """The splits with `duplicates` taken out of every test part."""
        drop = self.duplicates
        return tuple(
            replace(split, test=tuple(clip for clip in split.test if clip not in drop))
            for split in self.splits
        )


def save_plan(plan: Plan, path: str | Path) -> Path:
    """Write `plan` as JSON, whole or not at all; missing folders are made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": SCHEMA, "hash": plan.hash, **asdict(plan)}, indent=1)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(scratch).chmod(0o644)  # mkstemp makes files that only their owner can read
        return Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def load_plan(path: str | Path) -> Plan:
    """Read a plan; raises `InputError` when it is missing, not one of ours or was changed."""
    path = Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        schema, said = values.pop("schema"), values.pop("hash")
        if schema != SCHEMA:
            raise ValueError(f"schema {schema}, this version reads {SCHEMA}")
        plan = _plan_from(values)
    except FileNotFoundError:
        raise InputError(path, "no such file", "check the path") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(path, f"not a split plan ({error})", "plan the splits again") from None
    if plan.hash != said:
        raise InputError(
            path, "the splits do not match their hash: the file was changed", "plan them again"
        )
    return plan


def _plan_from(values: dict) -> Plan:
    splits = tuple(
        Split(**{**split, **{part: tuple(split[part]) for part in PARTS}})
        for split in values.pop("splits")
    )
    overlaps = tuple(
        Leak(**{**leak, "ids": tuple(leak["ids"]), "parts": tuple(leak["parts"])})
        for leak in values.pop("overlaps")
    )
    stamps, notes = tuple(values.pop("stamps")), tuple(values.pop("notes"))
    return Plan(splits=splits, overlaps=overlaps, stamps=stamps, notes=notes, **values)

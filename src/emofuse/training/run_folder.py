"""`RunFolder`: the files that a run of a system leaves, each written whole or not at all.

run.json           what was run: system, settings, corpus, splits, versions, stamps
plan.json          the splits, with their hash
fold-K/            checkpoints, history.csv, posteriors.parquet, curves.png, confusion.png
posteriors.parquet every test clip, out of fold
evaluation.json    report.html   bundle/ (after export)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from emofuse.core import InputError
from emofuse.corpora import Manifest
from emofuse.protocols import Plan, load_plan, save_plan

from .runs import write_text

SCHEMA = 1
# What must be the same for a run to go on: everything else (dates, versions) is told, not checked.
IDENTITY = ("system", "settings", "protocol", "plan_hash", "corpus_hash", "version")


@dataclass(frozen=True)
class RunFacts:
    """What `run.json` says."""

    system: str
    settings: Mapping[str, object]
    protocol: str
    protocol_params: Mapping[str, object]
    plan_hash: str
    corpus: str
    corpus_hash: str
    manifest: str
    root: str
    label_set: str
    stamps: tuple[str, ...]
    licence: str
    command: str
    created: str
    packages: Mapping[str, str]
    notes: tuple[str, ...] = ()
    version: str = "1"
    schema: int = SCHEMA


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run, and its record."""

    path: Path

    @property
    def record_file(self) -> Path:
        return self.path / "run.json"

    @property
    def posteriors(self) -> Path:
        return self.path / "posteriors.parquet"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def bundle(self) -> Path:
        return self.path / "bundle"

    def fold(self, number: int) -> Path:
        return self.path / f"fold-{number}"

    def plan(self) -> Plan:
        return load_plan(self.path / "plan.json")

    def record(self) -> RunFacts:
        """What was run; `InputError` where this is no run folder."""
        try:
            values = json.loads(self.record_file.read_text(encoding="utf-8"))
            for name in ("stamps", "notes"):
                values[name] = tuple(values[name])
            return RunFacts(**values)
        except FileNotFoundError:
            raise InputError(self.path, "is no run folder", "give one that train made") from None
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                self.record_file, f"is no run record ({error})", "train again"
            ) from None

    def open(self, record: RunFacts, plan: Plan) -> None:
        """Begin, or go on with a run of the same identity; `InputError` when it is another."""
        if self.record_file.is_file():
            here, wanted = asdict(self.record()), asdict(record)
            other = [name for name in IDENTITY if _plain(here[name]) != _plain(wanted[name])]
            if other:
                raise InputError(
                    self.path,
                    f"holds a run with another {other[0].replace('_', ' ')}",
                    "give another --out",
                )
            return
        save_plan(plan, self.path / "plan.json")
        write_text(self.record_file, json.dumps(asdict(record), indent=1) + "\n")


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def corpus_hash(manifest: Manifest) -> str:
    """SHA-256 over every clip's id, label and content: the same hash means the same corpus."""
    digest = hashlib.sha256(manifest.label_set.name.encode())
    for clip in sorted(manifest.clips, key=lambda clip: clip.id):
        content = [(view.kind, view.sha256, view.row) for view in clip.views]
        digest.update(repr((clip.id, clip.label, clip.text, content)).encode())
    return digest.hexdigest()


def identity(record: RunFacts) -> str:
    """Eight digits that tell runs of one system and protocol apart."""
    values = asdict(record)
    text = _plain({name: values[name] for name in IDENTITY})
    return hashlib.sha256(text.encode()).hexdigest()[:8]

"""`Job`: a system on a corpus under a protocol, its labels, splits and stamps settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from emofuse import __version__
from emofuse.core import InputError, label_map
from emofuse.corpora import Manifest
from emofuse.protocols import (
    LeakageError,
    Plan,
    RunRecord,
    Stamp,
    check_record,
    plan_splits,
)
from emofuse.protocols import protocol as protocol_called

from .run_folder import RunFacts, RunFolder, corpus_hash, identity
from .runs import runs_folder
from .settings import read_settings, show
from .system import System

PACKAGES = ("numpy", "scikit-learn", "torch", "lightning", "transformers", "onnxruntime")


@dataclass(frozen=True)
class Job:
    """A system on a corpus under a protocol, ready to run fold after fold."""

    system: System
    options: Any
    manifest: Manifest
    plan: Plan
    folder: RunFolder
    stamps: tuple[str, ...]
    allow_leakage: bool = False


def open_job(
    system: System,
    manifest: Manifest,
    *,
    protocol: str,
    settings: Mapping[str, object],
    out: Path | None = None,
    manifest_path: str = "",
    allow_leakage: bool = False,
) -> Job:
    """Settle labels, splits and stamps, and open (or go on with) the run's folder."""
    own = {key: value for key, value in settings.items() if not key.startswith("protocol.")}
    options = read_settings(system.options, own, owner=system.name)
    labelled, dropped = with_labels(manifest, system, options)
    params = {
        key.removeprefix("protocol."): _number(value)
        for key, value in settings.items()
        if key.startswith("protocol.")
    }
    plan = plan_splits(
        protocol_called(protocol, **params), labelled.clips, allow_leakage=allow_leakage
    )
    stamps = (*plan.stamps, *_declared(system, options, allow_leakage))
    stamps = tuple(dict.fromkeys((*stamps, *map(str, system.stamps(options, labelled)))))
    record = RunFacts(
        system=system.name,
        settings={name: _stated(value) for name, value in asdict(options).items()},
        protocol=plan.protocol,
        protocol_params=dict(plan.params),
        plan_hash=plan.hash,
        corpus=manifest.corpus,
        corpus_hash=corpus_hash(labelled),
        manifest=manifest_path,
        root=str(manifest.root),
        label_set=labelled.label_set.name,
        stamps=stamps,
        licence=system.licence,
        command=_command(system, manifest_path, protocol, settings, allow_leakage),
        created=datetime.now(UTC).date().isoformat(),
        packages=_packages(),
        notes=(*dropped, *plan.notes),
    )
    path = out or runs_folder() / "systems" / f"{system.name}-{plan.protocol}-{identity(record)}"
    folder = RunFolder(Path(path))
    folder.open(record, plan)
    return Job(system, options, labelled, plan, folder, stamps, allow_leakage)


def with_labels(manifest: Manifest, system: System, options: Any) -> tuple[Manifest, list[str]]:
    """The clips that have a label of the system's set, carried into it, and what was left out."""
    target = system.label_set(options)
    if manifest.label_set == target:
        kept = [clip for clip in manifest.clips if clip.label is not None]
        return replace(manifest, clips=tuple(kept)), _left_out(manifest, len(kept), "no label")
    if manifest.label_set.multi_label or target.multi_label:
        raise InputError(
            manifest.corpus,
            f"labels are {manifest.label_set.name}, the system answers {target.name}",
            "prepare the corpus with the system's label set",
        )
    to = label_map(manifest.label_set, target)
    mapped = [
        replace(clip, label=to(clip.label), label_set=target.name, soft={})
        for clip in manifest.clips
        if clip.label is not None and to(clip.label) is not None
    ]
    notes = _left_out(manifest, len(mapped), f"labels outside {target.name}")
    if to.merges:
        notes.append(f"labels: {to.describe()}")
    return replace(manifest, clips=tuple(mapped), label_set=target), notes


def _left_out(manifest: Manifest, kept: int, why: str) -> list[str]:
    gone = len(manifest) - kept
    return [f"{gone} clips left out: {why}"] if gone else []


def _declared(system: System, options: Any, allow_leakage: bool) -> tuple[str, ...]:
    """The stamp of a checkpoint chosen on the test part; refused unless allowed."""
    leaks = check_record(RunRecord(system.name, checkpoint=system.chosen_on(options)))
    if leaks and not allow_leakage:
        raise LeakageError(
            system.name, leaks, "run the honest form, or allow leakage and keep the stamp"
        )
    return (str(Stamp.CHOSEN_ON_TEST),) if leaks else ()


def _number(value: object) -> object:
    text = str(value)
    return int(text) if text.lstrip("-").isdigit() else value


def _stated(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _packages() -> dict[str, str]:
    found = {"emofuse": __version__}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _command(
    system: System,
    manifest_path: str,
    protocol: str,
    settings: Mapping[str, object],
    allow_leakage: bool,
) -> str:
    given = "".join(f" --set {key}={show(value)}" for key, value in settings.items())
    corpus = Path(manifest_path).name or "MANIFEST"
    allowed = " --allow-leakage" if allow_leakage else ""
    return f"emofuse train {system.name} --corpus {corpus} --protocol {protocol}{given}{allowed}"

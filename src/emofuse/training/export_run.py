"""From a run to a bundle: the network of one fold, with what all folds measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from emofuse.bundle import Bundle, Specifications, content_key, write_bundle
from emofuse.core import InputError, Posteriors, log_shares
from emofuse.corpora import Manifest, read_manifest

from .card import model_card
from .examples import Examples
from .job import Job, with_labels
from .judge import several_labels
from .pipeline import fold_facts, fold_posteriors, rows_of
from .run_folder import RunFolder, corpus_hash
from .runs import write_text
from .scores import stated_scores
from .settings import read_settings
from .system import Exported, FoldRows, System

SHARED = (
    "Answers each label for itself, yes or no; a timeline shows their shares of one whole, also "
    "where nothing is expressed."
)
HOP_SECONDS = 0.5
FACE_WINDOW_SECONDS = 2.0
# Of what has no length of its own: about as long as the clips of the corpora.
WINDOW_SECONDS = 3.0


def open_run(system: System, run: RunFolder, manifest: Manifest | None = None) -> Job:
    """The job of a finished run; `InputError` when the corpus is not the one it was trained on.

    `manifest` is read from where the run found it unless given.
    """
    record = run.record()
    if manifest is None:
        if not record.manifest:
            raise InputError(run.path, "does not say where its manifest is", "give --corpus")
        manifest = read_manifest(record.manifest)
    options = read_settings(system.options, record.settings, owner=system.name)
    labelled, _ = with_labels(manifest, system, options)
    if corpus_hash(labelled) != record.corpus_hash:
        raise InputError(
            record.manifest or run.path,
            "is not the corpus of this run",
            "give the manifest it was trained on",
        )
    return Job(system, options, labelled, run.plan(), run, record.stamps)


def export_run(
    system: System, run: RunFolder, *, fold: int | None = None, manifest: Manifest | None = None
) -> dict[str, Bundle]:
    """Write the bundle of each modality of `run`: `bundle/`, or `bundle-MODALITY/` where several.

    The network is that of `fold` (default: the first), the scores are those of all folds; so the
    bundle's own network was measured on the persons of its test part. ONNX equals torch, or
    `InputError`, as for models that have no ONNX form. A fusion of several runs has the bundles of
    its parts, in their folders: analysis fuses what they say by its own rule.
    """
    job = open_run(system, run, manifest)
    if system.parts is not None:
        return _export_parts(
            job, run, fold=fold, manifest=manifest or read_manifest(run.record().manifest)
        )
    splits = {split.fold: split for split in job.plan.splits}
    number = min(splits) if fold is None else fold
    if number not in splits:
        raise InputError(run.path, f"has no fold {number}", f"folds are {sorted(splits)}")
    examples = system.read(job.options, job.manifest, job.manifest.label_set, None)
    rows = rows_of(examples, splits[number])
    learned = system.method(job.options).restore(
        job.options, examples, rows, folder=run.fold(number)
    )
    if learned.export is None:
        raise InputError(run.path, f"{system.name} has no network to export", "use its posteriors")
    made = learned.export(examples)
    streams = {part.modality: name for name, part in learned.parts.items()} or dict.fromkeys(
        made, ""
    )
    return {
        modality: _write(job, examples, rows, exported, modality=modality, stream=streams[modality])
        for modality, exported in made.items()
    }


def _export_parts(
    job: Job, run: RunFolder, *, fold: int | None, manifest: Manifest
) -> dict[str, Bundle]:
    made: dict[str, Bundle] = {}
    for name, (part, _) in job.system.parts(job.options).items():
        made |= export_run(part, RunFolder(run.path / "parts" / name), fold=fold, manifest=manifest)
    return made


def _write(
    job: Job, examples: Examples, rows: FoldRows, exported: Exported, *, modality: str, stream: str
) -> Bundle:
    spec = _specifications(job, examples, rows, exported, modality=modality, stream=stream)
    folder = job.folder.path / f"bundle-{modality}" if stream else job.folder.bundle
    bundle = write_bundle(
        folder,
        model=exported.model,
        spec=spec,
        card=model_card(spec),
        training_keys=_training_keys(job, examples, rows),
    )
    checks = {"modality": modality, "fold": rows.number, **exported.checks}
    write_text(job.folder.path / f"export-{modality}.json", json.dumps(checks, indent=1) + "\n")
    return bundle


def _specifications(
    job: Job, examples: Examples, rows: FoldRows, exported: Exported, *, modality: str, stream: str
) -> Specifications:
    record, system = job.folder.record(), job.system
    facts = fold_facts(job.folder.fold(rows.number) / stream)
    held_out = fold_posteriors(job, stream).out_of_fold
    labels = examples.label_set
    wanted = label_shares(examples.truth, len(labels))
    # A label that the training part lacks keeps a trace, or its logarithm would be infinite.
    counts = np.maximum(wanted[rows.train].sum(0), 1e-3)
    persons = sorted({examples.clips[row].subject for row in rows.train} - {""})
    return Specifications(
        name=f"{system.name}-{stream}" if stream else system.name,
        version="1",
        modality=modality,
        label_set=labels.name,
        labels=labels.labels,
        inputs=exported.inputs,
        window_seconds=_window_seconds(modality, exported),
        hop_seconds=HOP_SECONDS,
        temperature=facts["temperature"],
        training_prior=tuple((counts / counts.sum()).tolist()),
        held_out_nll=_held_out_nll(held_out, examples, wanted),
        weights_sha256="",
        licence=system.licence,
        protocol=f"{record.protocol}; the network of fold {rows.number}, scores of all folds",
        split_hash=record.plan_hash,
        training_data=f"{record.corpus}, {len(rows.train)} clips",
        training_persons=tuple(persons),
        scores=_scores(job, held_out, examples),
        training_command=record.command,
        created=datetime.now(UTC).date().isoformat(),
        intended_use=f"{system.title}: research on how the published system ({system.paper}) "
        "behaves when it is measured fairly.",
        limits=(
            *(f"Stamped {stamp}." for stamp in record.stamps),
            "Calibrated on whole clips, not on the windows of an analysis.",
            *([SHARED] if labels.multi_label else []),
            system.left,
        ),
        parameters=exported.parameters,
        multi_label=labels.multi_label,
    )


def label_shares(truth: np.ndarray, n_labels: int) -> np.ndarray:
    """(N, C): one for a clip's label, or equal parts for each of its several (zeros for none)."""
    if truth.ndim == 1:
        return np.eye(n_labels)[truth]
    return truth / np.maximum(truth.sum(1, keepdims=True), 1)


def _held_out_nll(held_out: Posteriors, examples: Examples, wanted: np.ndarray) -> float:
    """Of what a timeline shows: the answers' shares against those of the clips that have a label."""
    place = {clip.id: row for row, clip in enumerate(examples.clips)}
    shares = wanted[[place[clip] for clip in held_out.clips]]
    several = held_out.label_set.multi_label
    log_prob = log_shares(held_out.values) if several else held_out.log_prob
    labelled = shares.sum(1) > 0
    return float(-(shares * log_prob)[labelled].sum(1).mean())


def _scores(job: Job, held_out: Posteriors, examples: Examples) -> dict:
    if examples.truth.ndim == 1:
        return {"whole_clips": stated_scores(held_out)}
    found = several_labels(held_out, job.manifest, examples.truth)
    mean = next(row for row in found["labels_scored"] if row["label"] == "mean")
    known = {name: value for name, value in mean.items() if isinstance(value, float)}
    return {"whole_clips": {"n": found["n"], **known}}


def _window_seconds(modality: str, exported: Exported) -> float:
    """How much of a recording the network reads at once."""
    if modality == "face":
        return FACE_WINDOW_SECONDS
    if modality == "voice":
        return WINDOW_SECONDS
    return max([_input_seconds(part.parameters) for part in exported.inputs]) or WINDOW_SECONDS


def _input_seconds(parameters: Mapping[str, object]) -> float:
    """The fixed length of an input; 0 where it takes any."""
    if parameters.get("count"):
        return parameters["skip_seconds"] + parameters["window_seconds"]
    return parameters.get("seconds") or 0.0


def _training_keys(job: Job, examples: Examples, rows: FoldRows) -> set[int]:
    """Content of the files that the network was trained or chosen on."""
    used = {examples.clips[row].id for row in (*rows.train, *rows.validation)}
    paths = {
        job.manifest.root / view.path
        for clip in job.manifest.clips
        if clip.id in used
        for view in clip.views
        if "*" not in Path(view.path).name
    }
    return {content_key(path.read_bytes()) for path in sorted(paths)}

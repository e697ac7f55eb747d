"""From a manifest to an evaluated run: the one way every system is trained.

Splits come from `protocols`, what is learnt from the system, and everything in between is here:
resume, posteriors, evaluation, report. A run that was killed goes on where it was and ends with
the posteriors of an undisturbed one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, InputError, Posteriors
from emofuse.corpora import Manifest
from emofuse.evaluation import confusion_counts
from emofuse.posteriors import read_posteriors, write_posteriors
from emofuse.protocols import Plan, Split, best_temperature

from .curves import draw_confusion, draw_curves
from .examples import Examples, truth_of
from .fusers import fuse
from .job import Job, open_job
from .judge import judge
from .run_folder import RunFolder
from .runs import write_text
from .system import FoldRows, Learned, Progress, System

STEPS = ("train", "validate", "test")
POSTERIORS, FACTS = "posteriors.parquet", "fold.json"


def train_system(
    system: System,
    manifest: Manifest,
    *,
    protocol: str,
    settings: Mapping[str, object] | None = None,
    out: Path | None = None,
    manifest_path: str = "",
    folds: Sequence[int] | None = None,
    step: str = "test",
    in_sample: bool = False,
    allow_leakage: bool = False,
    progress: Progress | None = None,
) -> RunFolder:
    """Train, validate and test `system` on `manifest`; returns the run's folder.

    `settings` change the system's options and, with a leading "protocol.", the protocol's
    parameters. `folds` are the fold numbers to run (default: all). `step` "train" stops after
    fitting, "validate" scores the inner validation parts of a trained run, "test" goes to the
    report. `in_sample` also keeps the answers on training clips. Raises `LeakageError` for a
    leaky plan, or a checkpoint chosen on the test part, unless `allow_leakage`, which stamps
    every output; `InputError` for all that cannot be run.
    """
    if step not in STEPS:
        raise InputError("step", f"{step!r} is none of {', '.join(STEPS)}", "choose one")
    job = open_job(
        system,
        manifest,
        protocol=protocol,
        settings=settings or {},
        out=out,
        manifest_path=manifest_path,
        allow_leakage=allow_leakage,
    )
    if system.parts is not None:
        run_parts(job, manifest, folds=folds, step=step, progress=progress)
        return job.folder
    examples = system.read(job.options, job.manifest, job.manifest.label_set, progress)
    splits = _chosen(job.plan, folds)
    for number, split in enumerate(splits):
        if progress is not None:
            progress(number, len(splits), f"fold {split.fold}")
        run_fold(job, examples, split, step=step, in_sample=in_sample, progress=progress)
    if step == "test":
        finish(job)
    return job.folder


def run_parts(
    job: Job,
    manifest: Manifest,
    *,
    folds: Sequence[int] | None,
    step: str,
    progress: Progress | None,
) -> None:
    """The parts of a fusion on the same splits, each a run of its own, and their fused answers.

    A fuser is fitted on held-out answers of the other folds. The published split "in-sample" fits
    it on the parts' answers on their own training clips, which is stamped.
    """
    method, split = job.system.fusion(job.options)
    leaky = split == "in-sample"
    found = []
    for name, (part, settings) in job.system.parts(job.options).items():
        run = train_system(
            part,
            manifest,
            protocol=job.plan.protocol,
            settings={**settings, **{f"protocol.{k}": v for k, v in job.plan.params.items()}},
            out=job.folder.path / "parts" / name,
            folds=folds,
            step=step,
            in_sample=leaky,
            allow_leakage=job.allow_leakage,
            progress=progress,
        )
        found.append(run)
    if step != "test":
        return
    answers = [read_posteriors(run.posteriors).reorder(job.manifest.label_set) for run in found]
    fused = fuse(answers, method=method, split=split, allow_leakage=job.allow_leakage)
    stamps = tuple(dict.fromkeys((*job.stamps, *fused.stamps)))
    fused = replace(fused, system=job.system.name, stamps=stamps)
    write_posteriors(fused, job.folder.posteriors)
    truth = truth_of(job.manifest.clips, job.manifest.label_set)
    judge(fused, job.manifest, job.folder, truth=truth)


def rows_of(examples: Examples, split: Split) -> FoldRows:
    """The split as row numbers of the examples; `InputError` where a part is empty."""
    place = {clip.id: row for row, clip in enumerate(examples.clips)}
    parts = {
        name: np.array([place[clip] for clip in getattr(split, name)], dtype=int)
        for name in ("train", "validation", "test")
    }
    for name, rows in parts.items():
        if not len(rows):
            raise InputError(
                f"fold {split.name}", f"has no {name} clips", "give more clips or another protocol"
            )
    return FoldRows(split.fold, **parts)


def run_fold(
    job: Job,
    examples: Examples,
    split: Split,
    *,
    step: str,
    in_sample: bool,
    progress: Progress | None,
) -> None:
    """One fold up to `step`. A fold whose posteriors are there is not run again."""
    folder, rows = job.folder.fold(split.fold), rows_of(examples, split)
    if (folder / POSTERIORS).is_file() and step != "validate":
        return
    method = job.system.method(job.options)
    if step == "validate":
        learned = method.restore(job.options, examples, rows, folder=folder)
        part = _answers(job, examples, learned, rows, rows.validation, IN_SAMPLE)
        # Validation persons chose the checkpoint, so this number is not one of new people.
        write_posteriors(part, folder / "validation.parquet")
        return
    learned = method.learn(
        job.options, examples, rows, folder=folder, progress=progress is not None
    )
    if step == "train":
        return
    for name, part in learned.parts.items():
        _store(job, examples, part, rows, folder / name, in_sample=in_sample)
    _store(job, examples, learned, rows, folder, in_sample=in_sample)


def _store(
    job: Job,
    examples: Examples,
    learned: Learned,
    rows: FoldRows,
    folder: Path,
    *,
    in_sample: bool,
) -> None:
    """What a fold leaves: facts, pictures and, last, its posteriors."""
    folder.mkdir(parents=True, exist_ok=True)
    temperature = _temperature(job, examples, learned, rows)
    facts = {"fold": rows.number, "epoch": learned.epoch, "temperature": temperature}
    write_text(folder / FACTS, json.dumps(facts) + "\n")
    test = _answers(job, examples, learned, rows, rows.test, OUT_OF_FOLD, temperature)
    if learned.history:
        draw_curves(learned.history, folder / "curves.png", chosen=learned.epoch)
    if examples.truth.ndim == 1:
        counts = confusion_counts(test.truth, test.values.argmax(1), len(test.label_set))
        draw_confusion(counts, test.label_set, folder / "confusion.png")
    parts = [test]
    if in_sample:
        parts.append(_answers(job, examples, learned, rows, rows.train, IN_SAMPLE, temperature))
    write_posteriors(joined(parts), folder / POSTERIORS)


def _answers(
    job: Job,
    examples: Examples,
    learned: Learned,
    rows: FoldRows,
    picked: np.ndarray,
    role: str,
    temperature: float = 1.0,
) -> Posteriors:
    values = learned.answer(examples, picked)
    return Posteriors(
        clips=tuple(examples.clips[row].id for row in picked),
        values=values / temperature if learned.scale == "logit" else values,
        label_set=examples.label_set,
        scale=learned.scale,
        system=job.system.name,
        role=role,
        fold=rows.number,
        truth=None if examples.truth.ndim > 1 else examples.truth[picked],
        subjects=tuple(examples.clips[row].subject for row in picked),
        stamps=job.stamps,
    )


def _temperature(job: Job, examples: Examples, learned: Learned, rows: FoldRows) -> float:
    """Fitted on the fold's validation persons; 1 for the published forms and several labels."""
    honest = getattr(job.options, "form", "honest") == "honest"
    if learned.scale != "logit" or examples.truth.ndim > 1 or not honest:
        return 1.0
    return best_temperature(_answers(job, examples, learned, rows, rows.validation, OUT_OF_FOLD))


def finish(job: Job) -> None:
    """Join the folds that are there, evaluate them and write the report."""
    found = fold_posteriors(job)
    write_posteriors(found, job.folder.posteriors)
    judge(
        found, job.manifest, job.folder, truth=truth_of(job.manifest.clips, job.manifest.label_set)
    )


def fold_facts(folder: Path) -> dict:
    """Number, epoch and temperature of a tested fold; `InputError` where it was not tested."""
    try:
        return json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(folder, "was not tested", "train this run up to its test") from None


def fold_posteriors(job: Job, part: str = "") -> Posteriors:
    """The posteriors of the folds that are there; of one `part` where the system adds several."""
    stored = [job.folder.fold(split.fold) / part / POSTERIORS for split in job.plan.splits]
    return joined([read_posteriors(path) for path in stored if path.is_file()])


def joined(parts: Sequence[Posteriors]) -> Posteriors:
    """Posteriors of several folds or roles of one system as one."""
    return replace(
        parts[0],
        clips=tuple(clip for part in parts for clip in part.clips),
        subjects=tuple(person for part in parts for person in part.subjects),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("values", "role", "fold", "truth")
        },
    )


def _chosen(plan: Plan, folds: Sequence[int] | None) -> list[Split]:
    known = {split.fold: split for split in plan.splits}
    if folds is None:
        return list(known.values())
    unknown = [fold for fold in folds if fold not in known]
    if unknown:
        raise InputError(
            plan.protocol, f"has no fold {unknown[0]}", f"folds are {', '.join(map(str, known))}"
        )
    return [known[fold] for fold in folds]

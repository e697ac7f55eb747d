"""`voice-ravdess`: the default voice model, trained on RAVDESS speech.

Folds by person measure the recipe (`voice_recipe`): every fold's networks learn from all persons
outside it, for a fixed number of epochs, so nothing is chosen on anybody's clips. The networks of
several seeds answer together, as one. The shipped ones are trained on all 24 persons.

`python -m emofuse.systems.voice_ravdess PROTOCOL --data DATA` measures on other folds and leaves
the out-of-fold answers for fusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn

from emofuse.bundle import InputSpec, Specifications, content_key
from emofuse.core import OUT_OF_FOLD, Posteriors, concatenate, nll
from emofuse.corpora import Manifest, read_corpus
from emofuse.evaluation import decision_scores
from emofuse.media import decoded_audio_bytes
from emofuse.models import Averaged, count_parameters
from emofuse.posteriors import write_posteriors
from emofuse.protocols import Plan, Split, best_temperature, plan_splits
from emofuse.training.export import shippable_onnx
from emofuse.training.runs import runs_folder
from emofuse.training.scores import calibrated, stated_scores
from emofuse.training.ship import Trained
from emofuse.training.voice_data import FRONT_END_NAME, Voices

from .command import run_recorder
from .voice_recipe import FRONT_END, Config, Recipe, fitted_network

NAME, DATA, PROTOCOL = "voice-ravdess", Path("ravdess/speech"), "ravdess-6fold"
FUSION_PROTOCOL = "ravdess-5fold"
# What another protocol than the bundle's is measured with: every further seed costs 22 minutes.
FUSION_SEEDS = (0,)
# Clips of these persons were looked at when the recipe was made (docs/experiments.md).
EXPLORED_PERSONS = ("05", "12", "22", "23")
WINDOW_SECONDS, HOP_SECONDS = 2.0, 0.5


@dataclass(frozen=True)
class Answers:
    """Uncalibrated answers to persons not known, by fold: to analysis windows and whole clips."""

    windows: tuple[Posteriors, ...]
    clips: tuple[Posteriors, ...]


def train(data_dir: Path, *, run: Path, config: Config | None = None) -> Trained:
    """Six folds, then the networks to ship. Goes on where an earlier call in `run` stopped."""
    started, config = perf_counter(), config or Config()
    manifest = read_corpus("ravdess", data_dir / DATA)
    plan = plan_splits(PROTOCOL, manifest.clips)
    recipe = Recipe(manifest, config)
    voices = recipe.voices
    seeds, together = measure(recipe, manifest, plan, run=run)
    write_posteriors(concatenate(together.clips), run / "out_of_fold.parquet")
    everyone = np.arange(len(voices.clips))
    networks = [recipe.fit(everyone, run / "all" / f"seed-{seed}", seed) for seed in config.seeds]
    model = Averaged(networks).eval()
    onnx, checks = shippable_onnx(model, _example(), free_axes={"mel": {0: "batch", 1: "time"}})
    scored = {
        "windows": across_folds(together.windows),
        "clips": across_folds(together.clips),
    }
    temperature = best_temperature(concatenate(together.windows))
    spec = _specifications(voices, plan.hash, manifest.label_set, scored, temperature, config)
    details = {
        "settings": asdict(config),
        "single_seeds": _seed_scores(seeds, config),
        "without_explored_persons": _decisions(_without_explored(scored["clips"])),
        "temperature_from": "out-of-fold logits of all folds at the analysis window; a fold's "
        "scores use the temperature of the other folds' answers",
        "onnx": checks,
        "hours": (perf_counter() - started) / 3600,
    }
    spec = replace(spec, parameters=count_parameters(model))
    return Trained(onnx, spec, tuple(_keys(voices, manifest.root)), details)


def measure(
    recipe: Recipe, manifest: Manifest, plan: Plan, *, run: Path
) -> tuple[list[Answers], Answers]:
    """The answers of every seed's networks alone, and of each fold's networks averaged."""
    voices = recipe.voices
    row_of = {clip.id: row for row, clip in enumerate(voices.clips)}
    by_seed: list[list[tuple[Posteriors, Posteriors]]] = []
    for seed in recipe.config.seeds:
        folds = []
        for split in plan.splits:
            known = np.array([row_of[clip] for clip in (*split.train, *split.validation)])
            folder = run / plan.protocol / f"fold-{split.fold}" / f"seed-{seed}"
            model = recipe.fit(known, folder, seed)
            test = np.array([row_of[clip] for clip in split.test])
            folds.append(_answers(model, voices, test, manifest.label_set, split.fold))
        by_seed.append(folds)
    seeds = [Answers(*map(tuple, zip(*folds, strict=True))) for folds in by_seed]
    return seeds, Answers(
        _averaged([answers.windows for answers in seeds]),
        _averaged([answers.clips for answers in seeds]),
    )


def fold_networks(
    run: Path, splits: Sequence[Split], *, classes: int, config: Config | None = None
) -> list[nn.Module]:
    """The averaged network that training left in `run` for each fold of `PROTOCOL`.

    `InputError` where one is missing.
    """
    config = config or Config()
    folders = [run / PROTOCOL / f"fold-{split.fold}" for split in splits]
    return [fitted_network(folder, config, classes) for folder in folders]


def other_temperatures(folds: Sequence[Posteriors]) -> list[float]:
    """For each fold the temperature that suits the other folds' persons best."""
    return [
        best_temperature(concatenate([*folds[:at], *folds[at + 1 :]])) for at in range(len(folds))
    ]


def across_folds(folds: Sequence[Posteriors]) -> Posteriors:
    """All folds' answers together, calibrated on each other."""
    temperatures = other_temperatures(folds)
    return concatenate([calibrated(fold, t) for fold, t in zip(folds, temperatures, strict=True)])


def record_answers(protocol: str, data_dir: Path, out: Path) -> Path:
    """Measure the recipe on the folds of `protocol` and write the clips' answers below `out`."""
    manifest = read_corpus("ravdess", data_dir / DATA)
    plan = plan_splits(protocol, manifest.clips)
    config = Config()
    if protocol != PROTOCOL:
        config = replace(config, seeds=FUSION_SEEDS)
    recipe = Recipe(manifest, config)
    _, together = measure(recipe, manifest, plan, run=runs_folder() / NAME)
    path = Path(out) / f"voice-{protocol}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_posteriors(concatenate(together.clips), path)
    return path


def _answers(
    model: nn.Module, voices: Voices, rows: np.ndarray, labels, fold: int
) -> tuple[Posteriors, Posteriors]:
    """To every analysis window of the clips `rows`, and to the clips.

    A clip's answer is the mean of that to the whole of it and that to its windows.
    """
    windows, clips, owner, names = [], [], [], []
    with torch.inference_mode():
        for row in rows:
            parts = voices.windows(row, window_seconds=WINDOW_SECONDS, hop_seconds=HOP_SECONDS)
            found = model(torch.from_numpy(np.stack(parts))).numpy()
            whole = voices.features(voices.samples(row))
            clips.append((model(torch.from_numpy(whole)[None]).numpy()[0] + found.mean(0)) / 2)
            windows.append(found)
            owner += [row] * len(parts)
            names += [f"{voices.clips[row].id}@{i * HOP_SECONDS}" for i in range(len(parts))]

    def posteriors(logits: np.ndarray, rows: np.ndarray, names: list[str]) -> Posteriors:
        return Posteriors(
            clips=tuple(names),
            values=logits,
            label_set=labels,
            scale="logit",
            system=NAME,
            role=OUT_OF_FOLD,
            fold=fold,
            truth=voices.labels[rows],
            subjects=tuple(voices.clips[row].subject for row in rows),
        )

    return (
        posteriors(np.concatenate(windows), np.array(owner), names),
        posteriors(np.stack(clips), rows, [voices.clips[row].id for row in rows]),
    )


def _averaged(seeds: Sequence[Sequence[Posteriors]]) -> tuple[Posteriors, ...]:
    """By fold, the mean of the seeds' logits."""
    return tuple(
        replace(alike[0], values=np.mean([one.values for one in alike], axis=0))
        for alike in zip(*seeds, strict=True)
    )


def _decisions(posteriors: Posteriors) -> dict[str, float]:
    answer = posteriors.log_prob.argmax(1)
    found = decision_scores(posteriors.truth, answer, len(posteriors.label_set))
    return {name: round(found[name], 4) for name in ("accuracy", "uar")}


def _seed_scores(seeds: Sequence[Answers], config: Config) -> dict:
    """Accuracy and UAR of each seed's networks alone over all folds, their mean and spread."""
    scores = {}
    for name in ("windows", "clips"):
        rows = [_decisions(concatenate(getattr(answers, name))) for answers in seeds]
        table = {key: np.array([row[key] for row in rows]) for key in ("accuracy", "uar")}
        scores[name] = {
            "each": [{"seed": seed, **row} for seed, row in zip(config.seeds, rows, strict=True)],
            "mean": {key: round(float(column.mean()), 4) for key, column in table.items()},
            "sd": {
                key: round(float(column.std(ddof=min(1, len(rows) - 1))), 4)
                for key, column in table.items()
            },
        }
    return scores


def _without_explored(posteriors: Posteriors) -> Posteriors:
    explored = np.isin(posteriors.subjects, EXPLORED_PERSONS)
    return posteriors.select(np.flatnonzero(~explored))


def _example() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    mel = torch.randn((2, 101, FRONT_END["n_mels"]), generator=generator)
    melody = torch.rand((2, 101, FRONT_END["n_pitches"]), generator=generator) * 2 - 1
    return {"mel": torch.cat([mel, melody], 2)}


def _keys(voices: Voices, root: Path) -> set[int]:
    """Content of every training file, and of its decoded sound whatever file holds it."""
    files = {
        content_key((root / clip.view("audio", "audio_video").path).read_bytes())
        for clip in voices.clips
    }
    sounds = {
        content_key(decoded_audio_bytes(voices.samples(row))) for row in range(len(voices.clips))
    }
    return files | sounds


def _specifications(
    voices: Voices,
    split_hash: str,
    labels,
    scored: dict[str, Posteriors],
    temperature: float,
    config,
) -> Specifications:
    windows = scored["windows"]
    prior = np.bincount(voices.labels, minlength=len(labels)) / len(voices.labels)
    return Specifications(
        name=NAME,
        version=config.version,
        modality="voice",
        label_set=labels.name,
        labels=labels.labels,
        inputs=(
            InputSpec(
                "mel",
                FRONT_END_NAME,
                ("batch", "time", FRONT_END["n_mels"] + FRONT_END["n_pitches"]),
                FRONT_END,
            ),
        ),
        window_seconds=WINDOW_SECONDS,
        hop_seconds=HOP_SECONDS,
        temperature=temperature,
        training_prior=tuple(prior.tolist()),
        held_out_nll=nll(windows.log_prob, windows.truth),
        weights_sha256="",
        licence="CC BY-NC-SA 4.0 (non-commercial), as the corpus",
        protocol=f"{PROTOCOL}: six folds by person; every fold's networks learn from all persons "
        "outside it for a fixed number of epochs; its temperature is the other folds'; the shipped "
        "networks are trained on all 24 persons",
        split_hash=split_hash,
        training_data="RAVDESS speech (Livingstone & Russo 2018), 1,440 clips at 16 kHz",
        training_persons=tuple(sorted({clip.subject for clip in voices.clips})),
        scores={
            "windows_of_2_s": stated_scores(windows)
            | {"note": "Every analysis window inside a clip, also those that begin in the pause."},
            "whole_clips": stated_scores(scored["clips"])
            | {"note": "The mean of the answer to the whole clip and that to its windows."},
        },
        training_command=f"python -m emofuse.systems {NAME} --data DATA",
        created=datetime.now(UTC).date().isoformat(),
        language="",
        intended_use="What a voice expresses in two seconds of speech, as one of eight labels; one "
        "modality among several in a fused timeline.",
        limits=(
            "Acted emotion: 24 actors, two sentences, studio sound.",
            "North American English; other languages were never measured.",
            "Men are named right less often than women, some persons far less than others.",
            "Telephone lines and noise as loud as the voice cost most, and the model is too sure there.",
            "Non-commercial use only.",
            "The scores are those of six folds' networks, trained on 20 persons each; the shipped "
            "network has no held-out persons of its own.",
        ),
    )


def main() -> int:
    return run_recorder(
        record_answers,
        about="Out-of-fold answers of the voice recipe, for fusion.",
        names=(PROTOCOL, FUSION_PROTOCOL),
        results="results/posteriors",
    )


if __name__ == "__main__":
    raise SystemExit(main())

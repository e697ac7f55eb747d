"""The 86.70 % late fusion of wav2vec2 and Action Units on RAVDESS, claimed, rebuilt, honest.

Luna-Jiménez et al. (2022), "A Proposal for Multimodal Emotion Recognition Using Aural
Transformers and Action Units on RAVDESS Dataset", Appl. Sci. 12(1), 327. All numbers on the five
subject-wise folds of the paper. The honest ones still rest on base models whose checkpoints were
chosen on the test folds; the stamp says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from emofuse.core import Posteriors, align
from emofuse.evaluation import compare, evaluate, person_spread
from emofuse.protocols import stamp_line
from emofuse.training.fusers import fuse

from .row import AuditRow
from .xlsr_au_table import refit_mlp80
from .xlsr_better import Fused, own_only, person_adapted, plain, voice_table
from .xlsr_data import BILSTM, MLP80, PROTOCOL, WAV2VEC, Published
from .xlsr_stacking import published_stacking

CLAIMED = {WAV2VEC: 81.82, BILSTM: 62.13, MLP80: 60.22}
CLAIMED_FUSION = 86.70
OWN = "HONEST; the voice features were settled with these folds in view"
PARTS = (WAV2VEC, BILSTM, MLP80)


def rows(data_dir: Path) -> list[AuditRow]:
    """The table from the published files alone; under a minute on two cores."""
    published = Published(data_dir)
    published.require_protocol()
    return [
        *(_single(published, system) for system in PARTS),
        _refit(published),
        _stacking(published, PARTS, CLAIMED_FUSION),
        _stacking(published, (WAV2VEC, BILSTM), None),
        _honest(published, "equal log-sum, nothing fitted", "product", (WAV2VEC, BILSTM)),
        _honest(published, "weighted log-linear pool", "pool", PARTS),
        *_better(published, "own face model"),
    ]


def rows_with_voice(data_dir: Path) -> list[AuditRow]:
    """The last two rows again, with a voice stream trained on the recordings."""
    published = Published(data_dir)
    published.require_protocol()
    voice = voice_table(published, data_dir / "ravdess" / "speech")
    return _better(published, "own face and voice models", voice)


@lru_cache(maxsize=1)
def _own(data_dir: Path) -> dict[str, Posteriors]:
    published = Published(data_dir)
    published.require_protocol()
    return own_only(published, voice=voice_table(published, data_dir / "ravdess" / "speech"))


def rows_of_our_own(data_dir: Path) -> list[AuditRow]:
    """Audio and Action Units without any of the published networks, alone and fused."""
    return [
        AuditRow(name, honest=_accuracy(found), stamp=OWN, n=len(found))
        for name, found in _own(data_dir).items()
    ]


def checks_of_our_own(data_dir: Path) -> dict[str, dict]:
    """Scores, intervals and the spread over persons of the same."""
    return {
        name: {**evaluate(found).scores, "persons": asdict(person_spread(found))}
        for name, found in _own(data_dir).items()
    }


def checks(data_dir: Path) -> dict[str, dict]:
    """What the table has no column for.

    How exactly the published outputs come out again; calibration and intervals of the honest
    pool; our streams against the published fusion, and which variant was chosen for each fold.
    """
    published = Published(data_dir)
    stacked = published_stacking(published, *PARTS, allow_leakage=True)
    pool = evaluate(_fuse(published, PARTS, "pool"), protocol=PROTOCOL)
    better, adapted = plain(published), person_adapted(published)
    return {
        "published fusion": agreement(published.held_out("fusion"), stacked),
        "published au-mlp80": agreement(
            published.held_out(MLP80), refit_mlp80(published.action_units)
        ),
        "weighted log-linear pool": pool.scores | pool.intervals,
        "own face model": _against(published, better),
        "own face model, person-adapted": _against(published, adapted),
        "split": {"protocol": PROTOCOL, "hash": published.plan.hash},
    }


def agreement(theirs: Posteriors, ours: Posteriors) -> dict[str, float | int]:
    """On how many clips two systems answer the same, and how far their probabilities differ."""
    theirs, ours = align([theirs.as_scale("prob"), ours.as_scale("prob")])
    return {
        "clips": len(theirs),
        "same answer": int((theirs.values.argmax(1) == ours.values.argmax(1)).sum()),
        "largest difference": float(np.abs(theirs.values - ours.values).max()),
    }


def _against(published: Published, fused: Fused) -> dict:
    comparison = compare(published.held_out("fusion"), fused.posteriors)
    return {
        **evaluate(fused.posteriors).scores,
        "against published fusion": {
            "mcnemar": comparison.mcnemar,
            "person_paired": comparison.person_paired,
        },
        "chosen": dict(fused.chosen),
    }


def _accuracy(posteriors: Posteriors) -> float:
    """Mean fold accuracy in per cent."""
    return 100 * evaluate(posteriors).scores["accuracy"]


def _named(what: str, systems: Sequence[str]) -> str:
    return f"{what} ({' + '.join(systems)})"


def _single(published: Published, system: str) -> AuditRow:
    held_out = published.held_out(system)
    return AuditRow(
        system,
        claimed=CLAIMED[system],
        as_published=_accuracy(held_out),
        stamp=stamp_line(held_out.stamps),
        n=len(held_out),
    )


def _refit(published: Published) -> AuditRow:
    refitted = refit_mlp80(published.action_units)
    return AuditRow(
        f"{MLP80}, trained again",
        claimed=CLAIMED[MLP80],
        as_published=_accuracy(refitted),
        stamp=stamp_line(published.held_out(MLP80).stamps),
        n=len(refitted),
    )


def _stacking(published: Published, systems: Sequence[str], claimed: float | None) -> AuditRow:
    """As the paper fits it (in-sample outputs), and fitted on held-out outputs, C nested."""
    theirs = published_stacking(published, *systems, allow_leakage=True)
    return AuditRow(
        _named("logistic stacking", systems),
        claimed=claimed,
        as_published=_accuracy(theirs),
        honest=_accuracy(_fuse(published, systems, "stacking")),
        stamp=stamp_line(theirs.stamps),
        n=len(theirs),
    )


def _honest(published: Published, what: str, method: str, systems: Sequence[str]) -> AuditRow:
    fused = _fuse(published, systems, method)
    return AuditRow(
        _named(what, systems),
        honest=_accuracy(fused),
        strict=_accuracy(_fuse(published, systems, method, split="strict")),
        stamp=stamp_line(fused.stamps),
        n=len(fused),
    )


def _fuse(published: Published, systems: Sequence[str], method: str, **options) -> Posteriors:
    parts = [published.held_out(system).as_scale("log_prob") for system in systems]
    return fuse(parts, method=method, **options)


def _better(published: Published, what: str, voice: np.ndarray | None = None) -> list[AuditRow]:
    """A plain row and, apart from it, a person-adapted one."""
    honest = plain(published, voice=voice).posteriors
    adapted = person_adapted(published, voice=voice).posteriors
    name = _named(what, (WAV2VEC, BILSTM))
    return [
        AuditRow(name, honest=_accuracy(honest), stamp=stamp_line(honest.stamps), n=len(honest)),
        AuditRow(
            f"{name}, person-adapted with all 60 clips",
            person_adapted=_accuracy(adapted),
            stamp=stamp_line(adapted.stamps),
            n=len(adapted),
        ),
    ]

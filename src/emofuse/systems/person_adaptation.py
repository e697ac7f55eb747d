"""What a person's own average is worth on RAVDESS, and how many clips it takes.

`python -m emofuse.systems.person_adaptation --data DIR`. Two ways to use it are measured. On
*features*: Action Units, and pooled voice numbers, minus the person's mean, then a model that was
trained on such differences. On *answers*: log-probabilities minus a share of the person's mean,
which is all that `analyse(adapt="person")` can do with a finished model. Everything is
cross-validated by person and stamped PERSON-ADAPTED; RAVDESS shows every emotion of a person
equally often, so the mean says more here than in life.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emofuse.core import OUT_OF_FOLD, Clip, InputError, Posteriors, log_softmax, nll
from emofuse.evaluation import evaluate
from emofuse.posteriors import read_posteriors
from emofuse.protocols import Stamp
from emofuse.training.fusers import adapt_by_person
from emofuse.training.runs import runs_folder, write_text

from .audit.xlsr_better import voice_table
from .audit.xlsr_data import BILSTM, PROTOCOL, WAV2VEC, FeatureTable, Published

CLIPS = (1, 2, 4, 8, 15, 30, 59, 60)
ALL = 60  # clips a person has: 59 others and the one that is judged
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWS = 3
SCORES = ("accuracy", "uar", "nll", "ece")


def unit_model() -> BaseEstimator:
    """For 35 Action Units (square roots of their clip means)."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def voice_model() -> BaseEstimator:
    """For 602 correlated numbers about the voice: a harder hand."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))


def unit_table(published: Published) -> FeatureTable:
    """The Action-Unit table with square roots: intensities and shares are skewed towards 0."""
    return published.table(np.sqrt(published.action_units.features))


def out_of_fold(
    model: BaseEstimator,
    table: FeatureTable,
    *,
    system: str,
    enrolment_clips: int | None = None,
    seed: int = 0,
) -> Posteriors:
    """Answers for unknown persons, one fit of `model` a fold.

    With `enrolment_clips`, features are relative to each person's mean: over all their clips in
    training, over that many random clips (without the judged one, up to 59) in the test fold.
    """
    train = test = table.features
    if enrolment_clips is not None:
        adapt = _quietly(adapt_by_person)
        train = adapt(table.features, table.subjects)
        drawn = None if enrolment_clips >= ALL else enrolment_clips
        test = adapt(table.features, table.subjects, enrolment_clips=drawn, seed=seed)
    values = np.zeros((len(table.truth), len(table.label_set)))
    for fold in np.unique(table.folds):
        held_out = table.folds == fold
        fitted = clone(model).fit(train[~held_out], table.truth[~held_out])
        values[held_out] = fitted.predict_proba(test[held_out])
    return Posteriors(
        clips=table.clips,
        values=values,
        label_set=table.label_set,
        scale="prob",
        system=system,
        role=OUT_OF_FOLD,
        fold=table.folds,
        truth=table.truth,
        subjects=table.subjects,
        stamps=() if enrolment_clips is None else (str(Stamp.PERSON_ADAPTED),),
    )


def action_units(data_dir: Path) -> tuple[Posteriors, tuple[Clip, ...]]:
    """The plain Action-Unit model's answers for unknown persons, and the clips they are for."""
    published = Published(data_dir)
    return out_of_fold(unit_model(), unit_table(published), system="action-units"), published.clips


def feature_curve(model: BaseEstimator, table: FeatureTable, *, system: str) -> dict:
    """Scores without and with 1 … 60 enrolment clips; mean and spread over `DRAWS` draws."""
    return {
        "what": f"{system}: features relative to the person's mean",
        "plain": _scores(out_of_fold(model, table, system=system)),
        "curve": [
            _point(
                clips,
                lambda seed, n=clips: out_of_fold(
                    model, table, system=system, enrolment_clips=n, seed=seed
                ),
            )
            for clips in CLIPS
        ],
    }


def answer_curves(posteriors: Posteriors) -> dict:
    """The same for a finished model's log-probabilities, minus half or all of the person's mean.

    `nested`: all clips, the share chosen for each fold by NLL on the other folds.
    `every_label_equally_often`: all clips, and a bias a person that makes their answers follow
    the corpus's label frequencies. It shows how much a balanced corpus gives away, and is not
    offered for use.
    """
    return {
        "what": f"{posteriors.system}: log-probabilities relative to the person's mean",
        "plain": _scores(posteriors),
        "curves": {
            f"share {share:g}": [
                _point(clips, lambda seed, n=clips, a=share: shifted(posteriors, a, n, seed))
                for clips in CLIPS
            ]
            for share in (0.5, 1.0)
        },
        "nested": _nested(posteriors),
        "every_label_equally_often": _scores(matched(posteriors)),
    }


def shifted(posteriors: Posteriors, share: float, clips: int = ALL, seed: int = 0) -> Posteriors:
    """Held-out log-probabilities minus `share` of the person's mean over `clips` clips."""
    held_out = posteriors.out_of_fold
    centred = _quietly(adapt_by_person)(
        held_out.log_prob,
        held_out.subjects,
        enrolment_clips=None if clips >= ALL else clips,
        seed=seed,
    )
    return _adapted(held_out, (1 - share) * held_out.log_prob + share * centred)


def matched(posteriors: Posteriors, *, rounds: int = 200) -> Posteriors:
    """Held-out log-probabilities with a bias a person: their mean is the corpus's label mix."""
    held_out = posteriors.out_of_fold
    labels = np.bincount(held_out.truth, minlength=len(held_out.label_set))
    wanted = np.log(labels / labels.sum())
    values, of = held_out.log_prob.copy(), np.array(held_out.subjects)
    for person in np.unique(of):
        rows = of == person
        for _ in range(rounds):
            found = np.log(np.exp(log_softmax(values[rows])).mean(0))
            values[rows] += 0.5 * (wanted - found)
    return _adapted(held_out, values)


def _adapted(held_out: Posteriors, logits: np.ndarray) -> Posteriors:
    stamps = (*held_out.stamps, str(Stamp.PERSON_ADAPTED))
    return replace(held_out, values=log_softmax(logits), scale="log_prob", stamps=stamps)


def _nested(posteriors: Posteriors) -> dict:
    """Each fold with the share that has the lowest NLL on the other folds' persons."""
    tried = {share: shifted(posteriors, share) for share in SHARES}
    plain = tried[SHARES[0]]
    values, chosen = plain.values.copy(), {}
    for fold in np.unique(plain.fold):
        here = plain.fold == fold
        best = min(
            SHARES, key=lambda a, other=~here: nll(tried[a].values[other], plain.truth[other])
        )
        values[here], chosen[int(fold)] = tried[best].values[here], best
    return _scores(replace(plain, values=values)) | {"share_by_fold": chosen}


def _point(clips: int, run: Callable[[int], Posteriors]) -> dict:
    """One place of a curve. All clips leave nothing to draw."""
    found = [_scores(run(seed)) for seed in range(1 if clips >= ALL - 1 else DRAWS)]
    mean = {name: round(float(np.mean([f[name] for f in found])), 4) for name in SCORES}
    return {"clips": clips, **mean, "accuracy_sd": _spread([f["accuracy"] for f in found])}


def _spread(values: Sequence[float]) -> float:
    return round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else 0.0


def _scores(posteriors: Posteriors) -> dict:
    scores = evaluate(posteriors).scores
    return {name: round(scores[name], 4) for name in SCORES}


def _quietly(adapt: Callable) -> Callable:
    """Without the warning about few clips: here it is what is measured."""

    def run(*args, **options):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="person adaptation from fewer")
            return adapt(*args, **options)

    return run


def record_person_adaptation(data_dir: Path, out: Path) -> Path:
    """Measure all curves and write `out`/person_adaptation.json."""
    published = Published(Path(data_dir))
    units, speech = unit_table(published), Path(data_dir) / "ravdess" / "speech"
    pooled = published.table(voice_table(published, speech))
    answers = [
        out_of_fold(unit_model(), units, system="action-units"),
        out_of_fold(voice_model(), pooled, system="voice-pooled"),
        *(published.held_out(system) for system in (WAV2VEC, BILSTM)),
    ]
    trained = runs_folder() / "voice-ravdess" / "out_of_fold.parquet"
    if trained.is_file():
        answers.append(read_posteriors(trained))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m emofuse.systems.person_adaptation --data DATA",
        "protocol": f"{PROTOCOL}; the voice bundle on ravdess-6fold",
        "split_hash": published.plan.hash,
        "stamp": str(Stamp.PERSON_ADAPTED),
        "draws": DRAWS,
        "features": [
            feature_curve(unit_model(), units, system="action-units"),
            feature_curve(voice_model(), pooled, system="voice-pooled"),
        ],
        "answers": [answer_curves(posteriors) for posteriors in answers],
        "note": "60 clips: all clips of a person, the judged one among them (transductive).",
    }
    path = Path(out) / "person_adaptation.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--results", type=Path, default=Path("results"))
    given = parser.parse_args()
    try:
        print(record_person_adaptation(given.data, given.results))
    except InputError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The EEG stage and the cascade of Esposito et al. (CEUR-WS 4040), from what they published.

Their two confusion matrices are all that is left of the base models. They are enough to say what
two classifiers that know nothing of each other would reach together: the independence control.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from emofuse.core import Posteriors, label_set
from emofuse.corpora import read_corpus
from emofuse.corpora.synth import write_synth
from emofuse.evaluation import evaluate
from emofuse.protocols import Stamp, plan_splits

from ..cascade import independent, independent_expert, label_paired, published_meta
from ..eeg_fit import Recipe, held_out
from ..eeg_gameemo import DATA as GAMEEMO
from ..eeg_gameemo import TARGETS, score_gameemo
from ..eeg_windows import cut_windows
from .row import AuditRow

# Rows and columns in `LABELS`' order: neutral, happy, negative-high-arousal ("angry"), sad.
LABELS = label_set("esposito4")
AV_CONFUSION = np.array(
    [[66, 18, 6, 6], [0, 102, 25, 1], [0, 13, 178, 1], [5, 6, 8, 45]],
)
EEG_CONFUSION = np.array(
    [[855, 54, 51, 69], [56, 637, 31, 73], [64, 29, 740, 67], [68, 30, 77, 856]],
)
CLAIMED_AV, CLAIMED_EEG, CLAIMED_META = 81.46, 82.19, 91.0
CLAIMED_META_BEFORE = 95.4  # with EEG training windows among the test windows
PAIRED = f"{Stamp.LEAKY} (people paired by their true label)"
REPEATS = 20
# A person and a trial are told by their rhythms here, a label by nothing.
NO_EMOTION = {"class_effect": 0.0, "person_effect": 0.5, "trial_effect": 1.0, "seconds": 16.0}


def rows(data_dir: Path) -> list[AuditRow]:
    """The stages as published, the control beside them, the leak shown, GAMEEMO where it is."""
    return [*_published(), *_control(), *_leak(), *_gameemo(data_dir)]


def _published() -> list[AuditRow]:
    return [
        AuditRow(
            "audio-video stage (480 rows are 240 performances, each twice)",
            claimed=CLAIMED_AV,
            as_published=_accuracy(AV_CONFUSION),
            stamp="every performance counted twice; 4 test actors",
            n=int(AV_CONFUSION.sum()),
        ),
        AuditRow(
            "EEG stage, random windows",
            claimed=CLAIMED_EEG,
            as_published=_accuracy(EEG_CONFUSION),
            stamp=str(Stamp.LEAKY),
            n=int(EEG_CONFUSION.sum()),
        ),
    ]


def _accuracy(confusion: np.ndarray) -> float:
    return 100 * float(np.trace(confusion) / confusion.sum())


def _control() -> list[AuditRow]:
    """What the claimed 91 % needs: nothing but two independent classifiers."""
    n = int(AV_CONFUSION.sum())
    forms = {"the test's label shares": AV_CONFUSION.sum(1), "uniform label shares": None}
    simulated = [simulate_meta(seed=seed) for seed in range(REPEATS)]
    return [
        AuditRow("meta-model (cascade)", claimed=CLAIMED_META, stamp=PAIRED, n=n),
        AuditRow("meta-model, earlier version", claimed=CLAIMED_META_BEFORE, stamp=PAIRED, n=n),
        *(
            AuditRow(
                f"independence control, closed form, {name}",
                as_published=100 * independent(AV_CONFUSION, EEG_CONFUSION, prior=prior),
                stamp="no data: two independent classifiers with those confusions",
                n=n,
            )
            for name, prior in forms.items()
        ),
        AuditRow(
            f"independence control, published meta-model on made-up experts ({REPEATS} draws)",
            as_published=100 * float(np.mean(simulated)),
            stamp=f"{PAIRED}; sd {100 * np.std(simulated):.1f} points",
            n=n,
        ),
    ]


def simulate_meta(*, seed: int) -> float:
    """Accuracy of the published meta-model when both stages are independent experts."""
    rng = np.random.default_rng([seed, 0])
    shares = AV_CONFUSION.sum(1) / AV_CONFUSION.sum()

    def pair(n: int, draw: int) -> tuple[Posteriors, ...]:
        truths = rng.choice(len(LABELS), n, p=shares), rng.choice(len(LABELS), 4 * n)
        parts = [
            independent_expert(
                confusion, truth, label_set=LABELS, system=name, seed=[seed, draw, i]
            )
            for i, (name, confusion, truth) in enumerate(
                zip(("av", "eeg"), (AV_CONFUSION, EEG_CONFUSION), truths, strict=True)
            )
        ]
        return label_paired(*parts, seed=seed)

    answer = published_meta(pair(633, 1), pair(480, 2))
    return float((answer.values.argmax(1) == answer.truth).mean())


def _leak() -> list[AuditRow]:
    """The published window split and whole trials, on EEG in which no emotion can be seen."""
    with tempfile.TemporaryDirectory(prefix="emofuse-audit-") as folder:
        root = write_synth("seediv", Path(folder) / "seediv", **NO_EMOTION)
        windows = cut_windows(read_corpus("seediv", root))
        scores = {}
        for name in ("seediv-windows", "seediv-trial", "seediv-loso"):
            plan = plan_splits(name, windows.clips, allow_leakage=True)
            scored = held_out(windows, plan, Recipe(), run=Path(folder) / name)
            scores[name] = 100 * evaluate(scored.raw).scores["accuracy"]
    return [
        AuditRow(
            "synthetic SEED-IV without any emotion (chance 25 %): windows against whole trials",
            as_published=scores["seediv-windows"],
            honest=scores["seediv-trial"],
            strict=scores["seediv-loso"],
            stamp="as published: LEAKY; honest: new trials; strict: new persons",
            n=len(windows),
        )
    ]


def _gameemo(data_dir: Path) -> list[AuditRow]:
    """Real EEG: UAR on random windows against new persons; nothing where the data is absent."""
    if not (data_dir / GAMEEMO).is_dir():
        return []
    scores = {target: score_gameemo(data_dir, target) for target in TARGETS}
    return [
        AuditRow(
            f"GAMEEMO {target}, high against low (UAR, chance 50 %, knowing the game alone "
            f"{100 * score['game_only_uar']:.1f} %)",
            as_published=100 * score["random_windows"]["uar"],
            honest=100 * score["new_persons"]["uar"],
            person_adapted=100 * score["new_persons_adapted"]["uar"],
            stamp="as published: LEAKY (random windows); the model (svc) was picked on these persons",
            n=score["windows"],
        )
        for target, score in scores.items()
    ]

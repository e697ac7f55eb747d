"""`au-static`: clip means of Action Units and a classic classifier (Luna-Jiménez et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

from emofuse.core import LabelSet, label_set
from emofuse.corpora import Manifest
from emofuse.training.action_units import action_unit_means, unit_view
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.system import Progress, System
from emofuse.training.table import TableMethod

from .classic_choice import candidates, setting_chosen_on


@dataclass(frozen=True)
class Options:
    """Settings. `parameter` is the classifier's free one, as text; see `training.classic`.

    Without a `classifier` the published form takes its own winner, the honest one chooses between
    eleven on persons of the training part. The published form averages frames in which OpenFace
    had lost the face as well.
    """

    form: str = "honest"
    labels: str = "ravdess8"
    classifier: str = ""
    parameter: str = ""
    normalisation: str = ""
    seed: int = 2020


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    """(35,) means of every clip."""
    values = [
        action_unit_means(
            manifest.root, unit_view(clip, track=False), found_only=options.form == "honest"
        )
        for clip in manifest.clips
    ]
    units = Input(
        "units",
        values,
        front_end="action_unit_means",
        parameters={"found_only": options.form == "honest"},
    )
    return Examples(manifest.clips, labels, (units,), truth_of(manifest.clips, labels))


SYSTEM = System(
    name="au-static",
    title="Clip means of facial Action Units, eleven classifiers",
    paper="Luna-Jiménez et al. 2022, doi 10.3390/app12010327 (S1c)",
    corpora=("ravdess-au", "ravdess"),
    protocols={"published": "ravdess-5fold", "honest": "ravdess-5fold"},
    modality="action_units",
    licence="MIT recipe; weights inherit the corpus's licence",
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: TableMethod(
        lambda o: candidates(o, published=("mlp", "80", "minmax")), modality="action_unit_means"
    ),
    models=lambda options: {},
    chosen_on=setting_chosen_on,
    claimed=60.22,
    wrong="All classifiers, normalisations and parameters were compared on the test folds; the "
    "60.22 % is one seed and one row order of a net that never converges (other seeds 58.9 to "
    "60.4 %); frames in which OpenFace had lost the face were averaged in.",
    left="The same eleven classifiers on the same five folds, the scaler inside the training part, "
    "classifier and parameter chosen anew in each fold on persons of the training part. Clip means "
    "know nothing of time.",
)

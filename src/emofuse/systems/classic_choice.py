"""Which classic classifiers a static system tries, and how it comes to one."""

from __future__ import annotations

from typing import Protocol

from sklearn.base import BaseEstimator

from emofuse.training.classic import classic_model

# All eleven, each at a few of the values that the published grid tried.
TRIED = {
    "svc": ("0.1", "1", "10"),
    "logistic": ("0.1", "1", "10"),
    "ridge": ("1", "10"),
    "perceptron": ("0.0001",),
    "nusvc": ("0.3", "0.5"),
    "linear-svc": ("0.1", "1"),
    "knn": ("10", "30"),
    "nearest-centroid": ("",),
    "tree": ("20",),
    "forest": ("100",),
    "mlp": ("40", "80", "160"),
}
NORMALISATIONS = ("minmax", "standard")


class Choice(Protocol):
    """The settings that static systems share."""

    form: str
    classifier: str
    parameter: str
    normalisation: str
    seed: int


def candidates(options: Choice, *, published: tuple[str, str, str]) -> dict[str, BaseEstimator]:
    """The classifier asked for; else the `published` one (name, parameter, normalisation), or in
    the honest form all of `TRIED`, from which held-out persons choose."""
    if options.classifier:
        wanted = [(options.classifier, options.parameter, options.normalisation or "minmax")]
    elif options.form == "published":
        wanted = [published]
    else:
        wanted = [
            (name, parameter, normalisation)
            for name, parameters in TRIED.items()
            for parameter in parameters
            for normalisation in NORMALISATIONS
        ]
    return {
        " ".join(part for part in choice if part): classic_model(
            choice[0], parameter=choice[1], normalisation=choice[2], seed=options.seed
        )
        for choice in wanted
    }


def setting_chosen_on(options: Choice) -> str:
    """The published winner was picked by its score on the test folds."""
    published = options.form == "published" and not options.classifier
    return "test" if published else "validation"

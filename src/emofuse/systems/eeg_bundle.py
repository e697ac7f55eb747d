"""From a corpus of EEG to a bundle: held-out scores of a recipe, then the model of everybody."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn

from emofuse.bundle import InputSpec, Specifications, digest_key
from emofuse.core import InputError, nll
from emofuse.corpora import Manifest
from emofuse.corpora.synth import RECORD
from emofuse.models import count_parameters
from emofuse.protocols import plan_splits
from emofuse.training.export import shippable_onnx
from emofuse.training.scores import stated_scores
from emofuse.training.ship import Trained

from .eeg_fit import (
    NETWORKS,
    FittedEeg,
    HeldOut,
    Recipe,
    by_trial,
    cautious_temperature,
    fit_eeg,
    held_out,
)
from .eeg_windows import WindowOptions, Windows, cut_windows

HOP_SECONDS = 1.0


@dataclass(frozen=True)
class EegSystem:
    """What a corpus says about the model that is trained on it."""

    name: str
    protocol: str
    licence: str
    training_data: str
    limits: tuple[str, ...]
    version: str = "1"


SYNTHETIC = EegSystem(
    name="",
    protocol="",
    licence="none: synthetic data",
    training_data="Synthetic signals in the corpus's layout",
    limits=("Trained on made-up signals: a demonstration, not a model of anybody's EEG.",),
)


def train_eeg(
    manifest: Manifest,
    system: EegSystem,
    *,
    recipe: Recipe,
    options: WindowOptions,
    run: Path,
) -> Trained:
    """Score `recipe` under the system's protocol, then fit it on everybody for the bundle.

    The shipped model takes the setting that most folds' validation chose (the median number of
    epochs for networks). Networks resume from `run`. `InputError` for a model without
    probabilities, which cannot be shipped.
    """
    started = perf_counter()
    if (manifest.root / RECORD).is_file():
        system = replace(SYNTHETIC, name=system.name, protocol=system.protocol)
    if recipe.model not in (*NETWORKS, "logistic"):
        raise InputError(recipe.model, "gives no probabilities to ship", "choose logistic, fbccnn")
    windows = cut_windows(manifest, options, signals=recipe.layout == "signal")
    plan = plan_splits(system.protocol, windows.clips)
    scored = held_out(windows, plan, recipe, run=run)
    everybody = np.arange(len(windows))
    final = fit_eeg(
        windows,
        _settled(recipe, scored),
        train=everybody,
        validation=everybody[:0],
        folder=run / "all",
    )
    network = final.model if recipe.model in NETWORKS else _as_network(final, windows)
    inputs = input_spec(windows, recipe, final)
    shape = (2, *(part if isinstance(part, int) else 512 for part in inputs.shape[1:]))
    example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    axes = {i: part for i, part in enumerate(inputs.shape) if isinstance(part, str)}
    model, checks = shippable_onnx(network, {inputs.name: example}, free_axes={inputs.name: axes})
    spec = _specifications(manifest, system, windows, recipe, scored, inputs, plan)
    details = {
        "settings": asdict(recipe) | asdict(options),
        "chosen": scored.settings,
        "skipped_trials": windows.skipped,
        "onnx": checks,
        "hours": (perf_counter() - started) / 3600,
    }
    spec = replace(spec, parameters=count_parameters(network))
    return Trained(model, spec, tuple(_keys(windows)), details)


def _settled(recipe: Recipe, scored: HeldOut) -> Recipe:
    if recipe.model in NETWORKS:
        return replace(recipe, epochs=int(np.median([int(n) for n in scored.settings])))
    return replace(recipe, strengths=(Counter(scored.settings).most_common(1)[0][0],))


class FlatLinear(nn.Module):
    """A fitted multinomial logistic regression as a network."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray):
        super().__init__()
        self.linear = nn.Linear(weights.shape[1], weights.shape[0])
        self.linear.load_state_dict(
            {"weight": torch.from_numpy(weights).float(), "bias": torch.from_numpy(bias).float()}
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features)


def _as_network(fitted: FittedEeg, windows: Windows) -> nn.Module:
    model = fitted.model[-1]
    if len(model.classes_) != len(windows.label_set) or len(windows.label_set) < 3:
        raise InputError("training part", "does not hold every label", "use more trials")
    return FlatLinear(model.coef_, model.intercept_)


def input_spec(windows: Windows, recipe: Recipe, fitted: FittedEeg) -> InputSpec:
    """What the model is fed, so that analysis computes what training did."""
    options, channels = windows.options, len(windows.channels)
    if recipe.layout == "signal":
        parameters = {
            "channels": list(windows.channels),
            "band": list(options.signal_band),
            "sample_rate": options.sample_rate,
            "spread": fitted.normaliser,
        }
        return InputSpec("signal", "eeg_signal", ("batch", channels, "time"), parameters)
    bands = len(options.bands)
    parameters = {
        "channels": list(windows.channels),
        "bands": [list(band) for band in options.bands],
        "mean": fitted.normaliser.mean.round(4).tolist(),
        "spread": fitted.normaliser.spread.round(4).tolist(),
        "layout": recipe.layout,
        "published": options.published,
    }
    shape = ("batch", bands, 9, 9) if recipe.layout == "grid" else ("batch", channels * bands)
    return InputSpec("features", "differential_entropy", shape, parameters)


def _keys(windows: Windows) -> set[int]:
    """The files that the windows are from."""
    return {
        digest_key(bytes.fromhex(clip.view("eeg").sha256))
        for clip in windows.clips
        if clip.view("eeg").sha256
    }


def _specifications(
    manifest: Manifest,
    system: EegSystem,
    windows: Windows,
    recipe: Recipe,
    scored: HeldOut,
    inputs: InputSpec,
    plan,
) -> Specifications:
    labels, calibrated = windows.label_set, scored.calibrated
    prior = np.bincount(windows.labels, minlength=len(labels)) / len(windows)
    return Specifications(
        name=system.name,
        version=system.version,
        modality="eeg",
        label_set=labels.name,
        labels=labels.labels,
        inputs=(inputs,),
        window_seconds=windows.options.window_seconds,
        hop_seconds=min(HOP_SECONDS, windows.options.window_seconds),
        temperature=cautious_temperature(scored.raw),
        training_prior=tuple(prior.tolist()),
        held_out_nll=nll(calibrated.log_prob, calibrated.truth),
        weights_sha256="",
        licence=system.licence,
        protocol=f"{plan.protocol}: settings and temperature of each fold from its inner "
        "validation; the shipped model is fitted on everybody",
        split_hash=plan.hash,
        training_data=f"{system.training_data}; {len(manifest)} trials, {len(windows)} windows",
        training_persons=tuple(sorted({clip.subject for clip in windows.clips})),
        scores={
            "windows": stated_scores(calibrated),
            "whole_trials": stated_scores(by_trial(calibrated)),
        },
        training_command=f"{system.name} with {recipe.model}",
        created=datetime.now(UTC).date().isoformat(),
        intended_use="What the EEG of a person who watches or speaks goes with, as one of "
        f"{len(labels)} labels of films or tasks; one voice among several in a fused timeline.",
        limits=(
            *system.limits,
            "The labels are those of films or tasks, not of what anybody felt.",
            "Electrodes, amplifier and room differ between laboratories: on another helmet the "
            "held-out scores do not hold.",
        ),
    )

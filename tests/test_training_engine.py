"""Fitting: it learns, chooses on validation, stops early, and resumes exactly."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("lightning", reason="needs the train extra")

from emofuse.training.batches import SeededBatches, ordered_batches, seeded_data  # noqa: E402
from emofuse.training.engine import FitOptions, fit, load_checkpoint, predict  # noqa: E402

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((120, 6)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64) + (X[:, 2] > 0.5)
ROWS = np.arange(120)
OPTIONS = FitOptions(
    epochs=4, learning_rate=0.03, accelerator="cpu", monitor="accuracy", mode="max"
)


def batch(rows, rng):
    noise = rng.standard_normal(X[rows].shape).astype(np.float32) * 0.1
    return (torch.from_numpy(X[rows] + noise),), torch.from_numpy(Y[rows])


def clean(rows, _):
    return (torch.from_numpy(X[rows]),), torch.from_numpy(Y[rows])


def network(seed: int = 0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(0.2),
        torch.nn.Linear(16, 3),
    )  # fmt: skip


def data(*, make=batch, validation: bool = True):
    return seeded_data(
        ROWS[:90],
        make,
        batch_size=16,
        seed=3,
        validation_rows=ROWS[90:] if validation else None,
        make_validation=clean,
    )


def weights(model) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in model.state_dict().values()])


def test_it_learns_and_logs(tmp_path):
    fitted = fit(network(), data(), options=replace(OPTIONS, epochs=20), folder=tmp_path)
    logits, truth = predict(fitted.model, ordered_batches(ROWS[90:], clean))
    accuracy = float((logits.argmax(1) == truth).mean())
    assert accuracy > 0.7
    best = max(row["val_accuracy"] for row in fitted.history)
    assert accuracy == pytest.approx(best)
    assert fitted.history[fitted.epoch]["val_accuracy"] == pytest.approx(best)
    with open(tmp_path / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(20))
    assert list(tmp_path.glob("events.out.tfevents.*"))


class Killed(BaseException):
    """As a signal would end the process: nothing gets to clean up."""


def killed_at(count: int):
    seen = iter(range(10**6))

    def make(rows, rng):
        if next(seen) == count:
            raise Killed
        return batch(rows, rng)

    return make


@pytest.mark.parametrize("averaging", [None, 0.9])
@pytest.mark.parametrize("steps", [1, 13, 20])
def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path, averaging, steps):
    options = replace(OPTIONS, averaging=averaging)
    whole = fit(network(), data(), options=options, folder=tmp_path / "whole")
    with pytest.raises(Killed):
        fit(network(), data(make=killed_at(steps)), options=options, folder=tmp_path / "parts")
    again = fit(
        network(seed=9 if steps > 6 else 0), data(), options=options, folder=tmp_path / "parts"
    )
    np.testing.assert_array_equal(weights(again.model), weights(whole.model))
    assert again.history == whole.history
    assert again.epoch == whole.epoch


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = fit(network(), data(), options=OPTIONS, folder=tmp_path)
    again = fit(network(seed=5), data(make=killed_at(0)), options=OPTIONS, folder=tmp_path)
    np.testing.assert_array_equal(weights(again.model), weights(first.model))


def test_early_stopping_and_no_validation(tmp_path):
    torch.manual_seed(0)
    stopped = fit(
        torch.nn.Linear(6, 3),
        data(),
        options=replace(OPTIONS, epochs=40, learning_rate=0.0, patience=2),
        folder=tmp_path / "stopped",
    )
    assert len(stopped.history) == 3
    blind = fit(network(), data(validation=False), options=OPTIONS, folder=tmp_path / "blind")
    assert blind.epoch == 3
    assert "val_loss" not in blind.history[-1]


def test_checkpoints_hold_no_code(tmp_path):
    fit(network(), data(), options=OPTIONS, folder=tmp_path)
    for path in (tmp_path / "checkpoints").glob("*.ckpt"):
        assert torch.load(path, weights_only=True)["state_dict"]
    other = network(seed=4)
    load_checkpoint(other, tmp_path)
    assert not any(path.name.startswith(".") for path in (tmp_path / "checkpoints").iterdir())


def test_gradients_are_clipped_after_backward(tmp_path):
    """A loss a million times larger moves weights no further than the clip allows."""
    options = replace(OPTIONS, epochs=1, clip_norm=1e-8, warmup_epochs=0, weight_decay=0.0)
    model = network()
    before = weights(model)
    loss = lambda logits, target: 1e6 * torch.nn.functional.cross_entropy(logits, target)  # noqa: E731
    fit(model, data(validation=False), options=options, folder=tmp_path, loss=loss)
    moved = np.abs(weights(model) - before)
    assert np.isfinite(moved).all()


@pytest.mark.parametrize("size", [90, 91, 97])
def test_batches_cover_an_epoch_and_differ_between_epochs(size):
    seen = []

    def make(rows, rng):
        seen.append(rows)
        return (torch.from_numpy(rows),), torch.from_numpy(rows)

    orders = []
    for epoch in (0, 1, 0):
        seen.clear()
        batches = SeededBatches(np.arange(size), make, batch_size=16, seed=1, epoch=epoch)
        for number in range(len(batches)):
            batches[number]
        orders.append(np.concatenate(seen))
        left_out = 1 if size % 16 == 1 else 0
        assert len(set(orders[-1])) == size - left_out
        assert min(map(len, seen)) > 1
    assert orders[0].tolist() == orders[2].tolist() != orders[1].tolist()


def test_weighted_batches_balance_classes():
    labels = np.array([0] * 90 + [1] * 10)
    weight = 1 / np.bincount(labels)[labels]
    picked = []
    batches = SeededBatches(
        np.arange(100),
        lambda rows, rng: picked.extend(labels[rows]),
        batch_size=10,
        seed=0,
        epoch=0,
        weights=weight,
    )
    for number in range(len(batches)):
        batches[number]
    assert 0.35 < np.mean(picked) < 0.65

"""What takes minutes: systems learn what the modalities carry jointly, and nothing from noise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("lightning", reason="needs the train extra")

from emofuse.corpora import write_manifest  # noqa: E402
from emofuse.posteriors import read_posteriors  # noqa: E402
from emofuse.systems.registry import system  # noqa: E402
from emofuse.training.pipeline import train_system  # noqa: E402
from synth_runs import TWO_FOLDS, made_corpus  # noqa: E402

pytestmark = pytest.mark.slow
K2 = "subject-kfold"
VOICE = {**TWO_FOLDS, "epochs": 12, "dim": 32, "layers": 1}


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))


def accuracy(run) -> float:
    return json.loads(run.evaluation.read_text())["scores"]["accuracy"]


def test_units_of_whole_classes_are_learnt_and_random_labels_are_not(tmp_path):
    """The table of means shows the whole class; where labels are random, everybody is at chance."""
    for random_labels in (False, True):
        folder = tmp_path / str(random_labels)
        manifest = made_corpus("ravdess-au", folder, persons=8, random_labels=random_labels)
        run = train_system(system("au-static"), manifest, protocol=K2, settings=TWO_FOLDS)
        if random_labels:
            # 480 clips of 8 labels: three standard errors around 1/8.
            assert abs(accuracy(run) - 0.125) < 0.05
        else:
            assert accuracy(run) > 0.9


def test_a_voice_shows_its_digit_of_the_class_to_new_persons_and_no_more(tmp_path):
    manifest = made_corpus("ravdess", tmp_path, persons=4, kinds="audio", sample_rate=16_000)
    run = train_system(system("mel-transformer"), manifest, protocol=K2, settings=VOICE)
    found = read_posteriors(run.posteriors)
    step = 3  # a voice of eight classes shows one of three digits: label // 3
    order = [found.label_set.index(name) for name in manifest.label_set]
    position = np.argsort(order)
    answer, truth = position[found.values.argmax(1)], position[found.truth]
    assert (answer // step == truth // step).mean() > 0.6
    assert accuracy(run) < 0.75, "the voice alone cannot name the class"


def test_random_labels_stay_at_chance_through_a_network(tmp_path):
    manifest = made_corpus(
        "ravdess", tmp_path, persons=4, kinds="audio", sample_rate=16_000, random_labels=True
    )
    run = train_system(system("mel-transformer"), manifest, protocol=K2, settings=VOICE)
    assert abs(accuracy(run) - 0.125) < 0.07


DDP = """
import json, sys
from pathlib import Path
import numpy as np, torch
from emofuse.training.batches import ordered_batches, seeded_data
from emofuse.training.engine import FitOptions, fit

devices, size, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
rng = np.random.default_rng(0)
x = rng.standard_normal((64, 6)).astype(np.float32)
y = (x[:, 0] > 0).astype(np.int64)

def batch(rows, _):
    return (torch.from_numpy(x[rows]),), torch.from_numpy(y[rows])

torch.manual_seed(0)
layers = [torch.nn.Linear(6, 8), torch.nn.LayerNorm(8), torch.nn.ReLU(), torch.nn.Linear(8, 2)]
options = FitOptions(epochs=3, learning_rate=0.05, accelerator="cpu", devices=devices,
                     strategy="ddp" if devices > 1 else "auto")

if __name__ == "__main__":
    data = seeded_data(np.arange(64), batch, batch_size=size, seed=1)
    fitted = fit(torch.nn.Sequential(*layers), data, options=options, folder=folder)
    weights = np.concatenate([p.detach().numpy().ravel() for p in fitted.model.parameters()])
    np.save(folder / "weights.npy", weights)
"""


def test_two_processes_equal_one_for_a_network_without_batch_normalisation(tmp_path):
    """Two processes with half of a batch each average their gradients to the whole batch's."""
    script = tmp_path / "train.py"
    script.write_text(DDP)
    found = []
    for devices, size in ((1, 16), (2, 8)):
        folder = tmp_path / f"devices-{devices}"
        command = [sys.executable, str(script), str(devices), str(size), str(folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env=environment, timeout=300, capture_output=True)
        found.append(np.load(folder / "weights.npy"))
    np.testing.assert_allclose(found[0], found[1], atol=2e-5)


def test_the_command_line_goes_from_manifest_to_bundle(tmp_path):
    manifest = made_corpus("ravdess", tmp_path, persons=4, kinds="none")
    path = write_manifest(manifest, tmp_path / "units.parquet")
    run = tmp_path / "run"
    common = [sys.executable, "-m", "emofuse"] if _has_main() else ["emofuse"]
    settings = ["--set", "protocol.k=2", "--set", "epochs=1", "--set", "hidden=8"]
    train = ["train", "au-bilstm", "--corpus", str(path), "--protocol", K2, "--out", str(run)]
    subprocess.run([*common, *train, *settings], check=True, capture_output=True)
    subprocess.run([*common, "export", str(run)], check=True, capture_output=True)
    track = next(Path(manifest.root).glob("facial_landmarks/*.csv"))
    told = subprocess.run(
        [*common, "predict", str(run), str(track), "--json", "-"],
        check=True,
        capture_output=True,
        text=True,
    )
    (row,) = json.loads(told.stdout)
    assert row["file"] == track.name
    assert (run / "bundle" / "model.onnx").is_file()


def _has_main() -> bool:
    import emofuse

    return (Path(emofuse.__file__).parent / "__main__.py").is_file()

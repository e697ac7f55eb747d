"""EEG end to end on made-up corpora: prepare, train, evaluate, report, export, analyse."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("mne", reason="needs the eeg extra")

import emofuse
from eeg_samples import write_fif
from emofuse.core import InputError
from emofuse.corpora import prepare_corpus, read_corpus
from emofuse.corpora.synth import write_synth
from emofuse.evaluation import evaluate, write_report
from emofuse.media import load_audio
from emofuse.models import MODELS
from emofuse.perception.eeg import FRONT_ENDS, Stretch, read_eeg
from emofuse.protocols import LeakageError, plan_splits
from emofuse.systems import eeg_eav, eeg_seediv
from emofuse.systems.cascade import cascade, report
from emofuse.systems.eeg_fit import Recipe, by_trial, held_out
from emofuse.systems.eeg_gameemo import gameemo_windows, score_gameemo
from emofuse.systems.eeg_windows import WindowOptions, cut_windows, read_trial
from emofuse.training.classic import classic_model, out_of_fold_posteriors
from emofuse.training.ship import ship


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Small synthetic SEED-IV and EAV."""
    root = tmp_path_factory.mktemp("data")
    write_synth("seediv", root / "seediv", persons=3, seconds=8.0)
    write_synth("eav", root / "eav", persons=4, seconds=4.0)
    return root


@pytest.fixture(scope="module")
def windows(data):
    return cut_windows(read_corpus("seediv", data / "seediv"))


def test_fbccnn_is_the_published_size():
    assert MODELS["fbccnn"].parameters() == 2_118_488


def test_windows_keep_their_trial(windows):
    assert windows.features.shape == (3 * 24 * 2, 14, 4)
    assert len({clip.trial for clip in windows.clips}) == 72
    first, second = windows.clips[:2]
    assert (first.start_seconds, first.end_seconds, second.start_seconds) == (0, 4, 4)
    assert first.trial == second.trial and first.id != second.id


def test_seediv_end_to_end(data, tmp_path):
    prepared = prepare_corpus("seediv", data / "seediv", tmp_path / "seediv.parquet")
    assert len(prepared) == 72
    bundle = ship(
        eeg_seediv.train(data, run=tmp_path / "run"), out=tmp_path / "out", results=tmp_path
    )
    result = json.loads((tmp_path / "eeg-seediv.json").read_text())
    assert result["protocol"].startswith("seediv-loso")
    assert result["scores"]["windows"]["accuracy"] > 0.9
    assert bundle.spec.parameters == 14 * 4 * 4 + 4
    assert bundle.spec.modality == "eeg"
    trial = prepared.clips[3]
    recording = read_eeg(prepared.path(trial.views[0].path), key=trial.attributes["key"])
    path = write_fif(tmp_path / "trial_raw.fif", recording)
    timeline = emofuse.analyse(path, models=[bundle.folder], modalities=("eeg",))
    best = np.nanmean(timeline.persons[0].streams["eeg"].probabilities, 0).argmax()
    assert timeline.label_set.labels[best] == trial.label


def test_what_is_evaluated_is_what_runs(data, windows, tmp_path):
    """The bundle's front end gives the training features of a trial's middle window."""
    trained = eeg_seediv.train(data, run=tmp_path)
    part = trained.spec.inputs[0]
    manifest = read_corpus("seediv", data / "seediv")
    recording = read_trial(manifest, manifest.clips[5], WindowOptions())
    stretch = Stretch(recording.track.values[600:], recording.channels, 200.0, 200, 1000)
    found = FRONT_ENDS[part.front_end](stretch, **part.parameters)
    row = [c.id for c in windows.clips].index(f"{manifest.clips[5].id}-w001")
    mean, spread = (np.array(part.parameters[name]) for name in ("mean", "spread"))
    expected = (windows.features[row] - mean) / spread
    np.testing.assert_allclose(found, expected.reshape(-1), atol=0.05)


@pytest.mark.parametrize("model", ["fbccnn", "eegnet"])
def test_networks_train_and_ship_like_every_other_model(tmp_path, model):
    write_synth("seediv", tmp_path / "seediv", persons=2, seconds=4.0)
    config = eeg_seediv.Config(recipe=Recipe(model, epochs=1, batch_size=48))
    bundle = ship(eeg_seediv.train(tmp_path, run=tmp_path / "run", config=config), out=tmp_path)
    assert bundle.spec.inputs[0].front_end in FRONT_ENDS
    shape = (3, *(p if isinstance(p, int) else 300 for p in bundle.spec.inputs[0].shape[1:]))
    assert bundle.logits(np.zeros(shape, np.float32)).shape == (3, 4)


def test_a_model_without_probabilities_is_evaluated_but_not_shipped(data, windows, tmp_path):
    plan = plan_splits("seediv-loso", windows.clips)
    scored = held_out(windows, plan, Recipe("svc"), run=tmp_path)
    assert evaluate(scored.raw).scores["accuracy"] > 0.9
    with pytest.raises(InputError, match="no probabilities"):
        eeg_seediv.train(data, run=tmp_path, config=eeg_seediv.Config(Recipe("svc")))


def test_splitting_by_windows_shows_a_leak_that_splitting_by_trials_does_not(tmp_path):
    """Nothing in this EEG tells a label: only person and trial leave their mark."""
    root = write_synth(
        "seediv",
        tmp_path / "seediv",
        persons=2,
        seconds=16.0,
        class_effect=0.0,
        person_effect=0.5,
        trial_effect=1.0,
    )
    windows = cut_windows(read_corpus("seediv", root))
    scores = {}
    for protocol in ("seediv-windows", "seediv-trial", "seediv-loso"):
        plan = plan_splits(protocol, windows.clips, allow_leakage=True)
        scored = held_out(windows, plan, Recipe(strengths=("0.1", "10")), run=tmp_path)
        scores[protocol] = evaluate(scored.raw)
    assert scores["seediv-windows"].scores["accuracy"] > 0.9
    assert scores["seediv-trial"].scores["accuracy"] < 0.45
    assert scores["seediv-loso"].scores["accuracy"] < 0.45
    assert "LEAKY" in scores["seediv-windows"].stamps
    with pytest.raises(LeakageError):
        plan_splits("seediv-windows", windows.clips)


def test_a_trial_that_cannot_be_used_is_skipped_and_named(tmp_path):
    from scipy.io import loadmat, savemat

    root = write_synth("seediv", tmp_path / "seediv", persons=2, seconds=6.0)
    path = next(root.glob("eeg_raw_data/1/*.mat"))
    arrays = {k: v for k, v in loadmat(path).items() if not k.startswith("__")}
    arrays["sy_eeg1"] = arrays["sy_eeg1"][:, :500]
    arrays["sy_eeg2"] = np.zeros_like(arrays["sy_eeg2"])
    savemat(path, arrays)
    windows = cut_windows(read_corpus("seediv", root))
    assert len(windows) == 46
    assert ["TooShort" in windows.skipped[0], "NoSignal" in windows.skipped[1]] == [True, True]


def test_eav_end_to_end_and_the_cascade_of_the_same_moments(data, tmp_path):
    bundle = ship(eeg_eav.train(data, run=tmp_path / "run"), out=tmp_path / "out")
    assert bundle.spec.inputs[0].parameters["channels"][:2] == ["1", "2"]
    manifest = read_corpus("eav", data / "eav", task="speaking")
    plan = plan_splits("eav-loso", manifest.clips)
    av = _voice_of(manifest, plan)
    eeg = by_trial(_eeg_of(data, tmp_path).calibrated)
    eeg = eeg.select(np.isin(eeg.clips, av.clips))
    fused = cascade(av, eeg)
    found = report(av, eeg, fused)
    # Of five classes the voice tells apart two groups, EEG another two: together three.
    parts = [found.av.scores["pooled_accuracy"], found.eeg.scores["pooled_accuracy"]]
    assert found.fused.scores["pooled_accuracy"] > max(parts) + 0.1
    assert found.difference.n == 40
    comparison = found.difference
    page = write_report(found.fused, tmp_path / "report.html", comparisons=[comparison])
    assert "eav-voice" in page.read_text(encoding="utf-8")


def _eeg_of(data, folder):
    """Held-out answers of an EEG model that also learns from the listening trials."""
    manifest = read_corpus("eav", data / "eav")
    windows = cut_windows(manifest, WindowOptions(picks="all", window_seconds=2.0))
    plan = plan_splits("eav-loso", windows.clips)
    return held_out(windows, plan, Recipe(), run=folder)


def _voice_of(manifest, plan):
    """A classic model on the voice of the same trials, in the same folds.

    Pictures would do as well, but an encoder may draw them a little differently each time.
    """

    def features(clip) -> np.ndarray:
        sound = load_audio(manifest.path(clip.view("audio").path))
        spectrum = np.abs(np.fft.rfft(sound, 16_000))
        edges = np.geomspace(200, 1600, 9).astype(int)
        level = np.log(np.add.reduceat(spectrum, edges)[:-1])
        return level - level.mean()

    fold = {clip: split.fold for split in plan.splits for clip in split.test}
    return out_of_fold_posteriors(
        classic_model("logistic", normalisation="standard"),
        np.stack([features(clip) for clip in manifest]),
        truth=np.array([manifest.label_set.index(clip.label) for clip in manifest]),
        folds=np.array([fold[clip.id] for clip in manifest]),
        clips=[clip.id for clip in manifest],
        subjects=[clip.subject for clip in manifest],
        label_set=manifest.label_set,
        system="eav-voice",
    )


def test_gameemo_is_read_as_it_is(data_dir):
    windows = gameemo_windows(data_dir, "valence")
    assert windows.features.shape == (2688, 14, 4)
    assert len(windows.channels) == 14 and "AF3" in windows.channels
    assert windows.labels.mean() == pytest.approx(0.366, abs=0.001)
    assert np.isfinite(windows.features).all()


@pytest.mark.slow
def test_gameemo_scores(data_dir):
    score = score_gameemo(data_dir, "valence")
    assert score["random_windows"]["uar"] > score["new_persons"]["uar"] + 0.1
    low, high = score["new_persons"]["uar_95"]
    assert low < score["new_persons"]["uar"] < high
    assert score["game_only_uar"] > score["new_persons"]["uar"]

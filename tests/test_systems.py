"""Every system, corpus in, report and bundle out, on its synthetic corpus at tiny sizes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from emofuse import analyse  # noqa: E402
from emofuse.bundle import find_bundle  # noqa: E402
from emofuse.core import InputError, label_set  # noqa: E402
from emofuse.posteriors import read_posteriors  # noqa: E402
from emofuse.systems.catalogue import system_rows  # noqa: E402
from emofuse.systems.registry import SYSTEMS, system  # noqa: E402
from emofuse.training.export_run import export_run  # noqa: E402
from emofuse.training.pipeline import train_system  # noqa: E402
from emofuse.training.predict_files import predict_files  # noqa: E402
from synth_runs import TWO_FOLDS, made_corpus, once_each, some, tiny  # noqa: E402

RAVDESS, TRACKS, MEANS, IEMOCAP, MOSEI = "ravdess", "tracks", "means", "iemocap", "mosei"
K2, SESSIONS = "subject-kfold", "iemocap-sessions"
HONEST = {
    "au-static": (MEANS, K2),
    "au-bilstm": (TRACKS, K2),
    "xlsr-finetune": (RAVDESS, K2),
    "xlsr-static": (RAVDESS, K2),
    "xlsr-au-fusion": (RAVDESS, K2),
    "mel-transformer": (RAVDESS, K2),
    "av-hybrid-fusion": (RAVDESS, K2),
    "xlstm-albert-repvgg": (IEMOCAP, SESSIONS),
    "emonet-lstm": (RAVDESS, K2),
    "mel-emonet-fusion": (RAVDESS, K2),
    "two-stream": (RAVDESS, K2),
}
SMALLER = {
    "au-static": {"classifier": "mlp", "parameter": "8"},
    "au-bilstm": {"epochs": 1, "hidden": 8},
    "xlsr-static": {"classifier": "logistic"},
    "two-stream": {"audio_net": "2d"},
}

# Systems whose clips are rows of a table, folders of pictures, or that are several runs.
NOT_A_FILE = ("au-static", "xlstm-albert-repvgg", "xlsr-au-fusion")
# The file of a clip that analysis reads where it is not the film, and what answers there.
TABLES = ("au-static", "au-bilstm", "xlsr-au-fusion")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """The corpora, each made when first asked for: (manifest, its file)."""
    home, made = tmp_path_factory.mktemp("corpora"), {}

    def make(kind: str):
        folder = home / kind
        if kind == RAVDESS:
            found = made_corpus("ravdess", folder, persons=4, kinds="audio_video")
            return some(found, folder, once_each)
        if kind == TRACKS:
            return some(made_corpus("ravdess", folder, persons=4, kinds="none"), folder, once_each)
        if kind == MEANS:
            return some(made_corpus("ravdess-au", folder, persons=4), folder, once_each)
        if kind == IEMOCAP:
            labels = {"label_set": "iemocap4"}
            found = made_corpus("iemocap-processed", folder, persons=4, read=labels)
            return some(found, folder, lambda clip: clip.dialogue.endswith("impro01"))
        found = made_corpus("mosei-processed", folder, persons=5)
        return some(found, folder, lambda clip: True)

    def get(kind: str):
        if kind not in made:
            made[kind] = make(kind)
        return made[kind]

    return get


@pytest.fixture(scope="module", autouse=True)
def runs(tmp_path_factory):
    """One runs folder for the file: systems share prepared features."""
    patch = pytest.MonkeyPatch()
    patch.setenv("EMOFUSE_RUNS", str(tmp_path_factory.mktemp("runs")))
    yield
    patch.undo()


def run_of(name: str, corpora, *, kind: str, protocol: str, **changed):
    manifest, path = corpora(kind)
    settings = {**tiny(name, **SMALLER.get(name, {}), **changed)}
    if protocol == K2:
        settings |= TWO_FOLDS
    return train_system(
        system(name),
        manifest,
        protocol=protocol,
        settings=settings,
        manifest_path=str(path),
        allow_leakage=changed.get("form") == "published",
    )


def test_every_system_is_tested():
    assert set(SYSTEMS) - set(HONEST) <= {name for name in SYSTEMS if name.startswith("eeg")} | {
        "cascade"
    }


@pytest.mark.parametrize("name", HONEST)
def test_from_corpus_to_report_bundle_and_answer(name, corpora, tmp_path):
    kind, protocol = HONEST[name]
    manifest, _ = corpora(kind)
    run = run_of(name, corpora, kind=kind, protocol=protocol)
    check_posteriors(run, system(name))
    evaluation = json.loads(run.evaluation.read_text())
    assert 0 <= evaluation["scores"]["accuracy"] <= 1
    assert evaluation["system"] == name
    assert run.report.stat().st_size > 10_000
    check_bundles(name, run, corpora)
    check_prediction(name, run, manifest)


def check_posteriors(run, entry) -> None:
    found = read_posteriors(run.posteriors)
    tested = [clip for split in run.plan().splits for clip in split.test]
    assert sorted(found.clips) == sorted(tested)
    assert found.label_set.labels == entry.label_set(options_of(run)).labels
    assert (found.truth >= 0).all()


def options_of(run):
    record = run.record()
    return system(record.system).options(**record.settings)


def check_bundles(name: str, run, corpora) -> None:
    entry = system(name)
    made = export_run(entry, run)
    assert made
    for modality, bundle in made.items():
        spec = find_bundle(bundle.folder).spec
        assert spec.modality == modality
        assert spec.split_hash == run.plan().hash
        assert spec.parameters > 0
        (checks,) = (
            json.loads(path.read_text()) for path in run.path.rglob(f"export-{modality}.json")
        )
        assert checks["largest_difference"] <= 1e-4 * max(1, checks["largest_logit"])
        assert bundle.training_keys
    check_analysis(name, run, made, corpora)


def check_analysis(name: str, run, made, corpora) -> None:
    """The run's bundles speak in the timeline of a file; synthetic films show no face."""
    manifest, _ = corpora(TRACKS if name in TABLES else RAVDESS)
    clip = manifest.clips[0]
    path = manifest.root / clip.view("features" if name in TABLES else "audio_video").path
    timeline = analyse(path, models=(str(run.path),), labels="ravdess8", thumbnails=False)
    used = {model.modality: model.name for model in timeline.models}
    assert {m: bundle.spec.name for m, bundle in made.items()}.items() <= used.items()
    assert not np.isnan(timeline.persons[0].fused[timeline.persons[0].mask]).any()
    answering = set(made) - {"voice", "face"}  # tones are no speech
    for modality in answering:
        stream = timeline.persons[0].streams[modality]
        assert stream.mask.all(), stream.outcome
    if name in ("emonet-lstm", "au-bilstm"):  # all that they read is there
        wanted = predict_files(system(name), run, [path]).reorder(label_set("ravdess8"))
        np.testing.assert_allclose(stream.probabilities[0], np.exp(wanted.log_prob[0]), atol=1e-4)


def check_prediction(name: str, run, manifest) -> None:
    """The answer about a file is the answer about the clip that it is."""
    if name in NOT_A_FILE:
        return
    clip = manifest.by_id[run.plan().splits[0].test[0]]
    path = manifest.root / clip.view("audio_video", "features").path
    found = predict_files(system(name), run, [path])
    stored = read_posteriors(run.posteriors)
    row = stored.clips.index(clip.id)
    np.testing.assert_allclose(found.log_prob[0], stored.log_prob[row], atol=1e-4)


PUBLISHED = [
    *("mel-transformer", "xlsr-finetune", "au-bilstm", "emonet-lstm", "xlstm-albert-repvgg"),
    *("au-static", "xlsr-static", "xlsr-au-fusion"),
]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_form_runs_and_is_stamped(name, corpora):
    kind, protocol = HONEST[name]
    run = run_of(name, corpora, kind=kind, protocol=protocol, form="published")
    check_posteriors(run, system(name))
    chosen_on_test = system(name).chosen_on(options_of(run)) == "test"
    assert ("CHECKPOINT CHOSEN ON TEST" in run.record().stamps) is chosen_on_test


def test_sound_of_16_khz_is_stamped_where_more_was_expected(corpora):
    """The synthetic films hold 16 kHz; the published recipe wants 48."""
    manifest, _ = corpora(RAVDESS)
    entry = system("mel-transformer")
    assert entry.stamps(entry.options(form="published"), manifest) == ("BAND-LIMITED",)
    assert entry.stamps(entry.options(), manifest) == ()


def test_replaced_detectors_are_stamped(corpora):
    manifest, _ = corpora(RAVDESS)
    for name in ("av-hybrid-fusion", "emonet-lstm", "two-stream", "xlstm-albert-repvgg"):
        entry = system(name)
        assert "DETECTOR-REPLACED" in entry.stamps(entry.options(), manifest)
        assert "DETECTOR-REPLACED" not in entry.stamps(entry.options(faces="whole"), manifest)


def test_several_labels_are_scored_beside_always_and_never(corpora):
    run = run_of("xlstm-albert-repvgg", corpora, kind=MOSEI, protocol="official", labels="mosei6")
    found = json.loads(run.evaluation.read_text())
    names = [row["label"] for row in found["labels_scored"]]
    assert names == [*label_set("mosei6").labels, "mean", "always yes", "always no"]
    assert "always yes" in run.report.read_text()
    (bundle,) = export_run(system("xlstm-albert-repvgg"), run).values()
    spec = find_bundle(bundle.folder).spec
    assert spec.multi_label and spec.labels == label_set("mosei6").labels
    assert sum(spec.training_prior) == pytest.approx(1)
    assert 0 < spec.held_out_nll < 10


def test_parameters_are_those_of_the_specifications():
    published = {row["name"]: row["models"]["published"] for row in system_rows(Path("nowhere"))}
    assert published["mel-transformer"] == {"mel_transformer": 395_176}
    assert published["av-hybrid-fusion"] == {"av_ia": 1_854_766}
    assert published["au-bilstm"] == {"au_bilstm": 106_609}
    assert published["mel-emonet-fusion"] == {"mel_emonet_fusion": 15_233_802}
    assert published["two-stream"]["stream_audio_2d_long"] == 387_335


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("emonet-lstm", {"weights": "gone.pth"}, "gone.pth: no such file"),
        ("av-hybrid-fusion", {"weights": "gone.pth"}, "gone.pth: no such file"),
        ("av-hybrid-fusion", {"fusion": "xx"}, "fusion lt, it, ia"),
        ("xlsr-finetune", {"checkpoint": "./gone"}, "gone: no such folder"),
        ("mel-transformer", {}, "has no audio or audio_video"),
    ],
)
def test_what_is_not_there_is_named_on_one_line(name, settings, message, corpora):
    manifest, _ = corpora(TRACKS)
    with pytest.raises(InputError, match=message) as caught:
        train_system(system(name), manifest, protocol=K2, settings={**settings, **TWO_FOLDS})
    assert "\n" not in str(caught.value)


def test_unknown_names_are_answered_with_the_known():
    with pytest.raises(InputError, match="mel-transformer"):
        system("nothing")
    with pytest.raises(InputError, match="systems eeg-seediv --data"):
        system("eeg-seediv")


def test_a_moved_corpus_is_named(corpora, tmp_path):
    manifest, path = corpora(TRACKS)
    moved = tmp_path / "moved.parquet"
    shutil.copy(path, moved)
    run = train_system(
        system("au-bilstm"),
        manifest,
        protocol=K2,
        settings={**TWO_FOLDS, **SMALLER["au-bilstm"]},
        folds=[0],
        out=tmp_path / "run",
    )
    with pytest.raises(InputError, match="manifest"):
        export_run(system("au-bilstm"), run)
    assert export_run(system("au-bilstm"), run, manifest=manifest)

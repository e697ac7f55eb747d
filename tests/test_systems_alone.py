"""Parts of the trimodal system and single pictures: corpora that hold no more."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import Clip, InputError, View, label_set  # noqa: E402
from emofuse.corpora import Manifest, read_corpus  # noqa: E402
from emofuse.media import VideoFrame, read  # noqa: E402
from emofuse.perception.face import FRONT_ENDS as FACE_FRONT_ENDS  # noqa: E402
from emofuse.systems.registry import system  # noqa: E402
from emofuse.systems.stills import as_frames, holds_stills, still_pictures  # noqa: E402
from emofuse.systems.two_stream import VIDEO_NETS, Options  # noqa: E402
from emofuse.systems.two_stream import read as read_system  # noqa: E402
from emofuse.systems.xlstm_alone import FEATURES, feature_inputs  # noqa: E402
from emofuse.training.pipeline import train_system  # noqa: E402
from synth_runs import made_corpus  # noqa: E402

TRIMODAL = "xlstm-albert-repvgg"
WIDTHS = {"audio": 73, "text": 100, "video": 100}
SMALL_TEXT = {**system(TRIMODAL).tiny["shape"]}


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))


def mosi(folder, *, train: int = 40, test: int = 16) -> Manifest:
    """Rows in the real layout whose label is the sign of each modality's first number."""
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("test", test)):
        labels = rng.integers(0, 2, count)
        for name, width in WIDTHS.items():
            with open(folder / f"{name}_{part}0.csv", "w", newline="") as file:
                for label in labels:
                    row = np.zeros(width)
                    row[:3] = 2.0 * label - 1.0, *rng.normal(size=2)
                    csv.writer(file).writerow([*row.round(4), label])
    return read_corpus("mosi-features", folder)


def faces(folder, count: int = 40) -> Manifest:
    """Pictures in FER2013's array file: dark ones are angry, bright ones happy."""
    rng = np.random.default_rng(0)
    happy = rng.random(count) < 0.5
    pictures = rng.integers(0, 60, (count, 48, 48)) + 150 * happy[:, None, None]
    np.savez(
        folder / "fer2013.npz",
        x=pictures.astype(np.uint8),
        y=np.where(happy, 3, 0),
        usage=np.arange(count) % 3,
        labels=np.array(label_set("fer7").labels),
        usages=np.array(["Training", "PublicTest", "PrivateTest"]),
    )
    return read_corpus("fer2013", folder)


def lines(count: int = 30) -> Manifest:
    clips = tuple(
        Clip(
            f"c{i}",
            "meld",
            label=("joy", "anger")[i % 2],
            label_set="meld7",
            text=("what a lovely day", "leave me alone")[i % 2],
            official_split=("train", "validation", "test")[i // 2 % 3],
        )
        for i in range(count)
    )
    return Manifest("meld", Path(), clips, label_set("meld7"))


def trained(manifest: Manifest, name: str = TRIMODAL, **settings) -> dict:
    run = train_system(system(name), manifest, protocol="official", settings=settings)
    return json.loads(run.evaluation.read_text())


def test_ready_features_are_three_sequences_of_one_step(tmp_path):
    manifest = mosi(tmp_path)
    inputs = feature_inputs(manifest)
    assert [part.name for part in inputs] == list(FEATURES)
    assert [part.values[3].shape for part in inputs] == [(1, WIDTHS[n]) for n in FEATURES]
    signs = {float(np.sign(part.values[3][0, 0])) for part in inputs}
    assert signs == {2.0 * (manifest.clips[3].label == "positive") - 1}, "rows must stay aligned"


def test_the_fusion_learns_from_features(tmp_path):
    found = trained(
        mosi(tmp_path),
        reads="features",
        labels="mosi2",
        dim=16,
        epochs=8,
        batch_size=8,
        learning_rate=3e-3,
    )
    assert found["n"] == 16
    assert found["scores"]["accuracy"] > 0.9
    assert found["stamps"] == ["OFFICIAL"], "no detector was replaced: there is no picture"


def test_features_of_fewer_modalities_are_refused(tmp_path):
    manifest = mosi(tmp_path)
    short = tuple(replace(clip, views=clip.views[:2]) for clip in manifest.clips)
    with pytest.raises(InputError, match="no features of audio, text, video"):
        feature_inputs(replace(manifest, clips=short))


def test_words_alone_are_learnt():
    found = trained(
        lines(), reads="text", labels="meld7", shape=SMALL_TEXT, epochs=6, learning_rate=1e-2
    )
    assert found["scores"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        (TRIMODAL, {"reads": "faces", "epochs": 1}),
        (
            "two-stream",
            {"stream": "video", "video_net": "full-grey", "video_epochs": 1, "frames_a_clip": 1},
        ),
    ],
)
def test_single_faces_are_trained_and_tested(name, settings, tmp_path):
    found = trained(faces(tmp_path, count=12), name, labels="fer7", **settings)
    assert found["n"] == 4
    assert found["stamps"] == ["OFFICIAL"], "no detector was replaced: the faces come cut"


def test_stills_become_frames_of_the_wanted_size_and_channels(tmp_path):
    manifest = faces(tmp_path, count=4)
    assert holds_stills(manifest)
    pictures = still_pictures(manifest)
    assert pictures[2].shape == (1, 48, 48, 1)
    shown = as_frames(lambda frames: frames, size=112, channels=3)(pictures[2])
    assert shown.shape == (1, 112, 112, 3)
    assert abs(float(shown.mean()) - float(pictures[2].mean())) < 1
    assert (shown[..., 0] == shown[..., 2]).all()


def test_pictures_in_another_file_are_refused():
    clip = Clip("c", "made", views=(View("image", "face.png"),), label="happy", label_set="fer7")
    with pytest.raises(InputError, match=r"fer2013\.npz"):
        still_pictures(Manifest("made", Path(), (clip,), label_set("fer7")))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reads": "smell"}, "known are all, text"),
        ({"reads": "text", "form": "published"}, "the published form reads all"),
    ],
)
def test_what_cannot_be_read_is_said(settings, message):
    with pytest.raises(InputError, match=message):
        trained(lines(), **settings)


@pytest.mark.parametrize("net", sorted(VIDEO_NETS))
def test_analysis_shows_the_picture_nets_what_training_did(tmp_path, net):
    """Whole pictures stay whole in a bundle, and ResNet's blue, green, red are centred there, too."""
    films = made_corpus("ravdess", tmp_path, persons=4, kinds="audio_video")
    film = replace(films, clips=films.clips[:1])
    options = Options(stream="video", video_net=net, labels="ravdess8")
    (part,) = read_system(options, film, label_set("ravdess8"), None).inputs
    path = film.root / film.clips[0].view("audio_video").path
    frames = [item for item in read(path) if isinstance(item, VideoFrame)]
    seen = [frame for frame in frames if frame.seconds <= 0.7 + 1e-6][-1]  # the first one used
    whole = net.startswith(("full", "black"))
    assert part.front_end == ("middle_square" if whole else "face_box")
    if whole:
        shown = FACE_FRONT_ENDS[part.front_end](seen.image, None, **part.parameters)
        np.testing.assert_allclose(part.finish(part.values[0][:1])[0], shown, atol=1e-4)


def test_a_picture_net_of_faces_is_fed_faces(tmp_path):
    """FER2013's pictures are cut faces, whatever of a film the net was meant for."""
    options = Options(stream="video", video_net="full-grey", labels="fer7")
    (part,) = read_system(options, faces(tmp_path), label_set("fer7"), None).inputs
    assert part.front_end == "face_box"

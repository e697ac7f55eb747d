"""Models that read a stretch as a whole: what they are fed, what may be missing, whose place."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the train extra")
from onnx import TensorProto, helper  # noqa: E402

from emofuse import analyse  # noqa: E402
from emofuse.analysis import Engine, Options, load_bundles  # noqa: E402
from emofuse.bundle import InputSpec, Specifications, find_bundles, write_bundle  # noqa: E402
from emofuse.core import InputError, label_set  # noqa: E402
from emofuse.export import dumps, save  # noqa: E402
from emofuse.media import AudioChunk, VideoFrame, write_example  # noqa: E402
from emofuse.perception.face import ACTION_UNITS  # noqa: E402
from emofuse.perception.voice import FRONT_ENDS  # noqa: E402

LABELS = label_set("basic7")
FILM = {
    "size": 8,
    "count": 0,
    "every_seconds": 0.25,
    "faces": "whole",
    "missing": "mask",
    "mean": 0.0,
    "std": 255.0,
}
SOUND = {"level_db": -26.0, "hop_seconds": 0.016, "n_mels": 64, "floor": 1e-6}


def bundle_of(folder, modality: str, inputs: list[tuple], *, window_seconds: float = 3.0):
    """A bundle that answers `happy` by the sum of its inputs' means, `sad` by its masks' sum.

    `inputs` are (name, front end, free axes and sizes, parameters).
    """
    nodes, values = [], []
    for name, front_end, shape, _ in inputs:
        kind = TensorProto.BOOL if front_end == "mask" else TensorProto.FLOAT
        values.append(helper.make_tensor_value_info(name, kind, list(shape)))
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", [f"{name}_f"], [f"{name}_flat"], axis=1),
            helper.make_node(
                "ReduceSum" if front_end == "mask" else "ReduceMean",
                [f"{name}_flat", "last"] if front_end == "mask" else [f"{name}_flat"],
                [f"{name}_one"],
                **({} if front_end == "mask" else {"axes": [1]}),
            ),
        ]
    zero = helper.make_node("Sub", [f"{inputs[0][0]}_one"] * 2, ["zero"])
    sums = {
        "values": [f"{n}_one" for n, end, *_ in inputs if end != "mask"],
        "masks": [f"{n}_one" for n, end, *_ in inputs if end == "mask"] or ["zero"],
    }
    columns = ["zero", "values", "masks", *["zero"] * 4]
    nodes += [
        zero,
        *(helper.make_node("Sum", parts, [name]) for name, parts in sums.items()),
        helper.make_node("Concat", columns, ["logits"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "sums",
        values,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 7])],
        [helper.make_tensor("last", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    spec = Specifications(
        name=f"sum-{modality}",
        version="1",
        modality=modality,
        label_set="basic7",
        labels=LABELS.labels,
        inputs=tuple(InputSpec(*part) for part in inputs),
        window_seconds=window_seconds,
        hop_seconds=0.5,
        temperature=1.0,
        training_prior=(1 / 7,) * 7,
        held_out_nll=1.0,
        weights_sha256="",
        licence="none",
        protocol="none",
        split_hash="0" * 64,
        training_data="none",
    )
    return write_bundle(folder / modality, model=model.SerializeToString(), spec=spec, card="")


def film_and_sound(folder, *, masked: bool = True, **more):
    parts = [
        ("mel", "log_mel", ("batch", "mel_length", 64), SOUND),
        ("film", "film", ("batch", "film_length", 3, 8, 8), FILM),
    ]
    masks = [
        (f"{name}_mask", "mask", ("batch", f"{name}_length"), {"of": name})
        for name in ("mel", "film")
    ]
    return bundle_of(folder, "audio_video", [*parts, *(masks if masked else [])], **more)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The bundled clip, without its transcript."""
    path = write_example(tmp_path_factory.mktemp("example") / "clip.mp4")
    path.with_suffix(".srt").unlink(missing_ok=True)
    return path


def masks_of(bundle, engine: Engine, start: float, end: float) -> float:
    """How many steps the model was told are there: the margin of "sad" over "neutral"."""
    answer = engine.senses["audio_video"].evidence(start, end)["scene"]
    return float(answer.log_prob[2] - answer.log_prob[0])


def test_it_takes_the_place_of_what_it_reads(tmp_path, example):
    bundle = film_and_sound(tmp_path)
    timeline = analyse(example, models=(str(bundle.folder),), thumbnails=False)
    assert timeline.modalities == ("audio_video", "text")
    assert [model.name for model in timeline.models] == ["sum-audio_video", "text-ekman"]
    (scene,) = timeline.persons
    stream = scene.streams["audio_video"]
    assert scene.person == "scene" and stream.mask.all() and scene.mask.all()
    assert (stream.coverage > 0.5).all()
    record = next(iter(timeline.to_records()))
    assert record["audio_video_happy"] is not None and record["audio_video_outcome"] == ""


def test_every_writer_takes_such_a_timeline(tmp_path, example):
    bundle = film_and_sound(tmp_path)
    timeline = analyse(example, models=(str(bundle.folder),), thumbnails=False)
    assert json.loads(dumps(timeline))["modalities"] == ["audio_video", "text"]
    for name in ("csv", "vtt", "eaf", "TextGrid", "html", "png"):
        assert save(timeline, tmp_path / f"out.{name}").stat().st_size > 100


def test_what_a_mask_can_hide_may_be_missing(tmp_path):
    bundle = film_and_sound(tmp_path)
    frames = [VideoFrame(i / 10, np.full((8, 8, 3), 128, np.uint8)) for i in range(31)]
    engine = engine_of(bundle, tracks={"face"})
    for frame in frames:
        list(engine.push(frame))
    evidence = engine.senses["audio_video"].evidence(0.0, 2.0)["scene"]
    assert evidence.coverage == pytest.approx(0.5)
    # 12 pictures in 3 s, and nothing of the sound.
    assert masks_of(bundle, engine, 0.0, 2.0) == pytest.approx(12)


@pytest.mark.parametrize(
    ("tracks", "outcome"),
    [({"face"}, "NoAudioTrack"), ({"voice"}, "Silence"), (set(), "NoAudioTrack")],
)
def test_what_nothing_can_hide_is_an_outcome(tmp_path, tracks, outcome):
    bundle = film_and_sound(tmp_path, masked=False)
    engine = engine_of(bundle, tracks=tracks)
    if "voice" in tracks:
        list(engine.push(AudioChunk(0.0, np.zeros(48_000, np.float32))))
    if "face" in tracks:
        list(engine.push(VideoFrame(0.0, np.zeros((8, 8, 3), np.uint8))))
    evidence = engine.senses["audio_video"].evidence(0.0, 2.0)["scene"]
    assert evidence.log_prob is None and evidence.outcome == outcome


def engine_of(bundle, *, tracks) -> Engine:
    options = Options(models=(str(bundle.folder),))
    return Engine(options, load_bundles(options), tracks=frozenset(tracks))


def test_the_stretch_lies_around_the_window_inside_the_recording(tmp_path):
    """Pictures get lighter with time: the model's mean tells which of them it saw."""
    bundle = film_and_sound(tmp_path)
    engine = engine_of(bundle, tracks={"face"})
    for i in range(101):
        shade = np.full((8, 8, 3), 2 * i, np.uint8)
        engine.senses["audio_video"].push(VideoFrame(i / 10, shade))

    def centre(start: float) -> float:
        evidence = engine.senses["audio_video"].evidence(start, start + 2)["scene"]
        mean = 255 * float(evidence.log_prob[1] - evidence.log_prob[0]) - 255 * nothing
        return mean / 2 / 10

    nothing = float(FRONT_ENDS["log_mel"](np.zeros(16_000, np.float32), **SOUND).mean())
    expected = {0.0: 1.5, 0.5: 1.5, 4.0: 5.0, 8.1: 8.6}
    for start, middle in expected.items():
        assert centre(start) == pytest.approx(middle, abs=0.16)


def test_a_film_that_goes_on_after_its_sound_is_answered_by_the_film(tmp_path):
    engine = engine_of(film_and_sound(tmp_path), tracks={"face", "voice"})
    list(engine.push(AudioChunk(0.0, np.full(16_000, 0.1, np.float32))))
    for i in range(100):
        list(engine.push(VideoFrame(i / 10, np.full((8, 8, 3), 128, np.uint8))))
    evidence = engine.senses["audio_video"].evidence(7.0, 9.0)["scene"]
    assert evidence.log_prob is not None and evidence.coverage == pytest.approx(0.5)


@pytest.mark.parametrize("piece", [7, 50])
def test_windows_do_not_depend_on_how_the_input_is_cut(tmp_path, piece):
    """No window is answered before all of its stretch is there."""
    bundle = film_and_sound(tmp_path)
    one_by_one, pieces = (answers_to_pieces(bundle, size) for size in (1, piece))
    assert len(one_by_one) == 7
    np.testing.assert_allclose(pieces, one_by_one)


def answers_to_pieces(bundle, piece: int) -> list[np.ndarray]:
    """Five seconds of pictures and noise, `piece` tenths of a second at a time."""
    samples = np.random.default_rng(0).normal(0, 0.1, 5 * 16_000).astype(np.float32)
    engine, found = engine_of(bundle, tracks={"face", "voice"}), []
    for first in range(0, 50, piece):
        for i in range(first, min(first + piece, 50)):
            found += engine.push(VideoFrame(i / 10, np.full((8, 8, 3), 4 * i, np.uint8)))
        chunk = samples[1600 * first : 1600 * (first + piece)]
        found += engine.push(AudioChunk(first / 10, chunk))
    found += engine.finish()
    return [window.moments[0].estimates["audio_video"].probabilities for window in found]


def units_file(path, *, frames: int = 120, lost=()) -> None:
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["timestamp", " confidence", " success", *(f" {u}" for u in ACTION_UNITS)])
        for i in range(frames):
            found = int(i not in lost)
            table.writerow([f"{i / 30:.3f}", 0.98 * found, found, *[1.0 * i] * 35])


def units_bundle(folder):
    parts = [
        ("units", "openface_units", ("batch", "units_length", 35), {"found_only": True}),
        ("mask", "mask", ("batch", "units_length"), {"of": "units"}),
    ]
    return bundle_of(folder, "action_units", parts)


def test_a_table_of_action_units_is_a_recording(tmp_path):
    path = tmp_path / "clip.csv"
    units_file(path, lost=range(60, 120))
    with pytest.raises(InputError, match="no model reads it"):
        analyse(path)
    timeline = analyse(path, models=(str(units_bundle(tmp_path).folder),))
    assert timeline.source.duration_seconds == pytest.approx(4.0, abs=0.01)
    stream = timeline.person("scene").streams["action_units"]
    assert stream.mask.all() and stream.coverage[0] > stream.coverage[-1] > 0


def test_a_table_beside_a_film_belongs_to_it(tmp_path, example):
    path = tmp_path / "clip.mp4"
    path.write_bytes(example.read_bytes())
    bundle = units_bundle(tmp_path)
    without = analyse(path, models=(str(bundle.folder),), thumbnails=False)
    assert set(without.persons[0].streams["action_units"].outcome) <= {"NoSignal", ""}
    assert not any(part.streams["action_units"].mask.any() for part in without.persons)
    units_file(path.with_suffix(".csv"))
    beside = analyse(path, models=(str(bundle.folder),), thumbnails=False)
    assert any(part.streams["action_units"].mask.any() for part in beside.persons)
    assert {"face", "voice"} <= set(beside.modalities)


def test_a_run_with_several_bundles_brings_them_all(tmp_path):
    for name in ("bundle-a", "bundle-b"):
        made = units_bundle(tmp_path / name)
        made.folder.rename(tmp_path / "moved")
        (tmp_path / name).rmdir()
        (tmp_path / "moved").rename(tmp_path / name)
    assert [bundle.folder.name for bundle in find_bundles(tmp_path)] == ["bundle-a", "bundle-b"]


def test_several_labels_share_one_whole(tmp_path):
    made = units_bundle(tmp_path)
    spec = replace(made.spec, multi_label=True)
    model = (made.folder / "model.onnx").read_bytes()
    bundle = write_bundle(tmp_path / "several", model=model, spec=spec, card="")
    shares = np.exp(bundle.calibrated(np.array([[0.0, 0.0, *[-50.0] * 5]])))
    np.testing.assert_allclose(shares[0, :3], [0.5, 0.5, 0.0], atol=1e-9)

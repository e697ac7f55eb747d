"""The pieces that systems are put together from: examples, pictures, losses, optimisers, units."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import Clip, InputError, LabelSet, View  # noqa: E402
from emofuse.corpora import Manifest  # noqa: E402
from emofuse.media import VideoFrame, encode_video  # noqa: E402
from emofuse.perception.face import (  # noqa: E402
    ACTION_UNITS,
    FrameOptions,
    box_crop,
    nearest_frames,
    sample_times,
)
from emofuse.perception.text import token_ids  # noqa: E402
from emofuse.perception.voice import FRONT_ENDS  # noqa: E402
from emofuse.training.action_units import (  # noqa: E402
    action_unit_means,
    action_unit_track,
)
from emofuse.training.examples import Examples, Input  # noqa: E402
from emofuse.training.features_cache import cached_features  # noqa: E402
from emofuse.training.fed_network import FedNetwork  # noqa: E402
from emofuse.training.frame_vote import FrameVote, one_frame  # noqa: E402
from emofuse.training.losses import asymmetric_loss, focal_loss  # noqa: E402
from emofuse.training.missing import absent_sometimes  # noqa: E402
from emofuse.training.optimisers import Optimiser  # noqa: E402
from emofuse.training.pictures import film_pictures  # noqa: E402
from emofuse.training.table import TableMethod  # noqa: E402

TWO = LabelSet("two", ("calm", "angry"))
RNG = np.random.default_rng(0)


def clips(count: int) -> tuple[Clip, ...]:
    return tuple(
        Clip(f"c{i}", "made", subject=str(i % 3), label=TWO.labels[i % 2], label_set="two")
        for i in range(count)
    )


def examples(*inputs: Input, count: int = 4) -> Examples:
    return Examples(clips(count), TWO, inputs, np.arange(count) % 2)


def test_shorter_clips_are_padded_and_what_is_no_number_is_masked():
    values = [np.ones((n, 2), np.float32) for n in (3, 1, 0, 2)]
    values[3][0] = np.nan
    named = examples(Input("x", values, mask="m")).named_batch(np.arange(4))
    assert named["x"].shape == (4, 3, 2)
    assert named["m"].int().tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert torch.equal(named["x"].sum((1, 2)), torch.tensor([6.0, 2.0, 0.0, 2.0]))


@pytest.mark.parametrize(
    ("over", "shape"), [((0,), (1, 5)), ((1,), (7, 1)), ((), (7, 5)), ((0, 1), (1, 1))]
)
def test_statistics_are_those_of_the_training_rows(over, shape):
    values = [RNG.normal(3, 2, (7, 5)).astype(np.float32) for _ in range(6)]
    mean, spread = Input("x", values, normalise=over).statistics(np.array([0, 1, 2]))
    stacked = np.stack(values[:3])
    axes = (0, *(axis + 1 for axis in over))
    assert mean.shape == spread.shape == shape
    np.testing.assert_allclose(mean.squeeze(), stacked.mean(axes), rtol=1e-5)
    np.testing.assert_allclose(spread.squeeze(), stacked.std(axes), rtol=1e-4)


class Mean(torch.nn.Module):
    def forward(self, x, mask=None):
        return x.mean(1)


def test_the_network_normalises_inside_and_hides_padding():
    values = [np.full((n, 2), 5 + n, np.float32) for n in (1, 3)]
    made = examples(Input("x", values, mask="mask", normalise=(0,)), count=2)
    network = FedNetwork(Mean(), made, np.array([0, 1]))
    named = made.named_batch(np.arange(2))
    found = network(named["x"], named["mask"])
    mean, spread = network.x_mean.reshape(-1)[0], network.x_spread.reshape(-1)[0]
    assert found[0, 0].item() == pytest.approx(((6 - mean) / spread / 3).item(), rel=1e-5)
    assert {"x_mean", "x_spread"} <= set(network.state_dict())


def test_training_draws_among_variants_and_judging_does_not():
    plain, copy = [np.zeros((1, 1), np.float32)] * 2, [np.ones((1, 1), np.float32)] * 2
    made = examples(Input("x", plain, variants=[copy]), count=2)
    rng = np.random.default_rng(0)
    drawn = [made.training_batch(np.array([0]), rng)[0][0].item() for _ in range(40)]
    assert 5 < sum(drawn) < 35
    assert made.whole_batch(np.array([0]), rng)[0][0].item() == 0


def test_absence_never_takes_the_last_modality():
    masks = {"a": torch.ones(200, 3, dtype=torch.bool), "b": torch.ones(200, 2, dtype=torch.bool)}
    masks["b"][:50] = False
    change = absent_sometimes(("a", "b"), share=0.4)
    changed, _ = change(masks, torch.zeros(200), np.random.default_rng(0))
    assert (changed["a"].any(1) | changed["b"].any(1)).all()
    assert changed["a"][:50].all(), "those with one modality keep it"
    assert 0.2 < (~changed["a"][50:].any(1)).float().mean() < 0.6


def test_votes_are_the_mean_of_the_frames_that_are_there():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    vote, frames = FrameVote(network).eval(), torch.randn(2, 3, 1, 2, 2)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    with torch.no_grad():
        found = vote(frames, mask).exp()
        wanted = network(frames[0, :2]).softmax(-1).mean(0)
        single = vote(frames[:, :1])
    torch.testing.assert_close(found[0], wanted)
    torch.testing.assert_close(found[1], torch.tensor([0.5, 0.5]))
    torch.testing.assert_close(single[0].exp(), network(frames[0, :1]).softmax(-1)[0])


def test_one_frame_is_taken_mirrored_and_cut():
    frames = np.arange(5 * 10 * 10, dtype=np.uint8).reshape(5, 10, 10, 1)
    rng = np.random.default_rng(1)
    taken = [one_frame(cut=0.4)(frames, rng) for _ in range(30)]
    assert {one.shape for one in taken} == {(1, 10, 10, 1)}
    assert all((one == 0).sum() >= 16 for one in taken)
    assert np.array_equal(frames, np.arange(500, dtype=np.uint8).reshape(frames.shape))


def test_focal_loss_is_per_row_and_asymmetric_loss_is_never_negative():
    logits, target = torch.randn(50, 3) * 4, torch.randint(0, 3, (50,))
    rows = [
        focal_loss(logits[i : i + 1], target[i : i + 1], weight=torch.ones(3)) for i in range(50)
    ]
    torch.testing.assert_close(
        focal_loss(logits, target, weight=torch.ones(3)), torch.stack(rows).mean()
    )
    plain = torch.nn.functional.cross_entropy(logits, target)
    assert focal_loss(logits, target, weight=torch.ones(3)) < plain
    several = torch.randint(0, 2, (50, 3)).float()
    assert asymmetric_loss(logits, several) >= 0
    yes = torch.full((1, 3), 9.0)
    assert asymmetric_loss(yes, torch.zeros(1, 3)) > asymmetric_loss(-yes, torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("optimiser", "wanted"),
    [
        (Optimiser(schedule="steps", milestones=(2, 4), gamma=0.1), [1, 1, 0.1, 0.1, 0.01]),
        (Optimiser(schedule="constant"), [0.5, 1, 1, 1, 1]),
        (Optimiser(schedule="linear"), [0.5, 1, 0.75, 0.5, 0.25]),
        (Optimiser(), [0.5, 1, 0.8536, 0.5, 0.1464]),
    ],
)
def test_schedules(optimiser, wanted):
    times = [1, 2, 3, 4, 5] if optimiser.schedule != "steps" else [0, 1, 2, 3, 4]
    found = [optimiser.factor(t, epochs=6, warmup_epochs=2) for t in times]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_optimisers_decay_and_slow_down_what_they_should():
    model = torch.nn.ModuleDict({"text": torch.nn.Linear(2, 2), "rest": torch.nn.Linear(2, 2)})
    adam = Optimiser("adam", decay_all=True, slow="text.").make(
        model, learning_rate=1.0, weight_decay=0.1
    )
    assert sorted(group["lr"] for group in adam.param_groups) == [0.1, 1.0]
    assert {group["weight_decay"] for group in adam.param_groups} == {0.1}
    sgd = Optimiser("sgd", momentum=0.9, dampening=0.9).make(
        model, learning_rate=1.0, weight_decay=0.1
    )
    assert [group["weight_decay"] for group in sgd.param_groups] == [0.1, 0.0]
    with pytest.raises(ValueError, match="adamw, adam, sgd"):
        Optimiser("none").make(model, learning_rate=1.0, weight_decay=0.0)


def test_features_are_made_once_and_anew_for_other_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path))
    made = []

    def compute() -> np.ndarray:
        made.append(1)
        return np.arange(3)

    for settings in ({"a": 1}, {"a": 1}, {"a": 2}):
        found = cached_features("key", compute, name="n", settings=settings)
        assert found.tolist() == [0, 1, 2]
    cached_features("other", compute, name="n", settings={"a": 1})
    assert len(made) == 3


def frames_at(*seconds: float) -> list[VideoFrame]:
    return [VideoFrame(t, np.full((4, 4, 3), int(100 * t), np.uint8)) for t in seconds]


def test_the_frame_shown_at_a_moment_is_taken_and_none_after_the_end():
    frames = frames_at(0.0, 0.1, 0.2, 0.3)
    times = np.array([0.0, 0.05, 0.1, 0.29, 0.35, 0.4, 0.5])  # the film ends at 0.4
    found = [None if f is None else f.seconds for f in nearest_frames(iter(frames), times)]
    assert found == [0.0, 0.0, 0.1, 0.2, 0.3, None, None]


def test_sample_times():
    centre = sample_times(4.5, FrameOptions(size=8, count=3, window_seconds=3.0))
    np.testing.assert_allclose(centre, [1.25, 2.25, 3.25])
    start = sample_times(1.0, FrameOptions(size=8, count=3, window_seconds=3.0, place="start"))
    np.testing.assert_allclose(start, [0.5, 1.5, 2.5])
    steady = sample_times(1.2, FrameOptions(size=8, count=0, every_seconds=0.5))
    np.testing.assert_allclose(steady, [0, 0.5, 1.0])


def film_manifest(folder, *, side: str | None = None) -> Manifest:
    """A grey film, left half dark and right half bright, as a part of which one clip is cut."""
    frame = np.zeros((32, 64, 3), np.uint8)
    frame[:, 32:] = 200
    encode_video(folder / "film.mp4", [frame] * 20, frame_rate=10)
    clip = Clip(
        "c",
        "made",
        views=(View("video", "film.mp4"),),
        label="calm",
        label_set="two",
        start_seconds=0.5 if side else None,
        end_seconds=1.5 if side else None,
        attributes={"side": side} if side else {},
    )
    absent = Clip("none", "made", label="calm", label_set="two")
    return Manifest("made", folder, (clip, absent), TWO)


@pytest.mark.parametrize(("side", "level"), [("left", 0), ("right", 200)])
def test_the_speakers_half_is_cut_and_a_clip_without_film_has_no_frames(
    tmp_path, monkeypatch, side, level
):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    options = FrameOptions(size=16, count=4, window_seconds=1.0, faces="whole", colour="grey")
    found = film_pictures(film_manifest(tmp_path, side=side), options)
    assert found[0].shape == (4, 16, 16, 1)
    assert abs(float(found[0].mean()) - level) < 8
    assert found[1].shape == (0, 16, 16, 1)


@pytest.mark.parametrize(("missing", "count"), [("drop", 0), ("black", 4)])
def test_a_film_without_a_face(tmp_path, monkeypatch, missing, count):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    options = FrameOptions(size=16, count=4, window_seconds=1.0, missing=missing)
    found = film_pictures(film_manifest(tmp_path), options)
    assert len(found[0]) == count
    assert not found[0].any()


def test_boxes_are_cut_around_the_mesh():
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:50] = (250, 100, 0)
    mesh = np.array([[30, 20, 0], [50, 60, 0], [40, 40, 0]], np.float32)
    stretched = box_crop(image, mesh, size=24, square=False)
    assert (stretched[2:-2, 2:-2] == (250, 100, 0)).all()
    square = box_crop(image, mesh, size=24)
    assert (square[:, 0] == 0).all() and (square[12, 12] == (250, 100, 0)).all()


@pytest.mark.parametrize(
    ("front_end", "parameters", "shape"),
    [
        ("mel_decibels", {"seconds": 3.0, "layout": "image", "n_mels": 128}, (1, 128, 901)),
        ("mel_decibels", {"seconds": 3.0, "layout": "bands"}, (64, 901)),
        ("mel_decibels", {"seconds": 3.0, "layout": "contour"}, (901,)),
        ("mfcc", {"seconds": 3.6, "hop_length": 512, "n_fft": 2048}, (156, 10)),
        ("waveform", {"seconds": 2.0, "place": "centre"}, (32_000,)),
    ],
)
@pytest.mark.parametrize("length", [0.5, 5.0])
def test_published_front_ends_give_one_shape(front_end, parameters, shape, length):
    rate = {"mel_decibels": 48_000, "mfcc": 22_050, "waveform": 16_000}[front_end]
    samples = RNG.normal(0, 0.1, round(length * rate)).astype(np.float32)
    found = FRONT_ENDS[front_end](samples, **parameters)
    assert found.shape == shape and np.isfinite(found).all()
    # What analysis hands over at another rate has the same shape.
    low = RNG.normal(0, 0.1, round(length * 16_000)).astype(np.float32)
    assert FRONT_ENDS[front_end](low, source_rate=16_000, **parameters).shape == shape


def test_words_become_ids_that_start_with_the_whole():
    texts = ("Well, the apple!", " ", "well " * 300)
    first, none, long = (token_ids(text, vocabulary=50, longest=100) for text in texts)
    assert first[0] == 1 and len(first) == 4 and first[1] == long[1]
    assert len(none) == 0 and len(long) == 100
    assert max(long) < 50


def write_units(path, rows, *, delimiter: str = ",") -> None:
    with open(path, "w", newline="") as file:
        table = csv.writer(file, delimiter=delimiter)
        table.writerow(["confidence", "success", *ACTION_UNITS])
        table.writerows(rows)


def test_lost_frames_are_left_out_of_units_or_kept_as_published(tmp_path):
    good, lost = [0.98, 1, *[1.0] * 35], [0.1, 0, *[5.0] * 35]
    write_units(tmp_path / "track.csv", [good, lost, good])
    assert action_unit_track(tmp_path / "track.csv").shape == (2, 35)
    assert action_unit_track(tmp_path / "track.csv", found_only=False).max() == 5
    mean = action_unit_means(tmp_path, View("features", "track.csv"))
    np.testing.assert_allclose(mean, 1.0)
    write_units(tmp_path / "means.csv", [good, lost], delimiter=";")
    row = action_unit_means(tmp_path, View("features", "means.csv", row=1))
    assert row.tolist() == [5.0] * 35


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[0.9, 0, *[1.0] * 35]], "never found"),
        ([[0.9, 1, *["x"] * 35]], "no number"),
        ([[0.9, 1, *["nan"] * 35]], "no number"),
        ([], "no rows"),
    ],
)
def test_unusable_units_are_named(tmp_path, rows, reason):
    path = tmp_path / "bad.csv"
    write_units(path, rows)
    with pytest.raises(InputError, match=reason):
        action_unit_track(path)


def test_a_label_that_training_lacks_is_never_answered(tmp_path):
    from sklearn.linear_model import LogisticRegression

    from emofuse.training.system import FoldRows

    three = LabelSet("three", ("a", "b", "c"))
    truth = np.array([0, 2, 0, 2, 1, 0])
    made = Examples(clips(6), three, (Input("x", list(RNG.normal(size=(6, 4)))),), truth)
    rows = FoldRows(0, np.array([0, 1]), np.array([2, 3]), np.array([4, 5]))
    learned = TableMethod(lambda _: {"only": LogisticRegression()}, modality="voice").learn(
        None, made, rows, folder=tmp_path, progress=False
    )
    found = learned.answer(made, rows.test)
    assert found.shape == (2, 3) and (np.exp(found[:, 1]) < 1e-9).all()
    np.testing.assert_allclose(np.exp(found).sum(1), 1)


def test_of_several_classifiers_held_out_persons_choose(tmp_path):
    """The label is the parity of two columns: a line cannot find it, neighbours can."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    from emofuse.training.system import FoldRows

    values = RNG.normal(size=(90, 2))
    truth = ((values[:, 0] > 0) ^ (values[:, 1] > 0)).astype(int)
    made = Examples(clips(90), TWO, (Input("x", list(values)),), truth)
    rows = FoldRows(0, *np.split(np.arange(90), [50, 70]))
    candidates = {"line": LogisticRegression(), "near": KNeighborsClassifier(5)}
    method = TableMethod(lambda _: candidates, modality="voice")
    method.learn(None, made, rows, folder=tmp_path, progress=False)
    assert json.loads((tmp_path / "fitted.json").read_text())["model"] == "near"

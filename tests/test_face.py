"""Faces on pictures that the tests make from one public-domain portrait."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import InputError
from emofuse.perception import face as faces
from emofuse.perception.face import weights
from emofuse.perception.face.median import RunningMedian
from emofuse.perception.face.region import cut_out

NO_FACE = (
    np.zeros((240, 320, 3), np.uint8),
    np.full((240, 320, 3), 255, np.uint8),
    np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8),
)
TINY = ((1, 1, 3), (2, 300, 3), (300, 1, 3), (5, 5, 4), (7, 3))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """NASA's portrait of Eileen Collins (512, 512, 3), the head in the upper middle."""
    package = find_spec("skimage")
    if package is None:
        pytest.skip("the portrait comes with scikit-image: pip install 'emofuse[dev]'")
    picture = cv2.imread(str(Path(package.origin).parent / "data" / "astronaut.png"))
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def head(portrait) -> np.ndarray:
    return portrait[0:240, 100:340]


def canvas(*heads: tuple[np.ndarray, float, float], size: int = 150) -> np.ndarray:
    """A (360, 640, 3) picture with oval heads at (head, x, y), later ones in front."""
    picture = np.full((360, 640, 3), 110, np.uint8)
    oval = cv2.ellipse(
        np.zeros((size, size), np.uint8), (size // 2, size // 2), (63, 72), 0, 0, 360, 1, -1
    )
    for head, x, y in heads:
        left, top = round(x - size / 2), round(y - size / 2)
        part = picture[top : top + size, left : left + size]
        part[oval > 0] = cv2.resize(head, (size, size), interpolation=cv2.INTER_AREA)[oval > 0]
    return picture


def mesh_of(image: np.ndarray) -> np.ndarray:
    (detection,) = faces.FaceDetector().detect(image)
    return faces.FaceMesh().settle(image, faces.region_of_detection(detection)).mesh


def only_face(image: np.ndarray) -> faces.TrackedFace:
    (face,) = faces.FaceTracker().update(image, seconds=0.0)
    return face


def moved(image: np.ndarray, *, degrees: float = 0, scale: float = 1, shift=(0, 0)):
    """The picture turned (clockwise) and scaled around the face, then shifted; and the map."""
    matrix = cv2.getRotationMatrix2D((225, 120), -degrees, scale)
    matrix[:, 2] += shift
    return cv2.warpAffine(image, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE), matrix


# Detector and mesh ------------------------------------------------------------------------------


def test_detector_finds_the_face_where_it_is(portrait):
    (detection,) = faces.FaceDetector().detect(portrait)
    left, top, right, bottom = detection.box
    assert detection.score > 0.85
    assert 160 < left < 190 and 265 < right < 290 and 55 < top < 90 and 160 < bottom < 185
    right_eye, left_eye, nose, mouth, right_ear, left_ear = detection.keypoints
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
    assert right_eye[1] < nose[1] < mouth[1]


def test_mesh_points_lie_on_their_features(portrait):
    mesh = mesh_of(portrait)
    assert mesh.shape == (468, 3) and mesh.dtype == np.float32
    (detection,) = faces.FaceDetector().detect(portrait)
    eyes_nose_mouth = np.stack(
        [mesh[[33, 133], :2].mean(0), mesh[[263, 362], :2].mean(0), mesh[1, :2], mesh[13, :2]]
    )
    assert np.abs(eyes_nose_mouth - detection.keypoints[:4]).max() < 8
    assert mesh[1, 2] < mesh[[234, 454], 2].min(), "the nose is nearer to the camera than the ears"


@pytest.mark.parametrize(
    "change",
    [{"shift": (60, 40)}, {"scale": 1.6}, {"scale": 0.6}, {"degrees": 25}, {"degrees": -40}],
    ids=str,
)
def test_mesh_moves_with_the_picture(portrait, change):
    image, matrix = moved(portrait, **change)
    expected = mesh_of(portrait)[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    error = np.linalg.norm(mesh_of(image)[:, :2] - expected, axis=1) / change.get("scale", 1)
    assert error.mean() < 1.5, "px of the original, 43 px between the eyes"


@pytest.mark.parametrize("image", NO_FACE, ids=["black", "white", "noise"])
def test_nothing_is_found_where_nothing_is(image):
    tracker = faces.FaceTracker()
    assert faces.FaceDetector().detect(image) == []
    assert faces.mesh_on_crop(image) is None
    assert [tracker.update(image, seconds=i / 25) for i in range(5)] == [[]] * 5


@pytest.mark.parametrize("shape", TINY, ids=str)
def test_tiny_images_hold_no_face(shape):
    image = np.full(shape, 128, np.uint8)
    assert faces.FaceTracker().update(image, seconds=0.0) == []
    assert faces.mesh_on_crop(image) is None


@pytest.mark.parametrize(
    "image", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3))]
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="expected"):
        faces.FaceTracker().update(image, seconds=0.0)


def test_grey_and_transparent_pictures_give_the_same_face(portrait):
    grey = cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY)
    assert np.abs(mesh_of(grey) - mesh_of(portrait)).mean() < 2
    transparent = np.dstack([portrait, np.zeros_like(grey)])
    np.testing.assert_array_equal(mesh_of(transparent), mesh_of(portrait))


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    source = Path(str(weights.FOLDER))
    (tmp_path / "sha256.json").write_bytes((source / "sha256.json").read_bytes())
    (tmp_path / "mesh.onnx").write_bytes((source / "mesh.onnx").read_bytes()[:-1] + b"x")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    load = weights.load_session.__wrapped__
    with pytest.raises(InputError, match="does not match its SHA-256"):
        load("mesh.onnx")
    with pytest.raises(InputError, match="cannot be read"):
        load("detector.onnx")


# Crops ------------------------------------------------------------------------------------------


def test_cut_out_of_an_upright_region_is_the_picture_itself():
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    whole = cut_out(image, faces.Region(20, 15, 20), side=20)
    np.testing.assert_array_equal(whole, image[5:25, 10:30])
    turned = cut_out(image, faces.Region(20, 15, 20, np.pi / 2), side=20)
    np.testing.assert_array_equal(turned, np.rot90(image[5:25, 10:30]))


@pytest.mark.parametrize(
    "change",
    [{"degrees": 30}, {"degrees": -30}, {"scale": 1.5}, {"scale": 0.7}, {"shift": (70, 50)}],
    ids=str,
)
def test_aligned_crop_stays_when_the_face_moves(portrait, change):
    image, _ = moved(portrait, **change)
    still = faces.align_face(portrait, mesh_of(portrait), size=64).astype(float)
    crop = faces.align_face(image, mesh_of(image), size=64).astype(float)
    assert crop.shape == (64, 64, 3)
    assert np.corrcoef(still.ravel(), crop.ravel())[0, 1] > 0.97


def test_aligned_crop_shows_brows_to_chin_with_level_eyes(portrait):
    image, _ = moved(portrait, degrees=35)
    mesh = mesh_of(image)
    crop = faces.align_face(image, mesh, size=96)
    inside = mesh_of(cv2.copyMakeBorder(crop, 96, 96, 96, 96, cv2.BORDER_REPLICATE)) - 96
    right, left = inside[[33, 133], :2].mean(0), inside[[263, 362], :2].mean(0)
    assert abs(left[1] - right[1]) < 3 and abs((left + right)[0] / 2 - 48) < 4
    assert inside[[55, 285, 70, 300], 1].min() > 5 and 80 < inside[152, 1] < 100


def test_expression_crop_is_normalised_whatever_the_light(portrait):
    mesh = mesh_of(portrait)
    crop = faces.FRONT_ENDS["aligned_gray"](portrait, mesh, size=56)
    dim = faces.expression_crop((portrait * 0.4 + 20).astype(np.uint8), mesh, size=56)
    assert crop.shape == (1, 56, 56) and crop.dtype == np.float32
    assert abs(crop.mean()) < 1e-5 and abs(crop.std() - 1) < 1e-4
    assert np.abs(crop - dim).mean() < 0.03
    flat = faces.expression_crop(np.full_like(portrait, 90), mesh)
    assert not flat.any(), "one shade gives zeros, neither noise nor NaN"


@pytest.mark.parametrize("side", [48, 96, 300])
def test_mesh_on_crop_takes_tight_face_images_of_any_size(portrait, side):
    tight = cv2.resize(portrait[70:180, 170:280], (side, side), interpolation=cv2.INTER_AREA)
    mesh = faces.mesh_on_crop(cv2.cvtColor(tight, cv2.COLOR_RGB2GRAY))
    scaled = (mesh_of(portrait)[:, :2] - [170, 70]) * side / 110
    assert np.linalg.norm(mesh[:, :2] - scaled, axis=1).mean() < 0.04 * side


# Geometry, pose, quality ------------------------------------------------------------------------


def test_geometry_does_not_change_when_the_head_moves(portrait):
    still = only_face(portrait).geometry
    assert still.shape == (len(faces.GEOMETRY_FEATURES),) and still.dtype == np.float32
    changes = ({"degrees": 20}, {"degrees": -30}, {"scale": 1.4}, {"shift": (33, 21)})
    moves = [only_face(moved(portrait, **change)[0]).geometry - still for change in changes]
    assert np.abs(moves).mean() < 0.012 and np.abs(moves).max() < 0.06


def test_mirroring_swaps_left_and_right(portrait):
    face, mirrored = only_face(portrait), only_face(np.ascontiguousarray(portrait[:, ::-1]))
    other_side = {"left": "right", "right": "left"}
    for i, name in enumerate(faces.GEOMETRY_FEATURES):
        stem, _, side = name.rpartition("_")
        swapped = f"{stem}_{other_side[side]}" if side in other_side else name
        j = faces.GEOMETRY_FEATURES.index(swapped)
        assert abs(mirrored.geometry[j] - face.geometry[i]) < 0.04, name
    np.testing.assert_allclose(mirrored.pose, np.array(face.pose) * [-1, 1, -1], atol=3)


@pytest.mark.parametrize("degrees", [-40, -15, 15, 40])
def test_roll_is_the_angle_of_the_head(portrait, degrees):
    turned = only_face(moved(portrait, degrees=degrees)[0])
    assert turned.pose[2] - only_face(portrait).pose[2] == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize(
    ("feature", "row", "stretch", "sign"),
    [("mouth_width", 150, "x", 1), ("mouth_width", 150, "x", -1), ("jaw_open", 150, "y", 1)],
)
def test_a_stretched_mouth_shows_in_its_feature(portrait, feature, row, stretch, sign):
    """Push the pixels around the mouth outwards (or inwards) by a few px and measure again."""
    y, x = np.mgrid[0:512, 0:512].astype(np.float32)
    near = np.exp(-(((x - 226) / 35) ** 2 + ((y - row) / 22) ** 2))
    if stretch == "x":
        x = x - sign * near * (x - 226) * 0.3
    else:
        y = y - sign * near * np.clip(y - 143, 0, None) * 0.4
    warped = cv2.remap(portrait, x, y, cv2.INTER_LINEAR)
    change = only_face(warped).geometry - only_face(portrait).geometry
    assert sign * change[faces.GEOMETRY_FEATURES.index(feature)] > 0.03


def test_quality_falls_with_blur_darkness_and_size(portrait):
    quality = only_face(portrait).quality
    assert quality.score > 0.95 and quality.size_px == pytest.approx(43, abs=3)
    blurred = only_face(cv2.GaussianBlur(portrait, (0, 0), 2)).quality
    dark = only_face((portrait * 0.12).astype(np.uint8)).quality
    small = only_face(moved(portrait, scale=0.42)[0]).quality
    assert blurred.blur > quality.blur + 0.5 and blurred.score < 0.5
    assert dark.brightness < 0.15 and dark.score < 0.5
    assert small.size_px < 20 and small.score < 0.7


# Running median ---------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=60))
def test_running_median_is_exact_while_it_fits(values):
    running = RunningMedian(capacity=64)
    for i, value in enumerate(values):
        median = running.update(np.array([value, 1.0], np.float32))
        np.testing.assert_allclose(median, [np.median(values[: i + 1]), 1.0], atol=1e-6)


def test_running_median_stays_close_and_bounded_on_a_long_recording():
    values = np.random.default_rng(2).normal(3, 1, (5000, 2)).astype(np.float32)
    running = RunningMedian(capacity=64)
    for value in values:
        median = running.update(value)
        assert running._count <= 64
    assert np.abs(median - np.median(values, axis=0)).max() < 0.4


# Tracker ----------------------------------------------------------------------------------------


def people(tracker, image, seconds) -> dict[str, float]:
    """Person: x of the middle of the face."""
    found = tracker.update(image, seconds=seconds)
    return {face.person: (face.box[0] + face.box[2]) / 2 for face in found}


def test_a_clear_face_is_followed_from_the_first_frame_on(head):
    tracker = faces.FaceTracker()
    for i in range(40):
        seen = people(tracker, canvas((head, 150 + 8 * i, 180 + 2 * (i % 5))), i / 25)
        assert set(seen) == {"person-1"}
        assert abs(seen["person-1"] - (150 + 8 * i)) < 12


@pytest.mark.parametrize("below", [0, 40])
@pytest.mark.parametrize("frames", [24, 60])
def test_two_people_keep_their_names_when_they_cross(head, frames, below):
    tracker, mirrored = faces.FaceTracker(), np.ascontiguousarray(head[:, ::-1])
    for i in range(frames):
        x = 140 + 360 * i / (frames - 1)
        seen = people(tracker, canvas((mirrored, 640 - x, 160 + below), (head, x, 160)), i / 25)
        if i == 3:
            assert set(seen) == {"person-1", "person-2"}
            front, back = sorted(seen, key=lambda person: abs(seen[person] - x))
        if i >= 3:
            assert set(seen) <= {front, back}
            assert abs(seen[front] - x) < 15
            assert back not in seen or abs(seen[back] - (640 - x)) < 50
    assert set(seen) == {front, back}


@pytest.mark.parametrize(("away", "person"), [(2.0, "person-1"), (6.0, "person-2")])
def test_a_name_survives_a_short_absence_only(head, away, person):
    tracker, empty = faces.FaceTracker(), canvas()
    for i in range(5):
        assert set(people(tracker, canvas((head, 300, 180)), i / 10)) == {"person-1"}
    for i in range(round(10 * away)):
        assert people(tracker, empty, 0.5 + i / 10) == {}
    assert set(people(tracker, canvas((head, 320, 175)), 0.5 + away)) == {person}


def test_someone_elsewhere_is_somebody_else(head):
    tracker = faces.FaceTracker()
    people(tracker, canvas((head, 100, 180)), 0.0)
    assert set(people(tracker, canvas((head, 540, 180)), 0.04)) == {"person-2"}


def test_a_weak_face_must_be_agreed_on_before_it_is_believed(head):
    options = faces.TrackerOptions(sure_score=1.0, agreement_frames=4)
    tracker = faces.FaceTracker(options=options)
    seen = [len(people(tracker, canvas((head, 300, 180)), i / 25)) for i in range(6)]
    assert seen == [0, 0, 0, 1, 1, 1]
    tracker.reset()
    pictures = [canvas((head, 300, 180)), canvas()] * 6
    assert not any(people(tracker, image, i / 25) for i, image in enumerate(pictures))


def test_reset_starts_a_new_recording_and_answers_repeat(head):
    tracker = faces.FaceTracker()
    pictures = [canvas((head, 200 + 5 * i, 180)) for i in range(20)]
    first = [tracker.update(image, seconds=i / 25) for i, image in enumerate(pictures)]
    tracker.reset()
    second = [tracker.update(image, seconds=i / 25) for i, image in enumerate(pictures)]
    for (one,), (other,) in zip(first, second, strict=True):
        assert (one.person, one.seconds) == (other.person, other.seconds)
        np.testing.assert_array_equal(one.mesh, other.mesh)
        np.testing.assert_array_equal(one.deviation, other.deviation)


def test_deviation_is_from_the_median_so_far(head):
    tracker, past = faces.FaceTracker(), []
    for i in range(12):
        (face,) = tracker.update(canvas((head, 200 + 5 * i, 180)), seconds=i / 25)
        past.append(face.geometry)
        np.testing.assert_allclose(face.deviation, past[-1] - np.median(past, axis=0), atol=1e-6)

"""Faces on real clips: followed throughout, one name a person, none in a film title."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from emofuse.perception.face import FaceTracker, align_face, mesh_on_crop

CLIPS = (
    "ravdess/video/actor05_360p/01-01-06-02-02-01-05.mp4",
    "ravdess/video/actor05_360p/01-01-04-02-01-02-05.mp4",
    "ravdess/video/actor05_720p/01-01-04-02-01-02-05.mp4",
    "clips/bbaf2n.mpg",
    "clips/lwbsza.mpg",
    "clips/single_face.mp4",
)


def follow(path: Path) -> tuple[int, Counter]:
    """Number of frames, and the number in which each person was seen."""
    tracker, frames, seen = FaceTracker(), 0, Counter()
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            found = tracker.update(frame.to_ndarray(format="rgb24"), seconds=frames / 25)
            frames += 1
            seen.update(face.person for face in found)
    return frames, seen


def ravdess_01(data_dir: Path) -> list[str]:
    return sorted(
        str(path.relative_to(data_dir))
        for path in data_dir.glob("ravdess/video/actor05_*0p/01-*.mp4")
    )


@pytest.mark.parametrize("clip", CLIPS)
def test_one_person_is_followed_throughout(data_dir, clip):
    frames, seen = follow(data_dir / clip)
    assert set(seen) == {"person-1"}
    assert seen["person-1"] >= 0.99 * frames


@pytest.mark.slow
def test_every_ravdess_clip_is_followed(data_dir):
    for clip in ravdess_01(data_dir):
        frames, seen = follow(data_dir / clip)
        assert set(seen) == {"person-1"} and seen["person-1"] >= 0.99 * frames, clip


def test_a_film_title_holds_nobody(data_dir):
    frames, seen = follow(data_dir / "clips" / "no_face.mp4")
    assert frames > 90 and not seen


def test_meshes_are_found_on_fer2013(data_dir):
    with np.load(data_dir / "fer2013" / "fer2013.npz", allow_pickle=False) as stored:
        images = stored["x"][:: len(stored["x"]) // 60]
    meshes = [mesh_on_crop(image) for image in images]
    crops = [
        align_face(image, mesh, size=48)[..., 0].astype(float)
        for image, mesh in zip(images, meshes, strict=True)
        if mesh is not None
    ]
    assert len(crops) >= 0.94 * len(images)
    # Aligned faces look more like their mean than the raw images do.
    assert likeness(crops) > likeness([image.astype(float) for image in images]) + 0.05


def likeness(images: list[np.ndarray]) -> float:
    mean = np.mean(images, axis=0).ravel()
    return float(np.mean([np.corrcoef(image.ravel(), mean)[0, 1] for image in images]))


def test_published_face_crops_are_taken_as_they_are(data_dir):
    path = data_dir / "ravdess/video/actor05_facecrops/01-01-03-01-01-01-05_facecroppad.avi"
    with av.open(str(path)) as file:
        images = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    meshes = [mesh_on_crop(image) for image in images]
    shown = [image.mean() > 8 for image in images]  # the clips are padded with black
    assert all(mesh is not None for mesh, real in zip(meshes, shown, strict=True) if real)

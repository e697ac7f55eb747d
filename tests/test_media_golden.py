"""Real recordings: what is read of them must not change."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.media import AudioChunk, Damage, VideoFrame, load_audio, probe, read

# file, (width, height), seconds, frames, last frame's time, samples at 16 kHz
GOLDEN = [
    ("clips/bbaf2n.mpg", (360, 288), 2.98, 75, 2.96, 47647),
    ("clips/single_face.mp4", (640, 360), 2.419, 72, 2.3667, 38696),
    ("clips/no_face.mp4", (960, 540), 3.945, 95, 3.9167, 63449),
    ("ravdess/video/actor05_360p/01-01-01-01-02-01-05.mp4", (640, 360), 3.114, 93, 3.0697, 49835),
    ("ravdess/video/actor05_720p/01-01-03-01-01-02-05.mp4", (1280, 720), 3.2366, 97, 3.2032, 51883),
    (
        "ravdess/video/actor05_facecrops/01-01-02-01-01-01-05_facecroppad.avi",
        (224, 224),
        3.0,
        15,
        2.8,
        0,
    ),
    ("ravdess/speech/Actor_01/03-01-01-01-01-01-01.flac", (0, 0), 3.3033, 0, None, 52853),
]


@pytest.mark.parametrize(
    ("name", "size", "seconds", "frames", "last", "samples"),
    GOLDEN,
    ids=[name.rsplit("/", 1)[-1] for name, *_ in GOLDEN],
)
def test_counts_and_times(data_dir, name, size, seconds, frames, last, samples):
    info = probe(data_dir / name)
    assert (info.width, info.height) == size
    assert info.duration_seconds == pytest.approx(seconds, abs=1e-3)
    items = list(read(data_dir / name))
    assert not [item for item in items if isinstance(item, Damage)]
    times = [item.seconds for item in items if isinstance(item, VideoFrame)]
    assert len(times) == frames
    if frames:
        assert (times[0], times[-1]) == pytest.approx((0.0, last), abs=1e-3)
    # A decoder library may pad the end of a compressed track by one packet more or less.
    total = sum(len(item.samples) for item in items if isinstance(item, AudioChunk))
    assert abs(total - samples) <= 800


def test_a_silent_sound_track_is_read_as_zeros(data_dir):
    sound = load_audio(data_dir / "ravdess/video/actor05_720p/02-01-06-02-01-01-05.mp4")
    assert len(sound) > 3 * 16000
    assert not np.any(sound)

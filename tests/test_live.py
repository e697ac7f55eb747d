"""Live sources: the same windows as offline, bounded mailboxes, late data, lost devices."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

import emofuse
from emofuse.analysis import LiveLimits, LiveSession, Mark, Options, load_bundles, stream_live
from emofuse.core import InputError
from emofuse.media import (
    AudioChunk,
    EncodedPicture,
    LiveSource,
    SoundStream,
    VideoFrame,
    camera,
    microphone,
    paced,
    picture_size,
    read,
    reconnecting,
    write_example,
)

SECONDS = 4.0


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The bundled clip, without the transcript that only a file has beside it."""
    path = write_example(tmp_path_factory.mktemp("example") / "example.mp4")
    path.with_suffix(".srt").unlink()
    return path


@pytest.fixture(scope="module")
def items(example):
    """The first seconds of the example, as a camera and a microphone would deliver them."""
    found = [item for item in read(example) if _start(item) < SECONDS]
    return sorted(found, key=_start)


def _start(item):
    return item.start_seconds if isinstance(item, AudioChunk) else item.seconds


def frame(seconds):
    return VideoFrame(seconds, np.zeros((48, 64, 3), np.uint8))


def session(*tracks, **limits):
    options = Options()
    return LiveSession(options, load_bundles(options), tracks=tracks, limits=LiveLimits(**limits))


def run(live):
    """Windows of everything that waits in the mailbox."""
    windows = []
    while (step := live.step()) is not None:
        windows += step.windows
    return windows


def assert_same(live, offline, *, tolerance=1e-4):
    assert [w.start_seconds for w in live] == [w.start_seconds for w in offline]
    for one, other in zip(live, offline, strict=True):
        assert [m.person for m in one.moments] == [m.person for m in other.moments]
        for a, b in zip(one.moments, other.moments, strict=True):
            assert {m: e.outcome for m, e in a.estimates.items()} == {
                m: e.outcome for m, e in b.estimates.items()
            }
            assert (a.fused is None) == (b.fused is None)
            if a.fused is not None:
                np.testing.assert_allclose(a.fused, b.fused, atol=tolerance)


def test_a_paced_file_gives_the_windows_of_the_file(example):
    """Through threads and mailboxes, faster than real time; nothing may be left out for it."""
    patient = LiveLimits(pictures=10_000)
    options = Options()
    source = paced(example, speed=1000.0)
    live = list(stream_live([source], options, load_bundles(options), limits=patient))
    assert_same(live, list(emofuse.stream(example)))
    assert not any(window.outcomes for window in live)


def test_encoded_pictures_give_the_windows_of_their_pixels(items):
    """What comes as JPEG through the live door equals the decoded pictures offline."""
    live, plain = session("face", "voice", pictures=10_000), []
    for item in items:
        if isinstance(item, VideoFrame):
            _, data = cv2.imencode(".jpg", item.image[..., ::-1])
            item = EncodedPicture(item.seconds, data.tobytes())
            plain.append(item.decode())
        else:
            plain.append(item)
        live.offer(item)
    live.offer(Mark.END)
    assert_same(run(live), list(emofuse.stream(plain, tracks=("face", "voice"))))


def test_every_window_says_what_it_cost(items):
    live = session("face", "voice", pictures=10_000)
    for item in items:
        live.offer(item)
    windows = run(live)
    assert windows
    for window in windows:
        assert {"face", "voice", "window", "queue", "decode", "total"} <= set(
            window.latency_seconds
        )
        assert window.latency_seconds["total"] >= window.latency_seconds["window"] > 0


def test_the_oldest_pictures_make_room_and_the_window_says_so():
    live = session("face", "voice", pictures=3)
    for i in range(50):
        live.offer(frame(i / 10))
        live.offer(AudioChunk(i / 10, np.zeros(1600, np.float32)))
    live.offer(Mark.END)
    waiting = [item for item, _ in live.mailbox._items]
    assert [item.seconds for item in waiting if isinstance(item, VideoFrame)] == [4.7, 4.8, 4.9]
    assert sum(isinstance(item, AudioChunk) for item in waiting) == 50
    (told,) = [outcome for window in run(live) for outcome in window.outcomes]
    assert told.kind == "Undecodable" and told.detail.startswith("47 pictures left out")
    assert (told.start_seconds, told.end_seconds) == (0.0, pytest.approx(4.6))


def test_sound_waits_instead_of_being_dropped():
    live = session("voice", others=5)
    pieces = [AudioChunk(i / 100, np.full(160, i, np.float32)) for i in range(40)]
    sender = threading.Thread(target=lambda: [live.offer(piece) for piece in pieces])
    sender.start()
    heard = []
    while len(heard) < len(pieces):
        assert len(live.mailbox) <= 5
        taken = live.mailbox.take(1.0)
        heard.append(taken[0])
    sender.join()
    assert [float(piece.samples[0]) for piece in heard] == list(range(40))


def test_reset_starts_a_new_recording():
    live = session("voice")
    live.offer(AudioChunk(0.0, np.zeros(50_000, np.float32)))
    live.offer(Mark.RESET)
    live.offer(AudioChunk(0.0, np.zeros(40_000, np.float32)))
    live.offer(Mark.END)
    assert [(w.index, w.start_seconds) for w in run(live)] == [
        *((0, 0.0), (1, 0.5), (2, 1.0)),
        *((0, 0.0), (1, 0.5)),
    ]


def test_a_track_that_is_late_is_waited_for_only_so_long():
    """Sound alone closes a window once the picture lags more than the watermark allows."""
    live = session("face", "voice", max_lag_seconds=1.0)
    live.offer(frame(0.0))
    for second in range(5):
        live.offer(AudioChunk(float(second), np.zeros(16_000, np.float32)))
    windows = run(live)
    assert [w.end_seconds for w in windows][-1] == pytest.approx(4.0 - 0.5, abs=0.51)
    before = len(windows)
    live.offer(frame(0.5))  # belongs to windows that are answered: it changes nothing
    assert run(live) == [] and len(live.engine.senses["face"].frames) <= 1
    assert before == live.engine.emitted


def test_a_broken_picture_is_an_outcome_not_an_end():
    live = session("face")
    live.offer(EncodedPicture(0.1, b"\xff\xd8 not a picture"))
    windows = run(live)
    for i in range(30):
        live.offer(frame(0.2 + i / 10))
        windows += run(live)
    (told,) = [outcome for window in windows for outcome in window.outcomes]
    assert (told.kind, told.modality) == ("Undecodable", "face") and len(windows) > 2


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_the_size_of_a_picture_is_read_from_its_header(suffix):
    _, data = cv2.imencode(suffix, np.zeros((90, 160, 3), np.uint8))
    assert picture_size(data.tobytes()) == (160, 90)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\x00" * 40,
        b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03",  # claims 65535 x 65535
        b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_claims_too_much_is_refused_before_it_is_decoded(data):
    with pytest.raises(InputError):
        EncodedPicture(0.0, data).decode()


def test_a_lost_source_is_opened_again_and_the_gap_is_said():
    opened = []

    def flaky(_clock):
        opened.append(len(opened))
        yield AudioChunk(float(len(opened)), np.zeros(160, np.float32))
        if len(opened) < 3:
            raise OSError("unplugged")

    source = LiveSource("flaky", frozenset({"audio"}), flaky)
    kinds = [type(item).__name__ for item in reconnecting(source, lambda: 9.0, sleep=lambda _: 0)]
    assert kinds == ["AudioChunk", "Damage", "AudioChunk", "Damage", "AudioChunk"]


def test_a_source_that_never_opens_is_one_error():
    waits = []

    def absent(_clock):
        raise OSError("no such device")
        yield

    source = LiveSource("camera 7", frozenset({"video"}), absent)
    with pytest.raises(InputError, match=r"camera 7.*plugged in"):
        list(reconnecting(source, lambda: 0.0, sleep=waits.append))
    assert waits == sorted(waits) and len(waits) == 5


def test_a_missing_camera_ends_the_stream_with_the_error(monkeypatch):
    monkeypatch.setattr("emofuse.media.live.WAITS_SECONDS", (0.0,))
    with pytest.raises(InputError, match="camera"):
        list(emofuse.stream(camera("/dev/no-such-camera")))


def test_a_camera_and_a_microphone_are_read_side_by_side():
    """FFmpeg's generators stand for the devices; the door is the same."""
    picture = camera("testsrc=size=160x120:rate=20:duration=3", format="lavfi")
    sound = microphone("sine=frequency=300:sample_rate=48000:duration=3", format="lavfi")
    windows = list(emofuse.stream([picture, sound]))
    assert windows and windows[0].start_seconds == 0.0
    estimates = windows[0].moments[-1].estimates
    assert estimates["face"].outcome == "NoFace"
    assert estimates["voice"].outcome not in ("NoAudioTrack", "Silence")
    assert estimates["text"].outcome == "NoText"


def test_live_sound_is_continuous_until_samples_are_lost():
    stream = SoundStream()
    tone = np.sin(np.arange(4800) / 20).astype(np.float32)
    chunks = []
    for i, jitter in enumerate((0.0, 0.02, -0.03, 0.01, 0.0)):
        chunks += stream.push(tone, start_seconds=0.1 * i + jitter, sample_rate=48_000)
    chunks += stream.push(tone, start_seconds=2.0, sample_rate=48_000)
    chunks += stream.finish()
    ends = [chunk.start_seconds + len(chunk.samples) / 16_000 for chunk in chunks]
    gaps = [b.start_seconds - end for end, b in zip(ends, chunks[1:], strict=False)]
    assert max(gaps) == pytest.approx(1.5, abs=0.01)
    assert sorted(map(abs, gaps))[-2] < 1e-6
    assert sum(len(chunk.samples) for chunk in chunks) == pytest.approx(6 * 1600, abs=2)

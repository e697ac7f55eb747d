"""Files that lie, break off or are no media at all: one clear error, or `Damage` and go on."""

from __future__ import annotations

import os
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import media_samples as samples
from emofuse.core import InputError
from emofuse.media import AudioChunk, Damage, VideoFrame, probe, read
from emofuse.media.clock import LEAP_SECONDS, BestStamp, Stamp, StreamClock


def of_kind(items, kind):
    return [item for item in items if isinstance(item, kind)]


def refusal(path):
    """The message of `probe` and of `read`, which must be the same single line."""
    messages = []
    for use in (probe, lambda file: list(read(file))):
        with pytest.raises(InputError) as caught:
            use(path)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "\n" not in messages[0]
    return messages[0]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.mp4", b"", "the file is empty"),
        ("letter.mp4", "Liebe Mutter, schöne Grüße\n".encode() * 500, "is text"),
        ("notes.txt", b"just some notes\n" * 20, "is text"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:10,\n/etc/hostname\n#EXT-X-ENDLIST\n", "is text"),
        ("talk.mp4", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n", "is text"),
        ("noise.mp4", b"\x00\xff\x80\x12" * 5000, "holds no picture or sound"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(tmp_path, name, data, reason):
    path = tmp_path / name
    path.write_bytes(data)
    assert reason in refusal(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.mp4")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    assert "cannot be opened" in refusal(tmp_path / "file" / "inside.mp4")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_refused(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    path.chmod(0)
    assert "not allowed" in refusal(path)


def test_permission_errors_are_told_apart(tmp_path, monkeypatch):
    path = samples.write_clip(tmp_path / "clip.mp4", seconds=0.2)

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", denied)
    assert "not allowed" in refusal(path)


def test_an_mp4_without_its_index_is_refused(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4")
    data = path.read_bytes()
    at = data.find(b"moov") - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    path.write_bytes(data[:at] + data[at + size :])
    assert "moov" in refusal(path)


def test_a_heic_photo_is_refused_with_the_way_out(tmp_path):
    clip = samples.write_clip(tmp_path / "photo.mp4", seconds=0.2)
    clip.write_bytes(clip.read_bytes().replace(b"ftypisom", b"ftypheic", 1))
    assert "JPEG" in refusal(clip)


def test_an_image_bomb_is_not_unpacked(tmp_path):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    width, height = 14_400, 14_400  # two colours: 26 kB on disk, 600 MB as a picture
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes((1 + width // 8) * height)))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b""))
    with pytest.raises(InputError, match="nothing in it can be decoded"):
        probe(path)
    assert not of_kind(read(path), VideoFrame)


def test_a_header_that_claims_a_thousand_hours_is_not_believed(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4", seconds=0.5)
    data = bytearray(path.read_bytes())
    for box in (b"mvhd", b"mdhd"):  # version, flags, two dates, ticks a second, length
        at = data.find(box) + 20
        data[at : at + 4] = struct.pack(">I", 0xFFFFFFF0)
    path.write_bytes(data)
    items = list(read(path))
    assert len(of_kind(items, VideoFrame)) == 15
    assert max(frame.seconds for frame in of_kind(items, VideoFrame)) < 0.5


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("share", [0.4, 0.7])
def test_a_truncated_file_is_used_as_far_as_it_goes(tmp_path, suffix, share):
    path = samples.cut(samples.write_clip(tmp_path / f"cut.{suffix}", seconds=4), share)
    items = list(read(path))
    frames, damage = of_kind(items, VideoFrame), of_kind(items, Damage)
    assert 4 * share * 0.5 < frames[-1].seconds < 4 * share * 1.3
    assert {item.modality for item in damage} == {"video", "audio"}
    assert any("declares" in item.detail for item in damage)
    assert all(abs(item.seconds - frames[-1].seconds) < 0.3 for item in damage)


def test_a_whole_file_reports_no_damage_when_one_track_is_shorter(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4", audio=samples.tone(0.5, rate=44100)[None])
    assert not of_kind(read(path), Damage)


def test_a_corrupt_stretch_is_damage_and_the_rest_is_read(tmp_path):
    path = samples.scramble(samples.write_clip(tmp_path / "clip.mp4", seconds=4))
    items = list(read(path))
    frames, chunks = of_kind(items, VideoFrame), of_kind(items, AudioChunk)
    damage = of_kind(items, Damage)
    assert 90 <= len(frames) <= 120
    assert frames[-1].seconds == pytest.approx(4 - 1 / 30, abs=0.01)
    assert chunks[-1].start_seconds + len(chunks[-1].samples) / 16000 == pytest.approx(4, abs=0.1)
    assert 1 <= len(damage) <= 6
    assert all(1.5 < item.seconds < 2.5 for item in damage)


def test_a_read_error_of_the_disk_ends_the_file_with_damage(tmp_path, monkeypatch):
    path = samples.write_clip(tmp_path / "clip.mkv", seconds=4)
    from emofuse.media import source

    class FailingDisk(source._Nameless):
        def __init__(self, file):
            super().__init__(file)
            size = path.stat().st_size

            def read_some(count):
                if file.tell() > size // 2:
                    raise OSError(5, "Input/output error")
                return file.read(min(count, 4096))

            self.read = read_some

    monkeypatch.setattr(source, "_Nameless", FailingDisk)
    items = list(read(path))
    assert of_kind(items, VideoFrame)
    assert any("Input/output error" in item.detail for item in of_kind(items, Damage))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "tone.flac", "tone.wav", "photo.png"])
def test_random_damage_gives_items_or_one_clear_error(tmp_path, name):
    path = tmp_path / name
    if name.startswith("clip"):
        samples.write_clip(path, seconds=0.4)
    elif name.startswith("tone"):
        codec = "flac" if name.endswith("flac") else "pcm_s16le"
        samples.write_sound(path, samples.tone(0.4, rate=44100), rate=44100, codec=codec)
    else:
        samples.write_image(path, samples.pictures(1)[0])
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(25):
        data = bytearray(whole)
        for at in rng.integers(0, len(data) if rng.random() < 0.5 else min(len(data), 1000), 12):
            data[at] = rng.integers(256)
        path.write_bytes(data)
        try:
            items = list(read(path))
        except InputError:
            continue
        times = [frame.seconds for frame in of_kind(items, VideoFrame)]
        assert all(one < two for one, two in pairwise(times))
        for one, two in pairwise(of_kind(items, AudioChunk)):
            assert two.start_seconds > one.start_seconds + len(one.samples) / 16000 - 1e-3
        assert all(np.isfinite(chunk.samples).all() for chunk in of_kind(items, AudioChunk))


def place(clock, *stamps, lasts=0.04):
    return [clock.place(raw, lasts) for raw in stamps]


def test_the_clock_starts_at_zero_and_follows_the_stamps():
    assert place(StreamClock(10.0), 10.0, 10.04, 10.5) == [
        (0.0, Stamp.GOOD),
        (pytest.approx(0.04), Stamp.GOOD),
        (0.5, Stamp.GOOD),
    ]


def test_frames_without_a_stamp_follow_the_one_before():
    seconds = [at for at, _ in place(StreamClock(0.0), None, None, 1.0, None)]
    assert seconds == pytest.approx([0.0, 0.04, 1.0, 1.04])


def test_joined_recordings_go_on_where_they_stopped():
    placed = place(StreamClock(0.0), 0.0, 50.0, 0.0, 0.04)
    assert [at for at, _ in placed] == pytest.approx([0.0, 50.0, 50.04, 50.08])
    assert [stamp for _, stamp in placed][2] is Stamp.BROKEN


def test_an_absurd_stamp_does_not_open_a_gap_of_years():
    placed = place(StreamClock(0.0), 0.0, 1e9, 1e9 + 0.04, 0.08)
    assert [at for at, _ in placed] == pytest.approx([0.0, 0.04, 0.08, 0.12])


@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40),
    st.floats(0.001, 10),
)
def test_time_never_runs_backwards_or_leaps(stamps, lasts):
    clock, last = StreamClock(0.0), 0.0
    for raw in stamps:
        seconds, stamp = clock.place(raw, lasts)
        if stamp is not Stamp.LATE:
            assert last <= seconds <= last + lasts + LEAP_SECONDS
            last = seconds


def test_decoding_stamps_are_used_when_the_others_run_backwards():
    best = BestStamp()
    chosen = [best.of(pts=p, dts=d) for p, d in [(0, 0), (3, 1), (1, 2), (2, 3), (6, 4)]]
    assert chosen[:2] == [0, 3]
    assert chosen[2:] == [2, 3, 4]
    assert BestStamp().of(pts=None, dts=7) == 7
    assert BestStamp().of(pts=4, dts=None) == 4

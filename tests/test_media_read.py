"""Formats and clocks: what `read` and `probe` make of every kind of readable file."""

from __future__ import annotations

import gc
import struct
import zlib
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import media_samples as samples
from emofuse.core import InputError
from emofuse.media import AudioChunk, VideoFrame, load_audio, probe, read


def split(path, **options):
    items = list(read(path, **options))
    frames = [item for item in items if isinstance(item, VideoFrame)]
    chunks = [item for item in items if isinstance(item, AudioChunk)]
    assert len(frames) + len(chunks) == len(items), "an undamaged file gave Damage"
    return frames, chunks


def joined(chunks):
    return np.concatenate([chunk.samples for chunk in chunks])


def assert_continuous(chunks, rate=16000):
    for one, two in pairwise(chunks):
        assert two.start_seconds == pytest.approx(one.start_seconds + len(one.samples) / rate)


def test_pictures_and_sound_of_a_plain_clip(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4")
    info = probe(path)
    assert (info.width, info.height, info.rotation_degrees) == (160, 120, 0)
    assert (info.audio_rate_hz, info.audio_channels, info.is_still) == (44100, 1, False)
    assert info.frame_rate == pytest.approx(30)
    assert info.duration_seconds == pytest.approx(2.0, abs=0.05)

    frames, chunks = split(path)
    assert [f.seconds for f in frames] == pytest.approx([n / 30 for n in range(60)])
    assert [samples.frame_number(f.image) for f in frames] == [n % 40 for n in range(60)]
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[0].image.dtype == np.uint8
    assert chunks[0].start_seconds == 0.0
    assert chunks[0].samples.dtype == np.float32
    assert_continuous(chunks)
    sound = joined(chunks)
    assert 32000 <= len(sound) <= 32000 + 400  # aac fills its last packet
    middle = slice(8000, 24000)
    assert np.abs(sound[middle] - samples.tone(2, rate=16000)[middle]).max() < 0.05


def test_a_width_the_decoder_pads_gives_whole_rows(tmp_path):
    path = samples.write_clip(tmp_path / "narrow.mp4", seconds=0.1, size=(146, 98))
    image = split(path)[0][0].image
    assert image.shape == (98, 146, 3)
    assert image.flags.c_contiguous
    assert samples.corner_colours(image) == UPRIGHT


def test_tracks_that_are_not_asked_for_are_not_given(tmp_path):
    path = samples.write_clip(tmp_path / "clip.mp4", seconds=0.5)
    assert not split(path, video=False)[0]
    assert not split(path, audio=False)[1]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mkv", {}),
        ("clip.ts", {}),
        ("clip.avi", {"video_codec": "mjpeg", "audio_codec": "pcm_s16le"}),
        (
            "clip.webm",
            {"video_codec": "libvpx-vp9", "audio_codec": "libopus", "audio_rate": 48000},
        ),
    ],
)
def test_other_containers_share_the_clock(tmp_path, name, options):
    frames, chunks = split(samples.write_clip(tmp_path / name, seconds=1, **options))
    assert len(frames) == 30
    assert min(frames[0].seconds, chunks[0].start_seconds) == pytest.approx(0.0, abs=1e-6)
    steps = np.diff([f.seconds for f in frames])
    assert steps == pytest.approx(1 / 30, abs=0.002)  # matroska rounds to milliseconds
    assert abs(len(joined(chunks)) - 16000) < 800


def test_reordered_pictures_in_an_avi_keep_their_order(tmp_path):
    path = samples.write_clip(tmp_path / "clip.avi", audio_codec=None)
    frames = [item for item in read(path) if isinstance(item, VideoFrame)]
    numbers = [samples.frame_number(f.image) for f in frames]
    assert len(frames) >= 57
    assert all((b - a) % 40 in (1, 2) for a, b in pairwise(numbers))
    assert all(b.seconds > a.seconds for a, b in pairwise(frames))


def test_variable_frame_rate_keeps_each_time(tmp_path):
    times = [0.0, 0.1, 0.15, 0.5, 0.52, 1.4, 1.9]
    frames, _ = split(samples.write_clip(tmp_path / "clip.mp4", frame_times=times))
    assert [f.seconds for f in frames] == pytest.approx(times, abs=1e-4)
    assert [samples.frame_number(f.image) for f in frames] == list(range(7))


@pytest.mark.parametrize(
    ("fps", "expected"), [(10, 20), (25, 50), (100, 60), (1, 2)], ids=lambda value: str(value)
)
def test_max_fps_thins_evenly(tmp_path, fps, expected):
    frames, _ = split(samples.write_clip(tmp_path / "clip.mp4"), max_fps=fps)
    assert len(frames) == expected
    assert np.diff([f.seconds for f in frames]).max() <= 1 / min(fps, 30) + 1 / 30 + 1e-6


def test_late_sound_starts_late(tmp_path):
    path = samples.write_clip(tmp_path / "late.mkv", audio_starts=((1.0, 0),))
    frames, chunks = split(path)
    assert frames[0].seconds == 0.0
    assert chunks[0].start_seconds == pytest.approx(1.0, abs=0.03)
    sound = load_audio(path)
    assert np.abs(sound[:15000]).max() == 0.0
    assert np.abs(sound[17000:18000]).max() > 0.4


def test_late_pictures_start_late_whatever_is_asked_for(tmp_path):
    times = [0.5 + n / 30 for n in range(15)]
    path = samples.write_clip(tmp_path / "clip.mp4", frame_times=times)
    assert split(path)[0][0].seconds == pytest.approx(0.5, abs=1e-3)
    assert split(path, audio=False)[0][0].seconds == pytest.approx(0.5, abs=1e-3)


def test_a_gap_in_the_sound_is_left_open(tmp_path):
    path = samples.write_clip(
        tmp_path / "gap.mkv", audio_codec="pcm_s16le", audio_starts=((0.0, 0), (1.5, 22050))
    )
    _, chunks = split(path)
    jumps = [
        (one.start_seconds + len(one.samples) / 16000, two.start_seconds)
        for one, two in pairwise(chunks)
        if two.start_seconds > one.start_seconds + len(one.samples) / 16000 + 0.01
    ]
    assert jumps == [pytest.approx((0.5, 1.5), abs=0.002)]
    assert len(joined(chunks)) == pytest.approx(32000, abs=2)
    assert len(load_audio(path)) == pytest.approx(48000, abs=40)


def test_jittering_stamps_do_not_cut_the_sound(tmp_path):
    pieces = [(n * 0.1 + (0.01 if n % 2 else 0.0), n * 4410) for n in range(20)]
    path = samples.write_clip(tmp_path / "jitter.mkv", audio_codec="pcm_s16le", audio_starts=pieces)
    _, chunks = split(path)
    assert_continuous(chunks)
    assert len(joined(chunks)) == 32000


UPRIGHT = {"red": "top left", "blue": "top right"}


@pytest.mark.parametrize(
    ("matrix", "degrees", "size", "corners"),
    [
        ((1, 0, 0, 1), 0, (160, 120), UPRIGHT),
        ((0, 1, -1, 0), 90, (120, 160), {"red": "top right", "blue": "bottom right"}),
        ((-1, 0, 0, -1), 180, (160, 120), {"red": "bottom right", "blue": "bottom left"}),
        ((0, -1, 1, 0), 270, (120, 160), {"red": "bottom left", "blue": "top left"}),
    ],
    ids=["upright", "90", "180", "270"],
)
def test_phone_video_is_turned_upright(tmp_path, matrix, degrees, size, corners):
    path = samples.turn(samples.write_clip(tmp_path / "phone.mp4", seconds=0.2), matrix)
    info = probe(path)
    assert (info.rotation_degrees, (info.width, info.height)) == (degrees, size)
    frame = split(path)[0][0].image
    assert frame.shape[1::-1] == size
    assert frame.flags.c_contiguous
    assert samples.corner_colours(frame) == corners


@pytest.mark.parametrize(
    ("codec", "suffix", "rate", "tolerance"),
    [
        ("pcm_u8", "wav", 8000, 0.006),
        ("pcm_s16le", "wav", 16000, 1e-4),
        ("pcm_s24le", "wav", 44100, 1e-3),
        ("pcm_s32le", "wav", 22050, 1e-3),
        ("pcm_f32le", "wav", 96000, 1e-3),
        ("pcm_f64le", "wav", 11025, 1e-3),
        ("flac", "flac", 48000, 1e-3),
        ("libopus", "ogg", 48000, 0.05),
    ],
)
def test_sample_formats_and_rates(tmp_path, codec, suffix, rate, tolerance):
    path = samples.write_sound(
        tmp_path / f"tone.{suffix}", samples.tone(2, rate=rate), rate=rate, codec=codec
    )
    info = probe(path)
    assert (info.has_video, info.has_audio, info.audio_rate_hz) == (False, True, rate)
    assert info.duration_seconds == pytest.approx(2.0, abs=0.01)
    frames, chunks = split(path)
    assert not frames
    sound = joined(chunks)
    assert len(sound) == 32000
    middle = slice(1600, 30400)  # a resampled tone rings where it starts and stops
    assert np.abs(sound[middle] - samples.tone(2, rate=16000)[middle]).max() < tolerance


@pytest.mark.parametrize(
    ("layout", "gains"),
    [
        ("mono", {0: 1.0}),
        ("stereo", {0: 0.5, 1: 0.5}),
        # 5.1: left, right, centre, bass, two surrounds, in shares of 2 * .7071 + 1 + 2 * .5
        ("5.1", {0: 0.2071, 1: 0.2071, 2: 0.2929, 3: 0.0, 4: 0.1464, 5: 0.1464}),
    ],
)
def test_channels_are_mixed_by_the_broadcast_weights(tmp_path, layout, gains):
    for channel, gain in gains.items():
        audio = np.zeros((len(gains), 4800), np.float32)
        audio[channel] = 0.8
        path = samples.write_sound(
            tmp_path / "mix.wav", audio, rate=16000, codec="pcm_f32le", layout=layout
        )
        assert load_audio(path) == pytest.approx(0.8 * gain, abs=1e-4)


@pytest.mark.parametrize(
    ("codec", "tolerance"), [("pcm_s16le", 0.001), ("flac", 0.001), ("aac", 0.02)]
)
def test_eight_channels_are_mixed_too(tmp_path, codec, tolerance):
    audio = np.tile(samples.tone(1, rate=48000), (8, 1))
    path = samples.write_sound(tmp_path / "mix.mka", audio, rate=48000, codec=codec, layout="7.1")
    assert probe(path).audio_channels == 8
    middle = slice(4000, 12000)
    assert load_audio(path)[middle] == pytest.approx(
        samples.tone(1, rate=16000)[middle], abs=tolerance
    )


def test_samples_outside_the_scale_and_nan_do_not_get_through(tmp_path):
    audio = samples.tone(1, rate=16000, level=3.0)
    audio[5000:5010] = np.nan
    path = samples.write_sound(tmp_path / "hot.wav", audio, rate=16000, codec="pcm_f32le")
    sound = load_audio(path)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == 1.0


@settings(max_examples=12, deadline=None)
@given(
    packet=st.integers(50, 9000),
    rate=st.sampled_from([8000, 11025, 16000, 44100, 48000]),
    count=st.integers(100, 30000),  # enough for a sample at 16 kHz
)
def test_packet_sizes_change_no_sample(tmp_path_factory, packet, rate, count):
    folder = tmp_path_factory.mktemp("packets")
    audio = np.random.default_rng(count).normal(0, 0.1, count).astype(np.float32)
    whole, cut = (
        load_audio(
            samples.write_sound(folder / f"{size}.mka", audio, rate=rate, packet_samples=size)
        )
        for size in (count, packet)
    )
    assert len(whole) == pytest.approx(count * 16000 / rate, abs=1.01)
    assert len(whole) == len(cut)
    assert np.abs(whole - cut).max() < 1e-5


def test_video_only_and_a_request_for_its_sound(tmp_path):
    path = samples.write_clip(tmp_path / "mute.mp4", seconds=0.5, audio_codec=None)
    assert not probe(path).has_audio
    frames, chunks = split(path)
    assert (len(frames), len(chunks)) == (15, 0)
    with pytest.raises(InputError, match="no sound"):
        load_audio(path)


def test_a_very_short_clip(tmp_path):
    path = samples.write_clip(tmp_path / "short.mp4", seconds=0.05, frame_rate=60)
    frames, chunks = split(path)
    assert len(frames) == 3
    assert len(joined(chunks)) >= 800


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_photo_is_one_frame_at_zero(tmp_path, suffix):
    path = samples.write_image(tmp_path / f"photo.{suffix}", samples.pictures(1)[0])
    info = probe(path)
    assert info.is_still
    assert not info.has_audio
    assert (info.duration_seconds, info.frame_rate) == (0.0, None)
    frames, _ = split(path)
    assert [f.seconds for f in frames] == [0.0]
    assert samples.corner_colours(frames[0].image) == UPRIGHT


def test_of_a_photo_with_another_behind_it_the_first_is_taken(tmp_path):
    path = samples.write_image(tmp_path / "photo.png", samples.pictures(1)[0])
    path.write_bytes(path.read_bytes() * 2)
    assert len(split(path)[0]) == 1


def test_a_photo_of_20_megapixels(tmp_path):
    image = np.zeros((3888, 5184, 3), np.uint8)
    image[:, 2592:] = 200
    path = samples.write_image(tmp_path / "large.jpg", image)
    frames, _ = split(path)
    assert frames[0].image.shape == image.shape
    assert frames[0].image[100, 5000] == pytest.approx(200, abs=3)


def test_a_photo_is_turned_by_its_exif_note(tmp_path):
    path = samples.write_image(tmp_path / "photo.jpg", samples.pictures(1)[0])
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation: turn clockwise
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + tag + b"\0\0\0\0"
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + data[2:])
    info = probe(path)
    assert (info.width, info.height, info.rotation_degrees) == (120, 160, 90)
    corners = samples.corner_colours(split(path)[0][0].image)
    assert corners == {"red": "top right", "blue": "bottom right"}


def test_a_photo_with_a_named_colour_profile_does_not_crash(tmp_path):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    path = samples.write_image(tmp_path / "photo.png", samples.pictures(1)[0])
    data = path.read_bytes()
    profile = chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(128)))
    path.write_bytes(data[:33] + profile + data[33:])  # after the header chunk
    for _ in range(3):
        assert probe(path).is_still
        assert len(split(path)[0]) == 1
        gc.collect()


def test_cover_art_is_no_video(tmp_path):
    path = tmp_path / "song.mp3"
    with av.open(path, "w") as out:
        sound = out.add_stream("libmp3lame", rate=44100, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 160, 120, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame.from_ndarray(samples.pictures(1)[0], format="rgb24")))
        frame = av.AudioFrame.from_ndarray(
            samples.tone(1, rate=44100)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = 44100
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    assert not probe(path).has_video
    frames, chunks = split(path)
    assert not frames
    assert abs(len(joined(chunks)) - 16000) < 900


@pytest.mark.parametrize(
    ("offset", "first", "last"), [(0.5, 0.5, 1.5), (0.0, 0, 1), (-0.4, 0, 0.6)]
)
def test_external_sound_with_an_offset(tmp_path, offset, first, last):
    video = samples.write_clip(tmp_path / "clip.mp4")
    ramp = np.linspace(0, 0.9, 16000, dtype=np.float32)
    sound = samples.write_sound(tmp_path / "voice.wav", ramp, rate=16000)
    items = list(read(video, audio_file=sound, audio_offset_seconds=offset))
    chunks = [item for item in items if isinstance(item, AudioChunk)]
    assert sum(isinstance(item, VideoFrame) for item in items) == 60
    assert chunks[0].start_seconds == pytest.approx(first)
    assert chunks[-1].start_seconds + len(chunks[-1].samples) / 16000 == pytest.approx(last)
    assert chunks[0].samples[0] == pytest.approx(0.9 * (first - offset), abs=1e-3)
    starts = [i.start_seconds if isinstance(i, AudioChunk) else i.seconds for i in items]
    assert starts == sorted(starts)


def test_external_sound_without_sound_is_refused(tmp_path):
    video = samples.write_clip(tmp_path / "clip.mp4", seconds=0.2, audio_codec=None)
    with pytest.raises(InputError, match="no sound"):
        list(read(video, audio_file=video))

"""Writing recordings and the shipped example."""

from __future__ import annotations

import resource

import numpy as np
import pytest

import media_samples as samples
from emofuse.core import InputError
from emofuse.media import (
    AudioChunk,
    VideoFrame,
    decoded_audio_bytes,
    encode_video,
    load_audio,
    probe,
    read,
    video_writer,
    whole_file,
    write_example,
    write_wav,
)


def frames_of(path):
    return [item for item in read(path, audio=False) if isinstance(item, VideoFrame)]


def test_pictures_and_sound_come_back(tmp_path):
    sound = samples.tone(2, rate=16000)
    path = encode_video(
        tmp_path / "new" / "clip.mp4", iter(samples.pictures(50)), frame_rate=25, audio=sound
    )
    frames = frames_of(path)
    assert [f.seconds for f in frames] == pytest.approx([n / 25 for n in range(50)])
    assert [samples.frame_number(f.image) for f in frames] == [n % 40 for n in range(50)]
    heard = load_audio(path)
    assert np.abs(heard[4000:28000] - sound[4000:28000]).max() < 0.05
    assert [p.name for p in path.parent.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("rate", [24, 29.97, 59.94])
def test_frame_rates_do_not_drift(tmp_path, rate):
    path = encode_video(tmp_path / "clip.mp4", samples.pictures(90), frame_rate=rate)
    times = [f.seconds for f in frames_of(path)]
    assert times == pytest.approx([n / rate for n in range(90)], abs=1e-3)


def test_frames_with_times_keep_them(tmp_path):
    times = [0.0, 0.2, 0.25, 1.0]
    frames = [VideoFrame(t, i) for t, i in zip(times, samples.pictures(4), strict=True)]
    path = encode_video(tmp_path / "clip.mp4", frames, frame_rate=25)
    assert [f.seconds for f in frames_of(path)] == pytest.approx(times, abs=1e-3)


def test_odd_sizes_are_completed(tmp_path):
    images = samples.pictures(3, size=(161, 121))
    path = encode_video(tmp_path / "odd.mp4", images, frame_rate=25)
    assert (probe(path).width, probe(path).height) == (162, 122)


@pytest.mark.parametrize("frames", [[], samples.pictures(3)], ids=["no frames", "broken off"])
def test_nothing_is_left_of_a_file_that_failed(tmp_path, frames):
    def source():
        yield from frames
        if frames:
            raise KeyboardInterrupt

    target = tmp_path / "clip.mp4"
    target.write_bytes(b"older result")
    with pytest.raises((InputError, KeyboardInterrupt)):
        encode_video(target, source(), frame_rate=25, audio=samples.tone(1, rate=16000))
    assert target.read_bytes() == b"older result"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_one_clear_error(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = np.random.default_rng(0).integers(0, 255, (40, 120, 160, 3), np.uint8)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(InputError, match="cannot be written"):
            encode_video(tmp_path / "clip.mp4", noise, frame_rate=25)
        with pytest.raises(InputError, match="cannot be written"):
            write_wav(tmp_path / "long.wav", np.zeros(100_000), sample_rate=16000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_one_clear_error(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"), whole_file(tmp_path / "out" / "x"):
        pytest.fail("must not be entered")


def test_sound_can_be_streamed_beside_the_pictures(tmp_path):
    sound = samples.tone(2, rate=16000)
    with video_writer(tmp_path / "clip.mp4", frame_rate=25, sample_rate=16000) as writer:
        for number, image in enumerate(samples.pictures(50)):
            assert writer.add_picture(image) == pytest.approx(number / 25)
            writer.add_sound(sound[number * 640 : (number + 1) * 640])
    items = list(read(tmp_path / "clip.mp4"))
    assert sum(isinstance(item, VideoFrame) for item in items) == 50
    heard = np.concatenate([item.samples for item in items if isinstance(item, AudioChunk)])
    assert np.abs(heard[4000:28000] - sound[4000:28000]).max() < 0.05


def test_the_same_recording_has_the_same_content_in_every_format(tmp_path):
    sound = np.random.default_rng(0).uniform(-1, 1, 16000).astype(np.float32)
    wav = write_wav(tmp_path / "a.wav", sound, sample_rate=16000)
    flac = samples.write_sound(tmp_path / "a.flac", load_audio(wav), rate=16000, codec="flac")
    content = decoded_audio_bytes(sound)
    assert decoded_audio_bytes(load_audio(wav)) == content
    assert decoded_audio_bytes(load_audio(flac)) == content
    assert np.abs(load_audio(wav) - sound).max() <= 1.0 / 32768


def test_content_bytes_stay_inside_16_bit():
    data = np.frombuffer(decoded_audio_bytes(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])), "<i2")
    assert data.tolist() == [-32768, -32768, 0, 32767, 32767]


def test_the_example_is_a_talking_face_clip_with_its_transcript(tmp_path):
    path = write_example(tmp_path / "deep" / "demo.mp4")
    assert sorted(p.name for p in path.parent.iterdir()) == ["demo.mp4", "demo.srt"]
    assert path.stat().st_size <= 400_000
    info = probe(path)
    assert (info.width, info.height) == (640, 360)
    assert info.frame_rate in (25, 30)
    assert 4 <= info.duration_seconds <= 6
    subtitles = path.with_suffix(".srt").read_text(encoding="utf-8")
    assert "so happy to see you" in subtitles
    sound = load_audio(path)
    spoken = sound[int(0.4 * 16000) : int(1.9 * 16000)]  # the first cue
    assert np.sqrt((spoken**2).mean()) > 0.03
    assert np.abs(sound[: int(0.3 * 16000)]).max() < 0.01


def test_the_example_refuses_a_place_it_cannot_have(tmp_path):
    with pytest.raises(InputError, match=r"ends in \.mp4"):
        write_example(tmp_path / "demo.avi")
    (tmp_path / "taken.mp4").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_example(tmp_path / "taken.mp4")

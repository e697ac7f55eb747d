"""Whole files, good and bad: what is absent is an outcome, what is unusable is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import emofuse
from emofuse.bundle import find_bundle
from emofuse.core import SCENE, InputError, MissingExtra
from emofuse.media import VideoFrame, encode_video, load_audio, read, write_example, write_wav
from media_samples import scramble, tone, write_clip, write_image, write_sound

ABSENT = "nothing at all is shown or said"


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    return write_example(tmp_path_factory.mktemp("clip") / "clip.mp4")


def kinds(timeline, modality):
    return {o.kind for o in timeline.outcomes if o.modality == modality}


def empty(path):
    path.write_bytes(b"")


def renamed_text(path):
    path.write_text("dear diary, this is not a film")


def a_folder(path):
    path.mkdir()


def without_index(path):
    """An mp4 whose recording was cut off before its index was written."""
    data = write_clip(path).read_bytes()
    path.write_bytes(data.replace(b"moov", b"xxxx"))


@pytest.mark.parametrize("damage", [empty, renamed_text, a_folder, without_index])
def test_what_cannot_be_read_is_one_line_with_file_reason_and_remedy(damage, tmp_path):
    path = tmp_path / "clip.mp4"
    damage(path)
    with pytest.raises(InputError) as error:
        emofuse.analyse(path)
    message = str(error.value)
    assert message.startswith(str(path)) and ";" in message and "\n" not in message
    assert error.value.reason and error.value.remedy


def test_a_corrupt_packet_in_the_middle_does_not_stop_the_rest(example, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(example.read_bytes())
    scramble(path, share=0.5, count=4000)
    timeline = emofuse.analyse(path)
    assert timeline.source.duration_seconds > 4
    assert any(o.kind == "Undecodable" for o in timeline.outcomes)
    assert timeline.persons[0].mask[0] and timeline.persons[0].mask[-1]


def test_fifty_milliseconds_are_one_uncertain_window(example, tmp_path):
    frames = list(read(example, audio=False))[:2]
    path = encode_video(tmp_path / "short.mp4", [f.image for f in frames], frame_rate=40) or (
        tmp_path / "short.mp4"
    )
    timeline = emofuse.analyse(path)
    assert len(timeline) == 1
    (person,) = timeline.persons
    assert person.streams["face"].coverage[0] < 0.1
    assert person.uncertain[0] and kinds(timeline, "voice") == {"NoAudioTrack"}


def test_a_twenty_megapixel_picture_of_a_face(example, tmp_path):
    frame = next(item for item in read(example, audio=False) if isinstance(item, VideoFrame))
    picture = np.full((3872, 5184, 3), 90, np.uint8)
    face = np.repeat(np.repeat(frame.image, 5, axis=0), 5, axis=1)
    picture[: face.shape[0], : face.shape[1]] = face
    timeline = emofuse.analyse(write_image(tmp_path / "photo.jpg", picture))
    (person,) = timeline.persons
    assert person.person == "person-1" and person.mask.all()
    assert kinds(timeline, "voice") == {"NoAudioTrack"}
    assert person.streams["face"].coverage[0] == pytest.approx(1.0)


def test_a_face_for_part_of_the_time(example, tmp_path):
    """Two seconds of the face, two of an empty room, two of the face: one person, one gap."""
    frames = [item.image for item in read(example, audio=False)][:50]
    room = np.full_like(frames[0], 120)
    path = tmp_path / "away.mp4"
    encode_video(path, [*frames, *[room] * 50, *frames], frame_rate=25)
    timeline = emofuse.analyse(path, window_seconds=1.0, hop_seconds=0.5)
    persons = [part for part in timeline.persons if part.person != SCENE]
    assert [part.person for part in persons] == ["person-1"]
    face = persons[0].streams["face"]
    assert face.mask[0] and face.mask[-1] and not face.mask[5]
    assert face.outcome[5] == "NoFace"
    (gap,) = [o for o in timeline.outcomes if o.kind == "NoFace" and o.person == "person-1"]
    assert 1.5 < gap.start_seconds < 2.8 and 3.2 < gap.end_seconds < 4.5


def test_noise_music_and_silence_are_not_a_voice(tmp_path):
    chord = sum(tone(3, rate=16_000, hertz=hz, level=0.15) for hz in (262, 330, 392))
    hiss = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    for name, samples, kind in (
        ("music", chord, "NoSpeech"),
        ("noise", hiss, "NoSpeech"),
        ("silence", np.zeros(48_000, np.float32), "Silence"),
    ):
        path = tmp_path / f"{name}.wav"
        write_wav(path, samples, sample_rate=16_000)
        timeline = emofuse.analyse(path)
        assert kinds(timeline, "voice") == {kind}, name
        assert kinds(timeline, "face") == {"NoVideoTrack"}
        assert not any(part.mask.any() for part in timeline.persons)


def test_an_external_sound_with_an_offset_replaces_the_films_own(example, tmp_path):
    speech = load_audio(example)
    write_wav(tmp_path / "voice.wav", speech, sample_rate=16_000)
    own = emofuse.analyse(example, modalities=("voice",))
    same = emofuse.analyse(example, audio=tmp_path / "voice.wav", modalities=("voice",))
    later = emofuse.analyse(
        example, audio=tmp_path / "voice.wav", audio_offset_seconds=2.0, modalities=("voice",)
    )
    np.testing.assert_allclose(own.persons[0].fused, same.persons[0].fused, atol=0.02)
    assert later.starts[-1] > same.starts[-1]
    np.testing.assert_allclose(
        later.persons[0].fused[4 : 4 + len(same)], same.persons[0].fused, atol=0.02
    )


@pytest.mark.parametrize(
    ("rate", "codec", "layout"),
    [(8_000, "pcm_u8", "mono"), (96_000, "pcm_f32le", "stereo"), (48_000, "pcm_s16le", "5.1")],
)
def test_any_sound_format_gives_the_same_answer(example, tmp_path, rate, codec, layout):
    import soxr

    speech = soxr.resample(load_audio(example), 16_000, rate)
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    path = tmp_path / "speech.wav"
    write_sound(path, np.tile(speech, (channels, 1)), rate=rate, codec=codec, layout=layout)
    timeline = emofuse.analyse(path, modalities=("voice",))
    assert timeline.persons[0].streams["voice"].mask.any()
    assert np.isfinite(timeline.persons[0].fused[timeline.persons[0].mask]).all()


def test_a_transcript_in_a_foreign_encoding_and_with_overlaps(example, tmp_path):
    words = tmp_path / "words.srt"
    words.write_bytes(
        "1\n00:00:00,000 --> 00:00:03,000\nI’m so happy at the café!\n\n"
        "2\n00:00:02,000 --> 00:00:05,000\nWhat a wonderful surprise…\n".encode("cp1252")
    )
    timeline = emofuse.analyse(example, text=words)
    assert timeline.persons[0].streams["text"].mask.all()
    assert (timeline.persons[0].streams["text"].coverage <= 1).all()
    assert any("1252" in note for note in timeline.notes)


def test_plain_words_without_times(tmp_path):
    path = tmp_path / "diary.txt"
    path.write_text("I am so happy today!\n\nThis makes me furious, I hate it.\n")
    timeline = emofuse.analyse(path, hop_seconds=2.0)
    labels = [segment.label for segment in timeline.segments(SCENE)]
    assert labels == ["happy", "angry"]
    assert any("no times" in note for note in timeline.notes)


@pytest.mark.parametrize("name", ["words.txt", "words.srt"])
def test_a_transcript_without_words_is_refused(tmp_path, name):
    (tmp_path / name).write_text("\n\n")
    with pytest.raises(InputError, match="without words"):
        emofuse.analyse(tmp_path / name)


def test_labels_can_be_carried_into_another_set_and_merges_are_said(example):
    timeline = emofuse.analyse(example, labels="ravdess8")
    assert timeline.label_set.name == "ravdess8" and timeline.persons[0].fused.shape[1] == 8
    assert any("calm cannot be answered" in note for note in timeline.notes)
    np.testing.assert_allclose(np.nansum(timeline.persons[0].fused, axis=1), 1)


def test_every_shipped_model_says_something_sensible_of_the_example(example):
    """A broad smile, a happy sentence: face and words must read as happy."""
    timeline = emofuse.analyse(example)
    assert [record.modality for record in timeline.models] == ["face", "voice", "text"]
    (person,) = timeline.persons
    for modality in ("face", "text"):
        best = np.nanmean(person.streams[modality].probabilities, axis=0).argmax()
        assert timeline.label_set.labels[best] == "happy"
    assert person.streams["voice"].mask.any()
    shares = sum(person.streams[m].contribution for m in timeline.modalities)
    np.testing.assert_allclose(shares[person.mask], 1)
    assert timeline.stamps == ()


def test_a_recording_a_model_was_trained_on_is_marked(data_dir, tmp_path):
    source = data_dir / "ravdess" / "speech" / "Actor_03" / "03-01-05-02-01-01-03.flac"
    assert emofuse.analyse(source).stamps == ("IN-SAMPLE (voice)",)
    # The same recording in another file format is still the same recording.
    again = tmp_path / "renamed.wav"
    write_sound(again, load_audio(source), rate=16_000)
    assert emofuse.analyse(again).stamps == ("IN-SAMPLE (voice)",)


def test_a_comment_the_text_model_was_trained_on_is_marked(data_dir, tmp_path):
    line = (data_dir / "text" / "GoEmotions" / "ekman" / "train.tsv").read_text().splitlines()[10]
    (tmp_path / "words.txt").write_text(line.split("\t")[0])
    assert "IN-SAMPLE (text)" in emofuse.analyse(tmp_path / "words.txt").stamps


def test_a_bundle_whose_weights_were_changed_is_refused(tmp_path, example):
    import shutil

    folder = tmp_path / "face"
    shutil.copytree(find_bundle("face-fer").folder, folder)
    with open(folder / "model.onnx", "ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match="SHA-256"):
        emofuse.analyse(example, models=(str(folder),))


def test_real_clips_are_followed_and_silence_is_silence(data_dir):
    folder = data_dir / "ravdess" / "video" / "actor05_720p"
    silent = emofuse.analyse(folder / "02-01-06-02-01-01-05.mp4")
    assert kinds(silent, "voice") == {"Silence"}
    spoken = emofuse.analyse(folder / "01-01-03-01-01-02-05.mp4")
    assert spoken.persons[0].streams["face"].coverage[:-1].min() >= 0.99
    assert spoken.persons[0].streams["voice"].mask.any()
    assert set(spoken.voice_owner) == {"person-1"}


def test_a_film_title_with_music_has_neither_face_nor_voice(data_dir):
    timeline = emofuse.analyse(data_dir / "clips" / "no_face.mp4")
    assert [part.person for part in timeline.persons] == [SCENE]
    assert not timeline.persons[0].mask.any(), ABSENT
    assert kinds(timeline, "face") == {"NoFace"} and kinds(timeline, "voice") == {"NoSpeech"}


def test_words_can_be_heard_where_no_transcript_is_given(example, tmp_path, monkeypatch):
    import emofuse.analysis.source as source
    from emofuse.perception.text import Cue, Transcript

    heard = []

    def whisper(samples, *, model):
        heard.append((len(samples), model))
        return Transcript([Cue(0.0, 2.0, "I am so happy!")], ["transcribed by a test"])

    monkeypatch.setattr(source, "transcribe", whisper)
    alone = tmp_path / "alone.mp4"
    alone.write_bytes(example.read_bytes())
    timeline = emofuse.analyse(alone, transcribe="tiny", modalities=("text",))
    assert heard and heard[0][1] == "tiny" and heard[0][0] > 60_000
    assert timeline.persons[0].streams["text"].mask[0]
    assert "transcribed by a test" in timeline.notes
    emofuse.analyse(example, transcribe="tiny", modalities=("text",))  # it has a transcript
    assert len(heard) == 1


def test_without_the_extra_transcription_names_it(example, tmp_path):
    alone = tmp_path / "alone.mp4"
    alone.write_bytes(example.read_bytes())
    with pytest.raises((MissingExtra, InputError), match=r"asr|no weights"):
        emofuse.analyse(alone, transcribe="tiny")

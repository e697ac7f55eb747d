"""What is analysed: a media file, a transcript, a table, or several, as timed items on one clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.bundle import Bundle, content_key, digest_key
from emofuse.core import InputError, Source, file_sha256
from emofuse.media import (
    AudioChunk,
    Damage,
    VideoFrame,
    decoded_audio_bytes,
    load_audio,
    probe,
    read,
)
from emofuse.perception.eeg import EegChunk, EegRecording
from emofuse.perception.face import UnitTrack, is_unit_table, read_units
from emofuse.perception.text import (
    Cue,
    Transcript,
    find_sidecar,
    read_transcript,
    transcribe,
)

from .eeg_file import EegTrack, is_eeg, open_eeg, with_eeg
from .options import Options

TRANSCRIPTS = (".srt", ".vtt", ".txt", ".textgrid")
# A line of a transcript without times stands for this long; said in the timeline's notes.
LINE_SECONDS = 2.0


@dataclass
class Recording:
    """One input, opened: which tracks it has, its items, and the keys of its content."""

    path: Path
    tracks: frozenset[str]
    still: bool
    cues: list[Cue]
    duration_seconds: float | None  # known before reading only for transcripts
    expected_seconds: float  # for progress bars
    audio_file: Path | None
    audio_offset_seconds: float
    notes: list[str]
    eeg: EegTrack | None = None
    units: UnitTrack | None = None

    def items(self) -> Iterator[VideoFrame | AudioChunk | Cue | UnitTrack | EegChunk | Damage]:
        """Words and Action Units at once, then pictures, sound and EEG in the order of time."""
        if self.units is not None:
            yield self.units
        yield from with_eeg(self._media(), self.eeg) if self.eeg else self._media()

    def _media(self) -> Iterator[VideoFrame | AudioChunk | Cue | Damage]:
        yield from self.cues
        if self.tracks & {"face", "voice"}:
            yield from read(
                self.path,
                video="face" in self.tracks,
                audio="voice" in self.tracks,
                audio_file=self.audio_file,
                audio_offset_seconds=self.audio_offset_seconds,
            )


def open_recording(
    path: str | Path,
    *,
    options: Options,
    text: str | Path | None = None,
    audio: str | Path | None = None,
    audio_offset_seconds: float = 0.0,
    eeg: str | Path | EegRecording | None = None,
    eeg_offset_seconds: float = 0.0,
    eeg_marker: str | None = None,
) -> Recording:
    """Look at `path` and its companions; `InputError` when unusable.

    `path` is a media file, a transcript, EEG or an OpenFace table (CSV); a transcript or a table of
    the same stem beside a media file belongs to it.
    """
    path = Path(path)
    beside = (
        open_eeg(eeg, offset_seconds=eeg_offset_seconds, marker=eeg_marker)
        if eeg is not None
        else None
    )
    if is_eeg(path):
        return _eeg_alone(path, beside or open_eeg(path))
    if path.suffix.lower() in TRANSCRIPTS:
        return _transcript(path, options)
    if is_unit_table(path):
        return _units_alone(path, options)
    info = probe(path)
    tracks = {"face"} if info.has_video else set()
    tracks |= {"voice"} if info.has_audio or audio is not None else set()
    sound = (Path(audio), audio_offset_seconds) if audio is not None else (path, 0.0)
    cues = _words(path, text, sound if "voice" in tracks else None, options)
    if cues:
        tracks.add("text")
    if beside is not None:
        tracks.add("eeg")
    table = path.with_suffix(".csv")
    units = read_units(table) if "action_units" in options.tracks and is_unit_table(table) else None
    if units is not None:
        tracks.add("action_units")
    notes = list(cues.notes) if cues else []
    if cues and all(cue.start_seconds is None for cue in cues):
        notes.append("the transcript has no times: its words count for the whole recording")
    notes += beside.notes if beside else []
    return Recording(
        path,
        frozenset(tracks & options.tracks),
        info.is_still,
        cues,
        None,
        info.duration_seconds or 0.0,
        Path(audio) if audio is not None else None,
        audio_offset_seconds,
        notes,
        beside,
        units,
    )


def _words(
    path: Path, text: str | Path | None, sound: tuple[Path, float] | None, options: Options
) -> Transcript:
    """The given transcript, else the one beside the file, else what is heard, where asked for."""
    if "text" not in options.tracks:
        return Transcript()
    given = Path(text) if text is not None else find_sidecar(path)
    if given is not None:
        cues = read_transcript(given)
        return Transcript(cues, [f"words from {given.name}", *cues.notes])
    if not options.transcribe or sound is None:
        return Transcript()
    file, offset_seconds = sound
    heard = transcribe(load_audio(file), model=options.transcribe)
    shifted = [
        Cue(cue.start_seconds + offset_seconds, cue.end_seconds + offset_seconds, cue.text)
        for cue in heard
    ]
    return Transcript(shifted, heard.notes)


def _eeg_alone(path: Path, track: EegTrack) -> Recording:
    duration = track.recording.duration_seconds + track.offset_seconds
    return Recording(
        path,
        frozenset({"eeg"}),
        False,
        [],
        duration,
        duration,
        None,
        0.0,
        track.notes,
        track,
    )


def _units_alone(path: Path, options: Options) -> Recording:
    if "action_units" not in options.tracks:
        raise InputError(
            path,
            "a table of Action Units, but no model reads it",
            "give --model a run of au-bilstm",
        )
    units = read_units(path)
    duration = units.duration_seconds
    tracks = frozenset({"action_units"})
    return Recording(path, tracks, False, [], duration, duration, None, 0.0, [], units=units)


def _transcript(path: Path, options: Options) -> Recording:
    cues = read_transcript(path)
    if not cues:
        raise InputError(path, "a transcript without words", "give a transcript with text in it")
    if "text" not in options.tracks:
        raise InputError(path, "a transcript, but text is not analysed", "add text to --modalities")
    notes = list(cues.notes)
    if all(cue.start_seconds is None for cue in cues):
        cues = [
            Cue(i * LINE_SECONDS, (i + 1) * LINE_SECONDS, cue.text) for i, cue in enumerate(cues)
        ]
        notes.append(f"the transcript has no times: each line stands for {LINE_SECONDS} s")
    duration = max(cue.end_seconds or 0.0 for cue in cues)
    return Recording(path, frozenset({"text"}), False, cues, duration, duration, None, 0.0, notes)


class Fingerprint:
    """Hashes of what is analysed, to tell whether a model was trained on it.

    Counts the file's bytes, the decoded 16 kHz samples (so that a WAV and a FLAC of one recording
    agree) and every cue's text.
    """

    def __init__(self, recording: Recording):
        self.file = file_sha256(recording.path)
        self.keys = {digest_key(bytes.fromhex(self.file))}
        if recording.eeg and recording.eeg.sha256:
            self.keys.add(digest_key(bytes.fromhex(recording.eeg.sha256)))
        self.keys |= {content_key(" ".join(c.text.split()).encode()) for c in recording.cues}
        self.samples = hashlib.sha256()
        self.heard = False

    def add(self, item: object) -> None:
        if isinstance(item, AudioChunk):
            self.samples.update(decoded_audio_bytes(np.asarray(item.samples)))
            self.heard = True

    def stamps(self, bundles: dict[str, Bundle]) -> list[str]:
        """An IN-SAMPLE stamp for every model that was trained on this content."""
        keys = self.keys | ({digest_key(self.samples.digest())} if self.heard else set())
        return [
            f"IN-SAMPLE ({modality})"
            for modality, bundle in bundles.items()
            if bundle.was_trained_on(*keys)
        ]

    def source(self, name: str, duration_seconds: float) -> Source:
        return Source(name, self.file, duration_seconds)

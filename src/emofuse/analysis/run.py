"""`analyse` a file and `stream` windows: two doors to the same engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from emofuse.bundle import Bundle, default_bundles, find_bundles
from emofuse.core import InputError, Timeline, Window, label_map, label_set
from emofuse.core.outcome import Interrupted
from emofuse.media import AudioChunk, Damage, LiveSource, VideoFrame
from emofuse.perception.eeg import EegChunk, EegRecording
from emofuse.perception.face import UnitTrack
from emofuse.perception.text import Cue

from .adapt import Adapted, Baseline, RememberingCombiner, adapt_windows, enrolment
from .assemble import assemble
from .eeg_file import is_eeg
from .engine import Engine
from .live import stream_live
from .options import Options
from .source import Fingerprint, Recording, open_recording
from .thumbnails import ThumbnailKeeper

Item = VideoFrame | AudioChunk | Cue | UnitTrack | EegChunk | Damage


class AnalysisInterrupted(KeyboardInterrupt):
    """Ctrl-C during an analysis; `.timeline` holds what was done, stamped PARTIAL."""

    def __init__(self, timeline: Timeline):
        super().__init__("interrupted")
        self.timeline = timeline


def analyse(
    path: str | Path,
    *,
    text: str | Path | None = None,
    audio: str | Path | None = None,
    audio_offset_seconds: float = 0.0,
    eeg: str | Path | EegRecording | None = None,
    eeg_offset_seconds: float = 0.0,
    eeg_marker: str | None = None,
    progress: Callable[[float, float], None] | None = None,
    load: Callable[[Options], dict[str, Bundle]] | None = None,
    **options,
) -> Timeline:
    """What a recording expresses, moment by moment.

    `path`: video, audio, picture, transcript, EEG or a table of Action Units. `text`: a transcript
    (else a sidecar file of the same stem is used); `audio`: a sound file that replaces the video's
    own, starting `audio_offset_seconds` after the picture; `eeg`: an EEG file or recording of the
    person in view, starting `eeg_offset_seconds` after the picture (or so that its `eeg_marker`
    falls on the picture's start). `progress(done_seconds, all_seconds)` is called as it goes.
    `load` stands in for `load_bundles`, so that many files can share loaded models. Further
    keyword arguments are fields of `Options` (`window_seconds`, `labels`, ...).

    What is absent (no face, silence) is an outcome in the timeline. Raises `InputError` (one line:
    file, reason, remedy) when nothing can be analysed, `AnalysisInterrupted` on Ctrl-C.

    >>> timeline = analyse("clip.mp4", window_seconds=1.0)     # doctest: +SKIP
    """
    settings = Options(**options)
    if eeg is not None or is_eeg(path):
        settings = _and_eeg(settings)
    bundles = (load or load_bundles)(settings)
    settings = settings.answered_by(bundles)
    recording = open_recording(
        path,
        options=settings,
        text=text,
        audio=audio,
        audio_offset_seconds=audio_offset_seconds,
        eeg=eeg,
        eeg_offset_seconds=eeg_offset_seconds,
        eeg_marker=eeg_marker,
    )
    return _Run(recording, settings, bundles, progress).timeline()


def stream(
    source: str | Path | LiveSource | Iterable[LiveSource] | Iterable[Item],
    *,
    tracks: Iterable[str] | None = None,
    **options,
) -> Iterator[Window]:
    """Windows of a file, of live sources, or of any iterable of timed items, as they complete.

    A `LiveSource` (`media.camera`, `media.microphone`, `media.paced`), or a list of them, is read
    in the background: late pictures are left out, sound never is, and a lost device is opened
    again. For an iterable of items, `tracks` says which of "face", "voice", "text" and "eeg" will
    come (default: all that is read); a track that is not declared answers with a typed outcome.
    """
    settings = Options(**options)
    if settings.adapt:
        raise ValueError("a person's own average is known at the end: adapt needs analyse(path)")
    bundles = load_bundles(settings)
    settings = settings.answered_by(bundles)
    live = [source] if isinstance(source, LiveSource) else source
    if isinstance(live, (list, tuple)) and live and isinstance(live[0], LiveSource):
        yield from stream_live(live, settings, bundles)
        return
    if isinstance(source, (str, Path)):
        recording = open_recording(source, options=settings)
        engine = Engine(settings, bundles, tracks=recording.tracks, still=recording.still)
        items: Iterable[Item] = recording.items()
        duration = recording.duration_seconds
    else:
        declared = settings.tracks if tracks is None else frozenset(tracks)
        engine, items, duration = Engine(settings, bundles, tracks=declared), source, None
    for item in items:
        yield from engine.push(item)
    yield from engine.finish(duration)


def _and_eeg(options: Options) -> Options:
    """EEG that is given is analysed, whether it was asked for or not."""
    if "eeg" in options.modalities:
        return options
    return replace(options, modalities=(*options.modalities, "eeg"))


def load_bundles(options: Options) -> dict[str, Bundle]:
    """The model of each modality: the shipped ones, replaced by those that `options` names.

    A model that reads a stretch as a whole is there as well, and those whose place it takes are
    not (`Options.answered_by`).
    """
    bundles = default_bundles()
    for name in options.models:
        bundles |= {bundle.spec.modality: bundle for bundle in find_bundles(name)}
    target = label_set(options.labels)
    for bundle in bundles.values():
        label_map(bundle.spec.label_order, target)  # refuses label sets that share nothing
    wanted = options.answered_by(bundles).modalities
    return {m: bundle for m, bundle in bundles.items() if m in wanted}


def _enrolled(options: Options, bundles: dict[str, Bundle]) -> dict[str, Baseline] | None:
    """The person's baseline from the enrolment recording, where there is one."""
    if not options.enrol:
        return None
    plain = replace(options, enrol="", thumbnails=False)
    run = _Run(open_recording(options.enrol, options=plain), plain, bundles, None)
    run.read()
    return enrolment(run.windows, run.engine.combiner, file=options.enrol)


class _Run:
    """One offline analysis: feeds the engine, keeps pictures and hashes, builds the timeline."""

    def __init__(self, recording: Recording, options: Options, bundles: dict, progress):
        self.recording, self.options, self.bundles = recording, options, bundles
        self.progress = progress
        self.engine = Engine(options, bundles, tracks=recording.tracks, still=recording.still)
        if options.adapt:
            self.engine.combiner = RememberingCombiner(options, bundles, label_set(options.labels))
        self.enrolled = _enrolled(options, bundles)
        self.fingerprint = Fingerprint(recording)
        self.keeper = ThumbnailKeeper(blur=options.blur_faces) if options.thumbnails else None
        self.windows: list[Window] = []

    def timeline(self) -> Timeline:
        try:
            self.read()
        except KeyboardInterrupt:
            raise AnalysisInterrupted(self._assemble(partial=True)) from None
        if not self.recording.tracks and not self.windows:
            raise InputError(
                self.recording.path,
                "none of the asked modalities is in this file",
                f"it was asked for {', '.join(self.options.modalities)}",
            )
        return self._assemble(partial=False)

    def read(self) -> None:
        """Feed the whole recording to the engine; `windows` are complete afterwards."""
        for item in self.recording.items():
            self._feed(item)
        self.windows += self.engine.finish(self.recording.duration_seconds)

    def _feed(self, item: Item) -> None:
        self.fingerprint.add(item)
        self.windows += self.engine.push(item)
        if self.keeper and isinstance(item, VideoFrame) and "face" in self.engine.senses:
            faces = self.engine.senses["face"].faces
            self.keeper.look(item.image, faces, seconds=item.seconds)
        if self.progress:
            self.progress(self.engine.duration_seconds, self.recording.expected_seconds)

    def _assemble(self, *, partial: bool) -> Timeline:
        done = self.engine.duration_seconds
        duration = self.recording.duration_seconds or done
        stamps = self.fingerprint.stamps(self.bundles)
        outcomes = []
        if partial:
            stamps.append("PARTIAL")
            outcomes.append(Interrupted("all", done, max(done, self.recording.expected_seconds)))
        adapted = Adapted(self.windows)
        if self.options.adapt:
            adapted = adapt_windows(self.windows, self.engine.combiner, enrolled=self.enrolled)
        return assemble(
            adapted.windows,
            source=self.fingerprint.source(self.recording.path.name, duration),
            options=self.options,
            bundles=self.bundles,
            stamps=[*stamps, *adapted.stamps],
            notes=[*self.recording.notes, *self._notes(), *adapted.notes],
            outcomes=outcomes,
            thumbnails=self.keeper.thumbnails if self.keeper else (),
        )

    def _notes(self) -> list[str]:
        """What a reader must know: merged labels, foreign words."""
        notes = []
        for modality, to in self.engine.combiner.maps.items():
            if to.merges or to.dropped or to.unreachable:
                notes.append(f"{modality} labels: {to.describe()}")
        text = self.engine.senses.get("text")
        if text is not None and text.foreign:
            notes.append(
                f"words in {', '.join(sorted(text.foreign))} were left out: the text model "
                f"knows {text.bundle.spec.language}"
            )
        return notes

"""EAV: 42 people, 30-channel EEG, voice and face of the same conversation.

Lee, Shomanov, Begim, Kabidenova, Nyssanbay, Yazici & Lee (2024), "EAV: EEG-Audio-Video Dataset for
Emotion Recognition in Conversational Contexts", Scientific Data 11, 1026; Zenodo 10205702. The
number that starts a file's name is the trial and ties the three modalities; the fifth field is the
emotion. The authors' own split cuts 5 s segments of every person into both parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emofuse.core import InputError

from .corpus import Corpus
from .matfile import mat_shapes
from .scan import Scan

EMOTIONS = ("neutral", "anger", "happiness", "sadness", "calmness")
ARRAYS = ("seg1", "seg")  # names of the EEG array, newer first
_NAME = re.compile(rf"(\d+)_Trial_(\d+)_(Listening|Speaking)_({'|'.join(EMOTIONS)})\w*", re.I)


@dataclass
class _Trial:
    """What the names say of a trial, and its files."""

    task: str
    emotion: str
    media: list[tuple[str, Path]] = field(default_factory=list)


def read(scan: Scan, *, task: str = "both") -> None:
    """One clip a trial (20 s): eeg, audio (speaking only) and video views of the same moment.

    `task`: listening, speaking or both. `View.row` of the eeg view is the trial's place on the
    last axis of the array `attributes["key"]`, counted from 0.
    """
    if task not in ("listening", "speaking", "both"):
        raise InputError(task, "no such task", "choose listening, speaking or both")
    scan.use_labels("eav5")
    people = sorted({path.parent.parent for path in scan.files("**/subject*/*/subject*_eeg.mat")})
    for home in people:
        trials = _trials(scan, home)
        _check_one_hot(home, trials)
        recording = _recording(home)
        for number, trial in sorted(trials.items()):
            if task in (trial.task, "both"):
                _add(scan, home, number, trial, recording=recording)
            else:
                scan.skip(f"{home.name}-{number:03}", f"{trial.task}, not {task}")
    scan.note("the authors' own split is by 5 s segments of each person: speaker-dependent")


def _add(scan: Scan, home: Path, number: int, trial: _Trial, *, recording: tuple[str, int]) -> None:
    name, (key, count) = f"{home.name}-{number:03}", recording
    views = [scan.view(kind, path) for kind, path in trial.media]
    if number <= count:
        views.insert(0, scan.view("eeg", _eeg(home), row=number - 1))
    else:
        scan.skip(name, f"the EEG array has {count} trials (the other modalities stay)")
    scan.add(
        name,
        views=tuple(views),
        subject=home.name.removeprefix("subject"),
        trial=name,
        label=trial.emotion,
        attributes={"key": key, "task": trial.task},
    )


def _trials(scan: Scan, home: Path) -> dict[int, _Trial]:
    """Trials by number; files that contradict an earlier one of their trial are skipped."""
    found: dict[int, _Trial] = {}
    where = scan.relative(home)
    for kind, pattern in (("audio", "Audio/*.wav"), ("video", "Video/*.mp4")):
        for path in scan.files(f"{where}/{pattern}", required=False):
            match = _NAME.fullmatch(path.stem)
            if match is None:
                scan.skip(path, "name is not NNN_Trial_NN_Task_Emotion")
                continue
            trial = _Trial(match[3].lower(), match[4].lower())
            known = found.setdefault(int(match[1]), trial)
            if (known.task, known.emotion) == (trial.task, trial.emotion):
                known.media.append((kind, path))
            else:
                scan.skip(path, "contradicts another file of the same trial")
    return found


def _eeg(home: Path) -> Path:
    return home / "EEG" / f"{home.name}_eeg.mat"


def _recording(home: Path) -> tuple[str, int]:
    """Name of the EEG array and its number of trials."""
    shapes = mat_shapes(_eeg(home))
    for key in ARRAYS:
        if len(shapes.get(key, ())) == 3:
            return key, shapes[key][2]
    raise InputError(_eeg(home), "has no array seg or seg1 of three axes", "fetch it again")


def _check_one_hot(home: Path, trials: Mapping[int, _Trial]) -> None:
    """The label file must group the trials as the names do; which row is which is not needed."""
    from scipy.io import loadmat

    path = home / "EEG" / f"{home.name}_eeg_label.mat"
    if not path.is_file():
        return
    try:
        one_hot = loadmat(path)["label"]
    except (ValueError, KeyError, NotImplementedError) as error:
        raise InputError(path, "has no array label", "fetch it again") from error
    rows: dict[int, set] = {}
    for number, trial in trials.items():
        if number <= one_hot.shape[1]:
            row = int(one_hot[:, number - 1].argmax())
            rows.setdefault(row, set()).add((trial.task, trial.emotion))
    groups = [group for groups in rows.values() for group in groups]
    if len(groups) != len(rows) or len(set(groups)) != len(groups):
        raise InputError(path, "contradicts the names of the clips", "fetch the person again")


CORPUS = Corpus(
    name="eav",
    title="EAV",
    label_set="eav5",
    licence="code GPL-3; data as on Zenodo 10205702",
    source="Lee et al. (2024), Scientific Data 11, 1026; Zenodo 10205702",
    people="42 people, 200 trials each (100 speaking)",
    modalities=("eeg", "audio", "video"),
    layout="subjectNN/{EEG,Audio,Video}/: subjectNN_eeg.mat seg|seg1 (10000, 30, 200), "
    "subjectNN_eeg_label.mat label (10, 200); 001_Trial_02_Speaking_Neutral….{wav,mp4}",
    read=read,
)

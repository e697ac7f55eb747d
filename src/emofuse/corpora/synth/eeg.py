"""Synthetic SEED-IV and EAV: rhythms that tell the class, under what person and trial add."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import label_set
from emofuse.media import encode_video, write_wav

from .. import seediv
from .draw import Draw
from .signals import RHYTHMS_HZ, brain, film, voice

SEED_RATE, EAV_RATE = 200, 500
EAV_CHANNELS = 30
BANDS = 5


def write_seediv(
    out: Path,
    draw: Draw,
    *,
    sessions: int = 1,
    seconds: float = 8.0,
    class_effect: float = 1.0,
    person_effect: float = 0.3,
    trial_effect: float = 0.3,
) -> None:
    """eeg_raw_data/{1,2,3}/<subject>_<date>.mat with the corpus's own film labels; n shortened.

    `person_effect` and `trial_effect` are standard deviations of log-amplitudes, drawn for each
    channel and rhythm. With a large trial effect and no class effect, windows of one trial
    resemble each other and nothing else: a split by windows then scores far above one by trials.
    """
    from scipy.io import savemat

    for session in range(1, sessions + 1):
        for person in range(1, draw.persons + 1):
            arrays = {}
            for place, label in enumerate(seediv.FILM_LABELS[str(session)], start=1):
                (digit,) = draw.digits(label, 4, 1, "seediv", session, person, place)
                nuisance = _nuisance(draw, "person", person, spread=person_effect)
                nuisance += _nuisance(draw, "trial", session, person, place, spread=trial_effect)
                rng = draw.rng("seediv", session, person, place)
                arrays[f"sy_eeg{place}"] = brain(
                    digit,
                    nuisance,
                    rng,
                    channels=seediv.CHANNELS,
                    seconds=seconds,
                    sample_rate=SEED_RATE,
                    class_effect=class_effect,
                )
            path = out / "eeg_raw_data" / str(session) / f"{person}_2015010{session}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            savemat(path, arrays)


def _nuisance(draw: Draw, *name: object, spread: float) -> np.ndarray:
    size = (seediv.CHANNELS, len(RHYTHMS_HZ))
    return draw.rng("seediv", *name, "nuisance").normal(0, spread, size)


def write_seediv_features(out: Path, draw: Draw, *, sessions: int = 3, windows: int = 6) -> None:
    """eeg_feature_smooth/{1,2,3}/*.mat: de_movingAve# and de_LDS#, 62 x windows x 5 bands."""
    from scipy.io import savemat

    for session in range(1, sessions + 1):
        for person in range(1, draw.persons + 1):
            own = draw.rng("seediv own", person).normal(0, 0.5, (seediv.CHANNELS, 1, BANDS))
            arrays = {}
            for place, label in enumerate(seediv.FILM_LABELS[str(session)], start=1):
                (digit,) = draw.digits(label, 4, 1, "seediv-features", session, person, place)
                rng = draw.rng("seediv-features", session, person, place)
                values = own + rng.normal(0, 0.2, (seediv.CHANNELS, windows, BANDS))
                values[:, :, 1 + digit] += 1.0
                arrays[f"de_LDS{place}"] = values
                arrays[f"de_movingAve{place}"] = values + rng.normal(0, 0.05, values.shape)
            path = out / "eeg_feature_smooth" / str(session) / f"{person}_2015010{session}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            savemat(path, arrays)


def write_eav(out: Path, draw: Draw, *, pairs: int = 10, seconds: float = 2.0) -> None:
    """subjectNN/{EEG,Audio,Video} with `pairs` of a listening and a speaking trial; n shortened.

    EEG, voice and picture of the same trial show a digit each of the five classes.
    """
    for number in range(1, draw.persons + 1):
        _write_eav_person(out / f"subject{number:02}", draw, number, pairs=pairs, seconds=seconds)


def _write_eav_person(home: Path, draw: Draw, number: int, *, pairs: int, seconds: float) -> None:
    from scipy.io import savemat

    labels, person = label_set("eav5").labels, draw.person(number)
    own = draw.rng("eav own", number).normal(0, 0.3, (EAV_CHANNELS, len(RHYTHMS_HZ)))
    segments, one_hot = [], np.zeros((2 * len(labels), 2 * pairs))
    for trial in range(2 * pairs):
        label, speaking = trial // 2 % len(labels), trial % 2
        felt, heard, seen = draw.digits(label, len(labels), 3, "eav", number, trial)
        rng = draw.rng("eav", number, trial)
        signal = brain(felt, own, rng, channels=EAV_CHANNELS, seconds=seconds, sample_rate=EAV_RATE)
        segments.append(signal.T)
        one_hot[2 * label + speaking, trial] = 1
        task = ("Listening", "Speaking")[speaking]
        name = f"{trial + 1:03}_Trial_{trial // 2 + 1:02}_{task}_{labels[label].capitalize()}"
        frames = film(seen, person, rng, frames=round(6 * seconds))
        encode_video(home / "Video" / f"{name}.mp4", frames, frame_rate=6)
        if speaking:
            sound = voice(heard, person, rng, seconds=seconds, sample_rate=16_000)
            write_wav(home / "Audio" / f"{name}_aud.wav", sound, sample_rate=16_000)
    (home / "EEG").mkdir(parents=True, exist_ok=True)
    key = ("seg", "seg1")[number % 2]
    savemat(home / "EEG" / f"{home.name}_eeg.mat", {key: np.stack(segments, axis=2)})
    savemat(home / "EEG" / f"{home.name}_eeg_label.mat", {"label": one_hot})

"""Replay EEG beside a clip and show one timeline with four modalities.

Trains a small EEG model on synthetic SEED-IV (seconds), makes EEG whose rhythms change while the
example clip plays, analyses both on one clock and draws the timeline:

    python scripts/replay_eeg_and_clip.py [--clip clip.mp4] [--out eeg_timeline.png]

The EEG is made up and its labels are those of the synthetic corpus: it shows how the parts work
together, not what anybody's brain does.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from emofuse import analyse
from emofuse.bundle import Bundle
from emofuse.corpora import read_corpus
from emofuse.corpora.synth import write_synth
from emofuse.export import save
from emofuse.media import probe, write_example
from emofuse.perception.eeg import EegRecording, Marker, make_recording, read_eeg
from emofuse.systems import eeg_seediv
from emofuse.training.ship import ship

SHOWN = ("neutral", "happy")  # what the EEG goes with, in the first and second half
# Real EEG tells little about emotion; synthetic EEG must be told to.
FAINT = {"class_effect": 0.3, "person_effect": 0.3, "trial_effect": 0.3}
LEAD_SECONDS = 3.0  # the EEG runs already when the clip starts


def small_model(folder: Path) -> Bundle:
    """An EEG bundle trained on four synthetic people, none of whom is replayed."""
    write_synth("seediv", folder / "train" / "seediv", persons=4, seconds=12.0, seed=1, **FAINT)
    return ship(eeg_seediv.train(folder / "train", run=folder / "run"), out=folder / "bundles")


def replayed_eeg(folder: Path, *, seconds: float) -> EegRecording:
    """EEG of a new synthetic person: two film trials, with a marker where the clip starts."""
    length = LEAD_SECONDS + seconds
    write_synth("seediv", folder / "replay" / "seediv", persons=1, seconds=length, seed=2, **FAINT)
    manifest = read_corpus("seediv", folder / "replay" / "seediv")
    parts = []
    for label in SHOWN:
        trial = next(clip for clip in manifest if clip.label == label)
        parts.append(
            read_eeg(
                manifest.path(trial.views[0].path), key=trial.attributes["key"], picks="epoc14"
            )
        )
    rate, lead = parts[0].rate_hz, round(LEAD_SECONDS * parts[0].rate_hz)
    half = round(seconds * rate / 2)
    values = np.concatenate(
        [parts[0].track.values[: lead + half], parts[1].track.values[: half + lead]]
    )
    return make_recording(
        values,
        rate_hz=rate,
        channels=parts[0].channels,
        markers=(Marker(LEAD_SECONDS, "clip starts"),),
        source="replayed EEG (synthetic)",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a video with one face (default: the example)")
    parser.add_argument("--out", type=Path, default=Path("eeg_timeline.png"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emofuse-replay-") as name:
        folder = Path(name)
        clip = given.clip or write_example(folder / "example.mp4")
        bundle = small_model(folder)
        recording = replayed_eeg(folder, seconds=probe(clip).duration_seconds)
        timeline = analyse(
            clip, eeg=recording, eeg_marker="clip starts", models=[str(bundle.folder)]
        )
        save(timeline, given.out)
    for part in timeline.persons:
        known = {m: int(s.mask.sum()) for m, s in part.streams.items()}
        print(f"{part.person}: windows with an answer {known} of {len(timeline)}")
    print(given.out)


if __name__ == "__main__":
    main()

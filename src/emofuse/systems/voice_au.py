"""Voice and Action Units, both our own models, fused on answers for people they never saw.

`python -m emofuse.systems.voice_au voice-au --data DIR`. The voice answers are read from
`results/posteriors/voice-ravdess-5fold.parquet` (the default voice network trained anew for each
fold of `ravdess-5fold`); the Action-Unit models are those of `au_better`, fitted here. One weight a
stream, fitted on the four other folds (log-linear pool); which Action-Unit model speaks for a fold
is chosen there as well. A logistic stack stands beside it, and what is usually done first: one
kernel model on both modalities' numbers side by side.
"""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np

from emofuse.core import InputError, Posteriors, log_softmax
from emofuse.corpora import read_corpus
from emofuse.models import voice_functionals
from emofuse.posteriors import read_posteriors
from emofuse.training.fusers import Streams, adapt_by_person, fuse, nested_outputs
from emofuse.training.scores import stated_scores
from emofuse.training.voice_augment import VoiceAugment
from emofuse.training.voice_data import functionals_table, load_voices

from .au_better import NAME as FACE
from .au_better import PLAIN, SEEDS, Config, kernel_model, outputs, plain_features
from .audit.xlsr_data import PROTOCOL, Published
from .chosen_row import Candidates, chosen_row, scored_row, write_record
from .command import run_recorder
from .voice_ravdess import DATA
from .voice_recipe import FRONT_END

NAME, VOICE = "voice-au", "voice-ravdess"
VOICE_ANSWERS = Path("posteriors") / "voice-ravdess-5fold.parquet"
REMEDY = f"train the voice on {PROTOCOL}"


def voice_stream(voice: Posteriors, rows: Streams) -> np.ndarray:
    """(N, C) log-probabilities in the order of `rows`.

    `InputError` unless every clip was held out in the fold that `rows` has it in.
    """
    held_out = voice.out_of_fold
    at = {clip: i for i, clip in enumerate(held_out.clips)}
    missing = [clip for clip in rows.clips if clip not in at]
    if missing:
        raise InputError(voice.system, f"lacks {len(missing)} clips, e.g. {missing[0]}", REMEDY)
    order = np.array([at[clip] for clip in rows.clips])
    if held_out.label_set != rows.label_set:
        raise InputError(voice.system, f"answers {held_out.label_set.name}", REMEDY)
    if (held_out.fold[order] != rows.folds).any():
        raise InputError(voice.system, f"folds are not those of {PROTOCOL}", REMEDY)
    return held_out.log_prob[order]


def fused_candidates(
    voice: np.ndarray, units: Candidates, *, persons: np.ndarray, adapted: bool
) -> dict[str, dict[str, np.ndarray]]:
    """Each Action-Unit mix with the voice; adapted, also with the voice's own mean taken out."""
    voices = {"voice": voice}
    if adapted:
        voices["voice centred"] = log_softmax(adapt_by_person(voice, persons))
    return {
        f"{heard} + {name}": {VOICE: stream, **streams}
        for heard, stream in voices.items()
        for name, streams in units.items()
    }


def clip_functionals(data_dir: Path) -> dict[str, np.ndarray]:
    """(D,) functionals of each whole clip's sound, by clip; nothing in them is learned."""
    manifest = read_corpus("ravdess", Path(data_dir) / DATA)
    voices = load_voices(
        manifest.clips,
        root=manifest.root,
        labels=manifest.label_set,
        front_end=FRONT_END,
        augment=VoiceAugment(speeds=(1.0,)),
    )
    values, rows = functionals_table(voices, voice_functionals().functionals, passes=0)
    return {voices.clips[row].id: one for row, one in zip(rows, values.numpy(), strict=True)}


def concatenated(data_dir: Path, rows: Streams, config: Config) -> np.ndarray:
    """(K, N, C) answers of one kernel model to Action Units and voice functionals side by side."""
    units, sound = Published(data_dir).action_units, clip_functionals(data_dir)
    faces = dict(zip(units.clips, plain_features(units.features), strict=True))
    features = np.array([np.concatenate([faces[clip], sound[clip]]) for clip in rows.clips])
    model = kernel_model(config, strength=config.kernel_c, columns=features.shape[1], seed=SEEDS[0])
    return nested_outputs(model, features, truth=rows.truth, folds=rows.folds)


def record_voice_au(name: str, data_dir: Path, out: Path, *, config: Config | None = None) -> Path:
    """Measure all rows; reads the voice answers below `out`, writes `out`/models/NAME.json."""
    began, found = process_time(), {}
    answers = read_posteriors(Path(out) / VOICE_ANSWERS)
    for row, adapted in (("plain", False), ("person_adapted", True)):
        rows, units = outputs(data_dir, adapted=adapted, seed=SEEDS[0], config=config)
        voice = voice_stream(answers, rows)
        both = fused_candidates(voice, units, persons=rows.persons, adapted=adapted)
        found[row] = chosen_row(rows, both, system=name, adapted=adapted)
        if not adapted:
            face, names = chosen_row(rows, units, system=FACE, adapted=False)
            stacked = fuse([rows.answered(voice, VOICE), face], method="stacking")
            found["plain, stacking"] = stacked, names
            joint = {"kernel": {name: concatenated(data_dir, rows, config or PLAIN)}}
            found["plain, concatenation"] = chosen_row(rows, joint, system=name, adapted=False)
    return write_record(
        name,
        out,
        rows={row: scored_row([of_row]) for row, of_row in found.items()},
        began=began,
        command=f"python -m emofuse.systems.voice_au {name} --data DATA",
        protocol=PROTOCOL,
        split_hash=Published(data_dir).plan.hash,
        voice_alone=stated_scores(rows.answered(voice, VOICE)),
        note="The fuser of a fold is fitted on held-out answers of the other folds; the voice "
        "networks behind those have seen that fold's persons in their own training. `plain` and "
        "`person_adapted` are log-linear pools. One seed of either model.",
    )


def main() -> int:
    about = __doc__.splitlines()[0]
    return run_recorder(record_voice_au, about=about, names=(NAME,), results="results")


if __name__ == "__main__":
    raise SystemExit(main())

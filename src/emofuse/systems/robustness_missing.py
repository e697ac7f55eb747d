"""What is left of a fused answer when a modality is missing: voice × face on RAVDESS.

The published held-out outputs of wav2vec2 and the Action-Unit bi-LSTM; pool weights fitted on the
other folds. Nothing is fitted again for what is missing: that is what happens in use.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.evaluation import ConditionScore
from emofuse.training.fusers import Streams, fit_fuser

from .audit.xlsr_data import BILSTM, PROTOCOL, WAV2VEC, Published
from .robustness_table import Table, answered_score

SHOWN = {"both": (True, True), "face missing": (True, False), "voice missing": (False, True)}


def missing_table(data_dir: Path) -> Table:
    """Both, voice alone, face alone."""
    streams = Published(data_dir).streams(WAV2VEC, BILSTM)
    return Table(
        name="missing",
        title="RAVDESS, voice and face pooled: a modality missing",
        rows=tuple(missing_scores(streams)),
        chance=1 / len(streams.label_set),
        protocol=f"{PROTOCOL}; pool fitted on the other folds",
        stamps=streams.stamps,
        notes=(f"voice: {WAV2VEC}; face: {BILSTM}; as published by Luna-Jiménez et al. 2022",),
    )


def missing_scores(streams: Streams) -> list[ConditionScore]:
    """One score each of `SHOWN`, for streams in the order voice, face."""
    found = []
    for condition, present in SHOWN.items():
        fused = np.zeros(streams.log_probs.shape[1:])
        for fold in np.unique(streams.folds):
            here = streams.folds == fold
            fuser = fit_fuser(streams.take(~here), "pool")
            mask = np.tile(np.array(present)[:, None], (1, here.sum()))
            fused[here] = fuser(streams.log_probs[:, here], mask=mask)
        coverage = np.ones(len(fused))
        found.append(answered_score(fused, streams.truth, coverage=coverage, condition=condition))
    return found

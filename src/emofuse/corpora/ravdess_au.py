"""Clip means of OpenFace Action Units on RAVDESS, as published with the 86.70 % fusion.

Luna-Jiménez, Kleinlein, Griol, Callejas, Montero & Fernández-Martínez (2021), "A Proposal for
Multimodal Emotion Recognition Using Aural Transformers and Action Units on RAVDESS Dataset",
Applied Sciences 12(1) 327; repository MMEmotionRecognition (MIT). The row order of the table
matters for refitting their models, so clips keep it.
"""

from __future__ import annotations

from .corpus import Corpus
from .ravdess import MEANS_TABLE, describe, means_table_stems, performance
from .scan import Scan


def read(scan: Scan) -> None:
    """One clip a row, in the file's order; `View.row` counts from 0 after the header."""
    scan.use_labels("ravdess8")
    for path in scan.files(f"**/{MEANS_TABLE}"):
        for row, stem in enumerate(means_table_stems(path)):
            key = performance(stem)
            described = describe(key)
            if isinstance(described, str):
                scan.skip(f"{scan.relative(path)}#{row}", described)
                continue
            scan.add(key, views=(scan.view("features", path, row=row),), **described)


CORPUS = Corpus(
    name="ravdess-au",
    title="RAVDESS Action-Unit means",
    label_set="ravdess8",
    licence="MIT, derived from RAVDESS (CC BY-NC-SA 4.0)",
    source="Luna-Jiménez et al. (2021), Applied Sciences 12(1) 327",
    people="24 actors, 60 clips each",
    modalities=("features",),
    layout=f"**/{MEANS_TABLE}: 17 intensities, 18 presences, speech; name, path, index; ';'",
    read=read,
)

"""The shipped face model on worse pictures: FER2013 PrivateTest, which it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emofuse.bundle import Bundle, find_bundle
from emofuse.core import InputError
from emofuse.corpora import read_corpus
from emofuse.evaluation import ConditionScore
from emofuse.protocols import Stamp
from emofuse.training.face_crops import face_crops, to_tensor

from .robustness_changes import PICTURES, Change
from .robustness_table import Table, answered_score

BUNDLE, DATA = "face-fer", Path("fer2013")
SUBSET, SEED, BATCH = 1200, 2020, 100


def face_table(data_dir: Path) -> Table:
    """Every change of `PICTURES` on the same random faces of PrivateTest."""
    bundle = find_bundle(BUNDLE)
    manifest = read_corpus("fer2013", data_dir / DATA)
    clips = [clip for clip in manifest.clips if clip.official_split == "test"]
    rows = np.random.default_rng(SEED).permutation(len(clips))[:SUBSET]
    chosen = [clips[row] for row in sorted(rows)]
    view = chosen[0].view("image")
    with np.load(manifest.root / view.path, allow_pickle=False) as stored:
        pictures = stored["x"][[clip.view("image").row for clip in chosen]]
    labels = bundle.spec.label_order
    truth = np.array([labels.index(clip.label) for clip in chosen])
    return Table(
        name="face",
        title="Face model, FER2013 PrivateTest",
        rows=tuple(face_scores(bundle, pictures, truth)),
        chance=1 / len(labels),
        protocol=f"FER2013 official; {len(chosen)} random faces of PrivateTest",
        stamps=(str(Stamp.OFFICIAL),),
        notes=(
            "Changes are made on the 48x48 picture, before the mesh and the crop.",
            "No mesh found counts as coverage 0, as a face that is lost in use.",
            "In use the quality of a face (size, blur, light) takes more answers back than here.",
        ),
    )


def face_scores(
    bundle: Bundle,
    pictures: np.ndarray,
    truth: np.ndarray,
    *,
    changes: tuple[Change, ...] = PICTURES,
) -> Iterator[ConditionScore]:
    """One score a change, for grey pictures (N, H, W) uint8 and label numbers (N,)."""
    part = bundle.spec.inputs[0]
    if part.front_end != "aligned_gray":
        raise InputError(bundle.folder, f"is fed {part.front_end}", "use a face bundle of crops")
    for change in changes:
        rng = np.random.default_rng(SEED)
        crops = face_crops(np.stack([change.apply(p, rng) for p in pictures]), **part.parameters)
        inputs = to_tensor(crops.pixels).numpy()
        logits = [bundle.logits(inputs[i : i + BATCH]) for i in range(0, len(inputs), BATCH)]
        yield answered_score(
            bundle.calibrated(np.concatenate(logits)),
            truth,
            coverage=crops.aligned.astype(float),
            condition=change.condition,
            level=change.level,
        )

"""Known overlaps of real data sets; skipped where the data are not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD
from emofuse.corpora import read_corpus
from emofuse.posteriors import read_published
from emofuse.protocols import detect_in_sample, near_duplicate_leak, plan_splits


def test_meld_lists_331_verbatim_lines_and_its_speakers(data_dir):
    plan = plan_splits("official", read_corpus("meld", data_dir / "text" / "MELD").clips)
    (split,) = plan.splits
    assert [len(split.train), len(split.validation), len(split.test)] == [9989, 1109, 2610]
    found = {leak.kind: len(leak.ids) for leak in plan.overlaps if leak.parts == ("train", "test")}
    assert found["text"] == 331
    assert round(found["subject"] / 2610, 3) == 0.958
    assert len(plan.without_duplicates()[0].test) == 2610 - len(plan.duplicates)


@pytest.mark.slow
def test_fer2013_has_308_near_identical_faces(data_dir):
    arrays = np.load(data_dir / "fer2013" / "fer2013.npz", allow_pickle=False)
    pictures, usage = arrays["x"], arrays["usage"]
    ids = [f"{row:05}" for row in np.flatnonzero(usage == 2)]
    leak = near_duplicate_leak(ids, pictures[usage == 2], pictures[usage == 0])
    assert len(leak.ids) == 308
    clips = read_corpus("fer2013", data_dir / "fer2013").clips
    plan = plan_splits("official", clips, known_overlaps=[leak])
    assert plan.duplicates == set(leak.ids)


def test_the_ravdess_pair_of_actor_07_does_not_stop_the_folds(data_dir):
    clips = read_corpus("ravdess", data_dir / "ravdess" / "speech").clips
    hashes = [view.sha256 for clip in clips for view in clip.views if view.kind == "audio"]
    assert len(hashes) - len(set(hashes)) == 1
    assert plan_splits("ravdess-5fold", clips).stamps == ()


@pytest.mark.parametrize("system", ["wav2vec2", "au-bilstm", "au-mlp80"])
def test_published_training_outputs_are_detected_and_test_outputs_are_not(data_dir, system):
    folder = data_dir / "ravdess" / "published"
    test = read_published(folder, system)
    declared = read_published(folder, system, role=IN_SAMPLE)
    hidden = replace(declared, role=OUT_OF_FOLD)
    assert detect_in_sample(declared) is not None
    for fold in range(5):
        tested = test.select(test.fold == fold)
        assert detect_in_sample(hidden.select(hidden.fold == fold), test=tested) is not None
        assert detect_in_sample(test.select(test.fold != fold), test=tested) is None

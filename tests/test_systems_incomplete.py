"""The incomplete-data table: what is left when a modality is taken away."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import Clip, InputError, LabelSet  # noqa: E402
from emofuse.systems.incomplete import COLUMNS, incomplete_table, without  # noqa: E402
from emofuse.training.examples import Examples, Input  # noqa: E402
from synth_runs import TWO_FOLDS, made_corpus, once_each, some, tiny  # noqa: E402

TWO = LabelSet("two", ("calm", "angry"))


def made() -> Examples:
    clips = tuple(Clip(f"c{i}", "made", label="calm", label_set="two") for i in range(2))
    sound = Input("audio", [np.ones((3, 2), np.float32)] * 2, mask="audio_mask")
    film = Input("video", [np.full((4, 2, 2, 3), 9, np.uint8)] * 2)
    return Examples(clips, TWO, (sound, film), np.zeros(2, int))


def test_what_has_a_mask_is_absent_and_what_has_none_is_zero():
    gone = without(made(), "audio", "absent", seed=0).named_batch(np.arange(2))
    assert not gone["audio_mask"].any()
    black = without(made(), "video", "absent", seed=0).named_batch(np.arange(2))
    assert black["video"].shape == (2, 4, 2, 2, 3) and not black["video"].any()
    assert black["audio_mask"].all(), "the other one stays"


@pytest.mark.parametrize("name", ["audio", "video"])
def test_noise_has_the_shape_and_type_of_what_it_replaces(name):
    whole, noisy = made(), without(made(), name, "noise", seed=0)
    before, after = (next(p for p in e.inputs if p.name == name).values[0] for e in (whole, noisy))
    assert before.shape == after.shape and before.dtype == after.dtype
    assert np.isfinite(after.astype(float)).all()


def test_other_inputs_are_refused():
    with pytest.raises(InputError, match="choose audio or video"):
        without(made(), "text", "absent", seed=0)


@pytest.mark.slow
def test_the_table_has_a_row_a_combination(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    manifest = made_corpus("ravdess", tmp_path, persons=4, kinds="audio_video")
    manifest, _ = some(manifest, tmp_path, once_each)
    rows = incomplete_table(
        manifest,
        protocol="subject-kfold",
        settings={**tiny("av-hybrid-fusion"), **TWO_FOLDS},
        out=tmp_path / "table",
        dropouts=("none", "softhard"),
    )
    assert [(row["fusion"], row["dropout"]) for row in rows] == [
        (fusion, dropout) for fusion in ("lt", "it", "ia") for dropout in ("none", "softhard")
    ]
    assert all(0 <= row[column] <= 1 for row in rows for column in COLUMNS)

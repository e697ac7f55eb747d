"""Posterior files: what goes in comes out, and what is broken is refused with the reason."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import (
    IN_SAMPLE,
    LABEL_SETS,
    OUT_OF_FOLD,
    InputError,
    LabelSet,
    Posteriors,
    label_set,
    softmax,
)
from emofuse.posteriors import PUBLISHED, read_posteriors, read_published, write_posteriors

STEM = "01-01-{code:02d}-01-01-01-{actor:02d}"


def make(labels: LabelSet, n: int, seed: int = 0, scale="prob") -> Posteriors:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(labels)))
    return Posteriors(
        tuple(f"clip-{i}" for i in range(n)),
        softmax(values) if scale == "prob" else values,
        labels,
        scale,
        "system",
        np.where(rng.random(n) < 0.5, IN_SAMPLE, OUT_OF_FOLD),
        rng.integers(-1, 5, n),
        rng.integers(-1, len(labels), n),
        tuple(f"{i % 3}" for i in range(n)),
        ("LEAKY",),
    )


def assert_same(a: Posteriors, b: Posteriors) -> None:
    for name in ("clips", "subjects", "label_set", "scale", "system", "stamps"):
        assert getattr(a, name) == getattr(b, name)
    for name in ("values", "role", "fold", "truth"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(LABEL_SETS)),
    st.integers(0, 9),
    st.sampled_from(["prob", "logit"]),
    st.integers(0, 999),
)
def test_a_file_gives_back_what_was_written(tmp_path_factory, name, n, scale, seed):
    posteriors = make(label_set(name), n, seed, scale)
    path = tmp_path_factory.mktemp("files") / "deep" / "p.parquet"
    assert_same(read_posteriors(write_posteriors(posteriors, path)), posteriors)
    assert [p.name for p in path.parent.iterdir()] == ["p.parquet"]  # no temporary file is left


def test_an_order_that_is_not_registered_survives(tmp_path):
    labels = LabelSet("mine", ("b", "a"))
    read = read_posteriors(write_posteriors(make(labels, 4), tmp_path / "p.parquet"))
    assert read.label_set == labels


def broken(tmp_path, change):
    """A good file with its table changed by `change`."""
    path = write_posteriors(make(label_set("high-low"), 3), tmp_path / "p.parquet")
    pq.write_table(change(pq.read_table(path)), path)
    return path


def with_column(name, values):
    return lambda table: table.set_column(table.column_names.index(name), name, pa.array(values))


def as_future(table):
    about = json.loads(table.schema.metadata[b"emofuse"]) | {"schema": 99}
    return table.replace_schema_metadata({b"emofuse": json.dumps(about)})


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda t: t.drop_columns(["role"]), "missing"),
        (lambda t: t.replace_schema_metadata(None), "label order"),
        (with_column("system", ["a", "b", "system"]), "mixes"),
        (with_column("truth", ["low", "medium", "high"]), "medium"),
        (with_column("role", ["trained", "x", "y"]), "roles"),
        (with_column("values", [[0.5, 0.5], [0.5, 0.6], [1.0, 0.0]]), "sum to 1"),
        (with_column("values", [[0.5, 0.5], [float("nan"), 0.6], [1.0, 0.0]]), "NaN"),
        (with_column("values", [[0.5, 0.5], [0.5], [1.0, 0.0]]), "not a posteriors file"),
        (as_future, "schema 99"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path, change, reason):
    with pytest.raises(InputError, match=reason) as caught:
        read_posteriors(broken(tmp_path, change))
    assert "\n" not in str(caught.value)


def test_no_file_and_no_parquet_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_posteriors(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(InputError, match="not a posteriors file"):
        read_posteriors(tmp_path / "text.parquet")


def published_folder(tmp_path, *, train_names=None):
    """The layout of the published MLP files: 5 folds, 8 test and 8 training clips each."""
    folder = tmp_path / "posteriors" / "avg_MLP80_AUs" / "posteriors"
    folder.mkdir(parents=True)
    header = ";".join([*(f"embs{i}" for i in range(8)), "video_name"])
    for fold in range(5):
        for part, actor in (("test", fold + 1), ("train", fold + 11)):
            names = [STEM.format(code=code, actor=actor) for code in range(1, 9)]
            if part == "train" and train_names:
                names = train_names(fold)
            rows = [
                ";".join([*(str(0.3 if i == j else 0.1) for i in range(8)), name])
                for j, name in enumerate(names)
            ]
            (folder / f"{part}_fold{fold}.csv").write_text("\n".join([header, *rows]))
    return tmp_path


def test_published_rows_become_clips_with_truth_person_and_fold(tmp_path):
    read = read_published(published_folder(tmp_path), "au-mlp80")
    assert len(read) == 40 and read.label_set == label_set("ravdess8")
    assert set(read.role) == {OUT_OF_FOLD}
    assert (read.truth == read.values.argmax(1)).all()
    assert sorted(set(read.subjects)) == ["01", "02", "03", "04", "05"]
    assert (np.bincount(read.fold) == 8).all()
    assert read.clips[0] == "01-01-01-01-01-01"  # the performance, whichever file showed it


@pytest.mark.parametrize(
    "names, reason",
    [
        (lambda fold: [""] * 8, "8 of 8 rows have no clip name"),
        (lambda fold: [STEM.format(code=1, actor=20)] * 8, "7 of 8 rows repeat"),
        (
            lambda fold: [STEM.format(code=c, actor=fold + 1) for c in range(1, 9)],
            "named like test clips",
        ),
        (lambda fold: ["01-01-09-01-01-01-01"] + ["x"] * 7, "not a posteriors|no RAVDESS clip"),
    ],
)
def test_broken_published_names_are_refused_with_the_reason(tmp_path, names, reason):
    folder = published_folder(tmp_path, train_names=names)
    assert len(read_published(folder, "au-mlp80")) == 40
    with pytest.raises(InputError, match=reason):
        read_published(folder, "au-mlp80", role=IN_SAMPLE)


def test_unknown_systems_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="au-mlp80"):
        read_published(tmp_path, "resnet")
    with pytest.raises(InputError, match="no such file"):
        read_published(tmp_path, "wav2vec2")


@pytest.mark.parametrize(
    "system, correct, in_sample_accuracy",
    [("wav2vec2", 1180, 0.9934), ("au-bilstm", 898, 0.9064), ("au-mlp80", 870, 0.8078)],
)
def test_golden_published_outputs(data_dir, system, correct, in_sample_accuracy):
    folder = data_dir / "ravdess" / "published"
    test, train = (read_published(folder, system, role=r) for r in (OUT_OF_FOLD, IN_SAMPLE))
    assert len(test) == 1440 and len(train) == 5760
    assert (test.values.argmax(1) == test.truth).sum() == correct
    assert (train.values.argmax(1) == train.truth).mean() == pytest.approx(
        in_sample_accuracy, abs=1e-3
    )


def test_golden_fusion_and_its_broken_training_files(data_dir):
    folder = data_dir / "ravdess" / "published"
    fusion = read_published(folder, "fusion")
    assert (fusion.values.argmax(1) == fusion.truth).sum() == 1249
    assert PUBLISHED["fusion"].stamps == fusion.stamps
    with pytest.raises(InputError, match="840 of 1140 rows have no clip name"):
        read_published(folder, "fusion", role=IN_SAMPLE)

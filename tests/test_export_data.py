"""JSON, CSV and Parquet give back what was saved."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from emofuse.core import InputError
from emofuse.export import dumps, load, save
from timelines import assert_same, empty, talk, timelines

DATA_FORMATS = ["json", "csv", "parquet"]
examples = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    text = (resources.files("emofuse.export") / "timeline.schema.json").read_text("utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("format", DATA_FORMATS)
@given(timeline=timelines())
@examples
def test_what_was_saved_is_loaded(tmp_path: Path, format: str, timeline) -> None:
    path = save(timeline, tmp_path / "any", format=format)
    assert_same(timeline, load(path, format=format))


@given(timeline=timelines())
@examples
def test_json_obeys_the_shipped_schema(schema, timeline) -> None:
    schema.validate(json.loads(dumps(timeline)))


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: d.update(schema=2),
        lambda d: d.pop("persons"),
        lambda d: d["persons"][0].update(mood="good"),
        lambda d: d["persons"][0]["fused"].__setitem__(0, [2.0] * 7),
        lambda d: d["outcomes"][0].update(kind="Boredom"),
    ],
)
def test_schema_refuses_what_is_wrong(schema, harm) -> None:
    document = json.loads(dumps(talk(seconds=4)))
    harm(document)
    assert not schema.is_valid(document)


def test_schema_knows_every_outcome(schema) -> None:
    from emofuse.core.outcome import OUTCOMES

    assert set(schema.schema["$defs"]["outcome"]["properties"]["kind"]["enum"]) == set(OUTCOMES)


def test_masked_values_are_null_and_pictures_stay_out() -> None:
    text = dumps(talk())
    assert "NaN" not in text
    document = json.loads(text)
    assert document["persons"][0]["streams"]["voice"]["probabilities"] == [None] * 57
    assert "thumbnails" not in document


def test_options_may_hold_paths_and_numpy_values() -> None:
    import numpy as np

    timeline = replace(empty(), options={"model": Path("a/b"), "window": np.float64(2.0)})
    assert json.loads(dumps(timeline))["options"] == {"model": "a/b", "window": 2.0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not an emofuse timeline"),
        ("[1]", "not an emofuse timeline"),
        ('{"a": 1}', "not an emofuse timeline"),
        ('{"format": "emofuse.timeline", "schema": 99}', "schema 99"),
        ('{"format": "emofuse.timeline", "schema": 1}', "'starts'"),
        ("\x00\x01", "not an emofuse timeline"),
    ],
)
def test_foreign_json_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        load(path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: d["starts"].append(9.0),
        lambda d: d["persons"][0]["coverage"].__setitem__(0, None),
        lambda d: d["persons"][0]["fused"][0].pop(),
        lambda d: d["persons"][0]["streams"].pop("face"),
        lambda d: d["outcomes"][0].update(kind="Boredom"),
        lambda d: d.update(voice_owner=["p1"]),
        lambda d: d["label_set"].update(labels=["happy", "happy"]),
    ],
)
def test_json_that_contradicts_itself_is_refused(tmp_path: Path, harm) -> None:
    document = json.loads(dumps(talk(seconds=4)))
    harm(document)
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="not an emofuse timeline"):
        load(path)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_foreign_tables_are_refused(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"t.{format}"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not an emofuse timeline"):
        load(path)


def test_csv_is_plain_for_other_programs(tmp_path: Path) -> None:
    import pandas

    timeline = talk()
    table = pandas.read_csv(save(timeline, tmp_path / "t.csv"))
    assert list(table)[:4] == ["person", "window", "start_seconds", "end_seconds"]
    assert len(table) == 3 * len(timeline)
    assert table["fused_happy"].dtype == float
    assert table["voice_happy"].isna().sum() == 2 * len(timeline) + 6


def test_csv_with_a_row_missing_is_refused(tmp_path: Path) -> None:
    path = save(talk(), tmp_path / "t.csv")
    rows = list(csv.reader(path.open(newline="")))
    del rows[100]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(InputError, match="rows are missing"):
        load(path)


@pytest.mark.parametrize("format", DATA_FORMATS)
def test_a_recording_with_nobody_in_it(tmp_path: Path, format: str) -> None:
    for timeline in (empty(), empty(windows=4)):
        assert_same(timeline, load(save(timeline, tmp_path / f"t.{format}")))

"""The research commands: thin mirrors that refuse what leaks and print one line of error."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, Posteriors, concatenate, label_set
from emofuse.posteriors import read_posteriors, write_posteriors

LABELS = label_set("basic7")


def system(name, *, skill, seed, role=OUT_OF_FOLD):
    """Posteriors of 6 people x 20 clips in 3 folds; `skill` is how far the truth stands out."""
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, 7, 120)
    logits = rng.normal(0, 1, (120, 7))
    logits[np.arange(120), truth] += skill
    person = np.repeat(np.arange(6), 20)
    return Posteriors(
        tuple(f"clip-{i}" for i in range(120)),
        logits,
        LABELS,
        "logit",
        name,
        role,
        fold=person // 2,
        truth=truth,
        subjects=tuple(f"p{p}" for p in person),
    )


@pytest.fixture
def files(tmp_path):
    parts = {"a": system("a", skill=1.5, seed=1), "b": system("b", skill=2.0, seed=2)}
    for name, part in parts.items():
        write_posteriors(part, tmp_path / f"{name}.parquet")
    return tmp_path / "a.parquet", tmp_path / "b.parquet"


def test_fuse_evaluate_compare_and_report_follow_each_other(run, files, tmp_path):
    fused = tmp_path / "fused.parquet"
    code, out, err = run("fuse", *files, "--method", "pool", "--out", fused, "--json")
    assert code == 0, err
    both = json.loads(out[: out.rindex("}") + 1])
    code, out, _ = run("evaluate", *files, "--json")
    alone = json.loads(out)
    assert both["scores"]["accuracy"] > max(one["scores"]["accuracy"] for one in alone)
    assert both["split_hash"] == alone[0]["split_hash"]
    code, out, _ = run("compare", files[0], fused, "--json")
    assert json.loads(out)["n"] == 120
    code, out, _ = run("report", fused, "--out", tmp_path / "r.html", "--against", files[0])
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert code == 0 and "pool(a + b)" in page and "http" not in page.split("<body")[0]


def test_stacking_on_in_sample_outputs_is_refused_unless_asked_for_and_then_stamped(run, tmp_path):
    paths = []
    for name, seed in (("a", 1), ("b", 2)):
        test = system(name, skill=1.5, seed=seed)
        train = system(name, skill=6.0, seed=seed + 10, role=IN_SAMPLE)
        paths.append(write_posteriors(concatenate([test, train]), tmp_path / f"{name}.parquet"))
    code, _, err = run("fuse", *paths, "--method", "stacking", "--split", "in-sample")
    assert code == 2 and "leakage" in err and "in_sample" in err and err.count("\n") == 1
    out = tmp_path / "leaky.parquet"
    arguments = ["--method", "stacking", "--split", "in-sample", "--allow-leakage", "--out", out]
    assert run("fuse", *paths, *arguments)[0] == 0
    assert "LEAKY" in read_posteriors(out).stamps


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["evaluate", "nowhere.parquet"], "nowhere.parquet"),
        (["fuse", "{a}", "{b}", "--method", "magic"], "magic"),
        (["audit", "unknown"], "no audit"),
        (["prepare", "nothing", "--root", "."], "no such corpus"),
        (["synth", "nothing", "--out", "x"], "cannot be synthesised"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, files, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [argument.format(a=files[0], b=files[1]) for argument in arguments]
    code, out, err = run(*given)
    assert code == 2 and says in out + err and "Traceback" not in out + err


def test_a_made_up_corpus_is_prepared(run, tmp_path):
    assert run("synth", "emodb", "--out", tmp_path / "emodb", "--persons", "2")[0] == 0
    manifest = tmp_path / "emodb.parquet"
    code, out, _ = run(
        "prepare", "emodb", "--root", tmp_path / "emodb", "--out", manifest, "--json"
    )
    summary = json.loads(out)
    assert code == 0 and summary["subjects"] == 2 and summary["clips"] > 10 and manifest.exists()


def test_corpora_lists_labels_people_and_licences(run):
    code, out, _ = run("corpora", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0 and rows["ravdess"]["labels"] == "ravdess8"
    assert all(row["licence"] and row["people"] for row in rows.values())


def test_agreement_of_two_raters(run, tmp_path):
    for rater, last in (("anna", "sad"), ("ben", "happy")):
        (tmp_path / f"{rater}.csv").write_text(
            "rater,tier,start,end,label\n"
            f"{rater},emotion,0,1,happy\n{rater},emotion,1,2,sad\n"
            f"{rater},emotion,2,3,happy\n{rater},emotion,3,4,{last}\n"
        )
    code, out, err = run("agreement", tmp_path / "anna.csv", tmp_path / "ben.csv", "--json")
    assert code == 0, err
    (row,) = json.loads(out)
    assert (row["tier"], row["raters"], row["units"]) == ("emotion", 2, 4)
    assert 0 < row["alpha_nominal"] < 1 and row["icc_2_1"] is None


def test_many_workers_hash_a_corpus_to_the_same_manifest(run, tmp_path, monkeypatch):
    import emofuse.corpora.hashes as hashes

    run("synth", "emodb", "--out", tmp_path / "emodb", "--persons", "2")
    given = ["prepare", "emodb", "--root", tmp_path / "emodb"]
    assert run(*given, "--out", tmp_path / "one.parquet")[0] == 0

    def never(path):
        raise AssertionError(f"{path} was hashed again by the main process")

    monkeypatch.setattr(hashes, "file_sha256", never)
    code, _, err = run(*given, "--out", tmp_path / "two.parquet", "--jobs", "2")
    assert code == 0, err
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert not list(tmp_path.glob("*.part"))

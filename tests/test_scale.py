"""Many files on a Dask cluster: nothing lost, nothing twice, whatever is killed."""

from __future__ import annotations

import datetime
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from clusters import cluster, make_clips
from emofuse.analysis import Options
from emofuse.core import InputError
from emofuse.scale import QUIET, Job, batch, collect, map_unordered, run_batch
from servers import free_port

distributed = pytest.importorskip(
    "distributed", reason="no Dask; install it with: pip install 'emofuse[scale]'"
)
VOICE_ONLY = Options(modalities=("voice",), thumbnails=False)
KILL_EVERY_SECONDS = 20.0
REPOSITORY = Path(__file__).parents[1]


def lines(out: Path) -> list[dict]:
    text = (out / "emofuse-run.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["result"] for line in text.splitlines()]


def assert_each_once(out: Path, clips: Path):
    """Every clip has one line in the run manifest and one whole result; nothing else is there."""
    names = sorted(path.stem for path in clips.iterdir())
    assert sorted(Path(line["path"]).stem for line in lines(out)) == names
    results = [path for path in out.rglob("*") if path.suffix != ".jsonl" and path.is_file()]
    assert sorted(path.stem for path in results) == names
    for path in results:
        json.loads(path.read_text(encoding="utf-8"))


def test_a_killed_worker_loses_and_repeats_nothing(tmp_path):
    clips = make_clips(tmp_path / "clips", 12)
    job = Job(VOICE_ONLY, tmp_path / "out")
    with cluster(tmp_path / "dask") as running:
        done = []
        for result in run_batch(collect([clips]), job, scheduler=running.address):
            done.append(result)
            if len(done) in (3, 7):
                running.kill_a_worker()
    assert {result.status for result in done} == {"done"}
    assert_each_once(tmp_path / "out", clips)


def test_what_a_killed_worker_left_is_cleared_away(tmp_path):
    """A process that is killed while it writes leaves its scratch name (2,000 clips left four)."""
    clips, out = make_clips(tmp_path / "clips", 2), tmp_path / "out"
    list(run_batch(collect([clips]), Job(VOICE_ONLY, out)))
    (result,) = out.rglob("clip0001.json")
    result.with_name("._ryxorx_-clip0001.json").write_text("{")
    mine = result.with_name(".hidden-of-the-user.txt")
    mine.write_text("mine")
    list(run_batch(collect([clips]), Job(VOICE_ONLY, out)))
    mine.unlink()
    assert_each_once(out, clips)


def test_a_poisoned_file_does_not_stop_the_run(tmp_path, monkeypatch):
    """Nor do relative paths, which mean nothing where the worker runs."""
    monkeypatch.chdir(tmp_path)
    clips = make_clips(tmp_path / "clips", 4)
    (clips / "poison.mp4").write_bytes(b"\0" * 5000)
    with cluster(tmp_path / "dask", workers=1) as running:
        job = Job(VOICE_ONLY, Path("out"))
        results = list(run_batch(collect(["clips"]), job, scheduler=running.address))
    assert {result.path for result in results} == {f"clips/{path.name}" for path in clips.iterdir()}
    by_status = {
        r.status: [Path(x.path).name for x in results if x.status == r.status] for r in results
    }
    assert by_status["failed"] == ["poison.mp4"] and len(by_status["done"]) == 4


def slow_or_deadly(name: str) -> str:
    """Ends the worker that runs it when the name says so."""
    if name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def test_a_file_that_kills_every_worker_is_given_up(tmp_path):
    """After its retries the item comes back with the exception; the others are done."""
    with cluster(tmp_path / "dask", workers=1) as running:
        stop = threading.Event()

        def revive():
            while not stop.wait(0.2):
                if running.workers[-1].poll() is not None:
                    running.add_worker()

        reviver = threading.Thread(target=revive)
        reviver.start()
        try:
            items = ["deadly", *(f"item{i}" for i in range(5))]
            found = dict(map_unordered(slow_or_deadly, items, scheduler=running.address))
        finally:
            stop.set()
            reviver.join()
    assert isinstance(found.pop("deadly"), Exception)
    assert found == {name: name for name in items[1:]}


def test_a_file_that_kills_its_process_is_given_up_without_a_cluster(tmp_path):
    items = ["deadly", *(f"item{i}" for i in range(5))]
    found = dict(map_unordered(slow_or_deadly, items, jobs=2))
    assert isinstance(found.pop("deadly"), Exception)
    assert found == {name: name for name in items[1:]}


def test_after_the_scheduler_was_killed_the_same_command_goes_on(tmp_path):
    # Long enough that the cluster cannot be through with all of them when the first is back.
    clips = make_clips(tmp_path / "clips", 40, seconds=10)
    job, tasks = Job(VOICE_ONLY, tmp_path / "out"), collect([clips])
    first = []
    with cluster(tmp_path / "dask") as running, pytest.raises(InputError, match="run the same"):
        for result in run_batch(tasks, job, scheduler=running.address):
            if not first:
                running.scheduler.kill()
            first.append(result)
    assert 1 <= len(first) < len(tasks)
    with cluster(tmp_path / "again") as running:
        second = list(run_batch(tasks, job, scheduler=running.address))
    assert sum(result.status == "kept" for result in second) == len(first)
    assert {result.status for result in second} == {"kept", "done"}
    assert_each_once(tmp_path / "out", clips)


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("emofuse.scale.workers.CONNECT_SECONDS", 1)
    clips = make_clips(tmp_path / "clips", 1)
    with pytest.raises(InputError, match="start one with"):
        list(run_batch(collect([clips]), Job(), scheduler=f"tcp://127.0.0.1:{free_port()}"))


def test_processes_here_do_the_same(tmp_path):
    clips = make_clips(tmp_path / "clips", 3)
    results = list(run_batch(collect([clips]), Job(VOICE_ONLY, tmp_path / "out"), jobs=2))
    assert {result.status for result in results} == {"done"}
    assert_each_once(tmp_path / "out", clips)


def test_a_run_reads_its_models_once_and_the_next_run_again(tmp_path, monkeypatch):
    loaded = []
    real = batch.load_bundles
    monkeypatch.setattr(batch, "load_bundles", lambda options: loaded.append(1) or real(options))
    clips = make_clips(tmp_path / "clips", 3)
    for _ in range(2):
        results = list(run_batch(collect([clips]), Job(VOICE_ONLY)))
        assert {result.status for result in results} == {"done"}
    assert len(loaded) == 2


def test_the_quiet_settings_of_the_guide_are_those_that_were_measured():
    """docs/scale.md gives them as variables, which Dask reads."""
    guide = (REPOSITORY / "docs/scale.md").read_text(encoding="utf-8")
    for name, value in QUIET.items():
        variable = "DASK_" + name.upper().replace(".", "__").replace("-", "_")
        assert f"export {variable}={value}" in guide


def newest(name: str) -> dict:
    """The latest report of `emofuse bench NAME`."""
    found = sorted((REPOSITORY / "results/bench").glob(f"????-??-??-{name}.json"))
    return json.loads(found[-1].read_text(encoding="utf-8"))


def test_the_numbers_of_the_guide_are_measured():
    """Its tables say what results/bench/ says, and a million hours follow from that."""
    guide = (REPOSITORY / "docs/scale.md").read_text(encoding="utf-8")
    report = newest("cost")
    cost = {row["what"]: row["value"] for row in report["rows"]}
    assert report["date"] in guide
    told = [f"| {r['what']} | {r['value']:.0f} {r['unit']} |" for r in report["rows"]]
    shares = [r for r in newest("scale")["rows"] if r["unit"] == "%"]
    told += [f"| {r['what']} | {r['value']:.0f} % |" for r in shares]
    assert not [line for line in told if line not in guide]
    for kind in ("film: face, voice and words, every frame followed", "sound: voice"):
        assert f"{1000 * round(cost[kind]):,} core hours" in guide
    # A window begins every half second.
    terabytes = 7.2e9 * cost["result as JSON"] / 1e12
    assert f"7.2·10⁹ windows, {terabytes:.0f} TB" in guide


@pytest.mark.slow
def test_two_thousand_clips_with_a_worker_killed_every_twenty_seconds(tmp_path):
    """None lost, none twice. `EMOFUSE_ARTEFACTS` names a folder that gets what was counted."""
    clips = make_clips(tmp_path / "clips", 2000)
    job = Job(VOICE_ONLY, tmp_path / "out")
    began = time.monotonic()
    with cluster(tmp_path / "dask") as running:
        last, kills, statuses = time.monotonic(), 0, []
        for result in run_batch(collect([clips]), job, scheduler=running.address):
            statuses.append(result.status)
            # Where a worker takes longer than that to start, the next one dies after its start.
            if time.monotonic() - last > KILL_EVERY_SECONDS and running.all_have_come():
                running.kill_a_worker()
                last, kills = time.monotonic(), kills + 1
    assert statuses == ["done"] * 2000 and kills >= 1
    assert_each_once(tmp_path / "out", clips)
    if folder := os.environ.get("EMOFUSE_ARTEFACTS"):
        today = datetime.date.today().isoformat()
        counted = {
            "date": today,
            "what": "clips of sound through Dask, a worker killed every 20 s",
            "workers": 2,
            "clips": 2000,
            "workers_killed": kills,
            "done": len(statuses),
            "lost": 0,
            "twice": 0,
            "seconds": round(time.monotonic() - began, 1),
        }
        path = Path(folder) / f"{today}-killed-workers.json"
        path.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")

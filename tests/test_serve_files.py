"""`/v1/analyses`: uploads, progress, results, cancelling, expiry; and what is refused."""

from __future__ import annotations

import json
import logging
import socket
import struct
import time

import httpx
import numpy as np
import pytest

import emofuse
from emofuse import export
from emofuse.core import InputError
from emofuse.media import write_example, write_wav
from emofuse.serve import Settings, create_app
from emofuse.serve.store import DONE, FAILED, JobStore, sole_owner
from media_samples import write_clip
from servers import finished, served, wait_until


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def address(folder):
    with served(folder, transcript_bytes=200_000, transcript_cues=500, worker_bytes=4 << 30) as at:
        yield at


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second of pictures and sound without a face."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


def post(address, data, *, name="clip.mp4", **fields):
    files = {"file": (name, data), **fields.pop("files", {})}
    return httpx.post(f"http://{address}/v1/analyses", files=files, data=fields, timeout=60)


def get(address, path, **options):
    return httpx.get(f"http://{address}{path}", timeout=60, **options)


@pytest.fixture(scope="module")
def done(address, example):
    """The example and its transcript, analysed by the server."""
    words = {"text": ("words.srt", example.with_suffix(".srt").read_bytes())}
    answer = post(address, example.read_bytes(), files=words)
    assert answer.status_code == 202, answer.text
    status = finished(address, answer.json()["id"])
    assert status["state"] == "done", status
    return status


def test_the_server_answers_what_analyse_answers(address, done, example, tmp_path):
    """The uploaded file and the local one have the same windows and probabilities."""
    path = tmp_path / "served.json"
    path.write_bytes(get(address, done["results"]["json"]).content)
    remote, local = export.load(path), emofuse.analyse(example)
    assert remote.starts.tolist() == local.starts.tolist()
    assert [p.person for p in remote.persons] == [p.person for p in local.persons]
    for a, b in zip(remote.persons, local.persons, strict=True):
        np.testing.assert_allclose(a.fused, b.fused, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize(
    ("format", "head"),
    [
        ("json", b'{"format": "emofuse.timeline"'),
        ("csv", b"person,window"),
        ("vtt", b"WEBVTT"),
        ("eaf", b"<?xml"),
        ("textgrid", b'File type = "ooTextFile"'),
        ("png", b"\x89PNG"),
        ("html", b"<!doctype html>"),
    ],
)
def test_a_result_comes_in_every_format(address, done, format, head):
    answer = get(address, done["results"][format])
    assert answer.status_code == 200
    assert answer.content.lower().startswith(head.lower())
    assert "attachment" in answer.headers["content-disposition"]


def test_thumbnails_are_small_pictures_with_a_time(address, done):
    pictures = get(address, f"/v1/analyses/{done['id']}/thumbnails").json()
    assert pictures and pictures[0]["person"] == "person-1" and pictures[0]["seconds"] >= 0


def test_nothing_of_an_upload_stays_on_disk(address, folder, done):
    """Neither the recording nor its name: not as a file, not in the database."""
    assert list((folder / "uploads").iterdir()) == []
    answer = post(address, "1\n00:00:00,000 --> 00:00:02,000\nGood.\n", name="secret-patient.srt")
    finished(address, answer.json()["id"])
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"secret-patient" not in stored


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/evil.mp4", "..\\..\\evil.mp4", "/etc/passwd", "a\x00b", "x" * 3000]
)
def test_a_name_is_no_path(address, folder, clip, name):
    before = {path for path in folder.parent.rglob("*") if "evil" in path.name}
    answer = post(address, clip.read_bytes(), name=name)
    assert answer.status_code in (202, 400)
    assert {path for path in folder.parent.rglob("*") if "evil" in path.name} == before
    names = [path.name for path in (folder / "uploads").iterdir()]
    assert all(len(name.split(".")[0]) == 32 for name in names)


def test_a_recording_is_kept_only_when_asked(address, clip):
    answer = post(address, clip.read_bytes(), keep_media="true").json()
    finished(address, answer["id"])
    media = get(address, f"/v1/analyses/{answer['id']}/media")
    assert media.content == clip.read_bytes()
    assert httpx.delete(f"http://{address}/v1/analyses/{answer['id']}").status_code == 204
    assert get(address, f"/v1/analyses/{answer['id']}").status_code == 404


def cues(count):
    return "".join(f"{i}\n00:00:{i % 60:02d},000 --> 00:00:59,000\nx\n\n" for i in range(count))


@pytest.mark.parametrize(
    ("data", "name", "fields", "status", "reason"),
    [
        (b"", "clip.mp4", {}, 422, "empty"),
        (b"MZ this is no film", "clip.mp4", {}, 422, "text, not a recording"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\0" * 400, "clip.mp4", {}, 422, "index"),
        (cues(2000), "words.srt", {}, 413, "cues"),
        (b"\xff\xfe\x00", "words.srt", {}, 422, "transcript"),
        (b"words", "words.txt", {"options": "{"}, 422, "options"),
        (b"words", "words.txt", {"options": '{"hop_seconds": 1e-9}'}, 422, "hop"),
        (b"words", "words.txt", {"options": '{"models": ["/etc"]}'}, 422, "no such model"),
        (b"words", "words.txt", {"options": '{"labels": "tarot"}'}, 422, "tarot"),
        (b"words", "words.txt", {"options": '{"shell": "rm"}'}, 422, "unknown"),
        (b"words", "words.txt", {"options": '{"window_seconds": NaN}'}, 422, "options"),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_the_reason(
    address, data, name, fields, status, reason, caplog
):
    with caplog.at_level(logging.WARNING, "emofuse.serve"):
        answer = post(address, data, name=name, **fields)
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["detail"]
    assert f"/v1/analyses {status}" in caplog.text


def test_a_million_subtitles_are_refused(address):
    answer = post(address, cues(1_000_000).encode(), name="words.srt")
    assert answer.status_code == 413


def claims_frames(clip, frames):
    """The clip with an index that claims `frames` pictures of one byte, all alike."""
    data = bytearray(clip.read_bytes())
    at = data.find(b"stsz")
    data[at + 8 : at + 16] = struct.pack(">II", 1, frames)
    at = data.find(b"stsc")
    data[at + 8 : at + 24] = struct.pack(">IIII", 1, 1, frames, 1)
    at = data.find(b"stts")
    data[at + 8 : at + 20] = struct.pack(">III", 1, frames, 512)
    return bytes(data)


def test_a_film_that_claims_a_billion_frames_is_refused_or_over_soon(address, clip):
    """It may cost neither the server's memory nor its time."""
    began = time.monotonic()
    answer = post(address, claims_frames(clip, 10**9))
    if answer.status_code == 202:
        assert finished(address, answer.json()["id"], seconds=60)["state"] in ("done", "failed")
    else:
        assert answer.status_code in (413, 422)
    assert time.monotonic() - began < 90
    assert get(address, "/healthz").status_code == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "multipart/form-data"}, b"x", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--\r\n", 422),
        ({"content-type": "multipart/form-data; boundary=x"}, b"garbage", 400),
        ({"origin": "http://evil.example"}, b"", 403),
        ({"host": "evil.example"}, b"", 403),
    ],
)
def test_requests_that_are_no_upload_are_refused(address, headers, body, status):
    answer = httpx.post(f"http://{address}/v1/analyses", headers=headers, content=body)
    assert answer.status_code == status, answer.text


def test_an_upload_larger_than_allowed_is_refused(tmp_path):
    with served(tmp_path, upload_bytes=10_000, transcript_bytes=1000) as address:
        assert post(address, b"\0" * 50_000).status_code == 413
        assert post(address, b"\0" * 10_500).status_code == 413
        assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize("trickle", [False, True], ids=["pauses", "trickles"])
def test_a_slow_upload_is_ended(tmp_path, trickle):
    limits = {"upload_idle_seconds": 0.5, "upload_bytes_per_second": 100_000}
    with served(tmp_path, **limits) as address, socket.socket() as client:
        host, port = address.split(":")
        client.connect((host, int(port)))
        client.settimeout(10)
        client.sendall(
            b"POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        client.setblocking(True)
        for _ in range(8 if trickle else 0):
            client.sendall(b"-")
            time.sleep(0.1)
        assert b" 408 " in client.recv(1000).split(b"\r\n")[0]


def test_too_many_uploads_are_told_to_wait(tmp_path):
    with served(tmp_path, uploads_a_minute=3) as address:
        codes = [post(address, b"", name="x").status_code for _ in range(5)]
    assert codes == [422, 422, 422, 429, 429]


def test_a_full_queue_takes_no_more(tmp_path):
    with served(tmp_path, waiting_jobs=0) as address:
        assert post(address, b"words", name="words.txt").status_code == 429


def test_another_interface_demands_a_token(tmp_path):
    with pytest.raises(InputError, match="--token"):
        Settings(host="0.0.0.0", data=tmp_path)
    assert Settings(host="0.0.0.0", data=tmp_path, token="s").token


def test_without_the_token_nothing_is_told(tmp_path):
    with served(tmp_path, token="letmein") as address:
        for path in ("/v1/models", "/v1/analyses/x", "/metrics"):
            assert get(address, path).status_code == 401
            assert get(address, path, headers={"Authorization": "Bearer no"}).status_code == 401
        right = {"Authorization": "Bearer letmein"}
        assert get(address, "/v1/models", headers=right).status_code == 200
        assert get(address, "/healthz").status_code == get(address, "/").status_code == 200


def test_a_waiting_analysis_can_be_cancelled(tmp_path, clip):
    with served(tmp_path, workers=0) as address:
        id = post(address, clip.read_bytes()).json()["id"]
        assert get(address, f"/v1/analyses/{id}?format=csv").status_code == 409
        answer = httpx.post(f"http://{address}/v1/analyses/{id}/cancel")
        assert answer.json()["state"] == "cancelled"
        assert httpx.post(f"http://{address}/v1/analyses/{id}/cancel").status_code == 409
        assert get(address, f"/v1/analyses/{id}?format=csv").status_code == 409
        assert list((tmp_path / "uploads").iterdir()) == []


def test_a_running_analysis_can_be_cancelled(address, example, folder):
    id = post(address, example.read_bytes()).json()["id"]
    wait_until(lambda: get(address, f"/v1/analyses/{id}").json()["state"] == "running", 60)
    assert httpx.post(f"http://{address}/v1/analyses/{id}/cancel").status_code == 200
    wait_until(lambda: not list((folder / "uploads").iterdir()), 20)
    assert get(address, f"/v1/analyses/{id}").json()["state"] == "cancelled"


def test_models_health_and_metrics(address, done):
    about = get(address, "/v1/models").json()
    assert {"models", "label_sets", "colours"} <= set(about)
    assert set(about["label_sets"]["basic7"]) < set(about["colours"])
    assert get(address, "/healthz").json()["status"] == "ok"
    text = get(address, "/metrics").text
    assert 'emofuse_jobs{state="done"}' in text and "emofuse_refused_total" in text


def test_the_interface_is_described_with_examples(tmp_path):
    document = create_app(Settings(data=tmp_path)).openapi()
    form = document["paths"]["/v1/analyses"]["post"]["requestBody"]["content"]
    assert form["multipart/form-data"]["schema"]["properties"]["options"]["example"]
    analysis = document["components"]["schemas"]["Analysis"]["properties"]
    assert analysis["results"]["examples"] and analysis["state"]["examples"]
    refusals = document["paths"]["/v1/analyses"]["post"]["responses"]
    assert {"413", "415", "422", "429"} <= set(refusals)
    json.dumps(document)


# The store by itself: attempts, crashes, expiry.


@pytest.fixture
def store(tmp_path):
    return JobStore(tmp_path / "jobs.sqlite")


def add(store, tmp_path, **changes):
    values = {"keep_media": False, "keep_seconds": 60.0, **changes}
    return store.add(tmp_path / "media", None, {}, **values)


def test_a_job_counts_once_however_often_it_was_started(store, tmp_path):
    """A worker that outlives its server must not write over the attempt that followed."""
    id = add(store, tmp_path)
    orphan = store.claim()
    assert store.claim() is None
    assert store.requeue_running() == 1
    second = store.claim()
    assert (orphan.attempt, second.attempt) == (1, 2)
    assert not store.report(orphan, 0.5)
    assert not store.finish(orphan, timeline="old", thumbnails="[]", keep_seconds=1.0)
    assert store.finish(second, timeline="new", thumbnails="[]", keep_seconds=1.0)
    assert not store.finish(second, timeline="again", thumbnails="[]", keep_seconds=1.0)
    assert store.get(id).state == DONE and store.result(id)[0] == "new"


def test_a_file_that_breaks_its_worker_is_given_up(store, tmp_path):
    id = add(store, tmp_path)
    for _ in range(2):
        store.crashed(store.claim())
    assert store.get(id).state == FAILED and "broke down" in store.get(id).error
    assert store.claim() is None


def test_what_has_expired_is_found(store, tmp_path):
    add(store, tmp_path, keep_seconds=-1.0)  # still waits: it is not thrown away
    old = store.claim()
    assert store.expired() == []
    store.finish(old, timeline="{}", thumbnails="[]", keep_seconds=-1.0)
    assert [job.id for job in store.expired()] == [old.id]


def test_only_one_server_owns_a_folder(tmp_path):
    with sole_owner(tmp_path) as first, sole_owner(tmp_path) as second:
        assert first and not second
    with sole_owner(tmp_path) as again:
        assert again


def test_sound_alone_is_analysed(address, tmp_path):
    path = write_wav(tmp_path / "s.wav", np.zeros(16_000, np.float32), sample_rate=16_000)
    status = finished(address, post(address, path.read_bytes()).json()["id"])
    timeline = get(address, status["results"]["json"]).json()
    assert {o["kind"] for o in timeline["outcomes"]} >= {"Silence", "NoVideoTrack"}

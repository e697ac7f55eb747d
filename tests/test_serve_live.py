"""`WS /v1/live`: windows over the wire, fair sessions, and what ends one."""

from __future__ import annotations

import json
import logging
import struct
import threading

import cv2
import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import emofuse
from emofuse.media import AudioChunk, EncodedPicture, VideoFrame, read, write_example
from emofuse.serve.live_protocol import EEG, HEADER, PICTURE, SOUND, pack
from servers import served

SECONDS = 4.0


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("live"), live_sessions=10) as at:
        yield at


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """The first seconds of the example as a client sends them: JPEG pictures, 16-bit sound."""
    path = write_example(tmp_path_factory.mktemp("example") / "example.mp4")
    found = []
    for item in read(path):
        if isinstance(item, VideoFrame):
            _, data = cv2.imencode(".jpg", item.image[..., ::-1])
            found.append((item.seconds, EncodedPicture(item.seconds, data.tobytes())))
        elif isinstance(item, AudioChunk):
            samples = np.round(item.samples * 32768).clip(-32768, 32767).astype("<i2")
            found.append((item.start_seconds, samples))
    return sorted((entry for entry in found if entry[0] < SECONDS), key=lambda entry: entry[0])


def open_session(address, *, first=None, **options):
    """A connected socket after its `ready`."""
    socket = connect(f"ws://{address}/v1/live", **options)
    socket.send(json.dumps({"type": "start", "tracks": ["face", "voice"], **(first or {})}))
    assert json.loads(socket.recv(30))["type"] == "ready"
    return socket


def message(entry):
    seconds, item = entry
    if isinstance(item, EncodedPicture):
        return pack(PICTURE, item.data, seconds=seconds)
    return pack(SOUND, item.tobytes(), seconds=seconds, sample_rate=16_000)


def until(socket, kind):
    """Messages up to and with the first of a kind."""
    found = []
    while not found or found[-1]["type"] != kind:
        found.append(json.loads(socket.recv(60)))
    return found


def test_live_over_the_wire_equals_offline(address, items):
    """The same JPEGs and samples give the same windows; nothing is left out at this pace."""
    answers = []
    with open_session(address, max_size=None) as socket:
        for entry in items:
            socket.send(message(entry))
            if isinstance(entry[1], EncodedPicture):
                answers += until(socket, "frame")
        socket.send('{"type": "end"}')
        answers += until(socket, "end")
    assert answers[-1]["dropped_pictures"] == 0
    plain = [
        item.decode() if isinstance(item, EncodedPicture) else AudioChunk(at, item / 32768.0)
        for at, item in items
    ]
    offline = list(emofuse.stream(plain, tracks=("face", "voice")))
    windows = [answer for answer in answers if answer["type"] == "window"]
    assert [w["start_seconds"] for w in windows] == [w.start_seconds for w in offline]
    for window, expected in zip(windows, offline, strict=True):
        assert len(window["persons"]) == len(expected.moments)
        for person, moment in zip(window["persons"], expected.moments, strict=True):
            assert person["person"] == moment.person
            assert (person["fused"] is None) == (moment.fused is None)
            if moment.fused is not None:
                np.testing.assert_allclose(person["fused"], moment.fused, atol=1e-4)
        assert {"queue", "decode", "total", "window"} <= set(window["latency_ms"])
    faces = [face for answer in answers if answer["type"] == "frame" for face in answer["faces"]]
    assert faces and all(0 < x < 1 for face in faces[:5] for x, _ in face["outline"])


def test_words_and_a_new_start(address):
    with open_session(address, first={"tracks": ["voice", "text"]}) as socket:
        sound = np.zeros(48_000, "<i2").tobytes()
        words = {"type": "text", "start_seconds": 0, "end_seconds": 2, "text": "I am so happy!"}
        socket.send(json.dumps(words))
        for second in (0.0, 1.0, 2.0, 3.0):
            socket.send(pack(SOUND, sound[:32_000], seconds=second, sample_rate=16_000))
        first = until(socket, "window")[-1]
        estimates = first["persons"][-1]["estimates"]
        assert estimates["voice"]["outcome"] == "Silence"
        assert estimates["text"]["outcome"] in ("", "ModelAbsent")
        assert estimates["face"]["outcome"] == "NoVideoTrack"
        socket.send('{"type": "reset"}')
        until(socket, "reset")
        socket.send(pack(SOUND, sound[:44_100], seconds=0.0, sample_rate=22_050))
        socket.send('{"type": "end"}')
        again = [m for m in until(socket, "end") if m["type"] == "window"]
        assert [w["start_seconds"] for w in again] == [0.0]


def test_eeg_goes_the_same_way(address):
    channels = ["AF3", "AF4", "T7", "T8"]
    first = {
        "tracks": ["eeg"],
        "eeg_channels": channels,
        "options": {"modalities": ["eeg"]},
    }
    rows = np.random.default_rng(0).normal(0, 20, (128, len(channels))).astype("<f4")
    with open_session(address, first=first) as socket:
        for second in range(8):
            data = rows.tobytes()
            socket.send(pack(EEG, data, seconds=float(second), sample_rate=128))
        socket.send('{"type": "end"}')
        windows = [m for m in until(socket, "end") if m["type"] == "window"]
    assert len(windows) == 13
    outcomes = {w["persons"][-1]["estimates"]["eeg"]["outcome"] for w in windows}
    assert outcomes <= {"ModelAbsent", ""}


def picture(seconds=0.0, size=(48, 64)):
    _, data = cv2.imencode(".jpg", np.zeros((*size, 3), np.uint8))
    return pack(PICTURE, data.tobytes(), seconds=seconds)


def sound(count=160, *, rate=16_000, seconds=0.0):
    return pack(SOUND, b"\0" * count, seconds=seconds, sample_rate=rate)


ABUSE = {
    "not JSON": ("{", 1007),
    "no object": ("[1]", 1007),
    "no type": ("{}", 1007),
    "unknown type": ('{"type": "shell"}', 1003),
    "deep JSON": ("[" * 100_000, 1007),
    "words without times": ('{"type": "text", "text": "x"}', 1007),
    "words for a year": (
        '{"type": "text", "text": "x", "start_seconds": 0, "end_seconds": 3e7}',
        1007,
    ),
    "words at NaN": (
        '{"type": "text", "text": "x", "start_seconds": NaN, "end_seconds": NaN}',
        1007,
    ),
    "a book": (
        json.dumps({"type": "text", "text": "x" * 9999, "start_seconds": 0, "end_seconds": 1}),
        1007,
    ),
    "empty": (b"", 1007),
    "half a header": (b"\1\1\0\0", 1007),
    "unknown version": (HEADER.pack(9, 1, 0, 0, 0.0) + b"x", 1003),
    "unknown kind": (HEADER.pack(1, 7, 0, 0, 0.0) + b"x", 1003),
    "neither JPEG nor WebP": (pack(PICTURE, b"<svg/>", seconds=0.0), 1003),
    "negative time": (picture(seconds=-1.0), 1007),
    "time that is no number": (picture(seconds=float("nan")), 1007),
    "a leap of years": (picture(seconds=1e9), 1008),
    "half a sample": (sound(161), 1007),
    "EEG without channels": (pack(EEG, b"\0" * 16, seconds=0.0, sample_rate=128), 1008),
    "EEG at 1 MHz": (pack(EEG, b"\0" * 16, seconds=0.0, sample_rate=10**6), 1003),
    "a rate of 1 Hz": (sound(rate=1), 1003),
    "a minute at once": (sound(2 * 60 * 8000, rate=8000), 1009),
    "oversized": (b"\1\1" + b"\0" * (1 << 20), 1009),
}


@pytest.mark.parametrize("name", ABUSE)
def test_abuse_ends_the_session_with_a_code_and_a_log_line(address, name, caplog):
    abuse, code = ABUSE[name]
    with caplog.at_level(logging.WARNING), open_session(address) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.send(abuse)
            while True:
                assert json.loads(socket.recv(30))["type"] in ("error", "frame")
        assert closed.value.rcvd.code == code
    if name != "oversized":  # refused by the WebSocket library before it reaches us
        assert f"/v1/live {code}" in caplog.text
    assert httpx.get(f"http://{address}/healthz").status_code == 200


def test_a_picture_bomb_is_an_outcome(address):
    """A few bytes that claim 65535 x 65535 pixels cost nothing, and the session goes on."""
    bomb = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65535, 65535, 3) + b"\0" * 10
    with open_session(address, first={"tracks": ["face"]}) as socket:
        socket.send(pack(PICTURE, bomb, seconds=0.0))
        answers = []
        for i in range(1, 30):
            socket.send(picture(seconds=i / 10))
            answers += until(socket, "frame")
        outcomes = [outcome for answer in answers for outcome in answer.get("outcomes", ())]
    assert any(o["kind"] == "Undecodable" and "65535" in o["detail"] for o in outcomes)


def test_a_million_subtitles_end_the_session(tmp_path):
    cue = json.dumps({"type": "text", "start_seconds": 0, "end_seconds": 1, "text": "x"})
    with served(tmp_path, live_messages_a_second=50) as address, open_session(address) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(1_000_000):
                socket.send(cue)
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("first", ["hello", "{}", '{"type": "end"}', b"\0" * 20])
def test_a_session_starts_with_a_start(address, first):
    with connect(f"ws://{address}/v1/live") as socket:
        socket.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(30)
        assert closed.value.rcvd.code in (1007, 1008)


@pytest.mark.parametrize(
    ("limits", "code"), [({"live_sessions": 0}, 1013), ({"live_idle_seconds": 0.3}, 1008)]
)
def test_too_many_and_idle_sessions_are_ended(tmp_path, limits, code):
    with served(tmp_path, **limits) as address, connect(f"ws://{address}/v1/live") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.send('{"type": "start"}')
            while True:
                socket.recv(30)
        assert closed.value.rcvd.code == code


@pytest.mark.parametrize(
    ("start", "headers", "welcome"),
    [
        ({}, {}, False),
        ({"token": "wrong"}, {}, False),
        ({"token": ["letmein"]}, {}, False),
        ({"token": "letmein"}, {}, True),
        ({}, {"Authorization": "Bearer letmein"}, True),
    ],
)
def test_a_token_is_asked_for(tmp_path, start, headers, welcome):
    with (
        served(tmp_path, token="letmein") as address,
        connect(f"ws://{address}/v1/live", additional_headers=headers) as socket,
    ):
        socket.send(json.dumps({"type": "start", **start}))
        assert (json.loads(socket.recv(30))["type"] == "ready") is welcome


def test_another_site_cannot_listen_in(address):
    with pytest.raises(Exception, match="403"):
        connect(f"ws://{address}/v1/live", origin="http://evil.example")


def test_sessions_take_turns(address, items):
    """Several clients at once: everyone gets every window of what they sent."""
    counts = {}

    def client(number):
        with open_session(address) as socket:
            for entry in items[::5] if number else items:
                socket.send(message(entry))
            socket.send('{"type": "end"}')
            counts[number] = sum(m["type"] == "window" for m in until(socket, "end"))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(120)
    assert len(counts) == 6 and min(counts.values()) >= 4


def test_the_last_session_is_counted_out(address):
    text = httpx.get(f"http://{address}/metrics").text
    assert "emofuse_live_sessions 0.0" in text
    assert "emofuse_live_latency_seconds_count" in text

"""EEG through Lab Streaming Layer: a recorded file replayed as a stream on this machine."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

# LSL reads its configuration once, when it is loaded: look for streams on this machine only.
CONFIG = Path(tempfile.mkdtemp(prefix="emofuse-lsl-")) / "lsl_api.cfg"
CONFIG.write_text(
    "[multicast]\nResolveScope = machine\n[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -2\n",
    encoding="utf-8",
)
if "mne_lsl.lsl" not in sys.modules:
    os.environ["LSLAPICFG"] = str(CONFIG)
pytest.importorskip("mne_lsl", reason="needs the lsl extra")

import emofuse  # noqa: E402
from eeg_samples import RATE, recorded, rhythm_bundle, write_fif  # noqa: E402
from emofuse.analysis import as_lsl_markers  # noqa: E402
from emofuse.core import InputError, label_set  # noqa: E402
from emofuse.media import Damage, reconnecting  # noqa: E402
from emofuse.perception.eeg import EPOC14, EegChunk, lsl, lsl_eeg, read_eeg  # noqa: E402

NAMES = iter(f"emofuse-test-{os.getpid()}-{i}" for i in range(100))


@pytest.fixture
def name() -> str:
    return next(NAMES)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(lsl, "LOST_SECONDS", 0.6)


class Replay:
    """Sends a recording as a stream, much faster than life, with the stamps of life."""

    def __init__(self, name: str, *, rate: float = RATE, channels=EPOC14, unit="microvolts"):
        library = lsl.lsl_library()
        info = library.StreamInfo(name, "EEG", len(channels), rate, "float32", name)
        info.set_channel_names(list(channels))
        info.set_channel_units(unit)
        self.rate, self.clock = rate, library.local_clock
        self.outlet = library.StreamOutlet(info)

    def send(self, values: np.ndarray, *, start: float, lost: slice = slice(0, 0)) -> None:
        """Rows `lost` are not sent; `start` is the LSL time of the first row."""
        while not self.outlet.has_consumers:
            time.sleep(0.01)
        keep = np.ones(len(values), bool)
        keep[lost] = False
        stamps = start + np.arange(len(values)) / self.rate
        rows = np.flatnonzero(keep)
        for part in np.array_split(rows, range(37, len(rows), 37)):
            self.outlet.push_chunk(values[part].astype(np.float32), timestamp=stamps[part])
            time.sleep(0.002)

    def close(self) -> None:
        del self.outlet


def joined(items, seconds: float) -> np.ndarray:
    """(T, 14) on the clock, NaN where nothing came."""
    values = np.full((round(seconds * RATE), len(EPOC14)), np.nan)
    for chunk in items:
        if isinstance(chunk, EegChunk):
            first = round(chunk.start_seconds * RATE)
            part = values[first : first + len(chunk.samples)]
            part[:] = chunk.samples[: len(part)]
    return values


def test_a_file_replayed_arrives_on_the_clock_with_lost_samples_masked(tmp_path, name):
    pytest.importorskip("mne")
    recording = read_eeg(write_fif(tmp_path / "made_raw.fif", recorded("sad", seconds=4)))
    values = recording.track.values
    replay = Replay(name, channels=recording.channels)
    began = replay.clock()
    sender = Thread(
        target=replay.send, args=(values,), kwargs={"start": began + 1, "lost": slice(300, 380)}
    )
    sender.start()
    items = []
    for item in lsl_eeg(name).open(lambda: replay.clock() - began):
        items.append(item)
        if item.end_seconds > 4.9:
            break
    sender.join()
    replay.close()
    assert items[0].channels == EPOC14 and items[0].rate_hz == RATE
    found = joined(items, 5.0)
    shift = round(items[0].start_seconds * RATE) - 200
    assert abs(shift) <= 2  # clocks agree to a hundredth of a second
    found = np.roll(found, -shift, axis=0)[200:1000]
    lost = np.isnan(found).all(1)
    assert lost[305:375].all() and not lost[:298].any() and not lost[384:-4].any()
    np.testing.assert_allclose(found[:298], values[:298], atol=1e-3)


def test_windows_of_a_live_stream_and_their_markers(tmp_path, name):
    bundle = rhythm_bundle(tmp_path)
    values = recorded("happy", seconds=8).track.values
    replay = Replay(name)
    sender = Thread(target=replay.send, args=(values,), kwargs={"start": replay.clock()})
    sender.start()
    windows = emofuse.stream(
        lsl_eeg(name, wait_seconds=0.2), modalities=("eeg",), models=[bundle.folder]
    )
    library, markers = lsl.lsl_library(), f"{name}-markers"
    inlet, said = None, []
    for window in as_lsl_markers(windows, label_set("basic7"), name=markers):
        last = window
        if inlet is not None:
            text, _ = inlet.pull_sample(timeout=2.0)
            said.append(json.loads(text[0]))
            continue
        # The first marker went out before anybody could listen.
        (info,) = library.resolve_streams(timeout=5, name=markers)
        inlet = library.StreamInlet(info, recover=False)
        inlet.open_stream(timeout=5)
        sender.join()
        replay.close()
    assert len(said) >= 5
    assert said[-1]["start_seconds"] == last.start_seconds
    labels = {part["label"] for marker in said for part in marker["persons"].values() if part}
    assert labels == {"happy"}


def test_a_stream_that_stops_and_comes_back(name):
    values = recorded("sad", seconds=2).track.values
    first = Replay(name)
    began = first.clock()
    clock = lambda: first.clock() - began  # noqa: E731

    first_came, all_came = Event(), Event()

    def send_twice():
        first.send(values, start=began + 1)
        first_came.wait(20)
        first.close()
        second = Replay(name)
        second.send(values, start=began + 7)
        all_came.wait(20)
        second.close()

    sender = Thread(target=send_twice)
    sender.start()
    items = []
    for item in reconnecting(lsl_eeg(name), clock, sleep=lambda seconds: None):
        items.append(item)
        if isinstance(item, EegChunk) and item.end_seconds > 2.9:
            first_came.set()
        if isinstance(item, EegChunk) and item.end_seconds > 8.9:
            break
    all_came.set()
    sender.join()
    damage = [item for item in items if isinstance(item, Damage)]
    assert len(damage) == 1 and damage[0].modality == "eeg"
    lost = np.isnan(joined(items, 9.0)).all(1)
    assert not lost[210:590].any() and not lost[1410:1790].any()
    assert lost[620:1380].all()


def test_a_stream_that_is_not_there_is_one_line(name):
    source = lsl_eeg(name, find_seconds=0.05)
    with pytest.raises(InputError, match="no stream"):
        list(reconnecting(source, time.monotonic, sleep=lambda seconds: None))


def test_units_and_foreign_names(name):
    replay = Replay(name, channels=("1", "2"), unit="millivolts")
    values = np.random.default_rng(0).normal(0, 0.02, (200, 2))
    sender = Thread(target=replay.send, args=(values,), kwargs={"start": replay.clock()})
    sender.start()
    source = lsl_eeg(name, mapping=("F3", "F4"))
    chunk = next(iter(source.open(lambda: 10.0)))
    sender.join()
    replay.close()
    assert chunk.channels == ("F3", "F4")
    np.testing.assert_allclose(chunk.samples, 1000 * values[: len(chunk.samples)], atol=1e-3)

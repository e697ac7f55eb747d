"""The examples in examples/ work against a real server; ROS and its messages are stood in for."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from emofuse.media import AudioChunk, VideoFrame, read, write_example
from media_samples import write_clip
from servers import served

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server")) as at:
        yield at


def test_the_client_prints_a_table(address, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=1.0)
    table = load("client").analyse(str(clip), f"http://{address}")
    assert table.startswith("person,window,") and "scene" in table


def test_the_client_says_why_it_cannot(address, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 100)
    with pytest.raises(Exception, match="422"):
        load("client").analyse(str(broken), f"http://{address}")


@dataclass
class Stamp:
    sec: int
    nanosec: int


@dataclass
class Header:
    stamp: Stamp


@dataclass
class Message:
    header: Header
    data: bytes


class Node:
    """What the bridge needs of an rclpy node."""

    def __init__(self):
        self.callbacks, self.published = {}, []

    def create_subscription(self, _type, topic, callback, _depth):
        self.callbacks[topic] = callback

    def create_publisher(self, _type, topic, _depth):
        assert topic == "expression"
        return self

    def publish(self, message):
        self.published.append(json.loads(message))


def test_the_bridge_publishes_a_message_a_window(address, tmp_path):
    node = Node()
    bridge = load("ros_bridge").Bridge(node, f"ws://{address}")
    reader = bridge.start()
    items = sorted(read(write_example(tmp_path / "e.mp4")), key=start)
    for item in items:
        if start(item) > 3.0:
            break
        stamp = Stamp(1000 + int(start(item)), int(start(item) % 1 * 1e9))
        if isinstance(item, VideoFrame):
            _, data = cv2.imencode(".jpg", item.image[..., ::-1])
            node.callbacks["image/compressed"](Message(Header(stamp), data.tobytes()))
        else:
            samples = np.round(item.samples * 32767).astype("<i2").tobytes()
            node.callbacks["audio"](Message(Header(stamp), samples))
    bridge.close()
    reader.join(60)
    assert [window["start_seconds"] for window in node.published][:3] == [0.0, 0.5, 1.0]
    assert {p["person"] for window in node.published for p in window["persons"]} >= {"person-1"}


def start(item):
    return item.start_seconds if isinstance(item, AudioChunk) else item.seconds

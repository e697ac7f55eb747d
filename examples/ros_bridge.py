"""A bridge between a robot's topics and `emofuse serve`, in the style of a ROS 2 node.

The bridge takes what `sensor_msgs/CompressedImage` and an audio topic deliver, and publishes one
JSON message a window. It knows of ROS only what `create_subscription` and `create_publisher`
give it, so it runs, and is tested, without ROS:

    ros2 run:  node = rclpy.create_node("emofuse"); Bridge(node, "ws://127.0.0.1:8765").spin()
"""

from __future__ import annotations

import json
import struct
import threading
from typing import Any

from websockets.sync.client import connect

PICTURE, SOUND, SAMPLE_RATE = 1, 2, 16_000
QUEUE = 10  # messages that ROS keeps for a slow subscriber


class Bridge:
    """Feeds one live session from two topics and publishes its windows.

    `node` offers `create_subscription(type, topic, callback, depth)` and
    `create_publisher(type, topic, depth)` as in rclpy; `types` are the message classes
    (image, audio, text). Stamps are seconds of the messages' own header.
    """

    def __init__(
        self, node: Any, server: str, *, types: tuple = (None, None, None), token: str = ""
    ):
        image, audio, text = types
        self.socket = connect(f"{server}/v1/live", max_size=None)
        self.socket.send(json.dumps({"type": "start", "tracks": ["face", "voice"], "token": token}))
        ready = json.loads(self.socket.recv(30))
        if ready["type"] != "ready":
            raise ConnectionError(ready.get("reason", "the server did not start a session"))
        self.text = text
        self.zero: float | None = None
        self.publisher = node.create_publisher(text, "expression", QUEUE)
        node.create_subscription(image, "image/compressed", self.on_image, QUEUE)
        node.create_subscription(audio, "audio", self.on_audio, QUEUE)

    def on_image(self, message: Any) -> None:
        """A `sensor_msgs/CompressedImage` (format jpeg or webp)."""
        self._send(PICTURE, bytes(message.data), message.header.stamp, 0)

    def on_audio(self, message: Any) -> None:
        """16-bit mono samples at 16 kHz, stamped with the first of them."""
        self._send(SOUND, bytes(message.data), message.header.stamp, SAMPLE_RATE)

    def spin(self) -> None:
        """Publish windows until the server ends the session."""
        for answer in self.socket:
            message = json.loads(answer)
            if message["type"] == "window":
                self.publisher.publish(self._wrapped(json.dumps(message)))

    def start(self) -> threading.Thread:
        """`spin` in the background."""
        thread = threading.Thread(target=self.spin, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Ask for the last windows; `spin` ends after them."""
        self.socket.send('{"type": "end"}')

    def _send(self, kind: int, payload: bytes, stamp: Any, sample_rate: int) -> None:
        seconds = stamp.sec + stamp.nanosec * 1e-9
        if self.zero is None:
            self.zero = seconds
        header = struct.pack("<BBHId", 1, kind, 0, sample_rate, max(0.0, seconds - self.zero))
        self.socket.send(header + payload)

    def _wrapped(self, text: str) -> Any:
        return self.text(data=text) if self.text else text

"""An MCAP file of ROS 2 messages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import IO

from mcap.writer import CompressionType, Writer

from grasp_bringup.recording.message_definition import message_definition

CHUNK_SIZE = 4 * 1024 * 1024
"""Bytes; what a recording that was cut off can lose."""


class Recording:
    """Messages in an MCAP file with ROS 2's profile: `ros2msg` schemas, CDR messages, LZ4 chunks.

    Each chunk is given to the system as soon as it is complete, so a process that is killed loses
    the last one only.

    Args:
        path: The file, which must not exist yet.

    Raises:
        OSError: It exists, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.counts: Counter[str] = Counter()
        """Messages of each topic so far."""
        self._file: IO[bytes] = path.open("xb")
        self._writer = Writer(self._file, chunk_size=CHUNK_SIZE, compression=CompressionType.LZ4)
        self._writer.start(profile="ros2", library="grasp_bringup")
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell() if not self._file.closed else self.path.stat().st_size

    def add_topic(self, topic: str, type_name: str) -> None:
        """Announce a topic.

        Args:
            topic: Its name.
            type_name: For example `sensor_msgs/msg/Image`.

        Raises:
            DefinitionError: The type has no definition.
        """
        if type_name not in self._schemas:
            definition = message_definition(type_name).encode()
            self._schemas[type_name] = self._writer.register_schema(type_name, "ros2msg", definition)
        self._channels[topic] = self._writer.register_channel(topic, "cdr", self._schemas[type_name])

    def write(self, topic: str, message: bytes, received: int, published: int) -> None:
        """Add a message.

        Args:
            topic: An announced topic.
            message: Serialized as CDR.
            received: When it arrived, ns since the epoch.
            published: When it was sent, ns since the epoch.
        """
        before = self._file.tell()
        self._writer.add_message(self._channels[topic], received, message, published, self.counts[topic])
        self.counts[topic] += 1
        if self._file.tell() != before:  # a chunk is complete
            self._file.flush()

    def close(self) -> None:
        """Write the index and close the file. Once is enough; twice does no harm."""
        if not self._file.closed:
            try:
                self._writer.finish()
            finally:
                self._file.close()

"""The node `recorder`: writes topics to an MCAP file."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from grasp_bringup.recording.message_definition import DefinitionError
from grasp_bringup.recording.recording import Recording
from grasp_perception.nodes.diagnostics import ERROR, OK, WARN, DiagnosticsPublisher, Health
from grasp_perception.nodes.parameters import declare
from grasp_perception.nodes.run import run_node

TOPICS = [
    "/tf",
    "/tf_static",
    "/joint_states",
    "/diagnostics",
    "/camera/camera/color/image_raw",
    "/camera/camera/color/camera_info",
    "/camera/camera/aligned_depth_to_color/image_raw",
    "/camera/camera/aligned_depth_to_color/camera_info",
    "/grasp_planner/grasps",
    "/grasp_planner/overlay",
]


class Recorder(Node):
    """Records topics from when they appear until the node ends.

    Messages are taken as they are on the wire; nothing is decoded. What the disk refuses ends the
    recording, with an error in the log and in the diagnostics.
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        folder = declare(self, "folder", "", "folder of the recording (~ is yours); each run makes a file in it")
        self._missing = set(declare(self, "topics", TOPICS, "names of the topics to record"))
        if not folder:
            raise ValueError("the parameter `folder` must name the folder of the recording")
        self._failure = ""
        self._last = (time.monotonic(), 0)
        self._recording = Recording(Path(folder).expanduser() / time.strftime("%Y-%m-%d_%H-%M-%S.mcap"))
        self._diagnostics = DiagnosticsPublisher(self, self._health)
        # Topics appear while other nodes start; wall time, because a simulation may not run yet.
        self._search = self.create_timer(0.2, self._subscribe_to_new, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f"recording to {self._recording.path}")

    def destroy_node(self) -> None:
        """Close the file, then the node."""
        self._stop()
        super().destroy_node()

    def _subscribe_to_new(self) -> None:
        for topic, types in self.get_topic_names_and_types():
            if topic in self._missing and self.count_publishers(topic):
                self._missing.discard(topic)
                self._subscribe(topic, types[0])
        if not self._missing:
            self._search.cancel()

    def _subscribe(self, topic: str, type_name: str) -> None:
        try:
            self._recording.add_topic(topic, type_name)
            package, _, name = type_name.split("/")
            message_type = getattr(import_module(f"{package}.msg"), name)
        except (DefinitionError, ImportError, AttributeError) as error:
            self.get_logger().error(f"{topic} is not recorded: {error}")
            return
        self.create_subscription(message_type, topic, self._writer_of(topic), self._qos_of(topic), raw=True)

    def _writer_of(self, topic: str) -> Callable[[bytes, dict[str, int]], None]:
        def write(message: bytes, info: Any) -> None:
            if self._failure:
                return
            try:
                self._recording.write(topic, message, info["received_timestamp"], info["source_timestamp"])
            except OSError as error:
                self._failure = f"the recording ended: {error}"
                self.get_logger().error(self._failure)

        return write

    def _qos_of(self, topic: str) -> QoSProfile:
        """What all publishers of a topic can give: latched or reliable only if every one of them is."""
        offered = [info.qos_profile for info in self.get_publishers_info_by_topic(topic)]
        latched = all(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
        reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
        return QoSProfile(
            depth=100,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        )

    def _health(self) -> Health:
        now, size = time.monotonic(), self._recording.size
        before, size_before = self._last
        self._last = (now, size)
        values = {
            "file": self._recording.path,
            "size (MB)": f"{size / 1e6:.1f}",
            "rate (MB/s)": f"{(size - size_before) / max(now - before, 1e-3) / 1e6:.2f}",
            "messages": sum(self._recording.counts.values()),
        }
        if self._failure:
            return Health(ERROR, self._failure, values)
        if self._missing:
            return Health(WARN, f"nobody publishes {', '.join(sorted(self._missing))}", values)
        return Health(OK, "recording", values)

    def _stop(self) -> None:
        try:
            self._recording.close()
        except OSError as error:
            self.get_logger().error(f"{self._recording.path} has no index: {error}")


def main() -> None:
    """Run the node."""
    run_node(Recorder)


if __name__ == "__main__":
    main()

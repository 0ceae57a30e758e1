"""The latest joint states, and whether they still come."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState

from grasp_perception.outcomes import Outcome, OutcomeError


class JointStateMonitor:
    """Keeps the latest position of every joint. The joints may come in several messages, in any order.

    Args:
        node: The node that subscribes.
        topic: sensor_msgs/JointState.
        needed: Joints that must be known and recent.
        max_age: Seconds of wall time after which a position is stale.
    """

    def __init__(self, node: Node, topic: str, needed: Sequence[str], max_age: float) -> None:
        self._needed = tuple(needed)
        self._max_age = max_age
        self._topic = topic
        self._lock = threading.Lock()
        self._positions: dict[str, float] = {}
        self._arrivals: dict[str, float] = {}
        node.create_subscription(JointState, topic, self._receive, 10, callback_group=ReentrantCallbackGroup())

    def positions(self) -> dict[str, float]:
        """The latest positions, rad and m.

        Raises:
            OutcomeError: DRIVER_LOST: a needed one is missing, stale or not finite.
        """
        with self._lock:
            positions, arrivals = dict(self._positions), dict(self._arrivals)
        missing = [name for name in self._needed if name not in positions]
        if missing:
            remedy = "; does the driver run, and of the right arm?"
            if positions:
                remedy = (
                    f", only {', '.join(positions)}; the driver must publish all joints that the arm's file names, "
                    "those of the fingers (gripper_joints) too"
                )
            raise OutcomeError(Outcome.DRIVER_LOST, f"{self._topic} brings no {', '.join(missing)}{remedy}")
        now = time.monotonic()
        late = [name for name in self._needed if now - arrivals[name] > self._max_age]
        if late:
            what = "" if len(late) == len(self._needed) else f" about {', '.join(late)}"
            age = now - min(arrivals[name] for name in late)
            raise OutcomeError(
                Outcome.DRIVER_LOST,
                f"{self._topic} has been silent{what} for {age:.1f} s; the driver is gone, or publishes too seldom",
            )
        unknown = [name for name in self._needed if not math.isfinite(positions[name])]
        if unknown:
            raise OutcomeError(
                Outcome.DRIVER_LOST,
                f"{self._topic} has no finite position of {', '.join(unknown)}; is the driver active, and its hardware "
                "connected?",
            )
        return positions

    def is_newer_than(self, moment: float) -> bool:
        """Whether every needed joint was heard of after a moment of ``time.monotonic``."""
        with self._lock:
            return all(self._arrivals.get(name, 0.0) > moment for name in self._needed)

    def _receive(self, message: JointState) -> None:
        now = time.monotonic()
        with self._lock:
            for name, position in zip(message.name, message.position):
                self._positions[name] = position
                self._arrivals[name] = now

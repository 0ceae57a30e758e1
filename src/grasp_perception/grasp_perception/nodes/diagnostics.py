"""Reporting a node's health on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
ERROR = DiagnosticStatus.ERROR


@dataclass(frozen=True, slots=True)
class Health:
    """How a node is."""

    level: bytes = OK
    message: str = "ok"
    values: Mapping[str, object] = field(default_factory=dict)


class DiagnosticsPublisher:
    """Publishes what `health` returns once a second of wall time."""

    def __init__(self, node: Node, health: Callable[[], Health]) -> None:
        self._node = node
        self._health = health
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # Wall time: a simulation that stands still is when diagnostics are wanted most.
        self._timer = node.create_timer(
            1.0,
            self.publish,
            callback_group=MutuallyExclusiveCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def publish(self) -> None:
        """Publish now."""
        try:
            health = self._health()
        except Exception as error:  # what is ill must be able to say so
            health = Health(ERROR, f"the health check failed: {type(error).__name__}: {error}")
        status = DiagnosticStatus(
            level=health.level,
            name=self._node.get_fully_qualified_name(),
            message=health.message,
            values=[KeyValue(key=key, value=str(value)) for key, value in health.values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

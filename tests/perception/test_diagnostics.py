import threading

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from grasp_perception.nodes.diagnostics import WARN, DiagnosticsPublisher, Health


def test_health_is_published_every_second(spin):
    node, listener, received, arrived = Node("pump", namespace="cell"), Node("listener"), [], threading.Event()
    health = Health(WARN, "getting warm", {"temperature (C)": 71.5})
    listener.create_subscription(
        DiagnosticArray, "/diagnostics", lambda message: (received.append(message), arrived.set()), 10
    )
    DiagnosticsPublisher(node, lambda: health)
    spin(node, listener)
    assert arrived.wait(10)
    (status,) = received[0].status
    assert (status.name, status.level, status.message) == ("/cell/pump", WARN, "getting warm")
    assert [(value.key, value.value) for value in status.values] == [("temperature (C)", "71.5")]
    assert received[0].header.stamp.sec > 0


def test_a_health_check_that_fails_is_reported_and_ends_nothing(spin):
    node, listener, received, arrived = Node("pump"), Node("listener"), [], threading.Event()
    listener.create_subscription(
        DiagnosticArray, "/diagnostics", lambda message: (received.append(message), arrived.set()), 10
    )

    def broken():
        raise OSError("no sensor")

    DiagnosticsPublisher(node, broken)
    spin(node, listener)
    assert arrived.wait(10)
    (status,) = received[0].status
    assert status.level == b"\x02"
    assert "no sensor" in status.message

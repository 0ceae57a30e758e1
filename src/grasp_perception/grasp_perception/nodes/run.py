"""Running one node as a process."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from grasp_perception.memory import reuse_large_buffers
from grasp_perception.nodes.executor import NodeExecutor
from grasp_perception.nodes.log import ROSLogHandler
from grasp_perception.nodes.signals import ENDING, EndingSignals

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while others wait for it. With Python's 5 ms, each time a thread
comes back from a system call, everything else crawls beside one busy thread: physics, or an executor's wait."""

SENDING_SECONDS = 0.5
"""Wall time for the result of an ended goal to reach its client: a task of the executor sends it after the goal's
callback has returned, and nothing tells when."""


@runtime_checkable
class SaysGoodbye(Protocol):
    """A node that has something to end before ROS is shut down."""

    def say_goodbye(self) -> None:
        """End it; called once, in the main thread, while callbacks still run. Must not take longer than seconds."""


def run_node(construct: Callable[[], Node], *, threads: int = 1) -> None:
    """Construct a node, spin it until Ctrl-C or SIGTERM, and exit.

    An exception while the node is constructed (a parameter of the wrong type, a file that is
    missing) is logged in one line and ends the process with exit code 2. A lifecycle node is shut
    down, and another one may say goodbye, while it can still talk to others: goals under way get their
    results, and what moves is halted. What plain Python logs goes to ROS's log, too.

    Args:
        construct: Makes the node; usually its class.
        threads: Threads that run its services, goals and timers; see `NodeExecutor`.
    """
    reuse_large_buffers()
    sys.setswitchinterval(SWITCH_SECONDS)
    # rclpy's own handlers take the context away first, and with it all ways to say goodbye.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[ROSLogHandler()])
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    try:
        node = construct()
        executor = NodeExecutor(threads)
        executor.add_node(node)
        signals = EndingSignals()
    except KeyboardInterrupt:
        rclpy.try_shutdown()
        return
    except Exception as error:
        get_logger(getattr(construct, "__name__", "node")).fatal(f"cannot start: {error}")
        rclpy.try_shutdown()
        sys.exit(2)
    try:
        _spin(executor, node, signals)
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown()


def _spin(executor: NodeExecutor, node: Node, signals: EndingSignals) -> None:
    """Spin until a signal comes, ROS is shut down or a callback raises; the exception is raised here."""
    failures: list[Exception] = []

    def spin() -> None:
        try:
            executor.spin()
        except Exception as error:
            failures.append(error)
        finally:
            signals.wake()

    # Not in the main thread, which listens for signals.
    thread = threading.Thread(target=spin, name="spin", daemon=True)
    thread.start()
    signals.wait()
    if isinstance(node, LifecycleNode):
        with contextlib.suppress(RCLError, RuntimeError):  # it is shut down already, or so is ROS
            node.trigger_shutdown()
    elif isinstance(node, SaysGoodbye):
        node.say_goodbye()
    executor.stop()
    thread.join(2.0)
    if failures:
        raise failures[0]

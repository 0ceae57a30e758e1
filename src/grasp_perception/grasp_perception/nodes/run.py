"""Running one node as a process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node


def run_node(construct: Callable[[], Node], *, threads: int = 1) -> None:
    """Construct a node, spin it until Ctrl-C or SIGTERM, and exit.

    An exception while the node is constructed (a parameter of the wrong type, a file that is
    missing) is logged in one line and ends the process with exit code 2.

    Args:
        construct: Makes the node; usually its class.
        threads: Threads that run its callbacks.
    """
    rclpy.init()
    try:
        node = construct()
    except KeyboardInterrupt:
        rclpy.try_shutdown()
        return
    except Exception as error:
        if not rclpy.ok():  # told to end while it was starting
            return
        get_logger(getattr(construct, "__name__", "node")).fatal(f"cannot start: {error}")
        rclpy.try_shutdown()
        sys.exit(2)
    executor = SingleThreadedExecutor() if threads == 1 else MultiThreadedExecutor(threads)
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # A callback that was at work when Ctrl-C came finds its publishers gone; that is no failure.
        if rclpy.ok():
            raise
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown()

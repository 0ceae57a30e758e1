"""Running one node as a process."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node


def reuse_large_buffers() -> None:
    """Let the allocator keep image-sized buffers instead of returning them to the kernel each time.

    glibc maps them anew for each message, and every page of a new mapping costs a page fault: half of the time
    that a 640x480 colour image needs from a publisher to a callback. Elsewhere than on glibc, nothing happens.
    """
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    with contextlib.suppress(AttributeError, OSError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(mmap_threshold, 32 * 2**20)
        allocator.mallopt(trim_threshold, 256 * 2**20)


def run_node(construct: Callable[[], Node], *, threads: int = 1) -> None:
    """Construct a node, spin it until Ctrl-C or SIGTERM, and exit.

    An exception while the node is constructed (a parameter of the wrong type, a file that is
    missing) is logged in one line and ends the process with exit code 2.

    Args:
        construct: Makes the node; usually its class.
        threads: Threads that run its callbacks.
    """
    reuse_large_buffers()
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

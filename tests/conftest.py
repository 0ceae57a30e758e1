"""Fixtures for all tests. ROS traffic stays on this machine, in a domain of this process's own."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def _claim_ros_domain() -> object:
    """Take a domain id (1..100) that no other test process on this machine holds."""
    for domain in range(1, 101):
        path = Path(tempfile.gettempdir()) / f"grasp_ros_domain_{domain}.lock"
        lock = path.open("rb" if path.exists() else "wb")  # it may be another user's, and a lock needs no more
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        return lock
    raise RuntimeError("all 100 ROS domains are in use by other test processes")


_DOMAIN_LOCK = _claim_ros_domain()  # held until the process ends

sys.setswitchinterval(0.0005)  # as `run_node` does: several executors in one process crawl with Python's 5 ms


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where what is expensive to make is kept: made by these tests, not found from another day."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRASP_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture
def ros() -> Iterator[None]:
    """An initialised rclpy context, shut down afterwards."""
    import rclpy

    rclpy.init()
    yield
    rclpy.try_shutdown()

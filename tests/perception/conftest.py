"""Scenes and ROS graphs for the tests of grasp_perception."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics


@pytest.fixture
def intrinsics() -> CameraIntrinsics:
    """Of a small image, so that tests are fast."""
    return CameraIntrinsics(fx=150.0, fy=150.0, cx=79.5, cy=59.5, width=160, height=120)


@pytest.fixture
def table_depth(intrinsics: CameraIntrinsics) -> Callable[..., NDArray[np.float32]]:
    """Makes the depth image of a table with one box, seen from a camera that leans by `tilt` degrees."""

    def make(distance: float = 0.7, tilt: float = 0.0, box_height: float = 0.04, noise: float = 3e-4) -> NDArray:
        angle = np.radians(tilt)
        normal = np.array([0.0, -np.sin(angle), -np.cos(angle)])
        columns, rows = np.meshgrid(np.arange(intrinsics.width), np.arange(intrinsics.height))
        rays = intrinsics.deproject(np.stack([columns, rows], -1), np.ones(columns.shape))
        depth = -distance / (rays @ normal)
        box = np.zeros(depth.shape, bool)
        box[50:70, 70:100] = True
        depth[box] = (-(distance - box_height) / (rays @ normal))[box]
        return (depth + np.random.default_rng(0).normal(0, noise, depth.shape)).astype(np.float32)

    return make


@pytest.fixture
def spin(ros: None) -> Iterator[Callable]:
    """Spins nodes on a thread until the test ends, then destroys them."""
    from grasp_perception.nodes.executor import NodeExecutor

    executor = NodeExecutor(2)
    nodes = []
    thread = threading.Thread(target=executor.spin, daemon=True)

    def add(*added) -> None:
        nodes.extend(added)
        for node in added:
            executor.add_node(node)
        if not thread.is_alive():
            thread.start()

    yield add
    executor.shutdown()
    if thread.is_alive():
        thread.join(timeout=5)
    for node in nodes:
        node.destroy_node()

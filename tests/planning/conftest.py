"""Tables with things on them, and the grippers of the repository."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import decode_depth
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell


def _load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


_RENDERING = _load(Path(__file__).resolve().parent.parent / "data" / "render_sample.py")


@pytest.fixture(scope="session")
def rendering() -> ModuleType:
    """The ray caster: Box, Sphere, camera_pose, render, spoil."""
    return _RENDERING


@pytest.fixture(scope="session")
def widowx(repository: Path) -> Gripper:
    """Opens 30 mm."""
    return Gripper.load(repository / "config/grippers/widowx.yaml")


@pytest.fixture(scope="session")
def yumi(repository: Path) -> Gripper:
    """Opens 50 mm."""
    return Gripper.load(repository / "config/grippers/yumi.yaml")


@pytest.fixture(scope="session")
def workcell() -> WorkCell:
    """A table with a workspace in front of the base, and a bin at its left."""
    return WorkCell.model_validate(
        {
            "base_frame": "arm_base_link",
            "table_height": 0.0,
            "table": {"min": (-0.3, -0.45, -0.04), "max": (0.6, 0.45, 0.0)},
            "workspace": {"min": (0.13, -0.14, 0.0), "max": (0.31, 0.14, 0.12)},
            "clearance": 0.003,
            "bin": {"center": (0.03, 0.25), "size": (0.16, 0.16, 0.06), "wall": 0.004, "drop_height": 0.11},
            "approach_distance": 0.06,
            "lift_height": 0.08,
        }
    )


@pytest.fixture(scope="session")
def see(rendering: ModuleType) -> Callable[..., RGBDFrame]:
    """Makes the frame that a camera sees of some things on a table."""

    def make(
        *things: object,
        pose: Transform | None = None,
        intrinsics: CameraIntrinsics = _RENDERING.PRIMESENSE,
        noise: float = 0.0005,
        millimetres: bool = False,
    ) -> RGBDFrame:
        depth, seen = rendering.render(list(things), pose or rendering.camera_pose(), intrinsics)
        depth = depth + np.random.default_rng(1).normal(0, noise, depth.shape)
        raw: NDArray = np.rint(depth * 1000).astype(np.uint16) if millimetres else depth.astype(np.float32)
        color = np.where((seen >= 0)[..., None], (200, 80, 60), (120, 200, 60)).astype(np.uint8)
        return RGBDFrame(color, decode_depth(raw), intrinsics, stamp=12.5, frame_id="camera_color_optical_frame")

    return make

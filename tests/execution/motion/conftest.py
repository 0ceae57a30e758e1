"""The WidowX in its work cell, loaded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def description() -> ArmDescription:
    return ArmDescription(REPOSITORY / "config/arms/widowx.yaml")


@pytest.fixture(scope="session")
def workcell() -> WorkCell:
    return WorkCell.load(REPOSITORY / "config/workcells/widowx.yaml")


@pytest.fixture(scope="session")
def planner(description: ArmDescription, workcell: WorkCell) -> EmbeddedMotionPlanner:
    return EmbeddedMotionPlanner(description, workcell)


@pytest.fixture(scope="session")
def home(description: ArmDescription) -> dict[str, float]:
    return dict(description.arm.home)


@pytest.fixture(scope="session")
def down():
    """Makes a tool pose that points straight down, its closing axis turned by `yaw`."""

    def make(x: float, y: float, z: float, yaw: float = 0.0) -> Transform:
        return Transform.from_rpy((np.pi, 0.0, yaw), (x, y, z))

    return make

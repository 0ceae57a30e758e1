"""The whole cell as other code uses it."""

from __future__ import annotations

import numpy as np
import pybullet
import pytest

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_perception.extrinsics import CameraMount
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.physics.world import WorldClosed


def connections() -> int:
    return sum(bool(pybullet.getConnectionInfo(client)["isConnected"]) for client in range(64))


def test_the_camera_sees_the_objects_and_not_the_arm(cell: SimulatedCell) -> None:
    cell.scene.reset(["cube_large"], seed=2)
    frame = cell.camera.capture()
    (item,) = cell.scene.objects
    camera_from_base = cell.camera.base_from_camera.inverse()
    column, row = np.round(frame.intrinsics.project(camera_from_base.apply(item.pose.translation))).astype(int)
    assert frame.depth[row, column] == pytest.approx(0.62 - 0.024, abs=2e-3)
    points = cell.camera.base_from_camera.apply(frame.intrinsics.deproject_image(frame.depth))
    low, high = np.array(cell.workcell.workspace.min), np.array(cell.workcell.workspace.max)
    inside = ((points[..., :2] > low[:2]) & (points[..., :2] < high[:2])).all(axis=-1)
    assert points[inside][:, 2].max() == pytest.approx(0.024, abs=1e-3)  # nothing but the cube stands there


def test_time_advances_by_the_step(description: ArmDescription, workcell: WorkCell, mount: CameraMount) -> None:
    with SimulatedCell(description, workcell, mount, time_step=1 / 480, renderer="tiny") as cell:
        for _ in range(48):
            cell.step()
        assert cell.time == pytest.approx(0.1)


def test_closing_frees_everything(description: ArmDescription, workcell: WorkCell, mount: CameraMount) -> None:
    before = connections()
    cell = SimulatedCell(description, workcell, mount, renderer="tiny")
    cell.camera.capture()
    cell.close()
    cell.close()
    assert connections() == before
    with pytest.raises(WorldClosed):
        cell.step()


def test_a_cell_that_cannot_be_built_leaves_nothing(
    description: ArmDescription, workcell: WorkCell, mount: CameraMount
) -> None:
    before = connections()
    with pytest.raises(ValueError, match="renderer"):
        SimulatedCell(description, workcell, mount, renderer="none")  # type: ignore[arg-type]
    assert connections() == before


def test_a_camera_on_the_hand_moves_with_it(
    description: ArmDescription, workcell: WorkCell, mount: CameraMount
) -> None:
    carried = mount.model_copy(update={"parent_frame": "tool_link", "translation": (0.0, 0.065, -0.09)})
    with SimulatedCell(description, workcell, carried, renderer="tiny") as cell:
        for offset in (0.0, 0.3):
            cell.robot.reset(np.array(description.arm.home_positions) + offset)
            expected = cell.robot.tool() @ carried.parent_from_camera
            np.testing.assert_allclose(cell.camera.base_from_camera.matrix(), expected.matrix(), atol=1e-9)


def test_a_camera_on_a_link_that_is_not_there(
    description: ArmDescription, workcell: WorkCell, mount: CameraMount
) -> None:
    with pytest.raises(ConfigurationError, match="parent_frame 'elbow' is no link of the arm: arm_base_link"):
        SimulatedCell(description, workcell, mount.model_copy(update={"parent_frame": "elbow"}), renderer="tiny")

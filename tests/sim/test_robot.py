"""The simulated arm: it holds, follows, obeys its limits, and refuses nonsense."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_sim.cell.robot import SimulatedRobot
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.physics.world import World

DOWN = np.array([0.3, 0.05, 0.35, 1.17, 0.4])
"""The tool points down, 10 cm above the table."""


def test_it_stands_at_home_and_does_not_sag(cell: SimulatedCell) -> None:
    home = cell.description.arm.home_positions
    for _ in range(480):
        cell.step()
    np.testing.assert_allclose(cell.robot.positions()[:5], home, atol=1e-3)
    np.testing.assert_allclose(cell.robot.velocities(), 0.0, atol=1e-3)
    efforts = cell.robot.efforts()[:5]
    assert abs(efforts[2]) > 0.1  # something does hold the forearm up
    assert (np.abs(efforts) < [2.5, 6.0, 6.0, 2.5, 1.5]).all()


def test_tool_pose_of_the_kinematic_table(cell: SimulatedCell) -> None:
    cell.robot.reset([0.0] * 5)
    tool = cell.robot.tool()
    reach = 0.04825 + 0.14203 + 0.0715 + 0.043 + cell.description.gripper.finger_length
    np.testing.assert_allclose(tool.translation, [reach, 0.0, 0.125 + 0.14203], atol=1e-6)
    np.testing.assert_allclose(tool.rotation[:, 2], [1.0, 0.0, 0.0], atol=1e-6)  # approach
    np.testing.assert_allclose(np.abs(tool.rotation[:, 0]), [0.0, 1.0, 0.0], atol=1e-6)  # closing
    assert set(cell.robot.link_transforms()) >= {"arm_base_link", "tool_link", "gripper_1_link", "gripper_2_link"}


def test_fingers_open_along_the_tools_x(cell: SimulatedCell) -> None:
    for gap in (0.0, 0.03):
        cell.gripper.reset(gap)
        links = cell.robot.link_transforms()
        tool = links["tool_link"].inverse()
        sides = sorted(float((tool @ links[name]).translation[0]) for name in ("gripper_1_link", "gripper_2_link"))
        np.testing.assert_allclose(sides, [-gap / 2, gap / 2], atol=1e-6)


def test_a_trajectory_at_the_speed_limits_is_followed(cell: SimulatedCell) -> None:
    start = np.array(cell.description.arm.home_positions)
    limits = np.array([0.785, 1.571, 1.571, 1.571, 1.571])
    duration = 1.875 * (np.abs(DOWN - start) / limits).max() / 0.98
    steps = int(duration / cell.time_step)
    worst = 0.0
    for k in range(1, steps + 1):
        s = k / steps
        target = start + (DOWN - start) * s**3 * (10 - 15 * s + 6 * s**2)
        cell.robot.command(target, (DOWN - start) * 30 * s**2 * (1 - s) ** 2 / duration)
        cell.step()
        worst = max(worst, np.abs(cell.robot.positions()[:5] - target).max())
        assert not cell.world.contacts(cell.robot.body)
    assert worst < 0.02


def test_joints_do_not_exceed_their_speed_and_position_limits(cell: SimulatedCell) -> None:
    cell.robot.command([9.0, 0.0, 0.0, 0.0, 0.0])
    fastest = 0.0
    for _ in range(1500):
        cell.step()
        fastest = max(fastest, abs(cell.robot.velocities()[0]))
    assert fastest <= 0.785 * 1.01
    assert cell.robot.positions()[0] == pytest.approx(2.617, abs=1e-3)


@pytest.mark.parametrize("positions", [[0.0] * 4, [0.0, 0.0, float("nan"), 0.0, 0.0], 1.0])
def test_wrong_commands_are_refused(cell: SimulatedCell, positions: object) -> None:
    with pytest.raises(ValueError, match="5 finite numbers"):
        cell.robot.command(positions)
    with pytest.raises(ValueError, match="velocities"):
        cell.robot.command(DOWN, positions)


def test_an_arm_file_that_does_not_fit_its_urdf(repository: Path, tmp_path: Path) -> None:
    for folder in ("config/arms", "config/grippers", "models/arms/widowx"):
        shutil.copytree(repository / folder, tmp_path / folder)
    path = tmp_path / "config/arms/widowx.yaml"
    path.write_text(path.read_text().replace("tool_frame: tool_link", "tool_frame: tool0"))
    with World() as world, pytest.raises(ConfigurationError, match=r"no joint or link named tool0.*tool_link"):
        SimulatedRobot(world, ArmDescription(path))


def test_states_are_in_the_order_of_the_names(cell: SimulatedCell) -> None:
    assert cell.robot.joint_names[:5] == cell.description.arm.joints
    cell.robot.reset(DOWN)
    cell.gripper.reset(0.02)
    np.testing.assert_allclose(cell.robot.positions(), [*DOWN, 0.01, 0.01], atol=1e-9)
    assert cell.robot.limits.shape == (7, 2)
    assert dataclasses.is_dataclass(cell.robot.tool())

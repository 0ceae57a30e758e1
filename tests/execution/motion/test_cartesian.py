from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.motion.interface import Box, LineGoal, MotionRequest, PoseGoal, SceneObject
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform


def tool_poses(planner, trajectory, count: int = 400) -> list[Transform]:
    positions, _, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, count))
    return [planner.robot.tool_pose(q) for q in positions]


def over(planner, home, pose) -> dict[str, float]:
    trajectory = planner.plan(MotionRequest(PoseGoal(pose), home))
    return dict(zip(trajectory.joint_names, trajectory.positions[-1]))


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ((0.2, 0.05, 0.08, 0.4), (0.2, 0.05, 0.01, 0.4)),  # down
        ((0.15, -0.1, 0.05, 1.0), (0.25, 0.08, 0.03, 1.3)),  # across, with a turn
        ((0.28, 0.06, 0.07, 0.5), (0.28, 0.06, 0.02, 0.5)),  # where the tool must tilt
    ],
)
def test_tool_stays_on_the_line(planner, home, down, begin, end):
    start = over(planner, home, down(*begin))
    trajectory = planner.plan(MotionRequest(LineGoal(down(*end)), start))
    poses = tool_poses(planner, trajectory)
    points = np.array([pose.translation for pose in poses])
    along = points[-1] - points[0]
    length = np.linalg.norm(along)
    offset = points - points[0]
    share = offset @ along / length**2
    assert np.linalg.norm(offset - share[:, None] * along, axis=1).max() < 1e-3
    assert np.diff(share).min() > -1e-4  # never back
    np.testing.assert_allclose(points[-1], end[:3], atol=5e-4)


def test_orientation_stays_on_the_way_down(planner, home, down):
    start = over(planner, home, down(0.2, 0.05, 0.08, 0.4))
    trajectory = planner.plan(MotionRequest(LineGoal(down(0.2, 0.05, 0.01, 0.4)), start))
    assert max(pose.angle_to(down(0, 0, 0, 0.4)) for pose in tool_poses(planner, trajectory)) < 5e-3


@pytest.mark.parametrize("scaling", [None, 0.4])
def test_speed_of_the_tool_is_limited(planner, description, home, down, scaling):
    start = over(planner, home, down(0.16, -0.1, 0.05))
    request = MotionRequest(LineGoal(down(0.16, 0.1, 0.05)), start, velocity_scaling=scaling)
    trajectory = planner.plan(request)
    points = np.array([pose.translation for pose in tool_poses(planner, trajectory, 800)])
    speed = np.linalg.norm(np.diff(points, axis=0), axis=1) / (trajectory.duration / 799)
    assert speed.max() <= description.arm.cartesian_speed * (scaling or 1.0) * 1.01


def test_obstacle_on_the_line_gives_the_share_and_the_reason(planner, home, down):
    start = over(planner, home, down(0.2, 0.0, 0.1))
    block = SceneObject("block", Box((0.08, 0.08, 0.06)), Transform(np.eye(3), np.array([0.2, 0.0, 0.03])))
    # Beyond the block the goal is free again: only the way is not.
    slab = SceneObject("slab", Box((0.08, 0.08, 0.004)), Transform(np.eye(3), np.array([0.2, 0.0, 0.0])))
    with pytest.raises(OutcomeError, match="touches block") as error:
        planner.plan(MotionRequest(LineGoal(down(0.2, 0.0, 0.02)), start, (block,)))
    assert error.value.outcome is Outcome.GOAL_IN_COLLISION
    assert planner.plan(MotionRequest(LineGoal(down(0.2, 0.0, 0.02)), start, (slab,))).duration > 0.1
    fin = SceneObject("fin", Box((0.03, 0.01, 0.05)), Transform(np.eye(3), np.array([0.18, 0.0, 0.07])))
    aside = over(planner, home, down(0.18, -0.1, 0.06))
    with pytest.raises(OutcomeError, match=r"only \d+% of the straight line of 200 mm.*gripper.*touches fin") as error:
        planner.plan(MotionRequest(LineGoal(down(0.18, 0.1, 0.06)), aside, (fin,)))
    assert error.value.outcome is Outcome.NO_MOTION_PLAN


def test_line_through_the_base_cannot_be_followed(planner, home, down):
    start = over(planner, home, down(0.05, 0.18, 0.09))
    with pytest.raises(OutcomeError, match=r"only \d+% of the straight line") as error:
        planner.plan(MotionRequest(LineGoal(down(0.05, -0.18, 0.09)), start))
    assert error.value.outcome is Outcome.NO_MOTION_PLAN


def test_line_out_of_reach(planner, home, down):
    start = over(planner, home, down(0.25, 0.0, 0.05))
    with pytest.raises(OutcomeError, match="out of reach") as error:
        planner.plan(MotionRequest(LineGoal(down(0.6, 0.0, 0.05)), start))
    assert error.value.outcome is Outcome.OUT_OF_REACH


def test_line_without_length_stays(planner, home, down):
    start = over(planner, home, down(0.2, 0.0, 0.05))
    trajectory = planner.plan(MotionRequest(LineGoal(down(0.2, 0.0, 0.05)), start))
    assert trajectory.duration < 0.3
    assert np.abs(np.diff(trajectory.positions, axis=0)).max() < 2e-3


def test_table_can_be_allowed_to_be_touched(planner, home, down):
    start = over(planner, home, down(0.2, 0.0, 0.05))
    request = MotionRequest(LineGoal(down(0.2, 0.0, -0.002)), start, allow_contact=("table",))
    assert planner.plan(request).duration > 0.1

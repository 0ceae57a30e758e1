from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_execution.motion.interface import (
    Box,
    Cylinder,
    JointGoal,
    LineGoal,
    MotionRequest,
    PoseGoal,
    SceneObject,
    Sphere,
)
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import half_turn
from grasp_planning.workcell import Obstacle


def at(x: float, y: float, z: float) -> Transform:
    return Transform(np.eye(3), np.array([x, y, z]))


PILLAR = SceneObject("pillar", Box((0.05, 0.05, 0.35)), at(0.2, 0.0, 0.175))
LEFT = dict(zip([f"joint_{i}" for i in range(1, 6)], [0.9, 0.3, -0.2, 1.2, 0.0]))
RIGHT = {**LEFT, "joint_1": -0.9}


def last(trajectory) -> dict[str, float]:
    return dict(zip(trajectory.joint_names, trajectory.positions[-1]))


def fails(planner, request: MotionRequest, outcome: Outcome, match: str) -> None:
    with pytest.raises(OutcomeError, match=match) as error:
        planner.plan(request)
    assert error.value.outcome is outcome


def test_free_way_is_straight_in_joint_space(planner):
    trajectory = planner.plan(MotionRequest(JointGoal(RIGHT), LEFT))
    assert trajectory.joint_names == planner.robot.joint_names
    others = np.delete(trajectory.positions, 0, axis=1)
    assert np.ptp(others, axis=0).max() < 1e-6
    np.testing.assert_allclose(trajectory.positions[-1], list(RIGHT.values()), atol=1e-9)


def test_pillar_is_avoided(planner):
    direct, around = MotionRequest(JointGoal(RIGHT), LEFT), MotionRequest(JointGoal(RIGHT), LEFT, (PILLAR,))
    scene = planner.scene(around)
    straight = planner.plan(direct)
    times = np.linspace(0.0, straight.duration, 400)
    assert not all(scene.is_free(q) for q in straight.evaluate(times)[0])  # the pillar is in the way
    trajectory = planner.plan(around)
    positions, _, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 1000))
    assert all(scene.is_free(q) for q in positions)
    np.testing.assert_allclose(trajectory.positions[[0, -1]], [list(LEFT.values()), list(RIGHT.values())], atol=1e-9)


def test_an_obstacle_of_the_work_cell_is_avoided_and_named(planner, description, workcell):
    low, high = (0.175, -0.025, 0.0), (0.225, 0.025, 0.35)
    guarded = workcell.model_copy(update={"obstacles": (Obstacle(name="stand", min=low, max=high),)})
    careful = EmbeddedMotionPlanner(description, guarded)
    scene = careful.scene(MotionRequest(JointGoal(RIGHT), LEFT))
    straight = planner.plan(MotionRequest(JointGoal(RIGHT), LEFT)).evaluate(np.linspace(0.0, 2.0, 400))[0]
    assert not all(scene.is_free(q) for q in straight)
    trajectory = careful.plan(MotionRequest(JointGoal(RIGHT), LEFT))
    assert all(scene.is_free(q) for q in trajectory.evaluate(np.linspace(0.0, trajectory.duration, 1000))[0])
    into = {**LEFT, "joint_1": 0.0}
    fails(careful, MotionRequest(JointGoal(into), LEFT), Outcome.GOAL_IN_COLLISION, "stand")


def test_same_seed_same_motion(description, workcell):
    request = MotionRequest(JointGoal(RIGHT), LEFT, (PILLAR,))
    first, second = (EmbeddedMotionPlanner(description, workcell, seed=4) for _ in range(2))
    a, again, b = first.plan(request), first.plan(request), second.plan(request)
    np.testing.assert_array_equal(a.positions, again.positions)
    np.testing.assert_array_equal(a.positions, b.positions)


@pytest.mark.parametrize("scaling", [None, 0.3, 1.0])
def test_motion_keeps_the_scaled_limits(planner, description, scaling):
    request = MotionRequest(JointGoal(RIGHT), LEFT, (PILLAR,), velocity_scaling=scaling, acceleration_scaling=scaling)
    trajectory = planner.plan(request)
    positions, velocity, acceleration = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 4001))
    robot, arm = planner.robot, description.arm
    assert (np.abs(velocity) <= robot.velocity * (scaling or arm.velocity_scaling) + 1e-9).all()
    assert (np.abs(acceleration) <= robot.acceleration * (scaling or arm.acceleration_scaling) + 1e-9).all()
    assert (positions >= robot.lower).all() and (positions <= robot.upper).all()
    assert np.abs(velocity[[0, -1]]).max() < 1e-9


def test_attached_object_needs_more_room(planner, home, down):
    """A stick across the fingers meets what the bare hand passes."""
    start = last(planner.plan(MotionRequest(PoseGoal(down(0.2, 0.1, 0.1)), home)))
    goal = last(planner.plan(MotionRequest(PoseGoal(down(0.2, -0.1, 0.1)), start)))
    post = SceneObject("post", Cylinder(0.01, 0.06), at(0.22, 0.0, 0.03))
    stick = SceneObject("stick", Box((0.02, 0.01, 0.12)), at(0.0, 0.0, 0.0), attached=True)
    bare = planner.plan(MotionRequest(JointGoal(goal), start, (post,)))
    assert np.ptp(bare.positions[:, 1]) < 0.02  # it turns the first joint, and passes over the post
    held = MotionRequest(JointGoal(goal), start, (post, stick))
    scene = planner.scene(held)
    assert not all(scene.is_free(q) for q in bare.positions)
    trajectory = planner.plan(held)
    positions, _, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 500))
    assert all(scene.is_free(q) for q in positions)


def test_pose_goal_is_reached(planner, home, down):
    pose = down(0.22, -0.08, 0.06, 0.7)
    trajectory = planner.plan(MotionRequest(PoseGoal(pose), home))
    reached = planner.robot.tool_pose(trajectory.positions[-1])
    assert np.linalg.norm(reached.translation - pose.translation) < 5e-4
    assert reached.angle_to(pose) < 2e-3


def test_symmetric_takes_the_nearer_way_to_turn_the_fingers(planner, home, down):
    start = last(planner.plan(MotionRequest(PoseGoal(down(0.22, 0.0, 0.08, 0.2)), home)))
    now = planner.robot.tool_pose(np.array([start[name] for name in planner.robot.joint_names]))
    for pose in (down(0.22, 0.0, 0.06, 0.3), half_turn(down(0.22, 0.0, 0.06, 0.3))):
        for goal in (PoseGoal(pose, symmetric=True), LineGoal(pose, symmetric=True)):
            trajectory = planner.plan(MotionRequest(goal, start))
            assert planner.robot.tool_pose(trajectory.positions[-1]).angle_to(now) < 0.15


def test_not_symmetric_turns_all_the_way(planner, home, down):
    start = last(planner.plan(MotionRequest(PoseGoal(down(0.22, 0.0, 0.08, 0.2)), home)))
    pose = half_turn(planner.robot.tool_pose(np.array(list(start.values()))))
    trajectory = planner.plan(MotionRequest(PoseGoal(pose), start))
    assert planner.robot.tool_pose(trajectory.positions[-1]).angle_to(pose) < 2e-3


def test_start_equal_to_goal_stays(planner, home):
    trajectory = planner.plan(MotionRequest(JointGoal(home), home))
    assert trajectory.duration < 0.1
    assert np.abs(np.diff(trajectory.positions, axis=0)).max() == 0.0


def test_start_in_collision_names_what_touches(planner, home):
    ball = SceneObject("ball", Sphere(0.05), planner.robot.tool_pose(planner.robot.home))
    request = MotionRequest(JointGoal(RIGHT), home, (ball,))
    fails(planner, request, Outcome.START_IN_COLLISION, "gripper_1_link touches ball")


def test_joint_goal_in_collision_names_what_touches(planner, home):
    low = {**home, "joint_2": 1.5, "joint_3": -0.5, "joint_4": 0.0}
    fails(planner, MotionRequest(JointGoal(low), home), Outcome.GOAL_IN_COLLISION, "touches table")


def test_pose_goal_in_collision_names_what_touches(planner, home, down):
    fails(planner, MotionRequest(PoseGoal(down(0.2, 0.0, -0.01)), home), Outcome.GOAL_IN_COLLISION, "touches table")


def test_no_way_has_no_plan_when_the_time_is_over(planner):
    """A wall through the base cuts left from right, and a roof keeps the arm from standing up."""
    walls = (
        SceneObject("front", Box((0.5, 0.02, 0.6)), at(0.33, 0.0, 0.3)),
        SceneObject("back", Box((0.5, 0.02, 0.6)), at(-0.33, 0.0, 0.3)),
        SceneObject("roof", Box((0.3, 0.3, 0.02)), at(0.0, 0.0, 0.33)),
    )
    left, right = {**LEFT, "joint_2": 0.0, "joint_3": 0.5}, {**RIGHT, "joint_2": 0.0, "joint_3": 0.5}
    request = MotionRequest(JointGoal(right), left, walls, timeout=0.3)
    fails(planner, request, Outcome.NO_MOTION_PLAN, "no collision-free path to any of 1 goal configurations")


def test_no_time_is_no_plan(planner):
    request = MotionRequest(JointGoal(RIGHT), LEFT, (PILLAR,), timeout=1e-9)
    fails(planner, request, Outcome.NO_MOTION_PLAN, "no collision-free path")


def test_too_far_says_how_far(planner, home, down):
    request = MotionRequest(PoseGoal(down(0.6, 0.0, 0.125)), home)
    fails(planner, request, Outcome.OUT_OF_REACH, r"\(0.600, 0.000, 0.125\) m is out of reach.*14[0-9] mm away")


def test_too_much_tilt_says_how_much(planner, home, down):
    request = MotionRequest(PoseGoal(down(0.38, 0.0, 0.06)), home)
    fails(planner, request, Outcome.OUT_OF_REACH, r"tilted by \d\d deg, and 23 deg are allowed")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"goal": JointGoal({"joint_9": 0.0})}, r"goal lacks \['joint_1'.*unknown joints \['joint_9'\]"),
        ({"goal": JointGoal({**LEFT, "finger": 0.0})}, r"unknown joints \['finger'\]"),
        ({"goal": JointGoal({**LEFT, "joint_2": 2.0})}, "joint_2 at 2.000, outside its limits -1.571 to 1.571"),
        ({"goal": JointGoal({**LEFT, "joint_2": float("nan")})}, "joint_2 at nan"),
        ({"start": {}}, "start lacks"),
        ({"start": {**LEFT, "joint_3": -1.6}}, "start puts joint_3 at -1.600"),
        ({"velocity_scaling": 1.5}, r"velocity_scaling must be in \(0, 1\], not 1.5"),
        ({"velocity_scaling": -0.1}, "velocity_scaling"),
        ({"acceleration_scaling": float("nan")}, "acceleration_scaling"),
        ({"timeout": -1.0}, "timeout must be positive"),
        ({"timeout": float("nan")}, "timeout must be positive"),
        ({"timeout": 61.0}, "timeout must be positive, and at most 60 s"),
        ({"scene": (SceneObject("flat", Box((0.1, 0.0, 0.1)), at(0.3, 0.3, 0.3)),)}, "sizes of scene object 'flat'"),
        ({"scene": (SceneObject("ball", Sphere(float("nan")), at(0.3, 0.3, 0.3)),)}, "sizes of scene object 'ball'"),
        ({"allow_contact": ("mug",)}, "mug"),
    ],
)
def test_requests_that_make_no_sense_are_refused(planner, change, match):
    fields = {"goal": JointGoal(RIGHT), "start": LEFT, **change}
    fails(planner, MotionRequest(**fields), Outcome.INVALID_MOTION_REQUEST, match)


def test_start_may_name_the_fingers_and_lie_just_outside_a_limit(planner):
    start = {**LEFT, "joint_3": -1.575, "gripper_prismatic_joint_1": 0.01}
    trajectory = planner.plan(MotionRequest(JointGoal(LEFT), start))
    assert trajectory.positions[0, 2] == pytest.approx(-1.571)

from __future__ import annotations

import numpy as np
import pytest

from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.motion import Ending
from grasp_sim.control.trajectory_checks import CheckedGoal, check_goal
from grasp_sim.control.trajectory_controller import LONGEST_STOP, TrajectoryController, TrajectoryMotion
from grasp_sim.control.trajectory_following import TrajectoryError
from grasp_sim.control.trajectory_goal import FollowingDefaults, PointFields, TrajectoryGoal, TrajectoryRefused

STEP = 0.01
LIMITS = JointLimits(("a", "b"), np.full(2, -2.0), np.full(2, 2.0), np.full(2, 1.0))


class FakeArm:
    """Two joints that are at once where they are told to be, unless blocked, and a finger."""

    def __init__(self) -> None:
        self.positions = np.array([0.1, -0.1, 0.015])
        self.velocities = np.zeros(3)
        self.blocked = False
        self.coasting = False

    def states(self) -> np.ndarray:
        return np.stack([self.positions, self.velocities, np.zeros(3)], axis=1).copy()

    def command(self, positions: np.ndarray, velocities: np.ndarray | None = None) -> None:
        if not self.blocked:
            self.positions[:2] = positions
            if not self.coasting:
                self.velocities[:2] = 0.0 if velocities is None else velocities


class Setup:
    def __init__(self) -> None:
        self.arm = FakeArm()
        self.controller = TrajectoryController(self.arm, 2, STEP)
        self.time = 0.0

    def begin(self, target: list[float], seconds: float = 1.0) -> TrajectoryMotion:
        return self.controller.begin(goal(target, seconds), self.time)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.controller.before_step(self.time)
            self.time += STEP
            self.controller.after_step(self.time)


def goal(target: list[float], seconds: float) -> CheckedGoal:
    points = (PointFields(seconds, tuple(target)),)
    return check_goal(TrajectoryGoal(("a", "b"), points), LIMITS, FollowingDefaults(goal_time=0.5))


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_follows_to_the_end(setup: Setup) -> None:
    motion = setup.begin([0.5, 0.3])
    setup.run(0.5)
    assert not motion.ended.is_set() and setup.controller.active
    np.testing.assert_allclose(setup.arm.positions, [0.3, 0.1, 0.015])
    np.testing.assert_allclose(motion.progress.positions, [0.3, 0.1])
    np.testing.assert_allclose(motion.progress.desired_velocities, [0.4, 0.4])
    setup.run(0.5)
    assert motion.ending is Ending.SUCCEEDED and motion.result.code == TrajectoryError.SUCCESSFUL
    assert not setup.controller.active
    np.testing.assert_allclose(setup.arm.positions, [0.5, 0.3, 0.015])


def test_a_blocked_arm_violates_the_path_tolerance_and_holds(setup: Setup) -> None:
    motion = setup.begin([0.9, -0.1])
    setup.run(0.2)
    setup.arm.blocked = True
    setup.run(0.4)
    assert motion.ending is Ending.ABORTED
    assert motion.result.code == TrajectoryError.PATH_TOLERANCE_VIOLATED
    stuck = setup.arm.positions.copy()
    setup.arm.blocked = False
    setup.run(0.5)
    np.testing.assert_allclose(setup.arm.positions, stuck)


def test_stuck_just_before_the_goal(setup: Setup) -> None:
    motion = setup.begin([0.5, -0.1])
    setup.run(0.9)
    setup.arm.blocked = True
    setup.run(0.55)
    assert not motion.ended.is_set()
    setup.run(0.1)
    assert (motion.ending, motion.result.code) == (Ending.ABORTED, TrajectoryError.GOAL_TOLERANCE_VIOLATED)


def test_a_new_goal_preempts(setup: Setup) -> None:
    old = setup.begin([0.5, 0.3])
    setup.run(0.5)
    new = setup.begin([0.0, 0.0])
    assert (old.ending, old.result.message) == (Ending.PREEMPTED, "pre-empted by a new trajectory")
    assert old.result.code == TrajectoryError.INVALID_GOAL
    setup.run(1.0)
    assert new.ending is Ending.SUCCEEDED
    np.testing.assert_allclose(setup.arm.positions[:2], 0.0, atol=1e-12)


def test_a_refused_goal_does_not_preempt(setup: Setup) -> None:
    old = setup.begin([0.5, 0.3])
    setup.run(0.5)
    with pytest.raises(TrajectoryRefused):
        setup.begin([0.0, 0.0], 0.01)
    setup.run(0.5)
    assert old.ending is Ending.SUCCEEDED


def test_cancel_ends_when_the_arm_stands_still(setup: Setup) -> None:
    motion = setup.begin([0.5, 0.3])
    setup.run(0.5)
    setup.arm.coasting = True
    setup.controller.cancel(motion, setup.time)
    setup.run(0.1)
    assert not motion.ended.is_set() and setup.controller.active
    setup.arm.velocities[:] = 0.0
    setup.run(STEP)
    assert motion.ending is Ending.CANCELED and motion.result.code == TrajectoryError.SUCCESSFUL
    np.testing.assert_allclose(setup.arm.positions[:2], [0.3, 0.1])


def test_cancel_ends_even_if_the_arm_never_stands_still(setup: Setup) -> None:
    motion = setup.begin([0.5, 0.3])
    setup.run(0.5)
    setup.arm.coasting = True
    setup.controller.cancel(motion, setup.time)
    setup.run(LONGEST_STOP + STEP)
    assert motion.ending is Ending.CANCELED


def test_cancel_of_a_motion_that_is_over_does_nothing(setup: Setup) -> None:
    old = setup.begin([0.5, 0.3])
    setup.run(1.0)
    new = setup.begin([0.0, 0.0])
    setup.controller.cancel(old, setup.time)
    setup.run(1.0)
    assert (old.ending, new.ending) == (Ending.SUCCEEDED, Ending.SUCCEEDED)


def test_a_new_goal_while_stopping(setup: Setup) -> None:
    old = setup.begin([0.5, 0.3])
    setup.run(0.5)
    setup.arm.coasting = True
    setup.controller.cancel(old, setup.time)
    setup.arm.coasting = False
    new = setup.begin([0.0, 0.0])
    assert old.ending is Ending.PREEMPTED
    setup.run(1.0)
    assert new.ending is Ending.SUCCEEDED


def test_abort_without_a_motion_leaves_the_arm_alone(setup: Setup) -> None:
    setup.arm.command = None  # type: ignore[assignment]
    setup.controller.abort("nothing to abort")
    assert not setup.controller.active

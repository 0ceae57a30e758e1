"""From a pose of the tool to the joint positions that are worth planning for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from grasp_execution.motion.collision import CollisionScene, describe
from grasp_execution.motion.kinematics import InverseKinematics, Posture
from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform

FloatArray = NDArray[np.float64]

_TILT_SLACK = 0.05
"""Postures that tilt the tool by this much more than the least are as good, rad."""
_LIMIT_MARGIN = 0.1
"""Share of a joint's range next to a limit that is better avoided."""
_SAME = 0.05
"""Postures nearer to each other than this in every joint are one, rad."""
_TRIES_TO_REACH = 8
"""Random seeds after which a pose that was never reached is taken to be out of reach."""
_TRIES_TO_BE_FREE = 60
"""Random seeds after which a pose that was reached, but never free, is taken to be in collision: the other
branches of the inverse kinematics (elbow, wrist) must have had their chance."""


def goal_postures(
    robot: RobotModel,
    kinematics: InverseKinematics,
    scene: CollisionScene,
    poses: Iterable[Transform],
    start: FloatArray,
    rng: np.random.Generator | None,
    deadline: float,
) -> list[FloatArray]:
    """Collision-free joint positions for any of several poses, the best first.

    Best is what tilts the tool least, then what is soonest reached from the start and not next to a limit.
    Every pose is solved from the start and from home; when that gives nothing, from random positions until
    something is free.

    Args:
        robot: The arm.
        kinematics: Its solver.
        scene: What must not be touched.
        poses: base_from_tool; any of them will do.
        start: (J,) where the arm comes from.
        rng: Of the random positions; None for a line, which cannot change to another branch: start and home only.
        deadline: On ``time.monotonic``.

    Returns:
        At least one (J,) array.

    Raises:
        OutcomeError: OUT_OF_REACH or GOAL_IN_COLLISION.
    """
    poses = list(poses)
    found: list[Posture] = []
    free: list[Posture] = []

    def solve_from(seed: FloatArray) -> None:
        for pose in poses:
            posture = kinematics.solve(pose, seed)
            if posture.reaches(robot.max_tilt) and not any(
                np.abs(posture.positions - other.positions).max() < _SAME for other in found
            ):
                found.append(posture)
                if scene.is_free(posture.positions):
                    free.append(posture)

    solve_from(start)
    solve_from(robot.home)
    seeds = () if rng is None else random_seeds(robot, _TRIES_TO_BE_FREE, rng)
    for tried, seed in enumerate(seeds):
        if free or (not found and tried >= _TRIES_TO_REACH) or time.monotonic() > deadline:
            break
        solve_from(seed)
    if not found:
        raise OutcomeError(Outcome.OUT_OF_REACH, _how_near(robot, kinematics, poses[0], start))
    if not free:
        best = min(found, key=lambda posture: _cost(robot, posture, start))
        raise OutcomeError(
            Outcome.GOAL_IN_COLLISION, f"at the goal {describe(scene.contacts(best.positions))}; choose another goal"
        )
    least = min(posture.tilt for posture in free)
    good = [posture for posture in free if posture.tilt <= least + _TILT_SLACK]
    return [posture.positions for posture in sorted(good, key=lambda posture: _cost(robot, posture, start))]


def random_seeds(robot: RobotModel, count: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Joint positions (J,) all over the limits."""
    yield from rng.uniform(robot.lower, robot.upper, (count, len(robot.joint_names)))


def _cost(robot: RobotModel, posture: Posture, start: FloatArray) -> float:
    """Seconds from the start at full speed, and up to two more for each joint next to its limit."""
    q = posture.positions
    travel = float((np.abs(q - start) / robot.velocity).max())
    margin = np.minimum(q - robot.lower, robot.upper - q) / (robot.upper - robot.lower)
    return travel + 2.0 * float(np.clip(1.0 - margin / _LIMIT_MARGIN, 0.0, 1.0).sum())


def _how_near(robot: RobotModel, kinematics: InverseKinematics, pose: Transform, start: FloatArray) -> str:
    nearest = min(
        (kinematics.solve(pose, seed, max_tilt=np.pi, bend=False) for seed in (start, robot.home)),
        key=lambda posture: (round(posture.distance, 4), posture.tilt),
    )
    where = "the tool pose at ({:.3f}, {:.3f}, {:.3f}) m".format(*pose.translation)
    if not nearest.reaches(np.pi):
        return f"{where} is out of reach: the nearest the arm comes is {nearest.distance * 1e3:.0f} mm away"
    return (
        f"{where} is out of reach: the arm gets there only with the tool tilted by "
        f"{np.degrees(nearest.tilt):.0f} deg, and {np.degrees(robot.max_tilt):.0f} deg are allowed"
    )

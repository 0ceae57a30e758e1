"""Straight lines of the tool."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from grasp_execution.motion.collision import CollisionScene, describe
from grasp_execution.motion.kinematics import POSITION_TOLERANCE, InverseKinematics
from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform

FloatArray = NDArray[np.float64]

_STEP = 0.005
"""Distance between the poses solved for on a line, m; between them the joints are interpolated, which
leaves the line by far less than a millimetre."""
_TURN_STEP = 0.05
"""The same for the orientation, rad."""
_JUMP = 0.35
"""Greatest change of a joint in one step, rad: more is another branch of the inverse kinematics."""


@dataclass(frozen=True, slots=True, eq=False)
class LinePath:
    """Joint positions along a line."""

    positions: FloatArray
    """(N, J)."""
    distances: FloatArray
    """(N,) of the tool from the start of the line, m."""


def follow_line(
    robot: RobotModel,
    kinematics: InverseKinematics,
    scene: CollisionScene,
    start: FloatArray,
    goal: FloatArray,
    deadline: float,
) -> LinePath:
    """Lead the tool on the straight line from its pose at `start` to its pose at `goal`.

    The position moves linearly and the orientation by slerp, both over the same share of the line. An arm of
    fewer than six joints keeps the position exact and the orientation as near as it can.

    Args:
        robot: The arm.
        kinematics: Its solver.
        scene: What must not be touched; the start is free.
        start: (J,).
        goal: (J,) whose tool pose ends the line; the arm may arrive there in another posture.
        deadline: On ``time.monotonic``.

    Raises:
        OutcomeError: NO_MOTION_PLAN, with the share of the line that is possible and what ends it.
    """
    first, last = robot.tool_pose(start), robot.tool_pose(goal)
    travel = last.translation - first.translation
    length, angle = float(np.linalg.norm(travel)), first.angle_to(last)
    count = max(1, int(np.ceil(max(length / _STEP, angle / _TURN_STEP))))
    turn = Slerp([0.0, 1.0], Rotation.from_matrix(np.stack([first.rotation, last.rotation])))
    shares = np.linspace(0.0, 1.0, count + 1, dtype=np.float64)
    rotations = turn(shares).as_matrix()

    def stop(reached: float, reason: str) -> OutcomeError:
        return OutcomeError(
            Outcome.NO_MOTION_PLAN,
            f"only {reached:.0%} of the straight line of {length * 1e3:.0f} mm can be followed: {reason}",
        )

    path = [start]
    for i in range(1, count + 1):
        if time.monotonic() > deadline:
            raise stop(shares[i - 1], "the time for planning is over")
        pose = Transform(rotations[i], first.translation + shares[i] * travel)
        previous = path[-1]
        # Where the joints would be if they went on as they did.
        seed = previous if i == 1 else robot.clip(2 * previous - path[-2])
        posture = kinematics.solve(pose, seed, bend=False)
        if not posture.reaches(robot.max_tilt):
            if posture.distance > POSITION_TOLERANCE:
                raise stop(shares[i - 1], f"beyond, the arm misses it by {posture.distance * 1e3:.1f} mm")
            raise stop(
                shares[i - 1], f"beyond, the tool would have to tilt by {np.degrees(posture.tilt):.0f} deg from it"
            )
        step = np.abs(posture.positions - previous)
        if step.max() > _JUMP:
            joint = robot.joint_names[int(step.argmax())]
            raise stop(shares[i - 1], f"beyond, {joint} would have to jump by {step.max():.2f} rad")
        if not scene.is_segment_free(previous, posture.positions):
            contacts = scene.contacts(posture.positions)
            raise stop(shares[i - 1], f"beyond, {describe(contacts) or 'the arm grazes something'}")
        path.append(posture.positions)
    return LinePath(np.array(path), shares * length)

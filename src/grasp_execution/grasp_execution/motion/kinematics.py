"""Inverse kinematics for arms of any number of joints, and for poses that an arm reaches only nearly.

Damped least squares (Wampler 1986): with J the Jacobian of the tool (6, J), e_p the error of its position,
e_o that of its orientation (a rotation vector) and W = diag(1, 1, 1, w, w, w),

    dq = (J^T W^2 J + l I)^-1 J^T W^2 [e_p, e_o],

where l shrinks with the error (Levenberg). Joints at a limit drop out of J. When both errors cannot vanish,
an arm of fewer than six joints gives up some orientation: w goes to zero step by step, so that the
position becomes exact and the tilt stays as small as it can be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.transform import Transform

FloatArray = NDArray[np.float64]

POSITION_TOLERANCE = 1e-4
"""m."""
ANGLE_TOLERANCE = 1e-3
"""rad."""
_ORIENTATION_WEIGHT = 0.15
"""Metres that one radian weighs: about the distance from wrist to tool."""
_MAX_STEP = 0.5
"""Greatest change of a joint in one iteration, rad."""
_BEND = 0.03
"""Tilt beyond the least one, rad: at the least tilt itself the elbow is straight, where the arm can
neither be moved along a line nor corrected."""


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """Joint positions and how near they bring the tool to the pose asked for."""

    positions: FloatArray
    """(J,) within the limits."""
    distance: float
    """From the tool to the point asked for, m."""
    tilt: float
    """Angle between the tool's orientation and the one asked for, rad."""

    def reaches(self, tilt: float) -> bool:
        """Whether the position is exact and the tilt at most `tilt`."""
        return self.distance <= POSITION_TOLERANCE and self.tilt <= tilt + ANGLE_TOLERANCE


class InverseKinematics:
    """Solves for the posture that brings the tool to a pose, from a given seed."""

    def __init__(self, robot: RobotModel) -> None:
        self._robot = robot
        self._model, self._data = robot.model, robot.model.createData()
        self._tool = robot.tool

    def solve(self, pose: Transform, seed: FloatArray, max_tilt: float | None = None, bend: bool = True) -> Posture:
        """The posture nearest to a pose that the iteration finds from a seed.

        Args:
            pose: base_from_tool.
            seed: (J,) joint positions.
            max_tilt: How far the tool may tilt, rad; None: as the arm may.
            bend: Whether to tilt a little more than needed, and keep the arm from being stretched out.

        Returns:
            The exact posture where there is one; else, if tilting is allowed, one with the position exact
            and little tilt; else the nearest. Ask :meth:`Posture.reaches`.
        """
        allowed = self._robot.max_tilt if max_tilt is None else max_tilt
        target = self._robot.base * pin.SE3(pose.rotation, pose.translation)
        nearest = self._iterate(target.rotation, target.translation, seed, _ORIENTATION_WEIGHT)
        if nearest.reaches(0.0) or (len(seed) >= 6 and allowed == 0.0):
            return nearest
        tilted = self._position_first(target.rotation, target.translation, nearest.positions)
        if not bend or not tilted.reaches(allowed) or tilted.tilt < ANGLE_TOLERANCE:
            return tilted
        # The rotation from the pose asked for to the one reached, a little farther about the same axis.
        turn = pin.log3(target.rotation.T @ self._placement(tilted.positions).rotation)
        more = min(tilted.tilt + _BEND, allowed)
        rotation = target.rotation @ pin.exp3(turn * (more / tilted.tilt))
        for start in (seed, tilted.positions):  # the seed first: `tilted` may have its elbow at a limit
            bent = self._iterate(rotation, target.translation, start, _ORIENTATION_WEIGHT)
            if bent.reaches(0.0):
                return Posture(bent.positions, bent.distance, more)
        return tilted

    def _placement(self, positions: FloatArray) -> pin.SE3:
        pin.framesForwardKinematics(self._model, self._data, positions)
        return self._data.oMf[self._tool]

    def _errors(
        self, rotation: FloatArray, point: FloatArray, positions: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """e_p (3,), e_o (3,) in the root's axes, and the Jacobian (6, J)."""
        jacobian = pin.computeFrameJacobian(
            self._model, self._data, positions, self._tool, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        placement = pin.updateFramePlacement(self._model, self._data, self._tool)
        now = placement.rotation
        return point - placement.translation, now @ pin.log3(now.T @ rotation), jacobian

    def _iterate(self, rotation: FloatArray, point: FloatArray, seed: FloatArray, weight: float) -> Posture:
        """Iterate until both errors vanish, or no longer shrink; the best seen."""
        q = self._robot.clip(seed)
        scale = np.array([1.0, 1.0, 1.0, weight, weight, weight])
        best, best_cost, stalled = Posture(q, np.inf, np.inf), np.inf, 0
        for _ in range(60):
            e_p, e_o, jacobian = self._errors(rotation, point, q)
            distance, angle = float(np.sqrt(e_p @ e_p)), float(np.sqrt(e_o @ e_o))
            cost = distance**2 + (weight * angle) ** 2
            if cost < best_cost:
                stalled = 0 if cost < 0.95 * best_cost else stalled + 1
                best, best_cost = Posture(q, distance, angle), cost
            else:
                stalled += 1
            if (best.distance < 0.1 * POSITION_TOLERANCE and best.tilt < 0.1 * ANGLE_TOLERANCE) or stalled > 8:
                break
            weighted = jacobian * scale[:, None]
            error = np.concatenate([e_p, e_o]) * scale
            q = self._step(weighted, error, q, 1e-3 * cost + 1e-8)
        return best

    def _step(self, jacobian: FloatArray, error: FloatArray, q: FloatArray, damping: float) -> FloatArray:
        """One damped step; joints that would leave their limits stay at them, and the others make up for it."""
        free = np.ones(len(q), dtype=bool)
        for _ in range(len(q)):
            columns = jacobian[:, free]
            normal = columns.T @ columns
            normal.flat[:: len(normal) + 1] += damping
            step = np.zeros(len(q))
            step[free] = np.linalg.solve(normal, columns.T @ error)
            largest = np.abs(step).max()
            if largest > _MAX_STEP:
                step *= _MAX_STEP / largest
            moved = q + step
            blocked = free & (
                ((moved < self._robot.lower) & (q <= self._robot.lower + 1e-9))
                | ((moved > self._robot.upper) & (q >= self._robot.upper - 1e-9))
            )
            if not blocked.any() or not (free & ~blocked).any():
                break
            free &= ~blocked
        return self._robot.clip(moved)

    def _position_first(self, rotation: FloatArray, point: FloatArray, seed: FloatArray) -> Posture:
        """The posture with the position exact and the orientation as near as it can be."""
        q = seed
        # First by weights: the orientation gives way step by step. Then the position alone, exactly.
        for weight in (0.05, 0.015, 0.005):
            q = self._iterate(rotation, point, q, weight).positions
        for _ in range(20):
            e_p, e_o, jacobian = self._errors(rotation, point, q)
            if e_p @ e_p < (0.1 * POSITION_TOLERANCE) ** 2:
                break
            q = self._step(jacobian[:3], e_p, q, 1e-9)
        else:
            e_p, e_o, _ = self._errors(rotation, point, q)
        return Posture(q, float(np.linalg.norm(e_p)), float(np.linalg.norm(e_o)))

"""Room for the jaws beside what a camera saw.

Networks learn openings and centres from examples, and are a few millimetres off; a finger that comes down on the
object's edge pushes it away. The depth image knows better: at the height of the tips, whatever lies behind the surface
that is seen is taken for solid, and each finger stands where nothing is, as near as possible to where it was to be.
Nor may the palm touch what was seen: the centre of a grasp may lie deep between things that are higher.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate
from grasp_planning.gripper import Gripper
from grasp_planning.lifting import project

TRIED = 20
"""So many of a network's grasps are worth a try, at least."""

Flags = NDArray[np.bool_]
_STEP = 0.0005
"""Between samples along the closing axis, m."""
_ROWS = 11
"""Samples across a finger."""
_TURNS = tuple(Transform.from_rpy((0.0, 0.0, turn)) for turn in (0.0, 0.1, -0.1, 0.2, -0.2))
"""About the approach, that are tried, one after the other: an object that just fits asks for the right angle."""
_RISE = 0.004
"""Greatest difference between two depths of the tips that are tried, m."""
_NEAREST = 0.02
"""Depth that is looked at least, m: the box about a grasp may reach behind the camera."""
_REACH = 0.75
"""Of the opening: how far from the centre a finger is looked for; the grasp moves by a quarter of it at most."""


class JawRoom:
    """Finds room for the fingers of a gripper in one depth image."""

    def __init__(
        self,
        depth: NDArray[np.float32],
        intrinsics: CameraIntrinsics,
        gripper: Gripper,
        *,
        clearance: float = 0.0015,
        tolerance: float = 0.001,
    ) -> None:
        """Look at an image.

        Args:
            depth: (H, W) planar depth, m; what is NaN is solid as far as is known: fill small holes before.
            intrinsics: Of the image.
            gripper: Whose fingers they are.
            clearance: Gap beside a finger on its way, m.
            tolerance: What is higher than the tips by less is not seen, m: the noise of the depth.
        """
        self._depth, self._intrinsics, self._gripper = depth, intrinsics, gripper
        self._tolerance, self._clearance = tolerance, clearance
        self._palm = np.array(gripper.palm_size[:2]) / 2 + clearance
        self._clear, self._finger = _steps(clearance), _steps(gripper.finger_thickness)
        self._half = _steps(_REACH * gripper.max_opening + gripper.finger_thickness + clearance)
        self._side = gripper.finger_width / 2 + clearance
        across = np.linspace(-self._side, self._side, _ROWS)
        along = np.arange(-self._half, self._half + 1) * _STEP
        self._points = np.stack([*np.meshgrid(along, across), np.zeros((_ROWS, len(along)))], axis=-1)

    def fit(self, candidate: GraspCandidate, least_insertion: float | None = None) -> GraspCandidate:
        """The grasp with its jaws where there is room, moved along its closing axis and opened as little as need be.

        If there is none it is turned by up to 0.2 rad, and then raised.

        Args:
            candidate: The grasp.
            least_insertion: How far the tips go past the surface at least, m; None = as far as they do.

        Raises:
            OutcomeError: NO_GRASP, there is no room for the fingers or the palm, or nothing that they would close on.
        """
        gripper, palm_touches, empty = self._gripper, False, True
        higher = self._higher_than_tips(candidate.pose)
        for insertion in _insertions(candidate.insertion, least_insertion):
            raised = _moved(candidate.pose, z=insertion - candidate.insertion)
            for turn in _TURNS:
                pose = raised @ turn
                solid = self._solid(pose, higher)
                empty = empty and not solid.any()
                if (jaws := self._jaws(solid, candidate.width)) is None:
                    continue
                low, high = jaws
                pose = _moved(pose, x=(high - low) / 2 * _STEP)
                if self._palm_touches(pose):
                    palm_touches = True
                    continue
                width = min((low + high) * _STEP, gripper.max_opening)
                return self._seen(replace(candidate, pose=pose, width=width, insertion=insertion))
        if palm_touches:
            why = f"the palm, {gripper.finger_length * 1e3:.0f} mm above the tips, would touch what stands there"
        elif empty:
            why = "there is nothing between the fingers to close on"
        else:
            why = (
                f"there is no room for fingers of {gripper.finger_thickness * 1e3:.0f} mm beside the object, "
                f"{gripper.max_opening * 1e3:.0f} mm open at most"
            )
        raise OutcomeError(Outcome.NO_GRASP, why)

    def _palm_touches(self, pose: Transform) -> bool:
        """Whether the palm would touch what was seen, at every other pixel; what was not seen is taken to be low."""
        camera, depth = self._intrinsics, self._depth[::2, ::2]
        x, y, z = pose.rotation[:, 2].astype(np.float32)
        columns, rows = (2 * np.arange(count, dtype=np.float32) for count in depth.shape[::-1])
        along = depth * (x * (columns - camera.cx) / camera.fx + (y * (rows - camera.cy) / camera.fy + z)[:, None])
        front = float(pose.translation @ pose.rotation[:, 2]) - self._gripper.finger_length + self._clearance
        row, column = np.nonzero(along < front)
        high = camera.deproject(2 * np.stack([column, row], axis=1), depth[row, column])
        inside = np.abs((high - pose.translation) @ pose.rotation[:, :2]) <= self._palm
        return bool(inside.all(axis=1).any())

    def _higher_than_tips(self, pose: Transform) -> NDArray[np.float64]:
        """(N, 3) what was seen near a grasp, turned and raised as `fit` does, and higher than its tips, m."""
        radius = float(np.hypot(self._half * _STEP, self._side))
        top = -2 * self._gripper.finger_length
        box = pose.apply([[x, y, z] for x in (-radius, radius) for y in (-radius, radius) for z in (top, 0.0)])
        box[:, 2] = np.maximum(box[:, 2], _NEAREST)
        pixels = self._intrinsics.project(box)
        height, width = self._depth.shape
        left, above = (int(value) for value in np.clip(np.floor(pixels.min(axis=0)), 0, [width, height]))
        right, below = (int(value) for value in np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, [width, height]))
        rows, columns = np.mgrid[above:below, left:right]
        points = self._intrinsics.deproject(np.stack([columns, rows], axis=-1), self._depth[above:below, left:right])
        with np.errstate(invalid="ignore"):  # what was not measured is no number
            return points[(points - pose.translation) @ pose.rotation[:, 2] < -self._tolerance]

    def _solid(self, pose: Transform, higher: NDArray[np.float64]) -> Flags:
        """(columns,) whether a finger would meet something on its way down, as far as is known.

        Args:
            pose: Of the tips.
            higher: What was seen higher than they are.
        """
        x, y, z = ((higher - pose.translation) @ pose.rotation).T
        in_the_way = (np.abs(y) <= self._side) & (z < -self._tolerance) & (z > -self._gripper.finger_length)
        met = np.rint(x[in_the_way] / _STEP).astype(np.intp) + self._half
        solid = self._solid_at_the_tips(pose)
        solid[met[(met >= 0) & (met < len(solid))]] = True
        return solid

    def _solid_at_the_tips(self, pose: Transform) -> Flags:
        """(columns,) whether it would meet something at the height of the tips."""
        points = pose.apply(self._points.reshape(-1, 3))
        pixels = np.rint(self._intrinsics.project(points))
        height, width = self._depth.shape
        with np.errstate(invalid="ignore"):
            within = ((pixels >= 0) & (pixels < [width, height])).all(axis=1)
        column, row = pixels[within].astype(np.intp).T
        solid = np.ones(len(points), dtype=np.bool_)
        solid[within] = ~(self._depth[row, column] >= points[within, 2] - self._tolerance)
        return np.logical_or.reduce(solid.reshape(self._points.shape[:2]), axis=0)

    def _jaws(self, solid: Flags, width: float) -> tuple[int, int] | None:
        """Steps from the centre at which the two fingers' inner faces stand, each positive; None without room."""
        low, high = self._places(solid[self._half :: -1]), self._places(solid[self._half :])
        wanted = width / 2 / _STEP
        cost = np.abs(low - wanted)[:, None] + np.abs(high - wanted)[None, :]
        opening, widest = low[:, None] + high, self._gripper.max_opening / _STEP
        narrowest = _steps(self._gripper.min_opening)
        cost[(opening > widest) | (opening < narrowest) | (np.abs(low[:, None] - high) > widest / 2)] = np.inf
        if not np.isfinite(cost).any():
            return None
        first, second = np.unravel_index(int(cost.argmin()), cost.shape)
        return int(low[first]), int(high[second])

    def _places(self, outward: Flags) -> NDArray[np.intp]:
        """Steps at which a finger has room on one side, and something before it."""
        padded = np.concatenate([np.zeros(self._clear, dtype=np.bool_), outward])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self._finger + 2 * self._clear)
        taken = np.logical_or.reduce(windows, axis=1)
        inside = np.concatenate([[False], np.logical_or.accumulate(outward)])[: len(taken)]
        return np.flatnonzero(~taken & inside)

    def _seen(self, fitted: GraspCandidate) -> GraspCandidate:
        """With the rectangle as which it is seen now, if it was seen as one."""
        if fitted.rectangle is None:
            return fitted
        rectangle = project(
            fitted.pose,
            fitted.width,
            fitted.insertion,
            self._intrinsics,
            jaw_width=self._gripper.finger_width,
            quality=fitted.quality,
        )
        return replace(fitted, rectangle=replace(rectangle, height=fitted.rectangle.height))


def _moved(pose: Transform, x: float = 0.0, z: float = 0.0) -> Transform:
    """Along its own axes, m."""
    return Transform(pose.rotation, pose.apply([x, 0.0, z]))


def _insertions(deepest: float, least: float | None) -> list[float]:
    """From the deepest on, m."""
    if least is None or deepest <= least:
        return [deepest]
    return np.linspace(deepest, least, 1 + int(np.ceil((deepest - least) / _RISE))).tolist()


def _steps(length: float) -> int:
    """So many steps are no less than a length, m."""
    return int(np.ceil(length / _STEP - 1e-6))

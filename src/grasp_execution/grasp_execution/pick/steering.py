"""Where the tool goes next when it is led to a grasp that may move.

The law is that of Morrison, Corke and Leitner (2018), section VI: v = lambda (target - pose), clipped. It is taken over
one step of 1 / lambda seconds, so that the next pose is pose + clip(target - pose, v_max / lambda). What they do not
have: the tool stays above the object until it is over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from grasp_perception.transform import Transform


@dataclass(frozen=True, slots=True, eq=False)
class ToolError:
    """From the tool to its target."""

    along: float
    """Distance still to go along the approach, m."""
    lateral: NDArray[np.float64]
    """(3,) the rest of the way, across the approach, m."""
    turn: float
    """Angle between the closing axes, seen along the approach, rad."""

    @classmethod
    def between(cls, tool: Transform, target: Transform, approach: NDArray[np.float64]) -> ToolError:
        """Of two poses (base_from_tool); `approach` (3,) is a unit vector."""
        way = target.translation - tool.translation
        along = float(way @ approach)
        first, second = (pose.rotation[:, 0] - (pose.rotation[:, 0] @ approach) * approach for pose in (tool, target))
        turn = float(np.arctan2(np.cross(first, second) @ approach, first @ second))
        return cls(along, way - along * approach, turn)

    def is_aligned(self, distance: float, angle: float) -> bool:
        """Whether the tool is over its target, within a distance (m) and an angle (rad)."""
        return bool(np.linalg.norm(self.lateral) <= distance and abs(self.turn) <= angle)


def next_pose(
    tool: Transform,
    target: Transform,
    approach: NDArray[np.float64],
    *,
    hold: float,
    step: float,
    turn: float,
) -> Transform:
    """The pose to go to next.

    Args:
        tool: base_from_tool now.
        target: base_from_tool at the end.
        approach: (3,) unit vector.
        hold: How far before the target the tool waits, m; 0 = it goes to the end.
        step: Greatest way, along and across the approach each, m.
        turn: Greatest turn, rad.
    """
    error = ToolError.between(tool, target, approach)
    across = error.lateral * min(1.0, step / max(float(np.linalg.norm(error.lateral)), 1e-9))
    along = float(np.clip(error.along - hold, -step, step))
    share = min(1.0, turn / max(tool.angle_to(target), 1e-9))
    turned = Slerp([0.0, 1.0], Rotation.from_matrix(np.stack([tool.rotation, target.rotation])))(share)
    return Transform(turned.as_matrix(), tool.translation + across + along * approach)

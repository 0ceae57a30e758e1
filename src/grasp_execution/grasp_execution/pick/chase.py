"""Grasps whose angle turns with the hand.

What looks the same from all sides has no angle of its own. A planner then names one by how the thing lies in the image,
and with a camera on the hand this angle turns as the hand does, which runs after it for ever.
"""

from __future__ import annotations

import numpy as np

from grasp_perception.transform import Transform
from grasp_planning.grasps import wrap_half_turn

_WINDOW = 1.2
"""s that are looked back upon."""
_TURNED = 0.8
"""By so much the hand must have turned in that while, rad: more than a thing is turned by chance,"""
_ALIKE = 0.3
"""and the grasp as far, but for this share."""
_APART = 0.35
"""If the grasp and a hand that no longer follows it turn apart by this, the thing itself turns, rad."""


class Chase:
    """Tells whether a grasp turns because the hand does.

    Attributes:
        is_vain: Whether it does: then any angle is as good.
    """

    def __init__(self) -> None:
        self.is_vain = False
        self._last: tuple[float, float] | None = None
        self._steps: list[tuple[float, float, float]] = []

    def see(self, stamp: float, grasp: Transform, tool: Transform) -> None:
        """Take note of a grasp (base_from_tool) seen at a time in s, and of where the tool is."""
        now = _angle(grasp), _angle(tool)
        if self._last is not None:
            grasp_turn, hand_turn = (wrap_half_turn(angle - before) for angle, before in zip(now, self._last))
            self._steps.append((stamp, grasp_turn, hand_turn))
        self._last = now
        self._steps = [step for step in self._steps if step[0] >= stamp - _WINDOW]
        grasp_turned, hand_turned = (sum(step[i] for step in self._steps) for i in (1, 2))
        apart = abs(grasp_turned - hand_turned)
        if self.is_vain:
            is_vain = apart < _APART
        else:
            is_vain = abs(hand_turned) >= _TURNED and apart <= _ALIKE * abs(hand_turned)
        if is_vain != self.is_vain:
            self.is_vain, self._steps = is_vain, []


def _angle(pose: Transform) -> float:
    """Of the closing axis in the base's x-y plane, rad."""
    return float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))

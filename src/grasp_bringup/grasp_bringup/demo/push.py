"""Moving the object while the robot is on its way to it, to see whether it follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grasp_planning.workcell import Box

LENGTH = 0.035
"""How far the object is moved, m."""
SECONDS = 0.6
"""Simulated time that it takes."""
MARGIN = 0.02
"""What it keeps from the edge of the workspace, m."""
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Push:
    """A motion of an object along the table, in the base frame."""

    name: str
    dx: float
    """m."""
    dy: float
    """m."""


def draw_push(name: str, x: float, y: float, workspace: Box, rng: np.random.Generator) -> Push:
    """A push in a random direction that leaves the object in the workspace.

    Args:
        name: Of the object.
        x: Where it lies in the base frame, m.
        y: The same.
        workspace: Where it must stay.
        rng: Draws the direction.
    """
    low, high = np.array(workspace.min[:2]) + MARGIN, np.array(workspace.max[:2]) - MARGIN
    here = np.array([x, y])
    for angle in rng.uniform(0.0, 2.0 * np.pi, _TRIES):
        way = LENGTH * np.array([np.cos(angle), np.sin(angle)])
        if (here + way >= low).all() and (here + way <= high).all():
            return Push(name, float(way[0]), float(way[1]))
    middle = (low + high) / 2 - here
    way = LENGTH * middle / max(float(np.linalg.norm(middle)), 1e-9)
    return Push(name, float(way[0]), float(way[1]))

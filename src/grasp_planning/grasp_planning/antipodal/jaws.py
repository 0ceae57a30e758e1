"""Do the jaws fit, how deep, how far open, and what do they touch?

For every candidate the height map is sampled in a window that is aligned with its closing axis (columns along
the axis, rows along the width of the finger). Seen from there a finger is an interval of the axis: at the
height h of its tips it may come down where the window's columns stay below h, and it closes until it meets the
first column that does not.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_planning.antipodal.edges import Pairs
from grasp_planning.antipodal.height_map import HeightMap
from grasp_planning.antipodal.options import AntipodalOptions
from grasp_planning.gripper import Gripper

Floats = NDArray[np.float64]
_HOLD_DEPTH = 0.003
"""How far behind the first touched point the object must still be higher than the tips, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Closures:
    """What the jaws would do at each candidate and tip height: arrays of one shape, (N, K) or (N,)."""

    tip: Floats
    """Height of the tips above the table, metres."""
    low: Floats
    """Where the jaw on the negative side touches, along the axis from the candidate's centre, metres."""
    high: Floats
    """Where the other one touches."""
    margin: Floats
    """Gap between object and finger on each side when fully open, metres; negative: no room."""
    engagement: Floats
    """Overlap of finger and object along the approach, on the weaker side, metres."""
    palm_free: NDArray[np.bool_]
    """Whether the palm stays above everything under it."""

    def at(self, level: NDArray[np.intp]) -> Closures:
        """(N,) closures: of (N, K) ones, those at one height for each candidate."""
        rows = np.arange(len(level))
        return Closures(*(getattr(self, field.name)[rows, level] for field in fields(self)))

    @property
    def width(self) -> Floats:
        """Width of what is between the jaws, metres."""
        return self.high - self.low

    @property
    def opening(self) -> Floats:
        """The widest collision-free opening, metres."""
        return self.high - self.low + 2 * np.maximum(self.margin, 0)


class Windows:
    """The height map around each candidate, aligned with its closing axis."""

    def __init__(self, height_map: HeightMap, pairs: Pairs, gripper: Gripper, options: AntipodalOptions) -> None:
        self._options, self._gripper = options, gripper
        self._map, self._pairs = height_map, pairs
        cell = self._step = height_map.cell
        # The object may reach out to one side below the edge where it was found, by a quarter of the opening.
        reach = 0.75 * gripper.max_opening + gripper.finger_thickness + 2 * options.finger_clearance
        self._half = int(np.ceil(reach / cell))
        along = np.asarray(np.arange(-self._half, self._half + 1) * cell, dtype=np.float64)
        side = gripper.finger_width / 2 + options.finger_clearance
        rows = max(3, int(np.ceil(2 * side / (1.5 * cell))) + 1)
        across: Floats = np.linspace(-side, side, rows, dtype=np.float64)
        self._touching = np.abs(across) <= gripper.finger_width / 2 + 1e-9
        self.heights = _sample(height_map.height, height_map, pairs, along, across)
        """(N, rows, columns) metres above the table, +inf where unknown."""
        self.profile = self.heights.max(axis=1)
        """(N, columns) the highest of each column."""

    def tip_heights(self) -> Floats:
        """(K,) heights of the tips worth trying, from the table up (Algorithm 1, lines 11 to 15)."""
        lowest, step = self._options.table_clearance, self._options.height_step
        middle = self.heights[:, :, self._half]
        tallest = float(middle.max(initial=0.0, where=np.isfinite(middle)))
        count = int(np.ceil(max(tallest - self._options.min_engagement - lowest, 0.0) / step)) + 1
        # Of tall objects the levels are spread, so that time stays bounded.
        return np.linspace(lowest, lowest + step * (count - 1), min(count, 12), dtype=np.float64)

    def close(self) -> Closures:
        """Lower the open jaws to each height and close them."""
        tips = self.tip_heights()
        start = np.rint(self._pairs.width / 2 / self._step).astype(np.intp)
        sides = [self._side(np.flip(self.profile, axis=1), start, tips), self._side(self.profile, start, tips)]
        (low, low_room, low_hold), (high, high_room, high_hold) = sides
        gripper, options = self._gripper, self._options
        room = np.minimum(low_room, high_room) - gripper.finger_thickness - options.finger_clearance
        margin = np.minimum(room, (gripper.max_opening - (low + high)) / 2)
        # A tip that is too far off-centre was not seen far enough out.
        margin = np.where(np.abs(high - low) / 2 <= gripper.max_opening / 4, margin, -1.0)
        palm = self._palm_height()[:, None] + options.finger_clearance <= tips + gripper.finger_length
        engagement = np.minimum(low_hold, high_hold)
        engagement[np.isinf(engagement)] = 0.0  # on both sides unknown: nothing is known to be held
        return Closures(np.broadcast_to(tips, low.shape), -low, high, margin, engagement, palm)

    def _side(
        self, profile: NDArray[np.float32], start: NDArray[np.intp], tips: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Look outward from the edge on the right side.

        Returns:
            Three (N, K) arrays: where the finger touches, metres from the centre; free space from there
            outward; height of the object above the tips behind the touched point.
        """
        columns = profile.shape[1]
        length = self._half
        index = self._half + start[:, None] - 2 + np.arange(length)
        outward = np.take_along_axis(profile, np.minimum(index, columns - 1), axis=1)
        outward[index >= columns] = np.inf  # beyond the window: not looked at
        hold = max(1, round(_HOLD_DEPTH / self._step))
        touch, room, held = (np.empty((len(profile), len(tips))) for _ in range(3))
        position = np.arange(length)
        rows = np.arange(len(profile))
        for k, tip in enumerate(tips):
            blocked = outward > tip
            free = np.argmin(blocked, axis=1)  # first free column; 0 if all are blocked
            free = np.where(blocked.all(axis=1), length, free)
            beyond = blocked & (position > free[:, None])
            obstacle = np.where(beyond.any(axis=1), np.argmax(beyond, axis=1), length)
            # A column reaches half a step to either side.
            edge = self._half + start - 2 + free
            touch[:, k] = (edge - self._half - 0.5) * self._step
            room[:, k] = (obstacle - free) * self._step
            held[:, k] = profile[rows, np.clip(edge - hold, 0, columns - 1)] - tip
        return touch, room, held

    def _palm_height(self) -> Floats:
        """(N,) the highest point under the palm, metres; what is unknown is taken to be low."""
        height_map = self._map
        heights = np.where(height_map.known, height_map.height, np.float32(0))
        if (
            heights.max() + self._options.finger_clearance
            <= self._options.table_clearance + self._gripper.finger_length
        ):
            return np.zeros(len(self._pairs))
        coarse = 5
        highest = cv2.dilate(heights, np.ones((coarse, coarse), np.uint8))
        half = np.array(self._gripper.palm_size[:2]) / 2 + self._options.finger_clearance
        along, across = (
            np.linspace(-side, side, max(2, int(np.ceil(2 * side / (coarse * height_map.cell))) + 1)) for side in half
        )
        return _sample(highest, height_map, self._pairs, along, across).max(axis=(1, 2)).astype(np.float64)

    def contact(self, closures: Closures) -> tuple[Floats, Floats]:
        """What closed jaws would hold.

        Args:
            closures: (N,) ones.

        Returns:
            Two (N,) arrays in [0, 1]: the share of the finger's width that touches the object, on the weaker
            side; and how full of the object the space between the fingers is.
        """
        inside = self.heights[:, self._touching] > closures.tip[:, None, None]
        position = np.arange(-self._half, self._half + 1) * self._step
        within = (position > closures.low[:, None]) & (position < closures.high[:, None])
        inside &= within[:, None, :]
        outermost = np.where(inside, position, -np.inf).max(axis=2)
        innermost = np.where(inside, position, np.inf).min(axis=2)
        tolerance = max(self._options.contact_tolerance, self._step) + self._step / 2
        high, low = closures.high[:, None], closures.low[:, None]
        touches = np.stack([high - outermost <= tolerance, innermost - low <= tolerance])
        full = inside.sum(axis=(1, 2)) / np.maximum(within.sum(axis=1) * inside.shape[1], 1)
        return touches.mean(axis=2).min(axis=0), full


def _sample(
    values: NDArray[np.float32], height_map: HeightMap, pairs: Pairs, along: Floats, across: Floats
) -> NDArray[np.float32]:
    """(N, len(across), len(along)) nearest values on a grid aligned with each pair; +inf outside the map."""
    padded = np.pad(values, 1, constant_values=np.inf)
    center = height_map.cells(pairs.center).astype(np.float32) + np.float32(1)
    axis = (pairs.axis / height_map.cell).astype(np.float32)
    a, b = along.astype(np.float32)[None, None, :], across.astype(np.float32)[None, :, None]
    x, y = axis[:, 0, None, None], axis[:, 1, None, None]
    half = np.float32(0.5)  # truncation of a positive number plus a half rounds it
    column = (center[:, 0, None, None] + half + x * a) - y * b
    row = (center[:, 1, None, None] + half + y * a) + x * b
    rows, columns = padded.shape
    column = np.clip(column, 0, columns - 1).astype(np.int32)
    row = np.clip(row, 0, rows - 1).astype(np.int32)
    return padded.ravel()[row * np.int32(columns) + column]

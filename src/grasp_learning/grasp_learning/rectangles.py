"""Many grasp rectangles at once, as one array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_planning.grasps import GraspRectangle

FIELDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class GraspRectangles:
    """Grasps in one image; the fields are those of `GraspRectangle`, and so are their conventions."""

    values: NDArray[np.float64]
    """(N, 5): column x, row y of the centre, px; angle of the closing axis, rad, positive from +x to +y
    (down); width, the opening, and height, the jaw size, px. Angles are wrapped to [-pi/2, pi/2)."""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.size == 0:
            values = values.reshape(0, FIELDS)
        if values.ndim != 2 or values.shape[1] != FIELDS:
            raise ValueError(f"rectangles are an array of shape (N, {FIELDS}), got {values.shape}")
        values[:, 2] = (values[:, 2] + np.pi / 2) % np.pi - np.pi / 2
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @classmethod
    def empty(cls) -> GraspRectangles:
        """No grasps."""
        return cls(np.empty((0, FIELDS)))

    @classmethod
    def of(cls, rectangles: Iterable[GraspRectangle]) -> GraspRectangles:
        """The same grasps in one array; their qualities are dropped."""
        return cls(np.array([(r.x, r.y, r.angle, r.width, r.height) for r in rectangles]))

    @classmethod
    def concatenate(cls, parts: Iterable[GraspRectangles]) -> GraspRectangles:
        """The grasps of all parts, in order."""
        return cls(np.concatenate([np.empty((0, FIELDS)), *(part.values for part in parts)]))

    @property
    def centers(self) -> NDArray[np.float64]:
        """(N, 2) pixels (x, y)."""
        return self.values[:, :2]

    @property
    def angles(self) -> NDArray[np.float64]:
        """(N,) rad in [-pi/2, pi/2)."""
        return self.values[:, 2]

    @property
    def widths(self) -> NDArray[np.float64]:
        """(N,) openings along the closing axis, px."""
        return self.values[:, 3]

    @property
    def heights(self) -> NDArray[np.float64]:
        """(N,) jaw sizes across the closing axis, px."""
        return self.values[:, 4]

    @property
    def axes(self) -> NDArray[np.float64]:
        """(N, 2) unit vectors (x, y) of the closing axes."""
        return np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)

    @property
    def corners(self) -> NDArray[np.float64]:
        """(N, 4, 2) pixels (x, y); the first edge runs along the closing axis, as in `GraspRectangle`."""
        axes = self.axes
        along = axes * self.widths[:, None] / 2
        across = np.stack([-axes[:, 1], axes[:, 0]], axis=1) * self.heights[:, None] / 2
        offsets = np.stack([-along - across, along - across, along + across, -along + across], axis=1)
        return self.centers[:, None] + offsets

    def with_heights(self, heights: ArrayLike) -> GraspRectangles:
        """The same grasps with other jaw sizes, px: a number or (N,)."""
        values = self.values.copy()
        values[:, 4] = heights
        return GraspRectangles(values)

    def with_smallest_jaws(self) -> GraspRectangles:
        """Of those with the same centre, angle and opening only that with the smallest jaw size; the order stays."""
        order = np.argsort(self.heights, kind="stable")
        _, first = np.unique(self.values[order, :4], axis=0, return_index=True)
        return self[np.sort(order[first])]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[GraspRectangle]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> GraspRectangle: ...

    @overload
    def __getitem__(self, key: slice | NDArray[np.integer] | NDArray[np.bool_]) -> GraspRectangles: ...

    def __getitem__(
        self, key: int | slice | NDArray[np.integer] | NDArray[np.bool_]
    ) -> GraspRectangle | GraspRectangles:
        if isinstance(key, (int, np.integer)):
            return GraspRectangle(*(float(value) for value in self.values[key]))
        return GraspRectangles(self.values[key])

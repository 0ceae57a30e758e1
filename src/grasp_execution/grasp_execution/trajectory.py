"""A timed motion of joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Positions of joints over time, as points to interpolate between.

    N points, J joints; rad (or m) and seconds. Velocities and accelerations may be left out, as in
    trajectory_msgs/JointTrajectory; between points the interpolation is then linear (positions only)
    or cubic (with velocities) instead of quintic.
    """

    joint_names: tuple[str, ...]
    times: NDArray[np.float64]
    """(N,) seconds from the start, not decreasing."""
    positions: NDArray[np.float64]
    """(N, J)."""
    velocities: NDArray[np.float64] | None = None
    """(N, J) or None."""
    accelerations: NDArray[np.float64] | None = None
    """(N, J) or None."""

    @property
    def duration(self) -> float:
        """Seconds from the start to the last point."""
        return float(self.times[-1])

    def evaluate(
        self, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Positions, velocities and accelerations (M, J) at times (M,) in the trajectory, by quintic interpolation.

        Raises:
            ValueError: The trajectory has no velocities or no accelerations.
        """
        if self.velocities is None or self.accelerations is None:
            raise ValueError("evaluate needs a trajectory with velocities and accelerations")
        i = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, len(self.times) - 2)
        span = (self.times[i + 1] - self.times[i])[:, None]
        s = (np.asarray(times) - self.times[i])[:, None]
        v0, a0 = self.velocities[i], self.accelerations[i]
        p0 = self.positions[i]
        c3, c4, c5 = _quintic(
            self.positions[i + 1] - p0, v0, self.velocities[i + 1], a0, self.accelerations[i + 1], span
        )
        position = p0 + s * (v0 + s * (a0 / 2 + s * (c3 + s * (c4 + s * c5))))
        velocity = v0 + s * (a0 + s * (3 * c3 + s * (4 * c4 + s * 5 * c5)))
        acceleration = a0 + s * (6 * c3 + s * (12 * c4 + s * 20 * c5))
        return position, velocity, acceleration

    def sample(self, time: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (J,) and velocities (J,) at a time; before the first and after the last point, at rest there."""
        if time < self.times[0]:
            return self.positions[0], np.zeros(len(self.joint_names))
        if time >= self.times[-1]:
            return self.positions[-1], np.zeros(len(self.joint_names))
        i = int(np.searchsorted(self.times, time, side="right")) - 1
        span = self.times[i + 1] - self.times[i]
        s = time - self.times[i]
        p0, p1 = self.positions[i], self.positions[i + 1]
        if self.velocities is None:
            slope = (p1 - p0) / span
            return p0 + slope * s, slope
        v0, v1 = self.velocities[i], self.velocities[i + 1]
        if self.accelerations is None:
            a = (3 * (p1 - p0) / span - 2 * v0 - v1) / span
            b = (2 * (p0 - p1) / span + v0 + v1) / span**2
            return p0 + s * (v0 + s * (a + s * b)), v0 + s * (2 * a + s * 3 * b)
        a0, a1 = self.accelerations[i], self.accelerations[i + 1]
        c3, c4, c5 = _quintic(p1 - p0, v0, v1, a0, a1, span)
        position = p0 + s * (v0 + s * (a0 / 2 + s * (c3 + s * (c4 + s * c5))))
        velocity = v0 + s * (a0 + s * (3 * c3 + s * (4 * c4 + s * 5 * c5)))
        return position, velocity


@dataclass(frozen=True, slots=True, eq=False)
class MotionState:
    """The joints at a moment; (J,) arrays in the arm file's order: rad, rad/s, rad/s^2."""

    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    accelerations: NDArray[np.float64]

    @classmethod
    def at_rest(cls, positions: NDArray[np.float64]) -> MotionState:
        """Standing still."""
        return cls(positions, np.zeros(len(positions)), np.zeros(len(positions)))

    @classmethod
    def on(cls, trajectory: Trajectory, time: float) -> MotionState:
        """On a trajectory with velocities and accelerations, seconds after its start; at rest after its end."""
        if time >= trajectory.duration:
            return cls.at_rest(trajectory.positions[-1])
        positions, velocities, accelerations = trajectory.evaluate(np.array([max(time, 0.0)]))
        return cls(positions[0], velocities[0], accelerations[0])


def _quintic(
    travel: NDArray[np.float64],
    v0: NDArray[np.float64],
    v1: NDArray[np.float64],
    a0: NDArray[np.float64],
    a1: NDArray[np.float64],
    span: NDArray[np.float64] | float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients of the third to fifth power of the quintic between two points `span` seconds apart."""
    d = travel - span * (v0 + span * a0 / 2)
    e = (v1 - v0 - span * a0) * span
    f = (a1 - a0) * span**2
    c3 = (10 * d - 4 * e + f / 2) / span**3
    c4 = (-15 * d + 7 * e - f) / span**4
    c5 = (6 * d - 3 * e + f / 2) / span**5
    return c3, c4, c5

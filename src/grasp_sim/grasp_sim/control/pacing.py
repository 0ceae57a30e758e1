"""Keeping simulated time in step with the wall clock."""

from __future__ import annotations

import math

CATCH_UP = 0.1
"""Seconds of simulated time that may be caught up after a delay; what is beyond is given up."""
WALL_FACTOR = 2.0
"""How much more often than at its own rate a thing may be done in wall time."""


class Pacer:
    """Says how far simulated time should have come."""

    def __init__(self, rate: float) -> None:
        """Run at `rate` simulated seconds per second of wall time; 0 = as fast as it goes."""
        self.rate = rate
        self._origin = 0.0
        self._simulated = 0.0
        self._wall = 0.0

    def restart(self, simulated: float, wall: float) -> None:
        """From here on both clocks run together."""
        self._simulated, self._wall = simulated, wall

    def target(self, simulated: float, wall: float) -> float:
        """Simulated time that is due at a moment of wall time; a lag beyond `CATCH_UP` is forgotten."""
        if self.rate == 0.0:
            return math.inf
        target = self._simulated + (wall - self._wall) * self.rate
        if target - simulated > CATCH_UP:
            self.restart(simulated + CATCH_UP, wall)
            return simulated + CATCH_UP
        return target

    def wait(self, simulated: float, wall: float) -> float:
        """Seconds of wall time until a simulated time is due; 0 if it already is."""
        if self.rate == 0.0:
            return 0.0
        return max(0.0, (simulated - self._simulated) / self.rate - (wall - self._wall))


class Schedule:
    """Says when something periodic is due.

    It is due once in every period of simulated time; where simulated time runs fast, at most
    `WALL_FACTOR` times as often in wall time on average, so that nobody is flooded.
    """

    def __init__(self, rate: float, *, burst: int = 1) -> None:
        """`rate` times per simulated second; up to `burst` times in a row to catch up after a delay."""
        self._period = 1.0 / rate
        self._burst = float(burst)
        self._next = -math.inf
        self._allowance = self._burst
        self._last_wall = -math.inf

    def due(self, simulated: float, wall: float) -> bool:
        """Whether it is due now; a yes counts as done."""
        if self._next > simulated + 1.5 * self._period:  # time began anew
            self._next = -math.inf
        if simulated < self._next - 1e-9:
            return False
        earned = (wall - self._last_wall) * WALL_FACTOR / self._period
        if self._allowance + earned < 1.0:
            return False
        self._allowance = min(self._burst, self._allowance + earned) - 1.0
        self._last_wall = wall
        # On a grid, so that the step's length does not make it drift; a missed time is skipped.
        self._next = (math.floor(simulated / self._period + 1e-9) + 1) * self._period
        return True

"""Success rates with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5 % on each side."""


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """How many of a number of trials succeeded."""

    successes: int
    trials: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials or self.trials == 0:
            raise ValueError(f"{self.successes} successes of {self.trials} trials is not a rate")

    @property
    def rate(self) -> float:
        """Share of successes."""
        return self.successes / self.trials

    @property
    def ci95(self) -> tuple[float, float]:
        """95 % score interval (Wilson 1927): valid for few trials and for rates near 0 and 1."""
        n, p = self.trials, self.rate
        center = (p + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
        half = Z_95 / (1 + Z_95**2 / n) * sqrt(p * (1 - p) / n + Z_95**2 / (4 * n**2))
        return max(0.0, center - half), min(1.0, center + half)

    def __str__(self) -> str:
        low, high = self.ci95
        return f"{self.successes}/{self.trials} = {self.rate:.0%} (95 % interval {low:.0%} to {high:.0%})"

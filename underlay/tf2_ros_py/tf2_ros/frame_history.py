"""What is known of one frame over time. Times are integer nanoseconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from tf2_ros.exceptions import ExtrapolationException
from tf2_ros.rigid import Rigid, interpolate


class Sample(NamedTuple):
    """Where a frame stood at one time."""

    stamp: int
    parent: str
    transform: Rigid
    """parent_from_child"""


class StaticFrame:
    """A frame that does not move: its last sample holds at any time."""

    def __init__(self) -> None:
        self._sample: Sample | None = None

    def insert(self, sample: Sample) -> bool:
        """Replace what was known. Always accepted."""
        self._sample = sample
        return True

    def at(self, stamp: int) -> Sample | None:
        """The sample, with the time asked for."""
        return self._sample and self._sample._replace(stamp=stamp)

    def latest(self) -> Sample | None:
        """The sample, at time 0: it never limits a common time."""
        return self.at(0)

    def clear(self) -> None:
        """Static frames are kept, as upstream does: nobody would send them again."""


class MovingFrame:
    """A frame's samples of the last `duration` nanoseconds before the newest, in order of time."""

    def __init__(self, duration: int) -> None:
        self._duration = duration
        self._stamps: list[int] = []
        self._samples: list[Sample] = []

    def insert(self, sample: Sample) -> bool:
        """Keep a sample, in any order of arrival.

        Returns:
            False if it is older than what is kept.
        """
        if self._stamps and sample.stamp < self._stamps[-1] - self._duration:
            return False
        position = bisect_right(self._stamps, sample.stamp)
        if sample not in self._samples[bisect_left(self._stamps, sample.stamp) : position]:
            self._stamps.insert(position, sample.stamp)
            self._samples.insert(position, sample)
        expired = bisect_left(self._stamps, self._stamps[-1] - self._duration)
        del self._stamps[:expired], self._samples[:expired]
        return True

    def at(self, stamp: int) -> Sample | None:
        """The frame at a time, interpolated between its neighbours. 0 is the newest sample.

        Where the parent changes between the two, the earlier one holds.

        Raises:
            ExtrapolationException: The time lies outside what is kept.
        """
        if not self._stamps or stamp == 0:
            return self.latest()
        first, last = self._stamps[0], self._stamps[-1]
        if first == last != stamp:
            raise ExtrapolationException(
                f"Lookup would require extrapolation at time {_seconds(stamp)}, "
                f"but only time {_seconds(first)} is in the buffer"
            )
        if stamp > last:
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the future.  Requested time {_seconds(stamp)} "
                f"but the latest data is at time {_seconds(last)}"
            )
        if stamp < first:
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the past.  Requested time {_seconds(stamp)} "
                f"but the earliest data is at time {_seconds(first)}"
            )
        position = bisect_right(self._stamps, stamp) - 1
        before = self._samples[position]
        if before.stamp == stamp or self._samples[position + 1].parent != before.parent:
            return before._replace(stamp=stamp)
        after = self._samples[position + 1]
        fraction = (stamp - before.stamp) / (after.stamp - before.stamp)
        return Sample(stamp, before.parent, interpolate(before.transform, after.transform, fraction))

    def latest(self) -> Sample | None:
        """The newest sample."""
        return self._samples[-1] if self._samples else None

    def clear(self) -> None:
        """Forget all samples."""
        self._stamps.clear()
        self._samples.clear()


def _seconds(stamp: int) -> str:
    return f"{stamp * 1e-9:.6f}"

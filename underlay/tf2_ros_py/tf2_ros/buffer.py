"""Storing transforms and looking them up."""

from __future__ import annotations

import math
import threading
import time as wall_time

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.time import Time

from tf2_ros.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)
from tf2_ros.frame_history import MovingFrame, Sample, StaticFrame
from tf2_ros.rigid import IDENTITY, Rigid

LOOP = "The tf tree is invalid because it contains a loop."
NORM_TOLERANCE = 0.01  # of a quaternion's squared length


class Buffer:
    """Keeps the transforms of the last seconds and answers how two frames stood to each other.

    Safe to use from several threads. A lookup with a time-out blocks the calling thread, in wall
    time whatever clock the node runs on, and wakes when a transform arrives; so the listener's
    callbacks must run in another thread.
    """

    def __init__(self, cache_time: Duration | None = None) -> None:
        self._duration = 10_000_000_000 if cache_time is None else cache_time.nanoseconds
        self._frames: dict[str, StaticFrame | MovingFrame] = {}
        self._names: set[str] = set()
        self._arrived = threading.Condition()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform. One that is unusable or too old is logged and ignored.

        Args:
            transform: From `child_frame_id` to `header.frame_id`.
            authority: Who says so, for the log.
        """
        self._store(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds at any time."""
        self._store(transform, authority, static=True)

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration | None = None
    ) -> TransformStamped:
        """The transform that takes points from the source frame to the target frame.

        Args:
            target_frame: Frame to go to.
            source_frame: Frame to come from.
            time: When; 0 means the latest time at which the whole chain is known.
            timeout: How long to wait for it, wall time.

        Raises:
            LookupException: A frame is unknown.
            ConnectivityException: The frames are not connected.
            ExtrapolationException: The time lies outside what is known.
            InvalidArgumentException: A frame name is empty or starts with a slash.
        """
        stamp = _nanoseconds(time)
        return self._wait(lambda: self._lookup(target_frame, source_frame, stamp), timeout)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration | None = None,
    ) -> TransformStamped:
        """From the source frame at one time to the target frame at another, through a frame that stands still.

        Raises:
            TransformException: As `lookup_transform`.
        """
        now, then = _nanoseconds(target_time), _nanoseconds(source_time)

        def compose() -> TransformStamped:
            stamp, fixed_from_source = self._resolve(fixed_frame, source_frame, then)
            stamp, target_from_fixed = self._resolve(target_frame, fixed_frame, now)
            return _message(target_frame, source_frame, stamp, target_from_fixed @ fixed_from_source)

        return self._wait(compose, timeout)

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration | None = None,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """Whether `lookup_transform` would succeed; as a tuple, with the reason why not."""
        try:
            self.lookup_transform(target_frame, source_frame, time, timeout)
        except TransformException as error:
            return (False, str(error)) if return_debug_tuple else False
        return (True, "") if return_debug_tuple else True

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """The latest time at which the whole chain between two frames is known; 0 if it is static.

        Raises:
            TransformException: As `lookup_transform`.
        """
        with self._arrived:
            self._check(target_frame, source_frame)
            return Time(nanoseconds=self._latest_common_time(target_frame, source_frame))

    def clear(self) -> None:
        """Forget all moving frames."""
        with self._arrived:
            for frame in self._frames.values():
                frame.clear()

    def all_frames_as_yaml(self) -> str:
        """The parent of each frame and the time of its newest sample, as YAML."""
        with self._arrived:
            newest = {name: frame.latest() for name, frame in self._frames.items()}
        return "".join(
            f"{name}:\n  parent: '{sample.parent}'\n  most_recent_transform: {sample.stamp * 1e-9:.6f}\n"
            for name, sample in sorted(newest.items())
            if sample
        )

    def _store(self, message: TransformStamped, authority: str, static: bool) -> None:
        parent, child = message.header.frame_id.removeprefix("/"), message.child_frame_id.removeprefix("/")
        t, r = message.transform.translation, message.transform.rotation
        transform = Rigid((t.x, t.y, t.z), (r.x, r.y, r.z, r.w))
        refusal = _refusal(parent, child, transform)
        if refusal is None:
            sample = Sample(_nanoseconds(message.header.stamp), parent, transform)
            with self._arrived:
                # A frame stays what it was first: moving or static.
                frame = self._frames.setdefault(child, StaticFrame() if static else MovingFrame(self._duration))
                self._names |= {parent, child}
                if frame.insert(sample):
                    self._arrived.notify_all()
                    return
            refusal = f"TF_OLD_DATA ignoring data from the past for frame {child} at time {sample.stamp * 1e-9:.6f}"
        get_logger("tf2").warning(f"{refusal} (from {authority})", throttle_duration_sec=1.0)

    def _wait(self, lookup, timeout: Duration | None):
        deadline = wall_time.monotonic() + (timeout.nanoseconds * 1e-9 if timeout else 0.0)
        with self._arrived:
            while True:
                try:
                    return lookup()
                except InvalidArgumentException:
                    raise
                except TransformException:
                    remaining = deadline - wall_time.monotonic()
                    if remaining <= 0:
                        raise
                self._arrived.wait(remaining)

    def _lookup(self, target: str, source: str, stamp: int) -> TransformStamped:
        return _message(target, source, *self._resolve(target, source, stamp))

    def _resolve(self, target: str, source: str, stamp: int) -> tuple[int, Rigid]:
        self._check(target, source)
        if target == source:
            frame = self._frames.get(target)
            newest = frame.latest() if frame and stamp == 0 else None
            return (newest.stamp if newest else stamp), IDENTITY
        if stamp == 0:
            stamp = self._latest_common_time(target, source)
        return stamp, self._target_from_source(target, source, stamp)

    def _check(self, target: str, source: str) -> None:
        for role, name in (("target_frame", target), ("source_frame", source)):
            problem = f"Invalid argument passed to lookupTransform argument {role} in tf2 frame_ids cannot "
            if not name:
                raise InvalidArgumentException(problem + "be empty")
            if name.startswith("/"):
                raise InvalidArgumentException(f"{problem}start with a '/' like: {name}")
            if name not in self._names:
                raise LookupException(f'"{name}" passed to lookupTransform argument {role} does not exist. ')

    def _target_from_source(self, target: str, source: str, stamp: int) -> Rigid:
        failure = None
        ancestor_from_source = {source: IDENTITY}
        frame, transform = source, IDENTITY
        while frame != target:
            try:
                sample = self._sample(frame, stamp)
            except ExtrapolationException as error:
                failure = error  # may not matter: the target's way up can join below
                break
            if sample is None:
                break
            transform = sample.transform @ transform
            frame = sample.parent
            if frame in ancestor_from_source:
                raise LookupException(LOOP)
            ancestor_from_source[frame] = transform

        frames = f", when looking up transform from frame [{source}] to frame [{target}]"
        target_from_frame, frame, walked = IDENTITY, target, {target}
        while frame not in ancestor_from_source:
            try:
                sample = self._sample(frame, stamp)
            except ExtrapolationException as error:
                raise ExtrapolationException(f"{error}{frames}") from None
            if sample is None and failure:
                raise ExtrapolationException(f"{failure}{frames}")
            if sample is None:
                raise ConnectivityException(_unconnected(target, source))
            target_from_frame = target_from_frame @ sample.transform.inverse()
            frame = sample.parent
            if frame in walked:
                raise LookupException(LOOP)
            walked.add(frame)
        return target_from_frame @ ancestor_from_source[frame]

    def _sample(self, frame: str, stamp: int) -> Sample | None:
        history = self._frames.get(frame)
        return history.at(stamp) if history else None

    def _latest_common_time(self, target: str, source: str) -> int:
        upwards = [self._newest_upwards(frame) for frame in (target, source)]
        joint = next((frame for frame in upwards[0] if frame in upwards[1]), None)
        if joint is None:
            raise ConnectivityException(_unconnected(target, source))
        stamps = []
        for chain in upwards:
            for frame, sample in chain.items():
                if frame == joint:
                    break
                stamps.append(sample.stamp)
        return min((stamp for stamp in stamps if stamp), default=0)

    def _newest_upwards(self, frame: str) -> dict[str, Sample | None]:
        """The newest sample of a frame and of all above it, in this order."""
        chain: dict[str, Sample | None] = {}
        while frame not in chain:
            history = self._frames.get(frame)
            chain[frame] = history.latest() if history else None
            if chain[frame] is None:
                return chain
            frame = chain[frame].parent
        raise LookupException(LOOP)


def _refusal(parent: str, child: str, transform: Rigid) -> str | None:
    if not child or not parent:
        return f"TF_NO_{'FRAME_ID' if child else 'CHILD_FRAME_ID'}: ignoring a transform from '{parent}' to '{child}'"
    if child == parent:
        return f"TF_SELF_TRANSFORM: ignoring a transform from '{child}' to itself"
    if not all(math.isfinite(value) for part in transform for value in part):
        return f"TF_NAN_INPUT: ignoring the transform of '{child}', which has a nan or infinite value"
    if abs(sum(value * value for value in transform.rotation) - 1) > NORM_TOLERANCE:
        return f"TF_DENORMALIZED_QUATERNION: ignoring the transform of '{child}', with rotation {transform.rotation}"
    return None


def _unconnected(target: str, source: str) -> str:
    return (
        f"Could not find a connection between '{target}' and '{source}' because they are not part of the same tree. "
        "Tf has two or more unconnected trees."
    )


def _nanoseconds(time) -> int:
    """Of an rclpy or a message time."""
    if hasattr(time, "nanoseconds"):
        return time.nanoseconds
    return time.sec * 1_000_000_000 + time.nanosec


def _message(target: str, source: str, stamp: int, transform: Rigid) -> TransformStamped:
    message = TransformStamped(child_frame_id=source)
    message.header.frame_id = target
    message.header.stamp = Time(nanoseconds=stamp).to_msg()
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = transform.translation
    rotation.x, rotation.y, rotation.z, rotation.w = transform.rotation
    return message

"""Following one grasp from image to image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from grasp_execution.pick.chase import Chase
from grasp_execution.pick.goals import check_grasp
from grasp_execution.pick.options import TrackingOptions
from grasp_execution.pick.ports import AskedGrasps, GraspSource, Look, Watch
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp, half_turn, wrap_half_turn
from grasp_planning.workcell import WorkCell

_POLL = 0.01
"""Between two looks for an answer, s."""
_STEADY = 0.004
"""Difference along the closing axis between two sights of what stands still, m."""
_SIGHTS = 3
"""Fewest images that tell whether something stands still."""
_SLOW = 0.012
"""Speed that noise may feign, m/s."""
_TREND = 0.8
"""Share of the variance of sights that even motion explains at least; a planner that changes its mind jumps."""
_TRANSIENT = range(Outcome.BAD_DEPTH, Outcome.GRASP_PLANNER_FAILED)
"""What an image may be worth nothing for, while the next one may be good."""


@dataclass(frozen=True, slots=True)
class TrackingCount:
    """How well something was tracked."""

    images: int = 0
    """That were planned on."""
    misses: int = 0
    """Those of them in which it was not found."""
    corrections: int = 0
    """New courses that the arm was sent on."""
    hz: float = 0.0
    """Images planned on per second, by their stamps."""


class Tracker:
    """Asks for grasps on one image after the other, and keeps to the one that is nearest to the last.

    As Morrison, Corke and Leitner (2018) choose among the maxima of the quality map: not the best, which may jump
    from image to image, but the one nearest to the target before.

    Attributes:
        target: The grasp as last seen.
        seen: Stamp of the image it was last seen in, s of the robot's clock.
        still: Stamp of the image by which it last was known to keep still.
        reason: Why it was not found in the latest image; None if it was.
    """

    def __init__(
        self,
        source: GraspSource,
        target: Grasp,
        seen: float,
        workcell: WorkCell,
        options: TrackingOptions,
        on_target: Callable[[Grasp, float], None] = lambda grasp, stamp: None,
    ) -> None:
        """Begin with a grasp.

        Args:
            source: Of the grasps.
            target: The grasp.
            seen: Stamp of its image.
            workcell: Where grasps may be.
            options: Of the tracking.
            on_target: Told of each grasp that becomes the target, and the stamp of its image.
        """
        self._source = source
        self._workcell = workcell
        self._options = options
        self._on_target = on_target
        self._asked: AskedGrasps | None = None
        self._not_before = seen
        self._first: float | None = None
        self.target = target
        self.seen = seen
        self.still = -np.inf
        self.reason: OutcomeError | None = None
        self._sights: tuple[tuple[float, Transform], ...] = ()
        self._chase = Chase()
        self.count = TrackingCount()

    @property
    def is_steady(self) -> bool:
        """Whether the object kept still when it was last seen, for `steady_seconds`.

        The sights of that while must differ by no more than noise does: least of all along the closing axis. Slow
        motion is within the noise; therefore they must not lie along a straight line in time that rises, either.
        """
        if len(self._sights) < _SIGHTS or self._sights[-1][0] - self._sights[0][0] < self._options.steady_seconds:
            return False
        last = self.target.pose.rotation
        stamps, poses = zip(*self._sights)
        time = np.array(stamps) - np.mean(stamps)
        places = np.array([pose.translation for pose in poses]) @ last[:, :2]  # (N, 2) along the closing axis, across
        speed = time @ places / (time @ time)
        explained = speed**2 * (time @ time) >= _TREND * len(time) * np.var(places, axis=0)
        moves = explained & (np.abs(speed) > _SLOW)
        # Turns are judged by two images: round things are seen from one side and then the other.
        as_seen = poses[-1].rotation if self._chase.is_vain else last
        turn = max(_turn(as_seen, pose.rotation) for pose in poses[-2:])
        noise = (_STEADY, self._options.noise)
        within = np.ptp(places, axis=0) <= noise
        return bool(within.all() and not moves.any() and turn <= self._options.turn_noise)

    def update(self, tool: Callable[[], Transform] | None = None) -> bool:
        """Take an answer if there is one, and ask again; returns at once.

        The next image is asked for before anything is done about this one, so that the planner need not wait.

        Args:
            tool: Tells base_from_tool now, if it turns after the target: it keeps its angle if it does so in vain.

        Returns:
            Whether there is a new target.

        Raises:
            OutcomeError: 1xx but BAD_DEPTH, or GRASP_PLANNER_FAILED: there will be no more answers.
        """
        if self._asked is None:
            self._asked = self._ask()
        look = self._asked.answer()
        if look is None:
            return False
        self._asked = None
        is_new = self._take(look, tool)
        self._asked = self._ask()
        return is_new

    def finish(self, watch: Watch, pause: Callable[[float, Watch], None]) -> None:
        """Wait for the answer that is awaited, if any.

        Raises:
            OutcomeError: As `update`; or what `watch` raises.
        """
        while self._asked is not None:
            look = self._asked.answer()
            if look is not None:
                self._asked = None
                self._take(look)
                return
            pause(_POLL, watch)

    def face(self, tool: Transform) -> None:
        """Turn the target by half a turn if the tool is then nearer to it."""
        nearest = min(self.target.pose, half_turn(self.target.pose), key=tool.angle_to)
        self.target = replace(self.target, pose=nearest)

    def turn_round(self) -> None:
        """Turn the target by half a turn; from now on it is seen that way."""
        self.target = replace(self.target, pose=half_turn(self.target.pose))

    def drop(self) -> None:
        """Forget the answer that is awaited."""
        if self._asked is not None:
            self._asked.drop()
            self._asked = None

    def corrected(self) -> None:
        """Count a correction."""
        self.count = replace(self.count, corrections=self.count.corrections + 1)

    def _ask(self) -> AskedGrasps:
        options = self._options
        return self._source.ask(None, options.max_grasps, self._not_before + 1e-3, self.target, options.max_jump)

    def _take(self, look: Look, tool: Callable[[], Transform] | None = None) -> bool:
        if look.failure is not None and look.failure.outcome not in _TRANSIENT:
            raise look.failure
        self._not_before = look.stamp
        self._first = look.stamp if self._first is None else self._first
        self.reason = look.failure
        found = None if look.failure else self._nearest(look.grasps)
        count, span = self.count, look.stamp - self._first
        images = count.images + 1
        self.count = replace(
            count,
            images=images,
            misses=count.misses + (found is None),
            hz=(images - 1) / span if span > 0 else 0.0,
        )
        if found is None:
            return False
        self._remember(found.pose, look.stamp)
        if tool is not None:
            self._turn_with(look.stamp, found.pose, tool())
        self.target, self.seen = replace(found, pose=self._smoothed(found.pose)), look.stamp
        if self.is_steady:
            self.still = look.stamp
        self._on_target(self.target, look.stamp)
        return True

    def _nearest(self, grasps: Sequence[Grasp]) -> Grasp | None:
        """The grasp nearest to the target, turned so that its fingers are where they were; None: all are too far."""
        options, last = self._options, self.target.pose
        turn_weight = 0.0 if self._chase.is_vain else options.turn_weight

        def distance(grasp: Grasp) -> float:
            way = float(np.linalg.norm(grasp.pose.translation - last.translation))
            return way + turn_weight * _turn(last.rotation, grasp.pose.rotation)

        best = min(grasps, key=distance)
        if distance(best) > options.max_jump:
            self.reason = OutcomeError(
                Outcome.NO_GRASP, f"the nearest grasp is {distance(best) * 1e3:.0f} mm from where it was last seen"
            )
            return None
        try:
            check_grasp(best.pose, self._workcell)
        except OutcomeError as error:
            self.reason = error
            return None
        return replace(best, pose=min(best.pose, half_turn(best.pose), key=last.angle_to))

    def _remember(self, pose: Transform, stamp: float) -> None:
        """Keep the sights that tell whether the object keeps still, unsmoothed."""
        options = self._options
        before = self._sights if stamp - self.seen <= options.fresh_seconds else ()  # it may have moved unseen
        sights = (*before, (stamp, pose))
        while len(sights) > _SIGHTS and stamp - sights[1][0] >= options.steady_seconds:
            sights = sights[1:]
        self._sights = sights

    def _turn_with(self, stamp: float, seen: Transform, tool: Transform) -> None:
        """Give the target the angle that the tool has, once it turns after it in vain."""
        was_vain = self._chase.is_vain
        self._chase.see(stamp, seen, tool)
        if self._chase.is_vain and not was_vain:
            approach = self.target.pose.rotation[:, 2]
            closing = tool.rotation[:, 0] - (tool.rotation[:, 0] @ approach) * approach
            closing /= np.linalg.norm(closing)
            turned = Transform.from_axes(closing, approach, self.target.pose.translation)
            self.target = replace(self.target, pose=turned)

    def _smoothed(self, pose: Transform) -> Transform:
        """A pose drawn towards the last one, unless it is too far from it to be the same grasp seen with noise."""
        last, options = self.target.pose, self._options
        way = pose.translation - last.translation
        share = options.smoothing if np.linalg.norm(way) <= options.noise else 1.0
        if self._chase.is_vain:
            return Transform(last.rotation, last.translation + share * way)
        turn = Slerp([0.0, 1.0], Rotation.from_matrix(np.stack([last.rotation, pose.rotation])))
        turned = turn(options.turn_smoothing if last.angle_to(pose) <= options.turn_noise else 1.0)
        return Transform(turned.as_matrix(), last.translation + share * way)


def _turn(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between the closing axes of two tools, modulo pi, seen along the first's approach; rad."""
    x, y = first[:, 0] @ second[:, 0], first[:, 1] @ second[:, 0]
    return abs(wrap_half_turn(float(np.arctan2(y, x))))

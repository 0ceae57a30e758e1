"""Planning a whole pick before anything moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from grasp_execution.motion.interface import SceneObject
from grasp_execution.pick.goals import approach_pose, check_grasp, check_width, held_object, lift_pose, release_poses
from grasp_execution.pick.leg import Leg
from grasp_execution.pick.mover import Mover
from grasp_execution.pick.ports import Watch
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.grasps import Grasp
from grasp_planning.workcell import TABLE

_NOT_THE_GRASPS_FAULT = {Outcome.MOTION_PLANNER_FAILED, Outcome.INVALID_MOTION_REQUEST}


@dataclass(frozen=True, slots=True, eq=False)
class PickPlan:
    """A grasp and all motions it takes, each starting where the one before ends."""

    grasp: Grasp
    opening: float
    """Gap between the fingers before closing, m."""
    approach: Leg
    descend: Leg
    lift: Leg
    transport: Leg
    back: Leg
    """From the bin to home."""


class _LegFailed(Exception):
    """No motion for one leg of one grasp's plan."""

    def __init__(self, progress: int, cause: OutcomeError) -> None:
        super().__init__()
        self.progress = progress
        self.cause = cause


def plan_pick(
    grasps: Sequence[Grasp],
    mover: Mover,
    watch: Watch,
    on_grasp: Callable[[Grasp], None] = lambda grasp: None,
    *,
    opening: float | None = None,
) -> PickPlan:
    """The first grasp, best first, for which every motion can be planned.

    Args:
        grasps: Best first.
        mover: Plans the motions.
        watch: See `ports`.
        on_grasp: Told each grasp before it is tried.
        opening: Gap between the fingers before closing, m; None = a little more than the width of the grasp.

    Raises:
        OutcomeError: No grasp has a complete plan: with the reason of the grasp that came furthest. Or the
            planner failed, or cannot plan from the arm's present state, which no other grasp would change.
    """
    failures: list[_LegFailed] = []
    for grasp in grasps:
        on_grasp(grasp)
        try:
            return _plan_one(grasp, mover, watch, opening)
        except _LegFailed as failure:
            failures.append(failure)
    furthest = max(failures, key=lambda failure: failure.progress)  # of equals the first: the best grasp
    raise OutcomeError(
        furthest.cause.outcome,
        f"none of {len(grasps)} grasp{'s' if len(grasps) > 1 else ''} can be carried out; "
        f"the one that came furthest: {furthest.cause.message}",
    )


def _plan_one(grasp: Grasp, mover: Mover, watch: Watch, opening: float | None) -> PickPlan:
    legs: list[Leg] = []

    def add(make: Callable[[], Leg]) -> Leg:
        watch()
        try:
            legs.append(make())
        except OutcomeError as error:
            if error.outcome in _NOT_THE_GRASPS_FAULT or not 200 <= error.outcome < 400:
                raise
            if error.outcome is Outcome.START_IN_COLLISION and not legs:
                raise
            raise _LegFailed(len(legs), error) from error
        return legs[-1]

    workcell, gripper = mover.workcell, mover.gripper
    try:
        check_width(grasp, gripper)
    except OutcomeError as error:
        raise _LegFailed(0, error) from error
    if opening is None:
        opening = min(grasp.width + mover.options.open_margin, gripper.max_opening)
    apart, above = mover.fingers(opening), approach_pose(grasp.pose, workcell)

    approach = add(lambda: mover.plan_pose("approach", {**mover.start(), **apart}, above, watch))
    descend = add(
        lambda: mover.plan_pose(
            "descent",
            {**approach.end(), **apart},
            grasp.pose,
            watch,
            straight=True,
            check=lambda: check_grasp(grasp.pose, workcell),
        )
    )
    lift, transport, back = _plan_rest(grasp, mover, descend.end(), add, watch)
    return PickPlan(grasp, opening, approach, descend, lift, transport, back)


def replan(plan: PickPlan, grasp: Grasp, mover: Mover, watch: Watch) -> PickPlan:
    """The plan for a grasp that the tool has come to on another way, from the arm's present state.

    Raises:
        OutcomeError: What the motion planner or `watch` raises.
    """

    def make(leg: Callable[[], Leg]) -> Leg:
        watch()
        return leg()

    lift, transport, back = _plan_rest(grasp, mover, mover.start(), make, watch)
    return replace(plan, grasp=grasp, lift=lift, transport=transport, back=back)


def _plan_rest(
    grasp: Grasp,
    mover: Mover,
    start: dict[str, float],
    make: Callable[[Callable[[], Leg]], Leg],
    watch: Watch,
) -> tuple[Leg, Leg, Leg]:
    """Lift, transport and the way home, from the joints at the grasp; `make` carries out the planning of each."""
    workcell, gripper = mover.workcell, mover.gripper
    together = mover.fingers(min(grasp.width, gripper.max_opening))
    held = held_object(grasp, gripper, workcell)
    lift = make(
        lambda: mover.plan_pose(
            "lift",
            {**start, **together},
            lift_pose(grasp.pose, workcell),
            watch,
            straight=True,
            held=held,
            allow_contact=(TABLE,),  # the object stands on it
        )
    )
    transport = make(lambda: _plan_transport(grasp, mover, {**lift.end(), **together}, held, watch))
    back = make(lambda: mover.plan_home("way home", {**transport.end(), **mover.fingers(gripper.max_opening)}, watch))
    return lift, transport, back


def _plan_transport(grasp: Grasp, mover: Mover, start: dict[str, float], held: SceneObject, watch: Watch) -> Leg:
    first: OutcomeError | None = None
    for pose in release_poses(grasp.pose, mover.workcell):
        try:
            return mover.plan_pose("transport", start, pose, watch, held=held)
        except OutcomeError as error:
            if error.outcome in _NOT_THE_GRASPS_FAULT or not 200 <= error.outcome < 400:
                raise
            first = first or error
    assert first is not None
    raise first

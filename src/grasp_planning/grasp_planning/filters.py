"""Which grasps the robot may try: workspace, table, reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell

MAX_RAISE = 0.005
"""A grasp that is too low by no more than this is raised, metres: as much as depth noise and calibration err."""

_WHAT = {
    Outcome.OUTSIDE_WORKSPACE: "outside the workspace",
    Outcome.BELOW_TABLE: "too near the table",
    Outcome.OUT_OF_REACH: "out of reach",
    Outcome.NO_GRASP: "of no width",
}


def keep_feasible(
    grasps: Sequence[Grasp],
    workcell: WorkCell,
    gripper: Gripper,
    reachable: Callable[[Grasp], bool] | None = None,
) -> list[Grasp]:
    """The grasps that may be tried, in the given order.

    Each is checked in turn for

    - the workspace: the tool's origin lies in the box (its lower face is the table's business);
    - the table: the corners of both open fingers' ends stay `clearance` above it. A grasp that
      is too low by at most `MAX_RAISE` is raised to the clearance instead of being lost: it still reaches
      past the surface that was seen, by less. A deeper one is wrong, not imprecise, and is refused;
    - reach: the ring of the work cell, and `reachable`.

    Args:
        grasps: Best first, in the work cell's base frame.
        workcell: The limits.
        gripper: Whose fingers must stay above the table.
        reachable: Whether the arm gets there, such as by inverse kinematics; None = not asked.

    Returns:
        At least one grasp.

    Raises:
        OutcomeError: OUTSIDE_WORKSPACE, BELOW_TABLE, OUT_OF_REACH or NO_GRASP (a width that is no number), as the
            best grasp fails; the message says how many failed for which reason.
        ValueError: There are no grasps.
    """
    if not grasps:
        raise ValueError("no grasps to filter; a planner that finds none raises NoGraspFound")
    kept: list[Grasp] = []
    failures: list[OutcomeError] = []
    for grasp in grasps:
        try:
            _check_workspace(grasp, workcell)
            raised = _above_table(grasp, workcell, gripper)
            _check_reach(raised, workcell, reachable)
        except OutcomeError as failure:
            failures.append(failure)
        else:
            kept.append(raised)
    if kept:
        return kept
    best = failures[0]
    if len(failures) == 1:
        raise OutcomeError(best.outcome, f"the only grasp is {_WHAT[best.outcome]}: {best.message}")
    counts = Counter(failure.outcome for failure in failures)
    summary = ", ".join(f"{count} {_WHAT[reason]}" for reason, count in counts.most_common())
    raise OutcomeError(
        best.outcome, f"none of {len(failures)} grasps can be tried: {summary}; the best one: {best.message}"
    )


def _check_workspace(grasp: Grasp, workcell: WorkCell) -> None:
    box, position = workcell.workspace, grasp.pose.translation
    for axis, name in enumerate("xyz"):
        low, high = (-np.inf if name == "z" else box.min[axis]), box.max[axis]
        if not low <= position[axis] <= high:
            raise OutcomeError(
                Outcome.OUTSIDE_WORKSPACE,
                f"{_place(grasp)}, where {name} must be in [{box.min[axis]:.3f}, {box.max[axis]:.3f}] m",
            )


def _above_table(grasp: Grasp, workcell: WorkCell, gripper: Gripper) -> Grasp:
    if not np.isfinite(grasp.width):
        raise OutcomeError(Outcome.NO_GRASP, f"{_place(grasp)}, with a width of {grasp.width} m")
    x, y = grasp.width / 2 + gripper.finger_thickness, gripper.finger_width / 2
    corners = grasp.pose.apply([[sx * x, sy * y, 0.0] for sx in (-1, 1) for sy in (-1, 1)])
    least = workcell.table_height + workcell.clearance
    missing = least - float(corners[:, 2].min())
    if missing <= 0:
        return grasp
    if missing > MAX_RAISE:
        raise OutcomeError(
            Outcome.BELOW_TABLE,
            f"{_place(grasp)}, its tips {missing * 1e3:.0f} mm below the least height of {least:.3f} m",
        )
    up = np.array([0.0, 0.0, missing])
    return replace(grasp, pose=Transform(grasp.pose.rotation, grasp.pose.translation + up))


def _check_reach(grasp: Grasp, workcell: WorkCell, reachable: Callable[[Grasp], bool] | None) -> None:
    reach = workcell.reach
    if reach is not None:
        radius = float(np.hypot(*grasp.pose.translation[:2]))
        if not reach.min_radius <= radius <= reach.max_radius:
            raise OutcomeError(
                Outcome.OUT_OF_REACH,
                f"{_place(grasp)}, {radius:.3f} m from the base's axis, where the arm reaches from "
                f"{reach.min_radius:.3f} m to {reach.max_radius:.3f} m",
            )
    if reachable is not None and not reachable(grasp):
        raise OutcomeError(Outcome.OUT_OF_REACH, f"{_place(grasp)}, for which the arm has no configuration")


def _place(grasp: Grasp) -> str:
    x, y, z = grasp.pose.translation
    return f"at ({x:.3f}, {y:.3f}, {z:.3f}) m"

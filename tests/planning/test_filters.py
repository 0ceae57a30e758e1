from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.filters import MAX_RAISE, keep_feasible
from grasp_planning.grasps import Grasp
from grasp_planning.workcell import Reach


def grasp(x: float = 0.2, y: float = 0.0, z: float = 0.01, roll: float = np.pi) -> Grasp:
    return Grasp(Transform.from_rpy((roll, 0, 0), (x, y, z)), 0.03, 0.5, "test")


def test_good_ones_are_kept_in_order(workcell, widowx):
    grasps = [grasp(0.2), grasp(0.5), grasp(0.25), grasp(z=-0.1)]
    assert keep_feasible(grasps, workcell, widowx) == [grasps[0], grasps[2]]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"x": 0.35}, r"at \(0.350, 0.000, 0.010\) m, where x must be in \[0.130, 0.310\] m"),
        ({"y": -0.15}, r"y must be in \[-0.140, 0.140\] m"),
        ({"z": 0.2}, r"z must be in \[0.000, 0.120\] m"),
    ],
)
def test_outside_the_workspace(workcell, widowx, place, reason):
    with pytest.raises(OutcomeError, match="the only grasp is outside the workspace.*" + reason) as raised:
        keep_feasible([grasp(**place)], workcell, widowx)
    assert raised.value.outcome is Outcome.OUTSIDE_WORKSPACE


def test_slightly_too_low_is_raised_to_the_clearance(workcell, widowx):
    least = workcell.table_height + workcell.clearance
    (raised,) = keep_feasible([grasp(z=least - MAX_RAISE + 1e-6)], workcell, widowx)
    assert raised.pose.translation == pytest.approx([0.2, 0.0, least])
    (same,) = keep_feasible([grasp(z=least)], workcell, widowx)
    assert same.pose.translation[2] == pytest.approx(least, abs=1e-9)


def test_deep_in_the_table(workcell, widowx):
    with pytest.raises(OutcomeError, match=r"its tips 13 mm below the least height of 0.003 m") as raised:
        keep_feasible([grasp(z=-0.010)], workcell, widowx)
    assert raised.value.outcome is Outcome.BELOW_TABLE


def test_a_tilted_finger_reaches_lower_than_the_tool(workcell, widowx):
    # By 0.3 rad about the closing axis, half a finger's width of 9 mm goes down by 2.7 mm.
    tilted = grasp(z=0.004, roll=np.pi - 0.3)
    (raised,) = keep_feasible([tilted], workcell, widowx)
    assert raised.pose.translation[2] == pytest.approx(0.003 + 0.009 * np.sin(0.3))


def test_a_width_that_is_no_number_costs_one_grasp_only(workcell, widowx):
    odd, good = replace(grasp(), width=np.nan), grasp(0.25)
    assert keep_feasible([odd, good], workcell, widowx) == [good]
    with pytest.raises(OutcomeError, match=r"the only grasp is of no width: .* with a width of nan m") as raised:
        keep_feasible([odd], workcell, widowx)
    assert raised.value.outcome is Outcome.NO_GRASP


def test_out_of_the_ring(workcell, widowx):
    ring = workcell.model_copy(update={"reach": Reach(min_radius=0.15, max_radius=0.28)})
    assert len(keep_feasible([grasp(0.2)], ring, widowx)) == 1
    with pytest.raises(OutcomeError, match=r"0.300 m from the base's axis, .* from 0.150 m to 0.280 m") as raised:
        keep_feasible([grasp(0.30)], ring, widowx)
    assert raised.value.outcome is Outcome.OUT_OF_REACH
    with pytest.raises(ValueError, match=r"min_radius 0.3 must be less than max_radius 0.2"):
        Reach(min_radius=0.3, max_radius=0.2)


def test_unreachable(workcell, widowx):
    grasps = [grasp(0.2), grasp(0.3)]
    kept = keep_feasible(grasps, workcell, widowx, reachable=lambda g: g.pose.translation[0] > 0.25)
    assert kept == [grasps[1]]
    with pytest.raises(OutcomeError, match="the arm has no configuration") as raised:
        keep_feasible(grasps[:1], workcell, widowx, reachable=lambda g: False)
    assert raised.value.outcome is Outcome.OUT_OF_REACH


def test_all_fail_and_the_best_one_tells(workcell, widowx):
    grasps = [grasp(z=-0.02), grasp(0.5), grasp(0.6), grasp(0.2)]
    with pytest.raises(OutcomeError) as raised:
        keep_feasible(grasps, workcell, widowx, reachable=lambda g: False)
    assert raised.value.outcome is Outcome.BELOW_TABLE
    assert raised.value.message.startswith(
        "none of 4 grasps can be tried: 2 outside the workspace, 1 too near the table, 1 out of reach; the best one: "
        "at (0.200, 0.000, -0.020) m"
    )


def test_nothing_to_filter(workcell, widowx):
    with pytest.raises(ValueError, match="no grasps to filter"):
        keep_feasible([], workcell, widowx)

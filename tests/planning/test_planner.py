from __future__ import annotations

from types import SimpleNamespace

import pytest

from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning import planner
from grasp_planning.planner import GraspPlanner, NoGraspFound, load_planner


class Mine(GraspPlanner):
    def __init__(self, gripper, strength=1.0):
        super().__init__(gripper)
        self.strength = strength

    def plan(self, frame, *, roi=None, max_grasps=1, tracked=False):
        raise NoGraspFound(Outcome.NO_GRASP, "never")


@pytest.fixture
def installed(monkeypatch):
    entries = [
        SimpleNamespace(name="mine", value="mine:Mine", load=lambda: Mine),
        SimpleNamespace(name="other", value="other:dict", load=lambda: lambda gripper: {}),
    ]
    monkeypatch.setattr(planner, "entry_points", lambda group: entries)


def test_a_users_own_planner_is_found_by_name(installed, widowx):
    assert planner.available_planners() == ["mine", "other"]
    mine = load_planner("mine", widowx, strength=2.0)
    assert (type(mine), mine.gripper, mine.strength) == (Mine, widowx, 2.0)


def test_what_is_no_planner_is_refused(installed, widowx):
    with pytest.raises(ValueError, match=r"entry point 'other' \(other:dict\) is not a GraspPlanner"):
        load_planner("other", widowx)
    with pytest.raises(ValueError, match=r"'mine' does not take these options.*weight"):
        load_planner("mine", widowx, weight=2.0)


def test_no_grasp_found_carries_its_outcome(installed, widowx):
    with pytest.raises(OutcomeError, match="NO_GRASP: never") as raised:
        load_planner("mine", widowx).plan(None)
    assert raised.value.outcome is Outcome.NO_GRASP

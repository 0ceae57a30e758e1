from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning import planner
from grasp_planning.planner import GraspPlanner, NoGraspFound, NoWeights, load_planner


class Mine(GraspPlanner):
    def __init__(self, gripper, strength=1.0):
        super().__init__(gripper)
        self.strength = strength

    def plan(self, frame, *, roi=None, max_grasps=1, tracked=False):
        raise NoGraspFound(Outcome.NO_GRASP, "never")


class Drawing(Mine):
    def __init__(self, gripper, *, seed=0):
        super().__init__(gripper)
        self.seed = seed


class Trained(Mine):
    needs_weights = True

    def __init__(self, gripper, weights):
        super().__init__(gripper)
        self.weights = weights


class Whatever(Mine):
    def __init__(self, gripper, **options):
        super().__init__(gripper)
        self.options = options


@pytest.fixture
def installed(monkeypatch):
    entries = [
        SimpleNamespace(name="mine", value="mine:Mine", load=lambda: Mine),
        SimpleNamespace(name="drawing", value="mine:Drawing", load=lambda: Drawing),
        SimpleNamespace(name="trained", value="mine:Trained", load=lambda: Trained),
        SimpleNamespace(name="whatever", value="mine:Whatever", load=lambda: Whatever),
        SimpleNamespace(name="other", value="other:dict", load=lambda: lambda gripper: {}),
    ]
    monkeypatch.setattr(planner, "entry_points", lambda group: entries)


def test_a_users_own_planner_is_found_by_name(installed, widowx):
    assert planner.available_planners() == ["drawing", "mine", "other", "trained", "whatever"]
    mine = load_planner("mine", widowx, {"strength": 2.0})
    assert (type(mine), mine.gripper, mine.strength) == (Mine, widowx, 2.0)


def test_what_is_no_planner_is_refused(installed, widowx):
    with pytest.raises(ValueError, match=r"entry point 'other' \(other:dict\) is not a GraspPlanner"):
        load_planner("other", widowx)
    with pytest.raises(ValueError, match=r"'mine' does not take these options.*weight"):
        load_planner("mine", widowx, {"weight": 2.0})


def test_the_stacks_seed_is_given_to_planners_that_name_one(installed, widowx):
    assert load_planner("drawing", widowx, default_seed=7).seed == 7
    assert load_planner("drawing", widowx, {"seed": 3}, default_seed=7).seed == 3
    assert load_planner("drawing", widowx).seed == 0
    assert load_planner("whatever", widowx, {"strength": 2.0}, default_seed=7).options == {"strength": 2.0}
    assert load_planner("mine", widowx, {"strength": 2.0}, default_seed=7).strength == 2.0
    with pytest.raises(ValueError, match=r"'mine' does not take these options.*seed"):
        load_planner("mine", widowx, {"seed": 3}, default_seed=7)


def test_the_stacks_own_planners_take_its_seed(widowx):
    assert load_planner("antipodal", widowx, default_seed=7).options.seed == 7


def test_weights_are_those_of_the_robot_and_others_are_named(installed, widowx, tmp_path):
    with pytest.raises(
        NoWeights, match="'trained' has no weights for 'yumi', nor for another robot; the option weights"
    ):
        load_planner("trained", widowx, models=tmp_path / "yumi")
    for robot in ("widowx", "fanuc"):
        (tmp_path / robot).mkdir()
        (tmp_path / robot / "trained.safetensors").touch()
    assert load_planner("trained", widowx, models=tmp_path / "fanuc").weights == tmp_path / "fanuc/trained.safetensors"
    assert load_planner("trained", widowx, {"weights": "mine"}, models=tmp_path / "yumi").weights == "mine"
    with pytest.raises(NoWeights, match="'trained' has no weights for 'yumi', only for: fanuc, widowx; the option"):
        load_planner("trained", widowx, models=tmp_path / "yumi")


def test_the_planner_of_the_documentation_works(repository, widowx, monkeypatch):
    page = (repository / "docs/planners.md").read_text()
    (example,) = re.findall(r"```python\n(.*?class MyPlanner.*?)```", page, re.DOTALL)
    written = {}
    exec(example, written)
    entry = SimpleNamespace(name="mine", value="my_package.my_planner:MyPlanner", load=lambda: written["MyPlanner"])
    monkeypatch.setattr(planner, "entry_points", lambda group: [entry])
    mine = load_planner("mine", widowx, {"threshold": 0.2}, default_seed=0)
    assert mine.threshold == 0.2
    with pytest.raises(NoGraspFound, match="why, and what to do"):
        mine.plan(None)


def test_no_grasp_found_carries_its_outcome(installed, widowx):
    with pytest.raises(OutcomeError, match="NO_GRASP: never") as raised:
        load_planner("mine", widowx).plan(None)
    assert raised.value.outcome is Outcome.NO_GRASP

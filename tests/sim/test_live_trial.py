"""Simulated grasp trials: each phase's outcome, and that the live scene does not notice."""

from __future__ import annotations

import dataclasses

import numpy as np
import pybullet
import pytest

from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.trials.live_trial import try_grasp
from grasp_sim.trials.outcome import TrialPhase


def top_down(
    cell: SimulatedCell, name: str, *, along: float = 0.0, across: float = 0.0, height: float = 0.006
) -> Grasp:
    """A grasp from above across the shorter side of an object, displaced along and across it."""
    item = next(item for item in cell.scene.objects if item.name == name)
    long_axis = item.pose.rotation[:, 0] * [1.0, 1.0, 0.0]
    long_axis /= np.linalg.norm(long_axis)
    down = np.array([0.0, 0.0, -1.0])
    closing = np.cross(long_axis, down)
    rotation = np.stack([closing, np.cross(down, closing), down], axis=1)
    place = item.pose.translation + long_axis * along + closing * across
    return Grasp(Transform(rotation, [*place[:2], height]), 0.03, 1.0, "test")


@pytest.fixture
def with_box(cell: SimulatedCell) -> SimulatedCell:
    cell.scene.add(cell.scene.catalogue.load("bar_medium"), Transform.from_rpy([0, 0, 0.7], [0.22, 0.02, 0.0091]))
    cell.scene.add(cell.scene.catalogue.load("cube_large"), Transform(np.eye(3), [0.16, -0.08, 0.0121]))
    for _ in range(60):
        cell.step()
    return cell


def test_a_good_grasp_succeeds_and_the_live_scene_stays(with_box: SimulatedCell) -> None:
    cell = with_box
    before = [state.pose.matrix().tobytes() for state in cell.scene.states()]
    time = cell.time
    outcome = try_grasp(cell, top_down(cell, "bar_medium"), cell.description.gripper)
    assert (outcome.phase, outcome.object) == (TrialPhase.SUCCESS, "bar_medium")
    assert outcome.success
    assert [state.pose.matrix().tobytes() for state in cell.scene.states()] == before
    assert cell.time == time


def test_the_same_trial_ends_the_same(with_box: SimulatedCell) -> None:
    grasp = top_down(with_box, "bar_medium", along=0.012)
    gripper = with_box.description.gripper
    assert try_grasp(with_box.scene, grasp, gripper) == try_grasp(with_box, grasp, gripper)


def test_a_finger_that_lands_on_the_object_fails_the_approach(with_box: SimulatedCell) -> None:
    grasp = top_down(with_box, "bar_medium", across=0.018)
    outcome = try_grasp(with_box, grasp, with_box.description.gripper)
    assert (outcome.phase, outcome.object) == (TrialPhase.APPROACH, "bar_medium")
    assert "hit bar_medium" in outcome.message


def test_a_grasp_in_the_table_fails_the_approach(with_box: SimulatedCell) -> None:
    outcome = try_grasp(with_box, top_down(with_box, "bar_medium", height=-0.01), with_box.description.gripper)
    assert outcome.phase is TrialPhase.APPROACH
    assert "table" in outcome.message


def test_a_grasp_beside_the_object_closes_on_nothing(with_box: SimulatedCell) -> None:
    outcome = try_grasp(with_box, top_down(with_box, "bar_medium", across=0.05), with_box.description.gripper)
    assert (outcome.phase, outcome.object) == (TrialPhase.CLOSE, "bar_medium")
    assert "nothing was between the fingers" in outcome.message


def test_a_weak_gripper_loses_what_it_lifts(with_box: SimulatedCell) -> None:
    weak = with_box.description.gripper.model_copy(update={"max_force": 0.05})
    outcome = try_grasp(with_box, top_down(with_box, "cube_large", height=0.004), weak)
    assert outcome.phase in (TrialPhase.LIFT, TrialPhase.MOVE)
    assert outcome.object == "cube_large"


def test_an_empty_scene_has_nothing_to_grasp(cell: SimulatedCell) -> None:
    pose = Transform(np.diag([1.0, -1.0, -1.0]), [0.2, 0.0, 0.01])
    outcome = try_grasp(cell, Grasp(pose, 0.03, 1.0, "test"), cell.description.gripper)
    assert (outcome.phase, outcome.object) == (TrialPhase.CLOSE, "")


@pytest.mark.parametrize("width", [0.0, -0.01, 0.05, float("nan")])
def test_impossible_widths_are_refused(with_box: SimulatedCell, width: float) -> None:
    grasp = dataclasses.replace(top_down(with_box, "bar_medium"), width=width)
    with pytest.raises(ValueError, match="width"):
        try_grasp(with_box, grasp, with_box.description.gripper)


def test_trials_leave_no_physics_client_behind(with_box: SimulatedCell) -> None:
    def connections() -> int:
        return sum(bool(pybullet.getConnectionInfo(client)["isConnected"]) for client in range(64))

    before = connections()
    for _ in range(3):
        try_grasp(with_box, top_down(with_box, "bar_medium", across=0.05), with_box.description.gripper)
    assert connections() == before

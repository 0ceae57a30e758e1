from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_perception.extrinsics import CameraMount
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.pushes import PushRefused


@pytest.fixture(scope="module")
def whole_cell(repository):
    description = ArmDescription(repository / "config/arms/widowx.yaml")
    workcell = WorkCell.load(repository / "config/workcells/widowx.yaml")
    mount = CameraMount.load(repository / "config/cameras/widowx.yaml")
    with SimulatedCell(description, workcell, mount, renderer="tiny") as cell:
        yield ControlledCell(cell, description)


@pytest.fixture
def cell(whole_cell):
    whole_cell.reset(["cube_medium"], 0, 10, reset_arm=True)
    return whole_cell


def place(cell):
    return cell.cell.scene.states()[0].pose


def run(cell, seconds):
    for _ in range(round(seconds / cell.cell.time_step)):
        cell.advance()


def test_an_object_is_led_smoothly(cell):
    start = place(cell)
    cell.pushes.begin("cube_medium", (0.01, 0.03, 0.0), 0.5, 0.4, cell.time)
    run(cell, 0.2)
    np.testing.assert_allclose(place(cell).translation - start.translation, [0.005, 0.015, 0.0], atol=5e-4)
    run(cell, 0.3)
    np.testing.assert_allclose(place(cell).translation - start.translation, [0.01, 0.03, 0.0], atol=5e-4)
    assert start.angle_to(place(cell)) == pytest.approx(0.5, abs=0.01)
    run(cell, 0.3)  # let go of, it stays
    np.testing.assert_allclose(place(cell).translation - start.translation, [0.01, 0.03, 0.0], atol=5e-4)


def test_at_once(cell):
    start = place(cell)
    cell.pushes.begin("cube_medium", (0.0, 0.03, 0.0), 0.0, 0.0, cell.time)
    cell.advance()
    np.testing.assert_allclose(place(cell).translation - start.translation, [0.0, 0.03, 0.0], atol=5e-4)


def test_a_new_scene_ends_it(cell):
    cell.pushes.begin("cube_medium", (0.0, 0.03, 0.0), 0.0, 1.0, cell.time)
    cell.reset(["box_small"], 0, 4, reset_arm=True)
    start = place(cell)
    run(cell, 0.2)
    np.testing.assert_allclose(place(cell).translation, start.translation, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "move", "turn", "seconds", "message"),
    [
        ("ball", (0.0, 0.0, 0.0), 0.0, 0.0, "no object is called 'ball'; there are: cube_medium"),
        ("cube_medium", (np.nan, 0.0, 0.0), 0.0, 0.0, "must be finite numbers"),
        ("cube_medium", (0.0, 0.0, 0.0), np.inf, 0.0, "must be finite numbers"),
        ("cube_medium", (0.0, 0.0, 0.0), 0.0, -1.0, "must be finite numbers"),
        ("cube_medium", (0.5, 0.0, 0.0), 0.0, 0.0, "outside the workspace from"),
        ("cube_medium", (0.0, 0.0, -0.02), 0.0, 0.0, "outside the workspace from"),
    ],
)
def test_what_makes_no_sense_is_refused(cell, name, move, turn, seconds, message):
    with pytest.raises(PushRefused, match=message):
        cell.pushes.begin(name, move, turn, seconds, cell.time)


def test_what_is_held_is_not_moved(cell, monkeypatch):
    monkeypatch.setattr(cell.cell.scene, "touching", lambda: {"cube_medium"})
    with pytest.raises(PushRefused, match="'cube_medium' is between the fingers"):
        cell.pushes.begin("cube_medium", (0.0, 0.01, 0.0), 0.0, 0.0, cell.time)

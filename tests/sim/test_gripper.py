"""The simulated gripper: force, speed, stalling, and holding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grasp_perception.transform import Transform
from grasp_sim.cell.gripper import SimulatedGripper
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.physics.bodies import Body

DOWN = [0.0, 0.05, 0.35, 1.17, 0.0]
"""The tool points down, 10 cm above the table."""


def settle(cell: SimulatedCell, limit: float = 3.0) -> float:
    start = cell.time
    while cell.gripper.moving and cell.time - start < limit:
        cell.step()
    return cell.time - start


def on_a_stand(cell: SimulatedCell, name: str, offset: float = 0.0) -> Body:
    """The cell with an object between the open fingers of the arm, lying on a thin stand."""
    from grasp_sim.physics.sources import Source
    from grasp_sim.physics.urdf import Link, Robot, Shape

    cell.robot.reset(DOWN)
    tool = cell.robot.tool()
    model = cell.scene.catalogue.load(name)
    center = tool.translation + tool.rotation[:, 0] * offset - [0.0, 0.0, 0.002]
    pose = Transform(np.stack([tool.rotation[:, 1], tool.rotation[:, 0], -tool.rotation[:, 2]], axis=1), center)
    cell.scene.add(model, pose)
    low = model.bounds(pose)[0, 2]
    stand = Source.from_robot(Robot("stand", (Link("stand", 1.0, (Shape("box", (0.01, 0.01, 0.01)),)),), ()))
    return cell.world.add("stand", stand, Transform(np.eye(3), [*center[:2], low - 0.0051]), fixed=True)


def test_empty_it_closes_to_nothing_and_opens_again(cell: SimulatedCell) -> None:
    cell.gripper.command(0.0)
    assert cell.gripper.moving
    seconds = settle(cell)
    assert cell.gripper.reached and not cell.gripper.stalled
    assert cell.gripper.gap < 1e-3
    assert seconds == pytest.approx(0.03 / 0.06, abs=0.1)
    cell.gripper.command(0.03)
    settle(cell)
    assert cell.gripper.gap == pytest.approx(0.03, abs=1.1e-3)


def test_both_fingers_move_alike(cell: SimulatedCell) -> None:
    cell.gripper.command(0.0)
    for _ in range(60):
        cell.step()
    first, second = cell.robot.positions()[5:]
    assert 0.002 < first < 0.013
    assert first == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("force", [4.0, 10.0])
def test_on_a_box_it_stalls_at_the_force(cell: SimulatedCell, force: float) -> None:
    on_a_stand(cell, "box_medium", offset=0.0015)
    cell.gripper.command(0.0, force)
    settle(cell)
    assert cell.gripper.stalled
    assert cell.gripper.gap == pytest.approx(0.027, abs=5e-4)
    assert cell.gripper.effort == pytest.approx(force, rel=0.05)
    assert cell.gripper.touching() == {"box_medium"}
    assert [state.held for state in cell.scene.states()] == [True]


@pytest.mark.parametrize(
    ("gap", "stalls"),
    [
        (lambda time: 0.0083 + 5e-5 * np.sin(2 * np.pi * 60 * time), True),  # up to 19 mm/s, and nowhere
        (lambda time: 0.02 - 0.003 * time, False),
    ],
    ids=["trembling", "creeping"],
)
def test_fingers_that_tremble_on_an_object_have_stalled(
    cell: SimulatedCell, monkeypatch: pytest.MonkeyPatch, gap: Callable[[float], float], stalls: bool
) -> None:
    monkeypatch.setattr(SimulatedGripper, "gap", property(lambda gripper: gap(cell.time)))
    cell.gripper.command(0.0)
    for _ in range(60):
        cell.step()
    assert (cell.gripper.stalled, cell.gripper.moving) == (stalls, not stalls)


@pytest.mark.parametrize("name", ["cube_small", "sphere_medium", "bar_small"])
def test_what_it_holds_stays_where_it_is(cell: SimulatedCell, name: str) -> None:
    stand = on_a_stand(cell, name)
    cell.gripper.command(0.0)
    settle(cell)
    for _ in range(24):  # the first contact is a small jolt
        cell.step()
    cell.world.remove(stand)
    item = cell.scene.objects[0]
    before = cell.robot.tool().inverse() @ item.pose
    steps, start, end = 700, np.array(DOWN), np.array([1.2, -0.3, 0.3, 1.2, 1.0])
    for k in range(1, steps + 1):
        s = k / steps
        cell.robot.command(
            start + (end - start) * s**3 * (10 - 15 * s + 6 * s**2),
            (end - start) * 30 * s**2 * (1 - s) ** 2 / (steps * cell.time_step),
        )
        cell.step()
    after = cell.robot.tool().inverse() @ item.pose
    assert np.linalg.norm(after.translation - before.translation) < 0.003
    assert before.angle_to(after) < 0.15
    assert cell.gripper.touching() == {name}
    penetration = min(contact.distance for contact in cell.world.contacts(item.body))
    assert penetration > -5e-4


def test_the_force_is_limited_to_the_grippers(cell: SimulatedCell) -> None:
    on_a_stand(cell, "cube_medium")
    cell.gripper.command(0.0, 500.0)
    settle(cell)
    assert cell.gripper.effort == pytest.approx(10.0, rel=0.05)


def test_commands_are_cut_to_the_opening_and_nonsense_is_refused(cell: SimulatedCell) -> None:
    cell.gripper.command(1.0)
    assert cell.gripper.target == 0.03
    for gap, force in ((float("nan"), 5.0), (0.01, -1.0), (0.01, float("inf"))):
        with pytest.raises(ValueError, match="a gap and a force"):
            cell.gripper.command(gap, force)
    assert cell.gripper.target == 0.03

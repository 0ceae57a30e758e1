from __future__ import annotations

import math

import pytest

from grasp_planning.gripper import Gripper
from grasp_sim.control.gripper_controller import GRACE, GripperController, GripperRefused
from grasp_sim.control.motion import Ending

GRIPPER = Gripper(
    name="g", min_opening=0.0, max_opening=0.03, finger_thickness=0.006, finger_width=0.018, finger_length=0.05,
    palm_size=(0.07, 0.03, 0.03), max_force=10.0, max_speed=0.06,
)  # fmt: skip


class FakeFingers:
    gripper = GRIPPER

    def __init__(self) -> None:
        self.gap = 0.03
        self.effort = 0.0
        self.reached = False
        self.stalled = False
        self.commands: list[tuple[float, float | None]] = []

    def command(self, gap: float, force: float | None = None) -> None:
        self.commands.append((gap, force))


@pytest.fixture
def fingers() -> FakeFingers:
    return FakeFingers()


@pytest.fixture
def controller(fingers: FakeFingers) -> GripperController:
    return GripperController(fingers)


def test_reaches_the_gap(fingers: FakeFingers, controller: GripperController) -> None:
    motion = controller.begin(0.01, 4.0, 0.0)
    assert fingers.commands == [(0.01, 4.0)]
    controller.after_step(0.1)
    assert not motion.ended.is_set() and controller.active
    fingers.gap, fingers.reached = 0.0104, True
    controller.after_step(0.2)
    assert (motion.ending, motion.result) == (Ending.SUCCEEDED, "the gap is 10.4 mm")
    assert motion.progress.reached and not motion.progress.stalled


def test_stalls(fingers: FakeFingers, controller: GripperController) -> None:
    motion = controller.begin(0.0, 0.0, 0.0)
    fingers.gap, fingers.effort, fingers.stalled = 0.02, 10.0, True
    controller.after_step(0.3)
    assert (motion.ending, motion.result) == (Ending.SUCCEEDED, "stalled at 20.0 mm")
    assert motion.progress.stalled and motion.progress.effort == 10.0
    assert fingers.commands == [(0.0, 0.0)]  # it goes on pressing


def test_never_ends_without_an_end(fingers: FakeFingers, controller: GripperController) -> None:
    motion = controller.begin(0.0, 0.0, 1.0)
    controller.after_step(1.0 + 0.5 + GRACE - 0.01)
    assert not motion.ended.is_set()
    controller.after_step(1.0 + 0.5 + GRACE + 0.01)
    assert motion.ending is Ending.ABORTED and motion.result.startswith("still moving at 30.0 mm")


def test_preempts(fingers: FakeFingers, controller: GripperController) -> None:
    old = controller.begin(0.0, 0.0, 0.0)
    new = controller.begin(0.02, 0.0, 0.1)
    assert (old.ending, old.result) == (Ending.ABORTED, "pre-empted by a new command")
    assert not new.ended.is_set() and fingers.commands[-1] == (0.02, 0.0)


def test_cancel_stops_at_the_present_gap(fingers: FakeFingers, controller: GripperController) -> None:
    motion = controller.begin(0.0, 5.0, 0.0)
    fingers.gap = 0.017
    controller.cancel(motion, 0.2)
    assert (motion.ending, motion.result) == (Ending.CANCELED, "canceled: stopped at 17.0 mm")
    assert fingers.commands[-1] == (0.017, 5.0)


@pytest.mark.parametrize(
    ("gap", "force", "reason"),
    [
        (-0.001, 0.0, "position is the gap between the fingers, in [0.0, 0.03] m, got -0.001"),
        (0.031, 0.0, "position is the gap between the fingers, in [0.0, 0.03] m, got 0.031"),
        (math.nan, 0.0, "position is the gap between the fingers, in [0.0, 0.03] m, got nan"),
        (0.01, -1.0, "max_effort must lie in [0, 10.0] N (0 = the gripper's greatest force), got -1.0"),
        (0.01, 11.0, "max_effort must lie in [0, 10.0] N (0 = the gripper's greatest force), got 11.0"),
        (0.01, math.inf, "max_effort must lie in [0, 10.0] N (0 = the gripper's greatest force), got inf"),
    ],
)
def test_out_of_range(
    fingers: FakeFingers, controller: GripperController, gap: float, force: float, reason: str
) -> None:
    under_way = controller.begin(0.0, 0.0, 0.0)
    with pytest.raises(GripperRefused) as caught:
        controller.begin(gap, force, 0.1)
    assert str(caught.value) == reason
    assert not under_way.ended.is_set() and len(fingers.commands) == 1

"""Picks in closed loop over real ROS 2: every node as its own process, the object moved while the arm is under way.

What is asserted are outcomes and counts: how many images a second are planned on depends on who else uses the
processor, and the pick must succeed however few they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from std_srvs.srv import Trigger

from grasp_bringup.cli.demo import launched
from grasp_bringup.demo.push import Push
from grasp_bringup.demo.session import PickRecord, PickSession
from grasp_perception.outcomes import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OBJECT, SEED = "box_small", 4
PUSH = Push(OBJECT, 0.0, 0.03)


class Stack:
    """The nodes, and their client; what tests call in mid-motion is found beforehand, so that calls arrive at once."""

    def __init__(self, session: PickSession, log: Path) -> None:
        self._session = session
        self._log = log
        self.stages: list[str] = []
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("test_helper", context=self._context)
        self._stop = self._node.create_client(Trigger, "/stop")
        self._change = self._node.create_client(ChangeState, "/grasp_planner/change_state")
        for client in (self._stop, self._change):
            assert client.wait_for_service(20.0), f"{client.srv_name} is not there"

    def close(self) -> None:
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def stop(self) -> None:
        """Have the arm stop, without waiting for the answer."""
        self._stop.call_async(Trigger.Request())

    def switch_planner_off(self) -> None:
        """Deactivate the planner, without waiting for the answer."""
        transition = Transition(id=Transition.TRANSITION_DEACTIVATE)
        self._change.call_async(ChangeState.Request(transition=transition))

    def pick(self, **options: object) -> PickRecord:
        self._session.place([OBJECT], SEED)
        self.stages.clear()
        on_stage = options.pop("on_stage", lambda stage: None)

        def follow(stage: str) -> None:
            if not self.stages or self.stages[-1] != stage:
                self.stages.append(stage)
                on_stage(stage)

        return self._session.pick(100.0, follow, **options)

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("following") / "launch.log"
    arguments = {"camera": "widowx_hand", "rate": "1.0", "image_rate": "20.0"}
    with PickSession() as session, launched("sim.launch.xml", arguments, log) as process:
        session.wait_until_ready(60.0, alive=lambda: process.poll() is None)
        stack = Stack(session, log)
        yield stack
        stack.close()


def test_an_object_that_is_moved_is_picked(stack: Stack) -> None:
    record = stack.pick(closed_loop=True, push=PUSH)
    assert record.outcome is Outcome.SUCCESS, record.message + stack.log()
    assert record.in_bin
    tracking = record.tracking
    assert tracking is not None and tracking.pushed == pytest.approx(0.03)
    assert tracking.images >= 3 and tracking.corrections >= 2
    print(f"{tracking.images} images, {tracking.hz:.1f} Hz, {tracking.corrections} corrections")
    assert tracking.sights[-1].y - tracking.sights[0].y == pytest.approx(0.03, abs=0.015)


def test_in_open_loop_it_is_missed(stack: Stack) -> None:
    record = stack.pick(push=PUSH)
    assert record.outcome in (Outcome.GRASP_EMPTY, Outcome.TRAJECTORY_FAILED)  # beside it, or onto it
    assert not record.in_bin and record.tracking is None


def test_stop_halts_the_descent_at_once(stack: Stack) -> None:
    def stop(stage: str) -> None:
        if stage == "descend":
            stack.stop()

    record = stack.pick(closed_loop=True, on_stage=stop)
    assert (record.outcome, record.failed_stage) == (Outcome.STOPPED, "descend")
    assert "the arm holds at" in record.message


def test_a_planner_that_is_switched_off_ends_it(stack: Stack) -> None:
    def switch_off(stage: str) -> None:
        if stage == "approach":
            stack.switch_planner_off()

    record = stack.pick(closed_loop=True, on_stage=switch_off)
    assert record.outcome is Outcome.GRASP_PLANNER_FAILED
    assert record.failed_stage in ("approach", "descend")
    assert "is not active" in record.message
    assert stack.stages[-1] == "return"

"""Steering over FollowJointTrajectory: courses that replace each other, and everything that may end them."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from grasp_execution.nodes.helm import ActionHelm
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError

Result = FollowJointTrajectory.Result


class Controller(Node):
    """Follows a goal until it is told how it ends, it is canceled, or another one comes."""

    def __init__(self, name: str) -> None:
        super().__init__("fake_controller")
        self.goals: list[FollowJointTrajectory.Goal] = []
        self.endings: dict[int, tuple[str, Result]] = {}
        self.canceled: list[int] = []
        self.rejects = False
        self.running = 0
        self.server = ActionServer(
            self,
            FollowJointTrajectory,
            name,
            self._follow,
            callback_group=ReentrantCallbackGroup(),
            goal_callback=lambda goal: GoalResponse.REJECT if self.rejects else GoalResponse.ACCEPT,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )
        self.create_timer(0.02, lambda: None)

    def die(self) -> None:
        if self.server is not None:
            self.server.destroy()
            self.server = None

    def destroy_node(self) -> None:
        self.die()
        super().destroy_node()

    def _follow(self, goal: Any) -> Result:
        self.goals.append(goal.request)
        number = len(self.goals)
        self.running += 1
        try:
            return self._wait(goal, number)
        finally:
            self.running -= 1

    def _wait(self, goal: Any, number: int) -> Result:
        while True:
            if number in self.endings:
                kind, result = self.endings[number]
                getattr(goal, kind)()
                return result
            if goal.is_cancel_requested:
                self.canceled.append(number)
                goal.canceled()
                return Result()
            if self.server is None or (len(self.goals) > number and number + 1 not in self.endings):
                goal.abort()
                return Result(error_code=Result.INVALID_GOAL, error_string="pre-empted")
            time.sleep(0.005)


@pytest.fixture
def controller(harness):
    harness.start(drivers=False)
    controller = harness.spin(Controller(harness.cell.description.arm.controllers.arm), 6)
    harness.robot = harness.node._robot
    until(harness.robot._trajectory.server_is_ready)
    until(lambda: known(harness.robot))
    yield controller
    controller.die()


def known(robot):
    try:
        return bool(robot.positions())
    except OutcomeError:
        return False


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def course(harness, end=0.1):
    names = harness.cell.description.arm.joints
    positions = np.array([[0.0] * len(names), [end] * len(names)])
    still = np.zeros_like(positions)
    return Trajectory(names, np.array([0.0, 0.5]), positions, still, still)


def steer(harness, watch=lambda: None):
    return harness.robot.steer(watch)


def nothing():
    pass


def refusal(words="too late"):
    return ("abort", Result(error_code=Result.OLD_HEADER_TIMESTAMP, error_string=words))


def test_courses_replace_each_other_until_the_last_has_arrived(harness, controller):
    with steer(harness) as helm:
        assert helm.under_way() is None
        first, second = course(harness, 0.1), course(harness, 0.2)
        helm.send(first, 12.5)
        assert helm.under_way() == (first, 12.5)
        until(lambda: len(controller.goals) == 1)
        helm.under_way()
        helm.send(second, 12.6)
        until(lambda: len(controller.goals) == 2 and controller.running == 1)
        assert helm.under_way() == (second, 12.6) and not helm.has_arrived()
        controller.endings[2] = ("succeed", Result())
        until(lambda: helm.under_way() and helm.has_arrived())
    assert controller.canceled == []
    stamp = controller.goals[1].trajectory.header.stamp
    assert stamp.sec + stamp.nanosec * 1e-9 == pytest.approx(12.6)
    assert len(controller.goals[1].goal_tolerance) == 5


def test_whoever_leaves_the_helm_leaves_an_arm_that_holds(harness, controller):
    with pytest.raises(OutcomeError, match="STOPPED"), steer(harness) as helm:
        helm.send(course(harness), 0.0)
        until(lambda: len(controller.goals) == 1)
        raise OutcomeError(Outcome.STOPPED, "stopped by a person")
    assert controller.canceled == [1] and controller.running == 0


def test_a_course_that_is_not_even_taken_yet_is_halted_too(harness, controller):
    with pytest.raises(OutcomeError, match="STOPPED"), steer(harness) as helm:
        helm.send(course(harness), 0.0)
        raise OutcomeError(Outcome.STOPPED, "stopped by a person")
    assert controller.running == 0 and len(controller.goals) == len(controller.canceled)


def test_the_watch_is_asked(harness, controller):
    def watch():
        raise OutcomeError(Outcome.CANCELED, "canceled by the client")

    with pytest.raises(OutcomeError, match="CANCELED"), steer(harness, watch) as helm:
        helm.under_way()


def test_a_refused_course_leaves_the_one_before(harness, controller):
    controller.endings[2] = refusal()
    with pytest.raises(OutcomeError, match="STOPPED"), steer(harness) as helm:
        first = course(harness)
        helm.send(first, 0.0)
        until(lambda: len(controller.goals) == 1)
        helm.under_way()
        helm.send(course(harness, 0.2), 0.1)
        until(lambda: len(controller.goals) == 2)
        until(lambda: helm.under_way() == (first, 0.0))
        raise OutcomeError(Outcome.STOPPED, "stopped by a person")
    assert controller.canceled == [1]


class Goal:
    """A goal's handle."""

    def __init__(self, accepted: bool) -> None:
        self.accepted, self.canceled, self.ended = accepted, False, Future()

    def get_result_async(self) -> Future:
        return self.ended

    def cancel_goal_async(self) -> None:
        self.canceled = True
        self.ended.set_result(SimpleNamespace(status=GoalStatus.STATUS_CANCELED))


class Client:
    """Of an action whose server answers when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Future] = []

    def server_is_ready(self) -> bool:
        return True

    def send_goal_async(self, goal: Any) -> Future:
        self.sent.append(Future())
        return self.sent[-1]


def test_two_courses_on_their_way_that_are_refused_leave_the_one_that_is_followed():
    client = Client()
    helm = ActionHelm(client, "arm", lambda trajectory, start: trajectory, nothing, 5.0)
    names = ("joint",)
    courses = [Trajectory(names, np.array([0.0, 0.5]), np.array([[0.0], [end]])) for end in (0.1, 0.2, 0.3)]
    helm.send(courses[0], 0.0)
    followed = Goal(accepted=True)
    client.sent[0].set_result(followed)
    assert helm.under_way() == (courses[0], 0.0)
    helm.send(courses[1], 0.1)
    helm.send(courses[2], 0.2)
    for sent in client.sent[1:]:
        sent.set_result(Goal(accepted=False))
    assert helm.under_way() == (courses[0], 0.0)
    assert helm.halt(1.0) and followed.canceled


def test_the_latest_course_is_halted_before_one_of_which_nothing_is_heard():
    client = Client()
    helm = ActionHelm(client, "arm", lambda trajectory, start: trajectory, nothing, 5.0)
    for end in (0.1, 0.2):
        helm.send(Trajectory(("joint",), np.array([0.0, 0.5]), np.array([[0.0], [end]])), 0.0)
    followed = Goal(accepted=True)
    client.sent[1].set_result(followed)
    thread = threading.Thread(target=helm.halt, args=(2.0,))
    thread.start()
    until(lambda: followed.canceled, 1.0)
    client.sent[0].set_result(Goal(accepted=False))
    thread.join(5.0)
    assert not thread.is_alive()


def test_four_refusals_in_a_row_are_enough(harness, controller):
    controller.endings = {number: refusal() for number in (1, 2, 3, 4)}
    with pytest.raises(OutcomeError, match="OLD_HEADER_TIMESTAMP: too late") as caught, steer(harness) as helm:
        for _ in range(4):
            helm.send(course(harness), 0.0)
            until(lambda: helm.under_way() is None)
    assert caught.value.outcome is Outcome.TRAJECTORY_REJECTED
    assert len(controller.goals) == 4


def test_a_controller_that_rejects(harness, controller):
    controller.rejects = True
    with pytest.raises(OutcomeError, match="rejected the trajectory"), steer(harness) as helm:
        for _ in range(4):
            helm.send(course(harness), 0.0)
            until(lambda: helm.under_way() is None)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("abort", Result.PATH_TOLERANCE_VIOLATED, "PATH_TOLERANCE_VIOLATED: blocked"),
        ("abort", 7, "error code 7: blocked"),
    ],
)
def test_a_course_that_fails_ends_it(harness, controller, kind, code, words):
    controller.endings[1] = (kind, Result(error_code=code, error_string="blocked"))
    with pytest.raises(OutcomeError, match=words) as caught, steer(harness) as helm:
        helm.send(course(harness), 0.0)
        until(lambda: helm.under_way() is None)
    assert caught.value.outcome is Outcome.TRAJECTORY_FAILED


def test_a_cancel_by_someone_else_ends_it(harness, controller):
    with pytest.raises(OutcomeError, match=r"STOPPED: .* someone else canceled the motion"), steer(harness) as helm:
        helm.send(course(harness), 0.0)
        until(lambda: len(controller.goals) == 1)
        harness.robot.halt()
        until(lambda: helm.under_way() is None)


def test_a_controller_that_dies(harness, controller):
    with pytest.raises(OutcomeError) as caught, steer(harness) as helm:
        helm.send(course(harness), 0.0)
        until(lambda: len(controller.goals) == 1)
        controller.die()
        until(lambda: helm.under_way() is None)
    assert caught.value.outcome in (Outcome.DRIVER_LOST, Outcome.TRAJECTORY_REJECTED)


def test_silent_joints_end_it(harness, controller):
    with pytest.raises(OutcomeError, match="has been silent") as caught, steer(harness) as helm:
        helm.send(course(harness), 0.0)
        harness.states.silent = True
        until(lambda: helm.under_way() is None)
    assert caught.value.outcome is Outcome.DRIVER_LOST

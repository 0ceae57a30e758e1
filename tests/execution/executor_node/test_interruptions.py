from __future__ import annotations

import threading
import time

import pytest
from action_msgs.msg import GoalStatus
from std_srvs.srv import Trigger

from grasp_execution.nodes.executor import THREADS
from grasp_perception.outcomes import Outcome

MOTIONS = {"approach": 1, "descend": 2, "lift": 3, "transport": 4, "return": 5}


def hold_in_motion(harness, number):
    """Have a motion last until it is canceled; set once it is under way."""
    reached = threading.Event()

    def on_motion(current):
        if current == number:
            harness.cell.stuck = True
            reached.set()

    harness.cell.on_motion = on_motion
    return reached


def pick_until_motion(harness, number):
    """Start a pick and wait until a motion of it is under way, which lasts until it is canceled."""
    reached = hold_in_motion(harness, number)
    harness.start()
    handle = harness.send()
    assert reached.wait(5.0)
    return handle


@pytest.mark.parametrize(("stage", "number"), MOTIONS.items())
def test_cancel_in_motion_holds(harness, stage, number):
    handle = pick_until_motion(harness, number)
    where = dict(harness.cell.joints)
    harness.wait(handle.cancel_goal_async())
    answer = harness.result(handle)
    assert (answer.status, answer.result.outcome.code) == (GoalStatus.STATUS_CANCELED, Outcome.CANCELED)
    assert answer.result.failed_stage == stage
    assert harness.cell.motions == number and harness.cell.joints == where
    assert f"joint_1={where['joint_1']:.3f}" in answer.result.outcome.message


def test_cancel_while_grasps_are_planned(harness):
    asked, release = threading.Event(), threading.Event()
    harness.cell.on_grasp_request = lambda: (asked.set(), release.wait(5.0))
    harness.start()
    handle = harness.send()
    assert asked.wait(5.0)
    harness.wait(handle.cancel_goal_async())
    answer = harness.result(handle)  # before the planner has answered
    release.set()
    assert answer.result.outcome.code == Outcome.CANCELED and answer.result.failed_stage == "plan_grasp"


def test_stop_in_motion_holds_and_says_where(harness):
    handle = pick_until_motion(harness, 4)
    where = dict(harness.cell.joints)
    response = harness.stop()
    assert response.success and response.message.startswith("stopped the pick in transport; the arm holds at ")
    assert f"joint_2={where['joint_2']:.3f}" in response.message and "fingers 15.0 mm apart" in response.message
    answer = harness.result(handle)
    assert (answer.status, answer.result.outcome.code) == (GoalStatus.STATUS_ABORTED, Outcome.STOPPED)
    assert harness.cell.motions == 4 and harness.cell.gap == 0.015
    harness.cell.stuck, harness.cell.on_motion = False, lambda number: None
    assert harness.pick().result.outcome.code == Outcome.SUCCESS


def test_a_halt_is_confirmed_while_more_people_stop_than_there_are_threads(harness):
    handle = pick_until_motion(harness, 1)
    stops = [harness.stop_client.call_async(Trigger.Request()) for _ in range(THREADS + 2)]
    assert all(harness.wait(stop).success for stop in stops)
    assert harness.result(handle).result.outcome.code == Outcome.STOPPED


def test_stop_when_nothing_runs(harness):
    harness.start()
    harness.pick(plan_only=True)  # joint states have come
    response = harness.stop()
    assert response.success and response.message.startswith("no pick was running; the arm holds at joint_1=")


def test_an_arm_of_which_nothing_more_is_heard_is_not_said_to_hold(harness):
    harness.start(driver_timeout=0.5)
    harness.pick(plan_only=True)
    harness.states.silent = True  # from now on: the last joint states are still recent
    response = harness.stop()
    assert not response.success and "MAY STILL BE MOVING, use the emergency stop; where it is is" in response.message


@pytest.mark.parametrize(("seconds", "holds"), [(0.4, True), (3.0, False)])
def test_stop_waits_for_an_arm_to_come_to_rest(harness, seconds, holds):
    harness.start(halt_timeout=1.0)
    harness.pick(plan_only=True)
    begun, end = threading.Event(), time.monotonic() + seconds

    def come_to_rest():
        while time.monotonic() < end:
            harness.cell.joints["joint_2"] += 0.002
            begun.set()
            time.sleep(0.005)

    threading.Thread(target=come_to_rest, daemon=True).start()
    assert begun.wait(5.0)
    response = harness.stop()
    assert response.success is holds and ("MAY STILL BE MOVING" in response.message) is not holds


def test_stop_also_halts_motions_of_others(harness):
    from control_msgs.action import FollowJointTrajectory
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    from grasp_execution.nodes.action_call import LockedActionClient

    reached = hold_in_motion(harness, 1)
    harness.start()
    arm = harness.cell.description.arm
    other = LockedActionClient(harness.planners, FollowJointTrajectory, arm.controllers.arm)
    assert other.wait_for_server(5.0)
    point = JointTrajectoryPoint(positions=[0.1] * len(arm.joints))
    goal = FollowJointTrajectory.Goal(trajectory=JointTrajectory(joint_names=list(arm.joints), points=[point]))
    handle = harness.wait(other.send_goal_async(goal))
    assert reached.wait(5.0)
    harness.stop()
    assert harness.result(handle).status == GoalStatus.STATUS_CANCELED


def test_an_arm_whose_motion_someone_else_cancels_holds(harness):
    handle = pick_until_motion(harness, 1)
    where = dict(harness.cell.joints)
    harness.node._robot.halt()  # as anybody can: the controller's own service
    result = harness.result(handle).result
    assert (result.outcome.code, result.failed_stage) == (Outcome.STOPPED, "approach")
    assert "someone else canceled the motion" in result.outcome.message and "the arm holds" in result.outcome.message
    assert harness.cell.motions == 1 and harness.cell.joints == where


def test_a_node_that_ends_stops_its_pick_and_tells_the_client(harness):
    handle = pick_until_motion(harness, 4)
    future = handle.get_result_async()
    harness.node.say_goodbye()
    harness.executor_of(harness.node).stop()  # as `run_node` does
    assert not harness.cell.moving
    assert harness.wait(future, timeout=1.0).result.outcome.code == Outcome.STOPPED


def test_a_controller_that_does_not_halt_is_reported(harness, monkeypatch):
    from rclpy.action import CancelResponse

    reached = hold_in_motion(harness, 1)
    harness.start(halt_timeout=0.3)
    harness.drivers.arm.register_cancel_callback(lambda goal: CancelResponse.REJECT)
    handle = harness.send()
    assert reached.wait(5.0)
    harness.wait(handle.cancel_goal_async())
    result = harness.result(handle).result
    assert result.outcome.code == Outcome.DRIVER_LOST
    assert "did not confirm the halt" in result.outcome.message and "emergency stop" in result.outcome.message

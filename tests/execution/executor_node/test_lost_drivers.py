from __future__ import annotations

import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from grasp_perception.outcomes import Outcome


def end(harness, **goal):
    result = harness.pick(**goal).result
    return Outcome(result.outcome.code), result.failed_stage, result.outcome.message


def test_no_controllers(harness):
    harness.start(drivers=False, connect_timeout=0.3)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.CONTROLLER_UNAVAILABLE, "home")
    assert "/widowx_controller/follow_joint_trajectory and /widowx_gripper_controller/gripper_cmd" in message


def test_no_joint_states(harness):
    harness.start(states=False, connect_timeout=0.5)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "home") and "brings no joint_1" in message
    response = harness.stop()
    assert not response.success and "not known" in response.message


def test_joint_states_without_the_fingers(harness):
    harness.cell.finger_names = ()
    harness.start(connect_timeout=0.5)
    health, told = [], threading.Event()

    def receive(message):
        health.append(message.status[0])
        told.set()

    harness.planners.create_subscription(DiagnosticArray, "/diagnostics", receive, 10)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "home")
    assert "brings no gripper_prismatic_joint_1, gripper_prismatic_joint_2, only joint_1, " in message
    assert "those of the fingers (gripper_joints)" in message
    told.clear()
    assert told.wait(3.0)
    assert (health[-1].level, health[-1].message) == (DiagnosticStatus.ERROR, message)


def test_no_grasp_planner(harness):
    harness.start(grasps=False, connect_timeout=0.5)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.GRASP_PLANNER_FAILED, "plan_grasp") and "/grasp_planner/plan is not" in message


def test_no_motion_planner(harness):
    harness.start(motions=False, connect_timeout=0.5)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.MOTION_PLANNER_FAILED, "plan_motion")
    assert "/motion_planner/plan is not there" in message and harness.cell.motions == 0


def test_a_grasp_planner_that_does_not_answer(harness):
    release = threading.Event()
    harness.cell.on_grasp_request = lambda: release.wait(5.0)
    harness.start(grasp_planning_timeout=0.2)
    outcome, stage, message = end(harness)
    release.set()
    assert (outcome, stage) == (Outcome.GRASP_PLANNER_FAILED, "plan_grasp") and "did not answer within 0.2 s" in message


def test_a_trajectory_server_that_dies_in_motion(harness):
    dies(harness, lambda: harness.drivers.die())
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend")
    assert "vanished" in message and "may still be moving, use the emergency stop" in message


def test_a_driver_whose_joint_states_end_in_motion(harness):
    dies(harness, lambda: setattr(harness.states, "silent", True))
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend") and "has been silent for" in message


def test_a_gripper_whose_joint_states_end_is_named(harness):
    dies(harness, lambda: setattr(harness.cell, "finger_names", ()))
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend")
    assert "silent about gripper_prismatic_joint_1, gripper_prismatic_joint_2 for" in message


def test_a_joint_whose_position_is_no_number(harness):
    dies(harness, lambda: harness.cell.joints.update(joint_2=float("nan")))
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend") and "no finite position of joint_2;" in message
    assert harness.cell.motions == 2


def test_fingers_whose_position_is_no_number_are_not_taken_for_open(harness):
    def lose_the_fingers():
        harness.cell.gap = float("nan")
        time.sleep(0.1)  # the joint states say so before the grasps come

    harness.cell.on_grasp_request = lose_the_fingers
    harness.start()
    outcome, _, message = end(harness)
    assert outcome is Outcome.DRIVER_LOST and "no finite position of gripper_prismatic_joint_1, " in message
    assert harness.cell.motions == 0


def test_a_simulation_whose_clock_stops_in_motion(harness):
    dies(harness, lambda: setattr(harness.states, "clock_stands", True), clock=True)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend") and "clock has stood still" in message


def test_a_clock_that_goes_back_in_motion(harness):
    dies(harness, lambda: setattr(harness.states, "clock_behind", 5.0), clock=True)
    outcome, stage, message = end(harness)
    assert (outcome, stage) == (Outcome.DRIVER_LOST, "descend") and "the clock went back by 5.0 s" in message


def test_a_pick_by_simulated_time(harness):
    harness.start(clock=True)
    assert end(harness)[0] is Outcome.SUCCESS


def dies(harness, death, **settings):
    """Start everything, and have something happen in the middle of the second motion, which then never ends."""

    def on_motion(number):
        if number == 2:
            harness.cell.stuck = True
            threading.Thread(target=death, daemon=True).start()

    harness.cell.on_motion = on_motion
    harness.start(**settings)

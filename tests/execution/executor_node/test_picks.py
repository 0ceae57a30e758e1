from __future__ import annotations

import threading
import time

import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import RegionOfInterest

from grasp_execution.pick import Stage
from grasp_msgs.action import Pick
from grasp_perception.outcomes import Outcome

ALL_STAGES = [stage.value for stage in Stage]


def outcome(answer):
    return Outcome(answer.result.outcome.code)


def test_a_pick_succeeds(harness):
    harness.start()
    answer = harness.pick(roi=RegionOfInterest(x_offset=10, y_offset=20, width=300, height=200))
    result = answer.result
    assert (answer.status, outcome(answer)) == (GoalStatus.STATUS_SUCCEEDED, Outcome.SUCCESS)
    assert list(result.stages) == harness.stages == ALL_STAGES
    assert len(result.stage_seconds) == len(ALL_STAGES) and result.stage_seconds[ALL_STAGES.index("lift")] >= 0.1
    assert (result.gripper_success, result.object_known, result.object_success, result.object) == (
        True,
        True,
        True,
        "cube",
    )
    assert (result.failed_stage, result.grasp.planner, result.grasp.header.frame_id) == ("", "fake", "arm_base_link")
    assert result.grasp.header.stamp.sec == 12 and result.grasp.pose.position.x == pytest.approx(0.2)
    (request,) = harness.planners.requests
    assert (request.roi.width, request.max_grasps) == (300, 8) and request.not_before.sec > 0


def test_trajectories_start_at_once_with_goal_tolerances(harness):
    harness.start(goal_tolerance=0.03, goal_time_tolerance=0.5)
    harness.pick()
    assert len(harness.cell.goals) == 5
    for goal in harness.cell.goals:
        assert (goal.trajectory.header.stamp.sec, goal.trajectory.header.stamp.nanosec) == (0, 0)
        assert {t.name: t.position for t in goal.goal_tolerance} == dict.fromkeys(goal.trajectory.joint_names, 0.03)
        assert goal.goal_time_tolerance.nanosec == 500_000_000


def test_plan_only_moves_nothing(harness):
    harness.start()
    answer = harness.pick(plan_only=True)
    assert outcome(answer) is Outcome.SUCCESS and list(answer.result.stages) == ALL_STAGES[:4]
    assert harness.cell.motions == 0


def test_without_ground_truth_the_gripper_decides(harness):
    harness.start(use_ground_truth=False)
    result = harness.pick().result
    assert result.outcome.code == Outcome.SUCCESS and not result.object_known and result.gripper_success


def test_objects_that_the_simulator_does_not_know(harness):
    harness.cell.objects_known = False
    harness.start()
    result = harness.pick().result
    assert result.outcome.code == Outcome.SUCCESS and not result.object_known and result.gripper_success


def test_a_gripper_that_aborts_when_it_stalls_holds_the_object_all_the_same(harness):
    harness.cell.gripper_aborts_when_stalled = True
    harness.start()
    assert outcome(harness.pick()) is Outcome.SUCCESS


def test_a_gripper_that_closes_on_nothing(harness):
    harness.cell.thickness = 0.0
    harness.start()
    answer = harness.pick()
    assert (answer.status, outcome(answer)) == (GoalStatus.STATUS_ABORTED, Outcome.GRASP_EMPTY)
    assert answer.result.failed_stage == "close" and harness.stages[-1] == "return"
    assert harness.cell.joints == pytest.approx(harness.cell.description.arm.home)


def test_an_object_that_slips_in_transport(harness):
    def slip(number):
        if number == 4:
            harness.cell.gap = 0.0
            harness.cell.stuck = True  # the motion ends only because it is canceled

    harness.cell.on_motion = slip
    harness.on_stage["return"] = lambda: setattr(harness.cell, "stuck", False)
    harness.start()
    answer = harness.pick()
    assert (outcome(answer), answer.result.failed_stage) == (Outcome.LOST_IN_TRANSPORT, "transport")


@pytest.mark.parametrize(
    ("settings", "expected", "stage", "words"),
    [
        ({"grasp_outcome": (200, "an empty table")}, Outcome.NO_OBJECT, "plan_grasp", "an empty table"),
        ({"grasp_outcome": (101, "an old image")}, Outcome.STALE_IMAGE, "capture", "an old image"),
        ({"grasp_outcome": (777, "what?")}, Outcome.GRASP_PLANNER_FAILED, "plan_grasp", "unknown outcome code 777"),
        ({"grasp_frame": "camera"}, Outcome.GRASP_PLANNER_FAILED, "plan_grasp", "in the frame 'camera'"),
        ({"motion_outcome": (204, "too far")}, Outcome.OUT_OF_REACH, "plan_motion", "too far"),
        (
            {"trajectory_end": (FollowJointTrajectory.Result.INVALID_JOINTS, "joint_9?")},
            Outcome.TRAJECTORY_REJECTED,
            "approach",
            "INVALID_JOINTS: joint_9?",
        ),
        (
            {"trajectory_end": (FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED, "0.3 rad off")},
            Outcome.TRAJECTORY_FAILED,
            "approach",
            "PATH_TOLERANCE_VIOLATED: 0.3 rad off",
        ),
        ({"gripper_refuses": True}, Outcome.GRIPPER_FAILED, "approach", "aborted at 30.0 mm"),
    ],
)
def test_failures_of_others_keep_their_words(harness, settings, expected, stage, words):
    for name, value in settings.items():
        setattr(harness.cell, name, value)
    harness.start()
    answer = harness.pick()
    assert (answer.status, outcome(answer), answer.result.failed_stage) == (
        GoalStatus.STATUS_ABORTED,
        expected,
        stage,
    )
    assert words in answer.result.outcome.message


def test_a_rejected_trajectory(harness):
    harness.cell.joints["joint_2"] += 0.5
    harness.cell.rejects = True
    harness.start()
    answer = harness.pick()
    assert (outcome(answer), answer.result.failed_stage) == (Outcome.TRAJECTORY_REJECTED, "home")


def test_a_motion_that_does_not_end_is_canceled(harness):
    harness.cell.stuck = True
    harness.start(motion_margin=0.2)
    answer = harness.pick()
    assert (outcome(answer), answer.result.failed_stage) == (Outcome.TRAJECTORY_FAILED, "approach")
    assert "return" not in answer.result.stages  # it holds
    assert "it was canceled. Is something in the way" in answer.result.outcome.message


def test_a_second_goal_is_rejected_while_one_runs(harness):
    harness.start()
    hold, asked = threading.Event(), threading.Event()

    def wait():
        asked.set()
        hold.wait(5.0)

    harness.cell.on_grasp_request = wait
    first = harness.send()
    assert asked.wait(5.0)
    assert first.accepted and not harness.send().accepted
    hold.set()
    assert outcome(harness.result(first)) is Outcome.SUCCESS
    harness.cell.in_bin = False
    assert outcome(harness.pick(plan_only=True)) is Outcome.SUCCESS


def test_a_goal_that_comes_as_the_last_one_ends_is_not_taken_for_ended(harness):
    harness.start()
    second, hold = [], threading.Event()

    class Idle(threading.Event):
        def set(self):
            if not second:
                second.append(harness.client.send_goal_async(Pick.Goal(plan_only=True)))
                time.sleep(0.3)  # it comes at this moment
            super().set()

    harness.node._idle = Idle()
    harness.cell.on_grasp_request = lambda: second and hold.wait(5.0)
    harness.pick(plan_only=True)
    handle = harness.wait(second[0])
    ended = harness.node._idle.is_set()
    hold.set()
    assert handle.accepted and not ended
    harness.result(handle)


def test_diagnostics_tell_the_last_outcome(harness):
    harness.cell.grasp_outcome = (200, "an empty table")
    harness.start()
    received = []
    arrived = threading.Event()

    def receive(message):
        received.append(message.status[0])
        arrived.set()

    harness.planners.create_subscription(DiagnosticArray, "/diagnostics", receive, 10)
    harness.pick()
    harness.cell.grasp_outcome = (0, "")
    harness.pick(plan_only=True)
    arrived.clear()
    assert arrived.wait(3.0)
    values = {pair.key: pair.value for pair in received[-1].values}
    assert (received[-1].name, received[-1].level) == ("/executor", b"\x00")
    assert (values["picks"], values["successes"], values["last outcome"]) == ("2", "1", "SUCCESS")

"""Picks in closed loop that cannot succeed: the arm halts, and the outcome says why."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.pick import Interruption, Stage
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform


def when(bench, stage, action, delay=0.3):
    """Have something happen some time after a stage begins."""
    bench.on_stage[stage] = lambda: bench.world.post(delay, action)


def hide(bench):
    bench.world.blind = True


def test_out_of_sight_on_the_way_down(hand):
    when(hand, Stage.APPROACH, lambda: hide(hand), delay=1.0)
    result = hand.run("box_small", 4)
    assert (result.outcome, result.failed_stage) == (Outcome.TARGET_LOST, Stage.DESCEND)
    assert "the object has not been seen for 2.0 s" in result.message
    assert "nothing stands on the table in the part of the workspace that was asked for" in result.message
    assert result.tracking.misses > 5
    assert np.allclose(list(hand.world.positions().values())[:5], hand.world.description.arm.home_positions, atol=0.01)


def test_on_the_last_part_it_need_not_be_seen(hand):
    when(hand, Stage.DESCEND, lambda: hide(hand), delay=0.5)
    result = hand.run("box_small", 4)
    assert result.outcome is Outcome.SUCCESS, result.message


def test_an_object_that_keeps_moving(hand):
    def to_and_fro(way=0.02):
        hand.world.cell.pushes.begin("box_small", (0.0, way, 0.0), 0.0, 0.4, hand.world.now())
        hand.world.post(0.4, lambda: to_and_fro(-way))

    when(hand, Stage.DESCEND, to_and_fro, delay=0.0)
    result = hand.run("box_small", 4, timeout=3.0)
    assert (result.outcome, result.failed_stage) == (Outcome.NOT_CONVERGED, Stage.DESCEND)
    assert "after 3 s the tool is still" in result.message and "does the object keep moving?" in result.message
    assert result.tracking.corrections > 5


def test_an_object_that_leaves_the_workspace(hand):
    def away():
        body, box = hand.world.cell.cell.scene.objects[0].body, hand.world.workcell.workspace
        pose = body.pose
        body.pose = Transform(pose.rotation, np.array([box.max[0] + 0.03, *pose.translation[1:]]))

    when(hand, Stage.APPROACH, away, delay=0.5)
    result = hand.run("box_small", 4)
    assert (result.outcome, result.failed_stage) == (Outcome.TARGET_LOST, Stage.DESCEND)


def test_the_hand_does_not_hide_what_was_gone_before(overhead):
    def away():
        body = overhead.world.cell.cell.scene.objects[0].body
        body.pose = Transform(body.pose.rotation, body.pose.translation + np.array([0.0, 0.0, -1.0]))

    when(overhead, Stage.APPROACH, away, delay=0.6)
    result = overhead.run("box_small", 4)
    assert (result.outcome, result.failed_stage) == (Outcome.TARGET_LOST, Stage.DESCEND)
    assert result.tracking.misses > 20
    assert overhead.lowest > result.grasp.pose.translation[2] + 0.04


@pytest.mark.parametrize(("kind", "outcome"), [("cancel", Outcome.CANCELED), ("stop", Outcome.STOPPED)])
@pytest.mark.parametrize("delay", [0.0, 0.2, 0.7])
def test_a_person_ends_it_and_the_arm_holds(hand, kind, outcome, delay):
    interruption = Interruption()
    when(hand, Stage.DESCEND, getattr(interruption, kind), delay=delay)
    result = hand.run("box_small", 4, interruption=interruption)
    assert (result.outcome, result.failed_stage) == (outcome, Stage.DESCEND)
    assert "the arm holds at" in result.message
    before = np.array(list(hand.world.positions().values()))
    hand.world.advance(1.0, lambda: None)
    np.testing.assert_allclose(list(hand.world.positions().values()), before, atol=2e-3)


@pytest.mark.parametrize("outcome", [Outcome.STALE_IMAGE, Outcome.MISSING_TRANSFORM, Outcome.GRASP_PLANNER_FAILED])
def test_a_camera_or_planner_that_fails_ends_it_at_once(hand, outcome):
    def fail():
        hand.world.failure = OutcomeError(outcome, "as it is")

    when(hand, Stage.DESCEND, fail, delay=0.2)
    result = hand.run("box_small", 4)
    assert (result.outcome, result.failed_stage, result.message) == (outcome, Stage.DESCEND, "as it is")
    assert result.stages[-1].stage is Stage.RETURN


def test_what_ends_the_approach_is_told_with_the_images_up_to_then(hand):
    def fail():
        hand.world.failure = OutcomeError(Outcome.STALE_IMAGE, "as it is")

    when(hand, Stage.APPROACH, fail, delay=0.8)
    result = hand.run("box_small", 4)
    assert (result.outcome, result.failed_stage) == (Outcome.STALE_IMAGE, Stage.APPROACH)
    assert result.tracking.images >= 5 and result.tracking.hz > 10.0


def test_a_camera_that_is_silent_stops_the_arm_before_the_planner_says_so(hand):
    def fail():
        hand.world.failure = OutcomeError(Outcome.NO_CAMERA, "no image arrived")
        hand.world.planning = 3.0

    when(hand, Stage.APPROACH, fail, delay=1.0)
    result = hand.run("box_small", 4)
    assert (result.outcome, result.message) == (Outcome.NO_CAMERA, "no image arrived")
    seconds = {time.stage: time.seconds for time in result.stages}
    assert seconds[Stage.DESCEND] > 2.0  # the arm held meanwhile
    assert hand.lowest > 0.03


def test_a_robot_that_cannot_be_steered(hand):
    result = hand.run("box_small", 4, servo=False)
    assert (result.outcome, result.failed_stage) == (Outcome.MOTION_PLANNER_FAILED, Stage.HOME)
    assert result.message == "this robot cannot be steered: pick without closed_loop"

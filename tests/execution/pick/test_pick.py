from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_execution.motion.interface import LineGoal, PoseGoal
from grasp_execution.pick import ImageRegion, PickRequest, Stage
from grasp_perception.outcomes import Outcome, OutcomeError

ALL_STAGES = list(Stage)
MOVES = [
    "grip open",
    "follow above",
    "follow down",
    "grip close",
    "follow up",
    "follow bin",
    "grip open",
    "follow home",
]


def test_a_pick_goes_through_all_stages_in_order(bench):
    result = bench.run()
    assert result.outcome is Outcome.SUCCESS and result.failed_stage is None
    assert [time.stage for time in result.stages] == ALL_STAGES
    assert [p.stage for p in bench.progress if p.stage is not Stage.PLAN_MOTION] == [
        s for s in ALL_STAGES if s is not Stage.PLAN_MOTION
    ]
    assert bench.world.moves() == MOVES
    assert (result.gripper_success, result.object_known, result.object_success, result.object) == (
        True,
        True,
        True,
        "cube",
    )
    assert result.message == "cube is in the bin"
    assert result.grasp is bench.world.grasps[0]


def test_everything_is_planned_before_anything_moves(bench):
    bench.run()
    events = bench.world.events
    plans = [event for event in events if event.startswith("plan")]
    assert plans == ["plan grasps", "plan above", "plan down", "plan up", "plan bin", "plan home"]
    assert events.index("plan home") < events.index("grip open")


def test_motions_are_straight_where_fingers_are_near_objects_and_start_where_the_last_ends(bench):
    bench.run()
    above, descent, lift, transport, back = bench.world.requests
    assert isinstance(above.goal, PoseGoal) and isinstance(transport.goal, PoseGoal)
    assert isinstance(descent.goal, LineGoal) and isinstance(lift.goal, LineGoal)
    assert all(request.goal.symmetric for request in (above, descent, lift, transport))
    np.testing.assert_allclose(above.goal.pose.translation, [0.2, 0.05, 0.07])
    np.testing.assert_allclose(descent.goal.pose.translation, [0.2, 0.05, 0.01])
    np.testing.assert_allclose(lift.goal.pose.translation, [0.2, 0.05, 0.09])
    np.testing.assert_allclose(transport.goal.pose.translation, [0.03, 0.25, 0.11])
    assert descent.start["joint_3"] == pytest.approx(0.07)
    assert lift.start["joint_3"] == pytest.approx(0.01)
    assert back.start["joint_2"] == pytest.approx(0.25)
    assert (lift.allow_contact, transport.allow_contact) == (("table",), ())


def test_what_is_held_moves_along_in_the_plan(bench):
    bench.run()
    above, descent, lift, transport, back = bench.world.requests
    assert above.scene == descent.scene == back.scene == ()
    (held,) = lift.scene
    assert held.attached and transport.scene == lift.scene
    assert held.shape.size == pytest.approx((0.02, 0.018, 0.045 + 0.005))  # fingers less 5 mm, and 5 mm below the tips
    assert held.pose.translation[2] == pytest.approx(-0.02)


def test_fingers_open_a_little_wider_than_the_grasp_and_close_with_the_force_asked_for(bench, monkeypatch):
    commands = []
    grip = bench.world.grip

    def spy(gap, force, watch):
        commands.append((round(gap, 6), force))
        return grip(gap, force, watch)

    monkeypatch.setattr(bench.world, "grip", spy)
    bench.set_options(close_force=4.0)
    bench.run()
    assert commands == [(0.022, 10.0), (0.0, 4.0), (0.03, 10.0)]


def test_the_grasp_source_is_asked_for_a_new_image_of_the_region(bench):
    region = ImageRegion(10, 20, 300, 200)
    bench.request = PickRequest(region)
    bench.set_options(max_grasps=5)
    bench.run()
    assert bench.world.asked == (region, 5, pytest.approx(100.0))


def test_stage_times_add_up_and_waiting_for_the_image_counts_as_capture(bench):
    result = bench.run()
    seconds = {time.stage: time.seconds for time in result.stages}
    assert seconds[Stage.CAPTURE] == pytest.approx(0.25 * 0.2)
    assert seconds[Stage.PLAN_GRASP] == pytest.approx(0.75 * 0.2)
    assert seconds[Stage.PLAN_MOTION] == pytest.approx(0.5)
    assert sum(seconds.values()) == pytest.approx(bench.world.time - 100.0)
    assert result.grasp_stamp == pytest.approx(100.2)


def test_feedback_names_the_grasp_from_plan_motion_on(bench):
    bench.run()
    assert all(p.grasp is None for p in bench.progress if p.stage in ALL_STAGES[:3])
    assert all(p.grasp is bench.world.grasps[0] for p in bench.progress if p.stage in ALL_STAGES[4:])
    elapsed = [p.elapsed for p in bench.progress]
    assert elapsed == sorted(elapsed) and elapsed[0] == 0


def test_plan_only_moves_nothing(bench):
    bench.request = PickRequest(plan_only=True)
    result = bench.run()
    assert result.outcome is Outcome.SUCCESS
    assert [time.stage for time in result.stages] == ALL_STAGES[:4]
    assert bench.world.moves() == [] and result.grasp is not None and not result.gripper_success


def test_an_object_nearly_as_wide_as_the_fingers_open_is_let_go(bench):
    bench.world.thickness = bench.world.description.gripper.max_opening - 0.002
    result = bench.run()
    assert result.outcome is Outcome.SUCCESS, result.message
    assert result.object_success and bench.world.opening == 0.03


def test_such_an_object_is_let_go_before_the_next_pick_too(bench):
    bench.world.opening, bench.world.held = 0.028, True
    bench.request = PickRequest(plan_only=True)
    bench.run()
    assert bench.world.events[:2] == ["connect", "grip open"] and not bench.world.held


def test_an_arm_that_is_not_at_home_opens_and_goes_home_before_the_camera_looks(bench):
    bench.world.joints["joint_2"] += 0.5
    bench.world.opening = 0.0
    bench.request = PickRequest(plan_only=True)
    result = bench.run()
    assert result.message == "planned; nothing moved after home"
    assert bench.world.events[:5] == ["connect", "grip open", "plan home", "follow home", "look at objects"]


def test_without_a_simulator_the_gripper_decides(bench):
    bench.without_truth()
    result = bench.run()
    assert (result.outcome, result.object_known, result.object_success) == (Outcome.SUCCESS, False, False)
    assert result.gripper_success and result.message == "an object was released over the bin"


def test_a_simulator_that_does_not_answer_leaves_the_verdict_to_the_gripper(bench):
    bench.world.tells_truth = False
    result = bench.run()
    assert (result.outcome, result.object_known) == (Outcome.SUCCESS, False)


def test_a_simulator_that_falls_silent_on_the_way_knows_nothing(bench):
    bench.world.hooks["follow up"] = lambda: setattr(bench.world, "tells_truth", False)
    result = bench.run()
    assert (result.outcome, result.object_known, result.object_success) == (Outcome.SUCCESS, False, False)
    assert result.message == "an object was released over the bin"


def test_the_second_grasp_is_taken_when_the_first_has_no_lift(bench, make_grasp):
    bench.world.grasps = [make_grasp(0.18, 0.0), make_grasp(0.2, 0.05)]
    bench.world.faults["plan up"] = [OutcomeError(Outcome.NO_MOTION_PLAN, "the wrist is in the way")]
    result = bench.run()
    assert result.outcome is Outcome.SUCCESS
    assert result.grasp is bench.world.grasps[1]
    assert [p.grasp for p in bench.progress if p.stage is Stage.PLAN_MOTION] == [None, *bench.world.grasps]


def test_another_way_to_turn_over_the_bin_is_tried(bench):
    bench.world.faults["plan bin"] = [OutcomeError(Outcome.OUT_OF_REACH, "not this way round")]
    assert bench.run().outcome is Outcome.SUCCESS
    first, second = (r.goal.pose for r in bench.world.requests if r.scene and isinstance(r.goal, PoseGoal))
    assert first.angle_to(second) > 0.1
    np.testing.assert_allclose(second.rotation[:, 2], [0, 0, -1], atol=1e-12)


def test_over_the_bin_the_tool_keeps_its_angle_to_the_base(bench):
    bench.run()
    transport = bench.world.requests[3].goal.pose
    closing, radial = transport.rotation[:, 0], np.array([0.03, 0.25, 0.0]) / np.hypot(0.03, 0.25)
    before = np.array([1.0, 0, 0]) @ (np.array([0.2, 0.05, 0.0]) / np.hypot(0.2, 0.05))
    assert closing @ radial == pytest.approx(before)


def test_no_grasp_can_be_reached_the_best_reason_is_told(bench, make_grasp):
    bench.world.grasps = [make_grasp(0.18, 0.0), make_grasp(0.2, 0.05)]
    bench.world.faults["plan above"] = [OutcomeError(Outcome.OUT_OF_REACH, "too far")] * 2
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.OUT_OF_REACH, Stage.PLAN_MOTION)
    assert "none of 2 grasps" in result.message and "too far" in result.message
    assert bench.world.moves() == []


def test_the_grasp_that_came_furthest_gives_the_reason(bench, make_grasp):
    bench.world.grasps = [make_grasp(0.18, 0.0), make_grasp(0.2, 0.05)]
    bench.world.faults["plan above"] = [OutcomeError(Outcome.OUT_OF_REACH, "too far")]
    bench.world.faults["plan home"] = [OutcomeError(Outcome.NO_MOTION_PLAN, "no way back")]
    result = bench.run()
    assert result.outcome is Outcome.NO_MOTION_PLAN and "no way back" in result.message


@pytest.mark.parametrize(
    ("place", "outcome"),
    [((0.5, 0.0, 0.01), Outcome.OUTSIDE_WORKSPACE), ((0.2, 0.0, 0.001), Outcome.BELOW_TABLE)],
)
def test_a_grasp_where_none_is_allowed_is_never_planned(bench, make_grasp, place, outcome):
    bench.world.grasps = [make_grasp(*place)]
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (outcome, Stage.PLAN_MOTION)
    assert "plan down" not in bench.world.events and bench.world.moves() == []


@pytest.mark.parametrize("width", [0.0, -0.01, 0.031, float("nan")])
def test_a_grasp_that_the_gripper_does_not_open_for_is_never_planned(bench, make_grasp, width):
    wrong = replace(make_grasp(0.2, 0.05), width=width)
    bench.world.grasps = [wrong]
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.NO_GRASP, Stage.PLAN_MOTION)
    assert f"of 'fake' asks for an opening of {width * 1e3:.1f} mm" in result.message and bench.world.moves() == []
    bench.world.grasps = [wrong, make_grasp(0.2, 0.05)]
    assert bench.again().outcome is Outcome.SUCCESS


def test_a_grasp_where_none_is_allowed_gives_way_to_the_next(bench, make_grasp):
    bench.world.grasps = [make_grasp(0.2, 0.05, 0.0), make_grasp(0.2, 0.05)]
    assert bench.run().outcome is Outcome.SUCCESS

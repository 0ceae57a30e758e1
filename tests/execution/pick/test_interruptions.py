"""Cancel and stop, in every stage."""

from __future__ import annotations

import pytest

from grasp_execution.pick import Interruption, Stage
from grasp_perception.outcomes import Outcome, OutcomeError

KINDS = [("cancel", Outcome.CANCELED), ("stop", Outcome.STOPPED)]
WAITS = {  # something that waits in each stage that has such a thing
    Stage.HOME: "connect",
    Stage.CAPTURE: "look at objects",
    Stage.PLAN_GRASP: "plan grasps",
    Stage.PLAN_MOTION: "plan up",
    Stage.APPROACH: "follow above",
    Stage.DESCEND: "follow down",
    Stage.CLOSE: "grip close",
    Stage.VERIFY_CLOSE: "pause",
    Stage.LIFT: "follow up",
    Stage.TRANSPORT: "follow bin",
    Stage.RETURN: "follow home",
}


@pytest.mark.parametrize(("kind", "outcome"), KINDS)
@pytest.mark.parametrize("stage", list(Stage))
def test_interrupted_as_a_stage_begins(bench, stage, kind, outcome):
    bench.on_stage = lambda progress: getattr(bench.interruption, kind)() if progress.stage is stage else None
    result = bench.run()
    check(bench, result, stage, outcome)


@pytest.mark.parametrize(("kind", "outcome"), KINDS)
@pytest.mark.parametrize(("stage", "event"), WAITS.items())
def test_interrupted_in_the_middle_of_a_stage(bench, stage, event, kind, outcome):
    bench.world.hooks[event] = lambda: getattr(bench.interruption, kind)()
    result = bench.run()
    check(bench, result, stage, outcome)
    assert bench.world.events[-1] == event  # nothing was begun after it


def check(bench, result, stage, outcome):
    assert (result.outcome, result.failed_stage) == (outcome, stage)
    assert [time.stage for time in result.stages][-1] is stage  # no recovery
    where = ", ".join(f"{name}={bench.world.joints[name]:.3f}" for name in bench.world.arm_joints)
    assert f"in {stage}; the arm holds at {where}" in result.message
    assert f"{bench.world.opening * 1e3:.1f} mm apart" in result.message
    judged = (stage, bench.world.in_bin) == (Stage.RETURN, True)  # nobody looks after an interruption
    assert (result.object_known, result.object_success) == (judged, judged)


@pytest.mark.parametrize("stage", [Stage.LIFT, Stage.TRANSPORT])
def test_what_is_held_stays_held_until_the_next_pick_begins(bench, stage):
    bench.world.hooks[WAITS[stage]] = bench.interruption.stop
    bench.run()
    assert bench.world.held and "grip open" not in bench.world.moves()[1:]
    assert bench.again().outcome is Outcome.SUCCESS
    assert bench.world.moves()[0] == "grip open"


@pytest.mark.parametrize("event", ["follow down", "grip close", "follow up"])
def test_the_next_pick_leaves_straight_up_from_among_the_objects(bench, event):
    bench.world.hooks[event] = bench.interruption.stop
    bench.run()
    assert bench.again().outcome is Outcome.SUCCESS
    assert bench.world.moves()[:3] == ["grip open", "follow up", "follow home"]


def test_the_next_pick_goes_home_from_the_open(bench):
    bench.world.hooks["follow bin"] = bench.interruption.stop
    bench.run()
    assert bench.again().outcome is Outcome.SUCCESS
    assert bench.world.moves()[:2] == ["grip open", "follow home"]


def test_an_arm_that_was_put_home_in_the_meantime_does_not_go_back_to_leave(bench):
    bench.world.hooks["follow down"] = bench.interruption.stop
    bench.run()
    bench.world.joints = dict(bench.world.description.arm.home)
    assert bench.again().outcome is Outcome.SUCCESS
    assert bench.world.moves()[:3] == ["grip open", "grip open", "follow above"]


@pytest.mark.parametrize("picks_without_driver", [0, 1])
def test_an_arm_that_was_moved_in_the_meantime_does_not_go_back_to_leave(bench, picks_without_driver):
    bench.world.hooks["follow down"] = bench.interruption.stop
    bench.run()
    bench.world.joints["joint_2"] -= 0.15  # jogged aside
    for _ in range(picks_without_driver):
        bench.again({"connect": [OutcomeError(Outcome.CONTROLLER_UNAVAILABLE, "no driver")]})
    assert bench.again().outcome is Outcome.SUCCESS
    assert bench.world.moves()[:2] == ["grip open", "follow home"]


@pytest.mark.parametrize(("kind", "outcome"), KINDS)
def test_interrupted_while_recovering(bench, kind, outcome):
    bench.world.thickness = 0.0
    bench.world.hooks["follow home"] = lambda: getattr(bench.interruption, kind)()
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (outcome, Stage.RETURN)
    assert "after GRASP_EMPTY in close" in result.message and "the arm holds at" in result.message


def test_where_the_arm_is_may_not_be_known(bench, monkeypatch):
    def lost():
        raise OutcomeError(Outcome.DRIVER_LOST, "no joint states")

    bench.world.hooks["follow bin"] = lambda: (
        bench.interruption.stop(),
        monkeypatch.setattr(bench.world, "positions", lost),
    )
    result = bench.run()
    assert result.outcome is Outcome.STOPPED
    assert "where the arm is now is not known: no joint states" in result.message


def test_the_first_interruption_counts():
    interruption = Interruption()
    interruption.check()
    interruption.stop()
    interruption.cancel()
    with pytest.raises(OutcomeError) as caught:
        interruption.check()
    assert caught.value.outcome is Outcome.STOPPED


def test_an_interruption_may_ask_whether_the_client_canceled():
    interruption = Interruption()
    answers = [False, True, False]
    interruption.cancel_when(lambda: answers.pop(0))
    interruption.check()
    for _ in range(2):
        with pytest.raises(OutcomeError) as caught:
            interruption.check()
        assert caught.value.outcome is Outcome.CANCELED

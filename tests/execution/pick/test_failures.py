"""Every outcome a pick can fail with, in every stage where it can, and what the arm does then."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.pick import Stage
from grasp_perception.outcomes import Outcome, OutcomeError

FORWARD = ["grip open", "follow above", "follow down", "grip close", "follow up", "follow bin", "grip open"]
HOLD: list[str] = []
GO_HOME = ["follow home"]
UP_AND_HOME = ["follow up", "follow home"]
OPEN_UP_AND_HOME = ["grip open", "follow up", "follow home"]
OPEN_AND_HOME = ["grip open", "follow home"]


def fault(event, outcome):
    return lambda world: world.faults.update({event: [OutcomeError(outcome, "as the test wants it")]})


def hook(event, action):
    return lambda world: world.hooks.update({event: lambda: action(world)})


def change(**values):
    def apply(world):
        for name, value in values.items():
            setattr(world, name, value)

    return apply


def during(stage, action):
    """When a stage begins."""
    return lambda bench: setattr(
        bench, "on_stage", lambda progress: action(bench.world) if progress.stage is stage else None
    )


PERCEPTION = [outcome for outcome in Outcome if 100 <= outcome < 200]
GRASP_PLANNING = [outcome for outcome in Outcome if 200 <= outcome < 300]
MOTION_PLANNING = [Outcome.OUT_OF_REACH, *(outcome for outcome in Outcome if 300 <= outcome < 400)]
MOTION_STAGES = [  # the stage, the motion, how many motions and commands began up to then, what follows
    (Stage.APPROACH, "follow above", 2, GO_HOME),
    (Stage.DESCEND, "follow down", 3, UP_AND_HOME),
    (Stage.LIFT, "follow up", 5, HOLD),
    (Stage.TRANSPORT, "follow bin", 6, HOLD),
    (Stage.RETURN, "follow home", 8, HOLD),
]
GRIPPER_STAGES = [(Stage.CLOSE, "grip close", 4)]

CASES = [
    *(pytest.param(fault("plan grasps", o), o, Stage.CAPTURE, 0, HOLD, id=f"capture-{o.name}") for o in PERCEPTION),
    *(
        pytest.param(fault("plan grasps", o), o, Stage.PLAN_GRASP, 0, HOLD, id=f"plan_grasp-{o.name}")
        for o in GRASP_PLANNING
    ),
    *(
        pytest.param(fault(f"plan {leg}", o), o, Stage.PLAN_MOTION, 0, HOLD, id=f"plan_motion-{leg}-{o.name}")
        for leg in ("above", "down", "up", "home")
        for o in MOTION_PLANNING
    ),
    *(
        pytest.param(
            lambda world, o=o: world.faults.update({"plan bin": [OutcomeError(o, "as the test wants it")] * 3}),
            o,
            Stage.PLAN_MOTION,
            0,
            HOLD,
            id=f"plan_motion-bin-{o.name}",
        )
        for o in MOTION_PLANNING
    ),
    *(
        pytest.param(fault(motion, o), o, stage, count, recovery, id=f"{stage}-{o.name}")
        for stage, motion, count, recovery in MOTION_STAGES
        for o in (Outcome.TRAJECTORY_REJECTED, Outcome.TRAJECTORY_FAILED)
        if (stage, o) != (Stage.APPROACH, Outcome.TRAJECTORY_FAILED)
    ),
    pytest.param(
        fault("follow above", Outcome.TRAJECTORY_FAILED),
        Outcome.TRAJECTORY_FAILED,
        Stage.APPROACH,
        2,
        HOLD,
        id="blocked-in-the-approach",
    ),
    *(
        pytest.param(fault(motion, o), o, stage, count, HOLD, id=f"{stage}-{o.name}")
        for stage, motion, count, _ in MOTION_STAGES
        for o in (Outcome.DRIVER_LOST, Outcome.CONTROLLER_UNAVAILABLE)
    ),
    *(
        pytest.param(fault(command, o), o, stage, count, HOLD, id=f"{stage}-{o.name}")
        for stage, command, count in GRIPPER_STAGES
        for o in (Outcome.DRIVER_LOST, Outcome.GRIPPER_FAILED)
    ),
    *(
        pytest.param(fault("connect", o), o, Stage.HOME, 0, HOLD, id=f"home-{o.name}")
        for o in (Outcome.CONTROLLER_UNAVAILABLE, Outcome.DRIVER_LOST)
    ),
    pytest.param(change(thickness=0.0), Outcome.GRASP_EMPTY, Stage.CLOSE, 4, OPEN_UP_AND_HOME, id="closes-on-nothing"),
    pytest.param(
        change(thickness=0.001), Outcome.GRASP_EMPTY, Stage.CLOSE, 4, OPEN_UP_AND_HOME, id="closes-on-next-to-nothing"
    ),
    pytest.param(change(stalled=False), Outcome.GRIPPER_FAILED, Stage.CLOSE, 4, HOLD, id="stops-for-no-reason"),
    pytest.param(
        hook("pause", lambda world: world.lose()),
        Outcome.GRASP_EMPTY,
        Stage.VERIFY_CLOSE,
        4,
        OPEN_UP_AND_HOME,
        id="gone-after-closing",
    ),
    pytest.param(
        hook("follow up", lambda world: world.lose()),
        Outcome.LOST_IN_LIFT,
        Stage.LIFT,
        5,
        OPEN_UP_AND_HOME,
        id="slips-while-lifted",
    ),
    pytest.param(
        hook("follow bin", lambda world: world.lose()),
        Outcome.LOST_IN_TRANSPORT,
        Stage.TRANSPORT,
        6,
        OPEN_AND_HOME,
        id="slips-in-transport",
    ),
    pytest.param(change(lands_in_bin=False), Outcome.MISSED_BIN, Stage.VERIFY_RELEASE, 7, GO_HOME, id="misses-the-bin"),
]


@pytest.mark.parametrize(("arrange", "outcome", "stage", "done", "recovery"), CASES)
def test_failure(bench, arrange, outcome, stage, done, recovery):
    arrange(bench.world)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (outcome, stage)
    assert result.message
    assert bench.world.moves() == [*FORWARD, "follow home"][:done] + recovery
    stages = [time.stage for time in result.stages]
    expected = list(Stage)[: list(Stage).index(stage) + 1]
    assert stages == ([*expected, Stage.RETURN] if recovery else expected)
    if recovery:
        at_home = bench.world.description.arm.home
        assert {name: bench.world.joints[name] for name in at_home} == pytest.approx(at_home)


@pytest.mark.parametrize(
    ("arrange", "outcome", "stage"),
    [
        (during(Stage.VERIFY_LIFT, lambda world: world.lose()), Outcome.LOST_IN_LIFT, Stage.VERIFY_LIFT),
        (during(Stage.RELEASE, lambda world: world.lose()), Outcome.LOST_IN_TRANSPORT, Stage.RELEASE),
        (during(Stage.RELEASE, lambda world: change(opens=False)(world)), Outcome.GRIPPER_FAILED, Stage.RELEASE),
        (
            during(Stage.VERIFY_RELEASE, lambda world: change(opening=0.02)(world)),
            Outcome.GRIPPER_FAILED,
            Stage.VERIFY_RELEASE,
        ),
        (during(Stage.APPROACH, lambda world: change(opens=False)(world)), Outcome.GRIPPER_FAILED, Stage.APPROACH),
    ],
)
def test_failure_that_happens_between_motions(bench, arrange, outcome, stage):
    arrange(bench)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (outcome, stage)
    went_home = bench.world.moves()[-1] == "follow home"
    assert went_home == (outcome is not Outcome.GRIPPER_FAILED)


@pytest.mark.parametrize(("stage", "done"), [(Stage.LIFT, 4), (Stage.TRANSPORT, 5)])
def test_an_arm_that_somebody_moved_keeps_hold_of_the_object(bench, stage, done):
    during(stage, lambda world: world.joints.update(joint_1=world.joints["joint_1"] + 0.15))(bench)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.NO_MOTION_PLAN, stage)
    assert "something else moved the arm" in result.message
    assert bench.world.moves() == FORWARD[:done] and bench.world.held


@pytest.mark.parametrize(
    "outcome", [Outcome.TRAJECTORY_REJECTED, Outcome.TRAJECTORY_FAILED, Outcome.NO_MOTION_PLAN, Outcome.OUT_OF_REACH]
)
def test_an_arm_that_cannot_get_home_does_not_look(bench, outcome):
    bench.world.joints["joint_2"] += 0.5
    event = "plan home" if outcome < 400 else "follow home"
    fault(event, outcome)(bench.world)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (outcome, Stage.HOME)
    assert "plan grasps" not in bench.world.events


def test_a_gripper_that_does_not_open_at_home_ends_the_pick(bench):
    change(opens=False, opening=0.0)(bench.world)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.GRIPPER_FAILED, Stage.HOME)
    assert "0.0 mm apart instead of 30.0 mm" in result.message


def test_an_object_that_slips_is_noticed_early_and_the_arm_stops_there(bench):
    seen = {}
    bench.world.hooks["follow bin"] = bench.world.lose
    bench.world.hooks["grip open"] = lambda: seen.update(bench.world.joints)
    bench.run()
    start, end = np.array([0.2, 0.05, 0.09]), np.array([0.03, 0.25, 0.11])
    held_at = np.array([seen[f"joint_{i}"] for i in (1, 2, 3)])
    np.testing.assert_allclose(held_at, start + 0.25 * (end - start))


def test_an_object_that_turns_in_the_grip_is_not_lost(bench):
    bench.world.hooks["follow up"] = lambda: setattr(bench.world, "opening", 0.008)
    bench.world.hooks["follow bin"] = lambda: setattr(bench.world, "opening", 0.004)
    assert bench.run().outcome is Outcome.SUCCESS


def test_an_object_that_creeps_out_is_noticed_when_the_grip_is_verified(bench):
    bench.world.hooks["pause"] = lambda: setattr(bench.world, "opening", bench.world.opening - 0.0011)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.GRASP_EMPTY, Stage.VERIFY_CLOSE)
    assert "slipping" in result.message


def test_what_was_lost_is_named_and_its_place_told(bench):
    bench.world.hooks["follow bin"] = bench.world.lose
    result = bench.run()
    assert (result.object, result.object_known, result.object_success) == ("cube", True, False)
    assert not result.gripper_success


def test_what_was_only_pushed_is_named(bench):
    bench.world.thickness = 0.0
    bench.world.hooks["follow down"] = lambda: setattr(bench.world, "cube", np.array([0.22, 0.05, 0.01]))
    result = bench.run()
    assert (result.outcome, result.object) == (Outcome.GRASP_EMPTY, "cube")


def test_an_object_dropped_beside_the_bin_was_felt_by_the_gripper_all_the_same(bench):
    bench.world.lands_in_bin = False
    result = bench.run()
    assert result.outcome is Outcome.MISSED_BIN and "cube" in result.message
    assert result.gripper_success and result.object_known and not result.object_success
    assert bench.world.events.count("pause") >= 20  # it had time to come to rest


@pytest.mark.parametrize("event", ["grip open", "follow up", "follow home"])
def test_a_recovery_that_fails_is_told_and_the_first_outcome_stays(bench, event):
    bench.world.thickness = 0.0
    outcome = Outcome.GRIPPER_FAILED if event == "grip open" else Outcome.TRAJECTORY_FAILED
    bench.world.hooks["grip close"] = lambda: fault(event, outcome)(bench.world)
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.GRASP_EMPTY, Stage.CLOSE)
    assert f"on the way back: {outcome.name}: as the test wants it" in result.message
    assert bench.world.moves()[-1] == event


def test_without_a_straight_way_up_another_way_home_is_taken(bench):
    bench.world.thickness = 0.0
    bench.world.hooks["grip close"] = lambda: fault("plan up", Outcome.NO_MOTION_PLAN)(bench.world)
    assert bench.run().outcome is Outcome.GRASP_EMPTY
    assert bench.world.moves()[-2:] == ["grip open", "follow home"]


def test_a_bug_is_an_outcome_too(bench):
    bench.world.faults["follow down"] = [KeyError("joint_7")]
    result = bench.run()
    assert (result.outcome, result.failed_stage) == (Outcome.INTERNAL_ERROR, Stage.DESCEND)
    assert "KeyError" in result.message and bench.world.moves()[-1] == "follow down"


@pytest.mark.parametrize("case", ["empty", "missed", "failed", "bug"])
def test_the_next_pick_succeeds(bench, case):
    arrange = {
        "empty": change(thickness=0.0),
        "missed": change(lands_in_bin=False),
        "failed": fault("follow up", Outcome.TRAJECTORY_FAILED),
        "bug": lambda world: world.faults.update({"follow down": [KeyError("joint_7")]}),
    }[case]
    arrange(bench.world)
    bench.run()
    change(thickness=0.015, lands_in_bin=True)(bench.world)
    assert bench.again().outcome is Outcome.SUCCESS

from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.pick.leg import Leg
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError

JOINTS = ("a", "b")


def leg(names=JOINTS, times=(0.0, 1.0), positions=((0.0, 1.0), (2.0, 3.0)), velocities=None):
    return Leg("descent", Trajectory(names, np.array(times), np.array(positions), velocities))


def test_the_end_is_by_name():
    assert leg().end() == {"a": 2.0, "b": 3.0}


def test_a_sound_leg_passes_in_any_order_of_joints():
    leg(names=("b", "a")).check(JOINTS, {"a": 1.05, "b": 0.0}, 0.1)


@pytest.mark.parametrize(
    ("broken", "present", "reason"),
    [
        (leg(names=("a", "c")), {"a": 0.0, "b": 1.0}, "moves the joints"),
        (leg(times=(0.0, 0.0)), {"a": 0.0, "b": 1.0}, "do not increase"),
        (leg(times=(-1.0, 0.0)), {"a": 0.0, "b": 1.0}, "do not increase"),
        (leg(positions=((0.0, np.nan), (2.0, 3.0))), {"a": 0.0, "b": 1.0}, "not finite"),
        (leg(velocities=np.array([[0.0, 0.0], [np.inf, 0.0]])), {"a": 0.0, "b": 1.0}, "not finite"),
        (leg(), {"a": 0.2, "b": 1.0}, "starts with a at 0.000 rad, but it is at 0.200 rad"),
    ],
)
def test_a_trajectory_that_does_not_fit_is_not_sent(broken, present, reason):
    with pytest.raises(OutcomeError, match=reason) as caught:
        broken.check(JOINTS, present, 0.1)
    assert caught.value.outcome is Outcome.NO_MOTION_PLAN and "descent" in caught.value.message

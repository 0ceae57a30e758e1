"""Picks in closed loop whose courses are sent long before they begin, or refused."""

from __future__ import annotations

import pytest

from grasp_execution.pick import Stage
from grasp_perception.outcomes import Outcome
from grasp_sim.picking.answers import TRANSPORT


def test_courses_may_be_sent_long_before_they_begin(hand):
    result = hand.run("box_small", 4, (0.02, -0.035), lead=0.4)
    assert result.outcome is Outcome.SUCCESS, result.message


@pytest.mark.parametrize(
    ("lead", "refusals", "leads"),
    [
        (0.1, 2, [0.1, 0.2, 0.4]),
        (0.1, 3, [0.1, 0.2, 0.4, 0.4]),
        (0.5, 1, [0.5, 0.5]),  # more than it would be raised to
    ],
)
def test_after_a_refusal_courses_are_sent_earlier(hand, lead, refusals, leads):
    def refuse():
        hand.world.refusals = refusals

    hand.on_stage[Stage.DESCEND] = refuse
    result = hand.run("box_small", 4, lead=lead)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert hand.world.ahead[: len(leads)] == pytest.approx([lead - TRANSPORT for lead in leads], abs=0.01)

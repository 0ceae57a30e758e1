"""Picks in closed loop whose courses are sent long before they begin."""

from __future__ import annotations

from grasp_perception.outcomes import Outcome


def test_courses_may_be_sent_long_before_they_begin(hand):
    result = hand.run("box_small", 4, (0.02, -0.035), lead=0.4)
    assert result.outcome is Outcome.SUCCESS, result.message

"""Grasps that turn because the hand does are told from things that turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grasp_execution.pick.chase import Chase
from grasp_perception.transform import Transform

PERIOD = 0.1


def at(angle: float) -> Transform:
    """Coming down, with the closing axis at an angle."""
    c, s = np.cos(angle), np.sin(angle)
    return Transform(np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]]), np.array([0.2, 0.0, 0.01]))


@pytest.fixture
def shown() -> Callable[..., list[bool]]:
    """Shows the angles of grasp and hand, ten a second; what is said after each."""

    def show(chase: Chase, grasps, hands, begin: float = 0.0) -> list[bool]:
        said = []
        for i, (grasp, hand) in enumerate(zip(grasps, hands)):
            chase.see(begin + PERIOD * i, at(grasp), at(hand))
            said.append(chase.is_vain)
        return said

    return show


TURNING = 0.12 * np.arange(20)


@pytest.mark.parametrize("offset", [0.6, -1.4])
def test_an_angle_that_keeps_its_distance_from_the_hand_is_chased_in_vain(shown, offset: float) -> None:
    said = shown(Chase(), TURNING + offset, TURNING)
    assert said.index(True) == 7  # after 0.8 rad
    assert all(said[7:])


def test_a_hand_that_comes_to_a_grasp_does_not_chase_it(shown) -> None:
    assert not any(shown(Chase(), np.full(20, 1.5), TURNING))


def test_a_thing_that_is_turned_a_little_is_followed(shown) -> None:
    turned = np.concatenate([np.linspace(0, 0.6, 6), np.full(14, 0.6)])
    behind = np.concatenate([np.zeros(3), np.linspace(0, 0.6, 6), np.full(11, 0.6)])
    assert not any(shown(Chase(), turned, behind))


def test_a_grasp_that_jumps_is_not_chased(shown) -> None:
    there_and_back = TURNING + np.where(np.arange(20) % 5 < 2, 1.0, 0.0)
    assert not any(shown(Chase(), there_and_back, np.zeros(20)))


def test_a_thing_that_turns_on_is_followed_again(shown) -> None:
    chase = Chase()
    assert shown(chase, TURNING + 0.3, TURNING)[-1]
    still = np.full(20, TURNING[-1])
    assert not shown(chase, TURNING[-1] + 0.3 + TURNING, still, begin=20 * PERIOD)[-1]


def test_the_hand_may_keep_still_beside_a_round_thing(shown) -> None:
    chase = Chase()
    shown(chase, TURNING + 0.3, TURNING)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 20)
    still = np.full(20, TURNING[-1])
    assert all(shown(chase, still + 0.3 + noise, still, begin=20 * PERIOD))

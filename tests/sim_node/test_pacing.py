from __future__ import annotations

import math

import pytest

from grasp_sim.control.pacing import CATCH_UP, Pacer, Schedule


def test_the_target_follows_the_wall_clock() -> None:
    pacer = Pacer(2.0)
    pacer.restart(10.0, 100.0)
    assert pacer.target(10.0, 100.02) == pytest.approx(10.04)
    assert pacer.wait(10.1, 100.02) == pytest.approx(0.03)
    assert pacer.wait(10.0, 100.02) == 0.0


def test_a_long_delay_is_not_caught_up() -> None:
    pacer = Pacer(1.0)
    pacer.restart(0.0, 0.0)
    assert pacer.target(0.0, 5.0) == pytest.approx(CATCH_UP)
    assert pacer.target(CATCH_UP, 5.01) == pytest.approx(CATCH_UP + 0.01)


def test_rate_zero_never_waits() -> None:
    pacer = Pacer(0.0)
    assert pacer.target(1.0, 1.0) == math.inf
    assert pacer.wait(1e9, 0.0) == 0.0


def run(schedule: Schedule, rate: float, seconds: float, step: float = 1 / 240) -> list[float]:
    return [i * step for i in range(round(seconds / step)) if schedule.due(i * step, i * step / rate)]


def test_a_rate_that_the_steps_do_not_fit() -> None:
    times = run(Schedule(100.0), 1.0, 10.0)
    assert len(times) == 1000


def test_a_fast_simulation_does_not_flood() -> None:
    times = run(Schedule(50.0), 20.0, 10.0)  # half a second of wall time
    assert 45 <= len(times) <= 51


def test_what_was_held_up_is_caught_up_in_a_burst() -> None:
    held_up, plain = Schedule(50.0, burst=5), Schedule(50.0)
    for schedule in (held_up, plain):
        assert schedule.due(0.0, 0.0)
    # 80 ms of simulation in no time, after 80 ms of wall time.
    assert sum(held_up.due(0.02 * i, 0.08) for i in range(1, 5)) == 4
    assert sum(plain.due(0.02 * i, 0.08) for i in range(1, 5)) == 1


def test_time_that_begins_anew() -> None:
    schedule = Schedule(10.0)
    assert schedule.due(100.0, 0.0)
    assert schedule.due(0.0, 1.0)
    assert not schedule.due(0.05, 2.0)

"""Asking the grasp planner without waiting for it."""

from __future__ import annotations

import threading
import time

import pytest

from grasp_execution.nodes.planner_clients import GraspClient, Patience
from grasp_perception.outcomes import Outcome
from grasp_planning.grasps import Grasp

from .conftest import GRASP

TARGET = Grasp(GRASP, 0.02, 0.9, "fake")


@pytest.fixture
def ask(harness):
    """Asks the fake planner; returns what is awaited."""

    def ask(timeout=3.0, service="/grasp_planner/plan", **fakes):
        if not hasattr(harness, "node"):
            harness.start(drivers=False, **fakes)
        client = GraspClient(harness.node, service, harness.cell.frame, Patience(1.0, timeout))
        if fakes.get("grasps", True):
            assert client._client.wait_for_service(5.0)
        return client.ask(None, 20, 12.25, TARGET, 0.05)

    return ask


def answer(asked, seconds=5.0):
    end = time.monotonic() + seconds
    while (look := asked.answer()) is None:
        assert time.monotonic() < end, "no answer"
        time.sleep(0.01)
    return look


def test_an_answer_comes_when_it_comes(harness, ask):
    gate = threading.Event()
    harness.cell.on_grasp_request = lambda: gate.wait(5.0)
    asked = ask()
    assert asked.answer() is None
    gate.set()
    look = answer(asked)
    assert (look.stamp, look.failure, len(look.grasps)) == (12.5, None, 1)
    (request,) = harness.planners.requests
    assert (request.max_grasps, request.not_before.sec, request.radius) == (20, 12, 0.05)
    assert (request.near.x, request.near.y, request.near.z) == tuple(GRASP.translation)


def test_a_planner_that_finds_nothing_says_so_with_the_stamp(harness, ask):
    harness.cell.grasp_outcome = (int(Outcome.NO_OBJECT), "nothing there")
    look = answer(ask())
    assert (look.stamp, look.failure.outcome, look.failure.message) == (12.5, Outcome.NO_OBJECT, "nothing there")


def test_grasps_in_another_frame(harness, ask):
    harness.cell.grasp_frame = "camera"
    look = answer(ask())
    assert look.failure.outcome is Outcome.GRASP_PLANNER_FAILED and "in the frame 'camera'" in look.failure.message


def test_a_planner_that_is_not_there(ask):
    look = answer(ask(grasps=False))
    assert look.failure.outcome is Outcome.GRASP_PLANNER_FAILED and "vanished" in look.failure.message


def test_a_planner_that_does_not_answer(harness, ask):
    gate = threading.Event()
    harness.cell.on_grasp_request = lambda: gate.wait(5.0)
    look = answer(ask(timeout=0.2))
    gate.set()
    assert look.failure.outcome is Outcome.GRASP_PLANNER_FAILED
    assert look.failure.message == "/grasp_planner/plan did not answer within 0.2 s"

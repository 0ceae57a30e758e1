from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from grasp_execution.pick import Look, TrackingOptions
from grasp_execution.pick.tracker import Tracker
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp, half_turn

EXACT = TrackingOptions(smoothing=1.0, turn_smoothing=1.0)


def grasp_at(x, y, turn=0.0, z=0.01, quality=1.0):
    rotation = Rotation.from_euler("z", turn).as_matrix() @ np.diag([1.0, -1.0, -1.0])
    return Grasp(Transform(rotation, np.array([x, y, z])), 0.02, quality, "fake")


class Source:
    """Answers at once, with what is put into `looks`."""

    def __init__(self):
        self.looks = []
        self.asked = []
        self.dropped = 0

    def ask(self, region, max_grasps, not_before, near, radius):
        self.asked.append((max_grasps, not_before, near, radius))
        return self

    def answer(self):
        return self.looks.pop(0) if self.looks else None

    def drop(self):
        self.dropped += 1


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def track(source, world):
    """Makes a tracker and shows it looks, one every 0.1 s; returns the tracker and what it said to each."""

    def make(*looks, options=EXACT, start=None):
        tracker = Tracker(source, start or grasp_at(0.2, 0.0), 10.0, world.workcell, options)
        said = []
        for i, look in enumerate(looks, 1):
            if isinstance(look, OutcomeError):
                source.looks.append(Look(10.0 + 0.1 * i, (), look))
            else:
                source.looks.append(Look(10.0 + 0.1 * i, look))
            said.append(tracker.update())
        return tracker, said

    return make


def failure(outcome):
    return OutcomeError(outcome, "as it is")


def test_it_asks_for_the_next_image_near_the_target(track, source):
    tracker, _ = track([grasp_at(0.21, 0.0)])
    assert source.asked[0][:2] == (20, pytest.approx(10.001))
    _, not_before, near, radius = source.asked[1]  # at once, while the arm is steered
    assert (not_before, radius) == (pytest.approx(10.101), 0.05)
    assert near is tracker.target
    tracker.update()
    assert len(source.asked) == 2  # while one is awaited, no other is asked


def test_not_the_best_but_the_nearest_is_taken(track):
    tracker, said = track([grasp_at(0.2, 0.04, quality=0.9), grasp_at(0.21, 0.0, quality=0.1)])
    assert said == [True]
    np.testing.assert_allclose(tracker.target.pose.translation, [0.21, 0.0, 0.01])
    assert (tracker.seen, tracker.count.images, tracker.count.misses) == (pytest.approx(10.1), 1, 0)


def test_a_turn_counts_as_distance(track):
    tracker, _ = track([grasp_at(0.2, 0.0, turn=1.2), grasp_at(0.22, 0.0)])
    np.testing.assert_allclose(tracker.target.pose.translation, [0.22, 0.0, 0.01])


def test_fingers_do_not_change_places(track):
    start = grasp_at(0.2, 0.0)
    turned = replace(start, pose=half_turn(start.pose))
    tracker, _ = track([turned])
    np.testing.assert_allclose(tracker.target.pose.rotation, start.pose.rotation, atol=1e-12)


def test_it_faces_the_tool(track):
    tracker, _ = track()
    tracker.face(half_turn(grasp_at(0.2, 0.0, turn=0.1).pose))
    np.testing.assert_allclose(tracker.target.pose.rotation, half_turn(grasp_at(0, 0).pose).rotation, atol=1e-12)


def test_too_far_is_another_object(track):
    tracker, said = track([grasp_at(0.2, 0.06)])
    assert said == [False] and tracker.seen == 10.0
    assert tracker.count.misses == 1
    assert tracker.reason.message == "the nearest grasp is 60 mm from where it was last seen"


def test_outside_the_workspace_is_a_miss(track):
    tracker, said = track([grasp_at(0.32, 0.0)], start=grasp_at(0.3, 0.0))
    assert said == [False] and tracker.reason.outcome is Outcome.OUTSIDE_WORKSPACE


@pytest.mark.parametrize("outcome", [Outcome.NO_OBJECT, Outcome.NO_GRASP, Outcome.BAD_DEPTH, Outcome.OUT_OF_REACH])
def test_an_image_may_be_worth_nothing(track, outcome):
    tracker, said = track(failure(outcome), [grasp_at(0.21, 0.0)])
    assert said == [False, True]
    assert (tracker.count.images, tracker.count.misses) == (2, 1)
    assert tracker.reason is None and tracker.count.hz == pytest.approx(10.0)


@pytest.mark.parametrize(
    "outcome", [Outcome.STALE_IMAGE, Outcome.NO_CAMERA, Outcome.MISSING_TRANSFORM, Outcome.GRASP_PLANNER_FAILED]
)
def test_what_will_not_get_better_is_raised(track, outcome):
    with pytest.raises(OutcomeError) as caught:
        track(failure(outcome))
    assert caught.value.outcome is outcome


def test_noise_is_smoothed_and_a_jump_is_not(track):
    options = TrackingOptions(smoothing=0.4, turn_smoothing=0.2)
    tracker, _ = track([grasp_at(0.21, 0.0, turn=0.2)], options=options)
    np.testing.assert_allclose(tracker.target.pose.translation, [0.204, 0.0, 0.01])
    np.testing.assert_allclose(tracker.target.pose.rotation, grasp_at(0, 0, turn=0.04).pose.rotation, atol=1e-9)
    tracker, _ = track([grasp_at(0.22, 0.0, turn=0.6)], options=options)
    np.testing.assert_allclose(tracker.target.pose.matrix(), grasp_at(0.22, 0.0, turn=0.6).pose.matrix(), atol=1e-9)


def test_steady_is_what_stays_along_the_closing_axis(track):
    here = [grasp_at(0.2, 0.0)]
    assert track(here, here)[0].steady == 2
    assert track(here, [grasp_at(0.2, 0.01)])[0].steady == 2  # another place along the object
    assert track(here, [grasp_at(0.206, 0.0)])[0].steady == 0
    assert track(here, here, failure(Outcome.NO_OBJECT))[0].steady == 2  # out of sight


def test_it_waits_for_the_last_word(track, source):
    tracker, _ = track()
    tracker.update()
    pauses = []

    def pause(seconds, watch):
        pauses.append(seconds)
        if len(pauses) == 3:
            source.looks.append(Look(0.0, (), failure(Outcome.NO_CAMERA)))

    with pytest.raises(OutcomeError, match="NO_CAMERA"):
        tracker.finish(lambda: None, pause)
    tracker.finish(lambda: None, pause)  # nothing is awaited any more
    assert len(pauses) == 3


def test_what_is_awaited_can_be_dropped(track, source):
    tracker, _ = track()
    tracker.drop()
    assert source.dropped == 0
    tracker.update()
    tracker.drop()
    assert source.dropped == 1

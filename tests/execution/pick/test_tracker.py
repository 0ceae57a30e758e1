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


@pytest.fixture
def watch(source, world):
    """Shows a tracker grasps, one in each image, at a rate (Hz); returns after which of them it was steady."""

    def show(grasps, hz):
        tracker = Tracker(source, grasp_at(0.2, 0.0), 10.0, world.workcell, TrackingOptions())
        said = []
        for i, grasp in enumerate(grasps, 1):
            source.looks.append(Look(10.0 + i / hz, [grasp]))
            assert tracker.update()
            said.append(tracker.is_steady)
        return said

    return show


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


def test_steady_is_what_stays_for_a_while(track):
    here = [grasp_at(0.2, 0.0)]
    assert not track(*[here] * 4)[0].is_steady
    assert track(*[here] * 5)[0].is_steady
    tracker, _ = track(*[here] * 5, [grasp_at(0.206, 0.0)])
    assert not tracker.is_steady and tracker.still == pytest.approx(10.5)
    assert not track(*[here] * 5, [grasp_at(0.2, 0.0, turn=0.6)])[0].is_steady
    assert track(*[here] * 5, failure(Outcome.NO_OBJECT))[0].is_steady  # when it was last seen


def test_what_was_out_of_sight_must_stay_anew(track):
    here, hidden = [grasp_at(0.2, 0.0)], failure(Outcome.NO_OBJECT)
    assert track(*[here] * 5, *[hidden] * 2, here)[0].is_steady
    assert not track(*[here] * 5, *[hidden] * 5, here)[0].is_steady


@pytest.mark.parametrize("hz", [12, 20, 30])
@pytest.mark.parametrize("speed", [0.02, 0.03, 0.05, 0.15])
@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, -1.0), (0.7, 0.7)])  # along the closing axis, across
def test_what_moves_is_never_steady_however_slowly(watch, hz, speed, direction):
    ways = speed * np.arange(1, 2 * hz) / hz
    ways = ways[ways < 0.08]
    assert not any(watch([grasp_at(0.2 + way * direction[0], way * direction[1]) for way in ways], hz))


@pytest.mark.parametrize("hz", [12, 20, 30])
def test_what_stands_still_is_steady_in_spite_of_noise(watch, hz):
    noise = np.random.default_rng(3).normal(size=(2 * hz, 3)) * (0.0005, 0.002, 0.1)  # m along and across, rad
    said = watch([grasp_at(0.2 + x, y, turn) for x, y, turn in noise], hz)
    assert not any(said[: int(0.4 * hz)]) and np.mean(said[hz:]) > 0.8


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


def test_what_turns_with_the_hand_keeps_the_angle_of_the_hand(source, world):
    tracker = Tracker(source, grasp_at(0.2, 0.0, 0.5), 10.0, world.workcell, TrackingOptions())
    images = iter(range(1, 100))

    def show(hand, grasp, count=1):
        for i, _ in zip(images, range(count)):
            source.looks.append(Look(10.0 + 0.1 * i, [grasp]))
            assert tracker.update(lambda: hand.pose)

    for step in range(8):
        hand = grasp_at(0.2, 0.0, 0.12 * step)
        show(hand, grasp_at(0.2, 0.0, 0.12 * step + 0.5))
    assert tracker.target.pose.angle_to(hand.pose) == pytest.approx(0.0, abs=1e-6)
    show(hand, grasp_at(0.212, 0.0, 1.34), 8)
    assert tracker.target.pose.angle_to(hand.pose) == pytest.approx(0.0, abs=1e-6)
    assert tracker.target.pose.translation[0] == pytest.approx(0.212, abs=1e-3)  # its place is followed
    assert tracker.is_steady
    for step in range(8):  # it is the thing that turns
        last = grasp_at(0.212, 0.0, 1.34 + 0.12 * step)
        show(hand, last)
    assert tracker.target.pose.angle_to(last.pose) < 0.5


def test_it_may_be_seen_the_other_way_round(source, world):
    tracker = Tracker(source, grasp_at(0.2, 0.0, 0.5), 10.0, world.workcell, TrackingOptions())
    tracker.turn_round()
    source.looks.append(Look(10.1, [grasp_at(0.2, 0.0, 0.5)]))
    assert tracker.update()
    assert tracker.target.pose.angle_to(grasp_at(0.2, 0.0, 0.5).pose) == pytest.approx(np.pi, abs=1e-6)

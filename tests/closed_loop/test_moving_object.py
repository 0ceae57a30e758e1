"""Picks in closed loop of objects that are moved meanwhile: the whole loop but for ROS, in simulated time alone."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from grasp_execution.pick import Stage
from grasp_perception.outcomes import Outcome
from grasp_planning.planner import load_planner


def test_an_object_that_stays_is_picked_with_few_corrections(hand):
    result = hand.run("box_small", 4)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert result.object_success and result.gripper_success
    assert result.tracking.images > 15 and result.tracking.corrections >= 2
    assert result.tracking.hz > 10.0
    assert max(np.linalg.norm(target - hand.targets[0]) for target in hand.targets) < 0.012


@pytest.mark.parametrize("bench", ["hand", "hand_ggcnn2"])
def test_an_object_that_looks_narrow_at_first_is_approached_with_open_fingers(bench, request):
    bench, gaps = request.getfixturevalue(bench), []
    bench.on_stage[Stage.CLOSE] = lambda: gaps.append(bench.world.gap())
    result = bench.run("box_small", 4, first_width=0.010)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert gaps[0] > result.grasp.width - 1e-4 and result.grasp.width > 0.015
    assert result.tracking.misses == 0


@pytest.mark.parametrize(
    ("bench", "name", "seed"),
    [
        ("hand", "box_small", 4),
        ("hand", "cube_medium", 12),
        ("hand", "sphere_medium", 13),
        ("hand_ggcnn2", "box_small", 4),
        ("hand_ggcnn2", "cube_medium", 12),
    ],
)
def test_an_object_moved_by_4_cm_during_the_approach_is_picked(bench, name, seed, request):
    bench = request.getfixturevalue(bench)
    result = bench.run(name, seed, (0.02, -0.035))
    assert result.outcome is Outcome.SUCCESS, result.message
    assert result.object_success
    assert result.tracking.corrections >= 4
    np.testing.assert_allclose(bench.targets[-1] - bench.targets[0], [0.02, -0.035, 0.0], atol=0.015)
    last = bench.targets[-1]
    np.testing.assert_allclose(result.grasp.pose.translation, last)


def test_an_object_is_not_lost_when_the_image_shows_a_part_of_it(hand, repository, tmp_path, monkeypatch):
    handle = trimesh.creation.box((0.010, 0.050, 0.012))
    head = trimesh.creation.box((0.024, 0.020, 0.020)).apply_translation((0.0, 0.035, 0.004))
    trimesh.boolean.union([handle, head]).export(tmp_path / "hammer.obj")
    models = repository / "models/networks/widowx"
    planner = load_planner("ggcnn2", hand.world.planner.gripper, {"device": "cpu"}, models=models)
    monkeypatch.setattr(hand.world, "planner", planner)
    result = hand.run(str(tmp_path / "hammer.obj"), 4)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert result.tracking.misses <= 2


def test_in_open_loop_the_same_object_is_missed(hand):
    result = hand.run("box_small", 4, (0.02, -0.035), closed_loop=False)
    assert (result.outcome, result.failed_stage) == (Outcome.GRASP_EMPTY, Stage.CLOSE)
    assert result.tracking.images == 0


def test_an_object_that_turns_is_followed(hand):
    result = hand.run("bar_small", 10, (0.0, 0.02), turn=0.6)
    assert result.outcome is Outcome.SUCCESS, result.message


def test_the_tool_turns_round_where_the_wrist_turns_no_farther(hand):
    result = hand.run("bar_small", 14, (0.0, 0.01), turn=2.4, delay=0.6, seconds=2.5)
    assert result.outcome is Outcome.SUCCESS, result.message


def test_an_object_that_leaves_while_the_tool_comes_down_is_followed(hand):
    result = hand.run("cube_medium", 12, (0.0, 0.03), stage=Stage.DESCEND, delay=0.1, seconds=0.3)
    assert result.outcome is Outcome.SUCCESS, result.message
    np.testing.assert_allclose(hand.targets[-1] - hand.targets[0], [0.0, 0.03, 0.0], atol=0.015)


def test_an_object_that_moves_slowly_is_not_taken_to_keep_still(hand):
    world, ended = hand.world, []

    def slide():
        hand.slide("box_small", (0.0, 0.025), 4.0)
        world.post(4.0, lambda: ended.append(hand.lowest))

    hand.on_stage[Stage.DESCEND] = slide
    result = hand.run("box_small", 4)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert ended[0] > result.grasp.pose.translation[2] + 0.025  # as far as it moved, the tool kept above it


def test_the_camera_above_sees_as_long_as_the_hand_does_not_hide_it(overhead):
    result = overhead.run("box_small", 4, (0.02, -0.035), delay=0.0, seconds=0.3)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert result.tracking.corrections >= 2

from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.motion.collision import CollisionScene, describe, self_collision_pairs
from grasp_execution.motion.interface import Box, JointGoal, MotionRequest, SceneObject, Sphere
from grasp_execution.motion.obstacles import workcell_objects
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform


def at(x: float, y: float, z: float) -> Transform:
    return Transform(np.eye(3), np.array([x, y, z]))


def posture(planner, pose: Transform) -> np.ndarray:
    found = planner.kinematics.solve(pose, planner.robot.home)
    assert found.reaches(0.0)
    return found.positions


def scene(planner, *objects: SceneObject, allow: tuple[str, ...] = ()) -> CollisionScene:
    return planner.scene(MotionRequest(JointGoal({}), {}, objects, allow))


def test_overlapping_neighbours_are_not_collisions(planner):
    assert scene(planner).contacts(np.zeros(5)) == []
    assert scene(planner).contacts(planner.robot.home) == []


def test_arm_that_folds_into_itself_is_named(planner):
    contacts = scene(planner).contacts(np.array([0.0, -0.9, 1.5, 1.7, 0.0]))
    assert any("table" not in pair and "bin" not in pair for pair in contacts)


def test_bin_is_a_floor_and_four_walls(workcell):
    parts = [item for item in workcell_objects(workcell) if item.name == "bin"]
    assert len(parts) == 5
    x, y = workcell.bin.center
    inside = at(x, y, workcell.bin.size[2] / 2).translation
    for part in parts:
        assert (np.abs(inside - part.pose.translation) > np.array(part.shape.size) / 2 - 1e-9).any()
    low = np.min([p.pose.translation - np.array(p.shape.size) / 2 for p in parts], axis=0)
    high = np.max([p.pose.translation + np.array(p.shape.size) / 2 for p in parts], axis=0)
    np.testing.assert_allclose(high - low, workcell.bin.size, atol=1e-9)


def test_fingers_in_the_table_are_named_and_can_be_allowed(planner, down):
    q = posture(planner, down(0.2, 0.0, -0.005))
    assert set(scene(planner).contacts(q)) == {("gripper_1_link", "table"), ("gripper_2_link", "table")}
    assert scene(planner, allow=("table",)).is_free(q)


def test_only_the_fingers_may_touch_what_is_allowed(planner, down):
    q = posture(planner, down(0.2, 0.0, 0.02))
    tall = SceneObject("tower", Box((0.02, 0.02, 0.075)), at(0.2, 0.0, 0.0375))
    assert scene(planner, tall, allow=("tower",)).contacts(q) == [("gripper_rail_link", "tower")]


def test_finger_tips_at_the_clearance_are_free(planner, workcell, down):
    assert scene(planner).is_free(posture(planner, down(0.2, 0.0, workcell.clearance)))


def test_keep_away_makes_near_things_touch_and_ends(planner, down):
    q, there = posture(planner, down(0.2, 0.0, 0.003)), scene(planner)
    with there.keep_away(0.004):
        assert not there.is_free(q)
    assert there.is_free(q)


def test_attached_object_moves_with_the_tool_and_may_touch_the_hand(planner, down):
    held = SceneObject("held", Box((0.02, 0.018, 0.06)), at(0.0, 0.0, 0.0), attached=True)
    there = scene(planner, held)
    assert there.is_free(posture(planner, down(0.2, 0.0, 0.05)))
    assert there.contacts(posture(planner, down(0.2, 0.0, 0.02))) == [("held", "table")]
    assert scene(planner, held, allow=("table",)).is_free(posture(planner, down(0.2, 0.0, 0.02)))


def test_attached_object_collides_with_the_scene(planner, down):
    held = SceneObject("held", Box((0.02, 0.018, 0.06)), at(0.0, 0.0, 0.0), attached=True)
    ball = SceneObject("ball", Sphere(0.01), at(0.2, 0.0, 0.065))
    q = posture(planner, down(0.2, 0.0, 0.1))
    assert scene(planner, ball).is_free(q)
    assert not scene(planner, held, ball).is_free(q)
    assert scene(planner, held, ball, allow=("ball",)).is_free(q)


def test_unknown_allowed_contact_is_refused_with_the_known_names(planner):
    with pytest.raises(OutcomeError, match=r"\['mug'\].*\['bin', 'table'\]") as error:
        scene(planner, allow=("mug",))
    assert error.value.outcome is Outcome.INVALID_MOTION_REQUEST


@pytest.mark.parametrize("names", [("mug", "mug"), ("table",), ("",)])
def test_scene_names_are_unique(planner, names):
    objects = [SceneObject(name, Sphere(0.01), at(0.3, 0.0, 0.3)) for name in names]
    with pytest.raises(OutcomeError, match="name that is not taken") as error:
        scene(planner, *objects)
    assert error.value.outcome is Outcome.INVALID_MOTION_REQUEST


def test_segment_finds_a_thin_wall_between_free_ends(planner):
    wall = SceneObject("wall", Box((0.3, 0.004, 0.3)), at(0.25, 0.0, 0.2))
    start, end = np.array([0.4, 0.0, 0.0, 0.5, 0.0]), np.array([-0.4, 0.0, 0.0, 0.5, 0.0])
    there = scene(planner, wall)
    assert there.is_free(start) and there.is_free(end)
    assert not there.is_segment_free(start, end)
    assert scene(planner).is_segment_free(start, end)


def test_pairs_of_neighbours_are_left_out(planner):
    names = [planner.robot.model.frames[g.parentFrame].name for g in planner.robot.geometry.geometryObjects]
    pairs = {frozenset((names[i], names[j])) for i, j in self_collision_pairs(planner.robot)}
    assert frozenset(("forearm_link", "wrist_1_link")) not in pairs
    assert frozenset(("gripper_1_link", "gripper_2_link")) not in pairs
    assert frozenset(("forearm_link", "gripper_1_link")) in pairs


def test_description_of_many_contacts_is_short():
    assert describe([("a", "b")]) == "a touches b"
    assert describe([("a", str(i)) for i in range(5)]) == "a touches 0, a touches 1, a touches 2 and 2 more"

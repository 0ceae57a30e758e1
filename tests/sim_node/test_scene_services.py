from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from control_msgs.action import FollowJointTrajectory
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from rclpy.node import Node

from grasp_msgs.msg import Grasp, ObjectState
from grasp_msgs.srv import EvaluateGrasp, GetObjects, MoveObject, ResetScene
from grasp_perception import cache
from grasp_planning.gripper import Gripper
from grasp_sim.control.physics_thread import PhysicsStopped
from grasp_sim.nodes.scene_services import SceneServices

from .conftest import OPENING, REPOSITORY, Graph, Robot

HOME = [1.4, -0.9, 0.6, 1.2, 0.0]


def reset(robot: Robot, **fields: Any) -> ResetScene.Response:
    request = ResetScene.Request(**fields)
    return robot.graph.call(ResetScene, "/simulated_robot/reset_scene", request)


def get_objects(robot: Robot) -> GetObjects.Response:
    return robot.graph.call(GetObjects, "/simulated_robot/get_objects", GetObjects.Request())


def numbers(state: ObjectState) -> list[float]:
    p, q = state.pose.position, state.pose.orientation
    return [p.x, p.y, p.z, q.x, q.y, q.z, q.w, state.size.x, state.size.y, state.size.z, state.mass]


def test_named_objects(robot: Robot) -> None:
    response = reset(robot, objects=["cube_small", "cylinder_small", "cube_small"], seed=5)
    assert response.success and response.message == "3 objects"
    assert response.frame_id == "arm_base_link"
    assert [state.name for state in response.objects] == ["cube_small", "cylinder_small", "cube_small_2"]
    for state in response.objects:
        assert 0.13 <= state.pose.position.x <= 0.31 and -0.14 <= state.pose.position.y <= 0.14
        assert 0.0 < state.pose.position.z < 0.05
        assert 0.0 < state.mass < 1.0
        assert not state.held and not state.in_bin


def test_the_same_seed_gives_the_same_scene(robot: Robot) -> None:
    first = reset(robot, count=3, seed=11)
    other = reset(robot, count=3, seed=12)
    again = reset(robot, count=3, seed=11)
    assert [s.name for s in first.objects] == [s.name for s in again.objects]
    assert [numbers(s) for s in first.objects] == [numbers(s) for s in again.objects]
    assert [numbers(s) for s in first.objects] != [numbers(s) for s in other.objects]


def test_objects_stay_where_they_are(robot: Robot) -> None:
    placed = reset(robot, objects=["cube_small"], seed=2).objects[0]
    robot.simulate(0.5)
    response = get_objects(robot)
    assert response.success
    assert response.header.frame_id == "arm_base_link"
    assert response.header.stamp.sec + response.header.stamp.nanosec * 1e-9 > 0.5
    (state,) = response.objects
    np.testing.assert_allclose(numbers(state), numbers(placed), atol=2e-3)
    assert abs(state.twist.linear.x) < 0.01


def test_an_object_is_moved(robot: Robot) -> None:
    assert reset(robot, objects=["cube_small"], seed=3).success
    (before,) = get_objects(robot).objects
    way = -0.02 if before.pose.position.y > 0 else 0.02
    request = MoveObject.Request(name="cube_small", displacement=Vector3(y=way))
    assert robot.graph.call(MoveObject, "/simulated_robot/move_object", request).success
    robot.simulate(0.1)
    (after,) = get_objects(robot).objects
    assert after.pose.position.y == pytest.approx(before.pose.position.y + way, abs=1e-3)
    answer = robot.graph.call(MoveObject, "/simulated_robot/move_object", MoveObject.Request(name="ball"))
    assert (answer.success, answer.message) == (False, "no object is called 'ball'; there are: cube_small")


def test_an_empty_scene(robot: Robot) -> None:
    assert reset(robot).success
    assert get_objects(robot).objects == []


def test_the_arm_is_reset_when_asked_for(robot: Robot) -> None:
    robot.finish(robot.send(robot.arm, robot.move([-0.2, 0.1, 0.1, 0.1, 0.1], 1.0)))
    assert reset(robot, seed=1).success
    robot.simulate(0.1)
    assert np.abs(np.subtract(robot.positions(), HOME)).max() > 0.05
    assert reset(robot, seed=1, reset_arm=True).success
    robot.simulate(0.1)
    np.testing.assert_allclose(robot.positions(), HOME, atol=1e-3)


def test_the_same_scene_and_the_same_motion_end_the_same(robot: Robot) -> None:
    ends = []
    for _ in range(2):
        assert reset(robot, objects=["cube_small"], seed=4, reset_arm=True).success
        goal = robot.move([0.0] * 5, 1.0)
        goal.trajectory.points[0].positions = [0.9, -0.7, 0.5, 1.0, 0.3]
        _, result = robot.finish(robot.send(robot.arm, goal))
        assert result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
        robot.simulate(0.2)
        ends.append([*robot.positions(), *numbers(get_objects(robot).objects[0])])
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-4)


@pytest.mark.parametrize(
    ("request_fields", "message"),
    [
        ({"objects": ["unicorn"]}, "there is no object 'unicorn'"),
        ({"count": 3, "seed": -1}, "the seed must not be negative, got -1"),
        ({"count": 51}, "at most 50 objects can be asked for"),
        ({"objects": ["bar_large"] * 50}, ""),
    ],
)
def test_what_cannot_be_placed_leaves_the_scene_alone(
    robot: Robot, request_fields: dict[str, Any], message: str
) -> None:
    reset(robot, objects=["cube_small"], seed=2)
    response = reset(robot, **request_fields)
    assert not response.success
    assert response.message and response.message.startswith(message)
    assert response.objects == []
    assert [state.name for state in get_objects(robot).objects] == ["cube_small"]


def test_a_broken_mesh(robot: Robot, tmp_path: Path) -> None:
    path = tmp_path / "broken.obj"
    path.write_text("v 0 0 zero\nf 1 2 3\n")
    response = reset(robot, objects=[str(path)])
    assert not response.success
    assert "broken.obj" in response.message


def test_a_cache_that_cannot_be_written(robot: Robot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = trimesh.creation.box((0.02, 0.03, 0.02))
    mesh.export(tmp_path / "new.obj")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "new.obj"))  # no folder
    for _ in range(2):  # the node lives on
        response = reset(robot, objects=[str(tmp_path / "new.obj")])
        assert not response.success
        assert str(tmp_path / "new.obj") in response.message


def evaluate(robot: Robot, position: Point, *, frame: str = "arm_base_link", width: float = OPENING) -> Any:
    """Try a grasp from straight above, closing along the base's x axis."""
    grasp = Grasp(pose=Pose(position=position, orientation=Quaternion(x=1.0, y=0.0, z=0.0, w=0.0)), width=width)
    grasp.header.frame_id = frame
    return robot.graph.call(EvaluateGrasp, "/simulated_robot/evaluate_grasp", EvaluateGrasp.Request(grasp=grasp))


def test_grasps_are_evaluated_on_a_copy(robot: Robot) -> None:
    placed = reset(robot, objects=["cube_small"], seed=2).objects[0]
    center = placed.pose.position
    response = evaluate(robot, Point(x=center.x, y=center.y, z=max(center.z, 0.008)))
    assert response.valid
    assert response.success == (response.failed_phase == EvaluateGrasp.Response.SUCCESS)
    assert response.object == "cube_small"
    assert response.message
    beside = evaluate(robot, Point(x=0.13, y=center.y + (0.1 if center.y < 0 else -0.1), z=0.02))
    assert beside.valid and not beside.success
    assert beside.failed_phase == EvaluateGrasp.Response.CLOSE
    assert beside.message.startswith("nothing was between the fingers")
    (now,) = get_objects(robot).objects
    np.testing.assert_allclose(numbers(now), numbers(placed), atol=2e-3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"frame": "camera"}, "the grasp must be given in 'arm_base_link', got 'camera'"),
        ({"width": 0.05}, "the grasp's width 50.0 mm must be positive and at most the gripper's opening 30.0 mm"),
        ({"width": 0.0}, "the grasp's width 0.0 mm must be positive"),
    ],
)
def test_grasps_that_cannot_be_tried(robot: Robot, fields: dict[str, Any], reason: str) -> None:
    response = evaluate(robot, Point(x=0.2, y=0.0, z=0.02), **fields)
    assert not response.valid and not response.success
    assert response.message.startswith(reason)


class Unanswering:
    """A simulation that prepares a scene for long, or was closed."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def call(self, function: Callable[..., Any], *, timeout: float = 10.0) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [TimeoutError("no answer"), PhysicsStopped("closed")])
def test_objects_of_a_simulation_that_does_not_answer(graph: Graph, error: Exception) -> None:
    name = f"unanswering_{type(error).__name__.lower()}"
    node = graph.spin(Node(name))
    SceneServices(node, Unanswering(error), "arm_base_link", Gripper.load(REPOSITORY / "config/grippers/widowx.yaml"))
    for _ in range(2):  # the node lives on
        response = graph.call(GetObjects, f"/{name}/get_objects", GetObjects.Request())
        assert (response.success, response.message, response.objects) == (False, str(error), [])

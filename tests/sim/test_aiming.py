"""From rectangles in an image to grasps in the world of a scene, on scenes whose depth is known exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grasp_learning.rectangles import GraspRectangles
from grasp_perception.camera import CameraIntrinsics
from grasp_perception.extrinsics import CameraMount
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.trials.aiming import Aims, aim
from grasp_sim.trials.settings import TrialSettings

CAMERA = CameraIntrinsics(1000.0, 1000.0, 199.5, 199.5, 400, 400)
ABOVE = Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0]))
"""world_from_camera, 1 m above the ground, looking down: image x is the world's x, image y its -y."""


@pytest.fixture(scope="module")
def gripper(repository: Path) -> Gripper:
    return Gripper.load(repository / "config/grippers/jacquard.yaml")


def table_with_box(height: float) -> np.ndarray:
    """Depth of the ground with a box of 200x200 px in the middle."""
    depth = np.full((400, 400), 1.0, np.float32)
    depth[100:300, 100:300] = 1.0 - height
    return depth


def one(x: float, y: float, angle: float = 0.0, width: float = 60.0) -> GraspRectangles:
    return GraspRectangles(np.array([[x, y, angle, width, 20.0]]))


def at(rectangle: GraspRectangles, depth: np.ndarray, gripper: Gripper, camera: Transform = ABOVE) -> Aims:
    return aim(rectangle, depth, CAMERA, camera, gripper)


def test_a_grasp_on_a_level_surface_comes_straight_down(gripper: Gripper) -> None:
    aims = at(one(199.5, 199.5), table_with_box(0.10), gripper)
    assert aims.problems == ("",)
    np.testing.assert_allclose(aims.poses[0, :3, 2], [0, 0, -1], atol=1e-6)
    np.testing.assert_allclose(aims.poses[0, :3, 0], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(aims.poses[0, :3, 3], [0, 0, 0.10 - TrialSettings().insertion], atol=1e-6)
    assert aims.widths[0] == pytest.approx(60 * 0.9 / 1000)


def test_the_angle_turns_the_closing_axis_as_the_image_shows_it(gripper: Gripper) -> None:
    aims = at(one(199.5, 199.5, angle=0.3), table_with_box(0.10), gripper)
    np.testing.assert_allclose(aims.poses[0, :3, 0], [np.cos(0.3), -np.sin(0.3), 0], atol=1e-6)


def test_the_tips_stop_above_the_ground(gripper: Gripper) -> None:
    aims = at(one(199.5, 199.5), table_with_box(0.02), gripper)
    assert aims.poses[0, 2, 3] == pytest.approx(TrialSettings().clearance)
    beside = at(one(20.0, 20.0), table_with_box(0.02), gripper)
    assert beside.poses[0, 2, 3] == pytest.approx(TrialSettings().clearance)


def slope_of(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Depth of a slope through (0, 0, 0.2) that falls along x, and its normal in the world."""
    normal = np.array([np.sin(angle), 0.0, np.cos(angle)])
    rays = CAMERA.deproject(np.stack(np.meshgrid(np.arange(400), np.arange(400)), axis=-1), np.ones((400, 400)))
    directions = rays @ ABOVE.rotation.T
    return ((np.array([0, 0, 0.2]) - ABOVE.translation) @ normal / (directions @ normal)).astype(np.float32), normal


def test_the_approach_is_the_normal_of_a_slope(gripper: Gripper) -> None:
    slope = np.deg2rad(20.0)
    depth, normal = slope_of(slope)
    aims = at(GraspRectangles(np.array([[199.5, 199.5, 0.0, 60, 20], [250.0, 150.0, 1.1, 40, 20]])), depth, gripper)
    np.testing.assert_allclose(aims.poses[:, :3, 2], np.tile(-normal, (2, 1)), atol=1e-4)
    # Across the slope the jaws lie on it, farther apart than they look.
    assert aims.widths[0] == pytest.approx(60 * 0.8 / 1000 / np.cos(slope), rel=0.01)
    assert (aims.poses[:, :3, 0] * aims.poses[:, :3, 2]).sum(axis=1) == pytest.approx([0, 0], abs=1e-9)


def test_an_arm_that_cannot_lean_comes_straight_down_on_a_slope(gripper: Gripper) -> None:
    depth, _ = slope_of(np.deg2rad(20.0))
    aims = aim(one(199.5, 199.5, angle=0.3), depth, CAMERA, ABOVE, gripper, TrialSettings(direction="down"))
    np.testing.assert_allclose(aims.poses[0, :3, 2], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(aims.poses[0, :3, 0], [np.cos(0.3), -np.sin(0.3), 0], atol=1e-6)
    assert aims.widths[0] == pytest.approx(60 * 0.8 / 1000, rel=1e-3)


def test_a_tilted_gripper_keeps_its_lowest_corner_above_the_ground(gripper: Gripper) -> None:
    tilt = np.deg2rad(30.0)
    c, s = np.cos(tilt), np.sin(tilt)
    camera = Transform(np.array([[c, 0, -s], [0, -1, 0], [-s, 0, -c]]), np.array([0.5, 0.0, 0.9]))
    depth = np.full((400, 400), 1.0, np.float32)  # a surface square to the camera, touching the ground
    aims = at(one(199.5, 199.5, width=50.0), depth, gripper, camera)
    half = np.array([aims.widths[0] / 2 + gripper.finger_thickness, gripper.finger_width / 2, 0.0])
    corners = [aims.poses[0, :3, 3] + aims.poses[0, :3, :3] @ (half * sign) for sign in ([1, 1, 1], [-1, 1, 1])]
    assert min(corner[2] for corner in corners) == pytest.approx(TrialSettings().clearance, abs=1e-6)


@pytest.mark.parametrize(
    ("rectangle", "problem"),
    [
        (one(400.0, 50.0), "outside the 400x400 image"),
        (one(50.0, -1.0), "outside"),
        (one(199.5, 199.5, width=0.0), "must be positive"),
        (one(199.5, 199.5, width=-5.0), "must be positive, got -5 px"),
        (one(199.5, 199.5, width=120.0), "wider than the gripper's 111.1 px"),
        (one(5.0, 5.0), "no depth at the centre"),
        (one(float("nan"), 5.0), "not a finite number"),
    ],
)
def test_what_cannot_be_tried_says_why(rectangle: GraspRectangles, problem: str, gripper: Gripper) -> None:
    depth = table_with_box(0.10)
    depth[:10, :10] = np.nan
    aims = at(GraspRectangles.concatenate([one(199.5, 199.5), rectangle]), depth, gripper)
    assert aims.problems[0] == ""
    assert problem in aims.problems[1]
    np.testing.assert_array_equal(aims.poses[1], np.eye(4))


def test_no_rectangles_are_no_aims(gripper: Gripper) -> None:
    aims = at(GraspRectangles.empty(), table_with_box(0.1), gripper)
    assert len(aims) == 0
    assert aims.poses.shape == (0, 4, 4)


def test_the_jacquard_camera_sees_ten_centimetres_as_the_data_does(repository: Path, gripper: Gripper) -> None:
    mount = CameraMount.load(repository / "config/cameras/jacquard.yaml")
    camera, pose = mount.camera_intrinsics, mount.parent_from_camera
    v = (np.arange(1024) - camera.cy) / camera.fy
    ground = -pose.translation[2] / (pose.rotation[2, 1] * v + pose.rotation[2, 2])
    np.testing.assert_allclose(ground[[5, 512, 1018]], [1.5735, 1.4999, 1.4329], atol=2e-4)
    depth = np.tile(ground[:, None], (1, 1024)).astype(np.float32)
    aims = aim(GraspRectangles(np.array([[511.5, 511.5, 0.0, 131.6, 26.3]])), depth, camera, pose, gripper)
    assert aims.widths[0] == pytest.approx(0.100, abs=1e-4)
    np.testing.assert_allclose(aims.poses[0, :3, 2], [0, 0, -1], atol=1e-4)

from __future__ import annotations

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_planning.hand_mask import without_hand
from grasp_planning.pipeline import near_mask

K = CameraIntrinsics(200.0, 200.0, 99.5, 79.5, 200, 160)
TABLE = 0.20


@pytest.fixture
def gripper(repository):
    return Gripper.load(repository / "config/grippers/widowx.yaml")


def frame(depth=None):
    depth = np.full((160, 200), TABLE, np.float32) if depth is None else depth
    return RGBDFrame(np.zeros((160, 200, 3), np.uint8), depth, K, 1.5, "camera")


def pixel(camera_from_tool, point):
    column, row = np.rint(K.project(camera_from_tool.apply([point]))[0]).astype(int)
    return row, column


def test_fingers_and_palm_are_unknown_and_what_is_between_them_stays(gripper):
    camera_from_tool = Transform(np.eye(3), np.array([0.0, 0.01, 0.10]))  # looking along the approach
    image = frame()
    finger = pixel(camera_from_tool, [0.018, 0.0, 0.0])
    between = pixel(camera_from_tool, [0.0, 0.0, 0.0])
    palm = pixel(camera_from_tool, [0.0, 0.0, -0.05])
    image.depth[finger], image.depth[between], image.depth[palm] = 0.099, 0.10, 0.049
    cleared = without_hand(image, camera_from_tool, gripper).depth
    assert np.isnan(cleared[finger]) and np.isnan(cleared[palm])
    assert cleared[between] == np.float32(0.10)
    assert np.isnan(cleared).sum() == 2
    assert np.isfinite(image.depth).all()  # the frame itself is as it was


def test_what_is_seen_past_the_fingers_stays(gripper):
    camera_from_tool = Transform(np.eye(3), np.array([0.0, 0.02, 0.10]))
    image = frame()
    assert without_hand(image, camera_from_tool, gripper) is image


@pytest.mark.parametrize("place", [[0.0, 0.0, -0.30], [0.5, 0.0, 0.20]])
def test_a_hand_that_is_not_in_view(gripper, place):
    image = frame()
    assert without_hand(image, Transform(np.eye(3), np.array(place)), gripper) is image


def test_a_hand_that_is_partly_behind_the_camera(gripper):
    camera_from_tool = Transform(np.eye(3), np.array([0.0, 0.01, 0.05]))
    image = frame()
    finger = pixel(camera_from_tool, [0.018, 0.0, -0.001])
    image.depth[finger] = 0.049
    assert np.isnan(without_hand(image, camera_from_tool, gripper).depth[finger])


def test_unknown_depth_stays_unknown(gripper):
    image = frame(np.full((160, 200), np.nan, np.float32))
    assert without_hand(image, Transform(np.eye(3), np.array([0.0, 0.02, 0.10])), gripper) is image


def test_near_means_near_seen_from_above():
    base_from_camera = Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.0, TABLE]))
    depth = np.full((160, 200), TABLE, np.float32)
    depth[0, 0] = np.nan
    mask = near_mask(frame(depth), base_from_camera, (0.22, 0.01), 0.02)
    rows, columns = np.nonzero(mask)
    x = 0.2 + (columns - K.cx) / K.fx * TABLE
    y = -(rows - K.cy) / K.fy * TABLE
    assert np.hypot(x - 0.22, y - 0.01).max() <= 0.02 + 1e-6
    assert mask.sum() == pytest.approx(np.pi * 20**2, rel=0.02)
    assert not mask[0, 0]

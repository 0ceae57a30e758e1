from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.table import TablePlane, fit_table
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.lifting import lift, project, surface_depth, to_base

CAMERA = CameraIntrinsics(500.0, 500.0, 319.5, 239.5, 640, 480)


def flat(depth: float) -> RGBDFrame:
    return RGBDFrame(np.zeros((480, 640, 3), np.uint8), np.full((480, 640), depth, np.float32), CAMERA)


def test_lift_by_hand(yumi):
    # 100 px right of the centre in 0.5 m at f = 500: 0.1 m right. 40 px of opening: 0.04 m.
    rectangle = GraspRectangle(x=419.5, y=239.5, angle=np.radians(30), width=40.0, height=10.0, quality=0.7)
    candidate = lift(rectangle, flat(0.5), yumi, insertion=0.012)
    assert candidate.pose.translation == pytest.approx([0.1, 0.0, 0.512])
    assert candidate.pose.rotation[:, 0] == pytest.approx([np.cos(np.radians(30)), 0.5, 0.0])
    assert candidate.pose.rotation[:, 2] == pytest.approx([0, 0, 1])
    assert (candidate.width, candidate.quality, candidate.insertion) == pytest.approx((0.04, 0.7, 0.012))
    assert candidate.rectangle is rectangle


def test_lift_stays_above_the_table(yumi):
    table = TablePlane(np.array([0.0, 0.0, -1.0]), 0.51, 1.0, 0.0)  # 10 mm behind the surface
    rectangle = GraspRectangle(319.5, 239.5, 0.0, 30.0, 10.0)
    candidate = lift(rectangle, flat(0.5), yumi, insertion=0.02, table=table, clearance=0.003)
    assert candidate.pose.translation[2] == pytest.approx(0.507)
    assert candidate.insertion == pytest.approx(0.007)


def test_lift_clips_the_opening_to_the_gripper(yumi):
    assert lift(GraspRectangle(319.5, 239.5, 0.0, 300.0, 10.0), flat(0.5), yumi).width == yumi.max_opening


def test_lift_without_depth(yumi):
    frame = flat(0.5)
    depth = frame.depth.copy()
    depth[235:246, 315:326] = np.nan
    with pytest.raises(OutcomeError, match=r"no depth was measured within 2 px .* \(319.5, 239.5\)") as raised:
        lift(GraspRectangle(319.5, 239.5, 0.0, 30.0, 10.0), replace(frame, depth=depth), yumi)
    assert raised.value.outcome is Outcome.BAD_DEPTH
    with pytest.raises(OutcomeError, match="outside the 640x480 image"):
        surface_depth(frame, 640.0, 10.0)


def test_lift_refuses_an_approach_towards_the_camera(yumi):
    with pytest.raises(ValueError, match="does not point away from the camera"):
        lift(GraspRectangle(319.5, 239.5, 0.0, 30.0, 10.0), flat(0.5), yumi, approach=(0, 0, -1))


@pytest.mark.parametrize("tilt", [0.0, 10.0, 20.0])
def test_tilted_camera_known_point_and_angle(see, rendering, yumi, tilt):
    """A box's top, known on the table: its image grasp is lifted and taken to the base frame."""
    base_from_camera = rendering.camera_pose(0.7, tilt)
    frame = see(rendering.Box(0.04, -0.03, 0.0, (0.08, 0.08, 0.03)), pose=base_from_camera, noise=0.0)
    yaw, width, top = np.radians(35), 0.036, np.array([0.04, -0.03, 0.030])
    # What the camera sees of a closing axis on the top of the box.
    axis = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    points = base_from_camera.inverse().apply([top, top - axis * width / 2, top + axis * width / 2])
    seen = frame.intrinsics.project(points)
    closing = seen[2] - seen[1]
    rectangle = GraspRectangle(*seen[0], np.arctan2(closing[1], closing[0]), np.hypot(*closing), 12.0)

    table = fit_table(frame, np.random.default_rng(0))
    candidate = lift(rectangle, frame, yumi, insertion=0.020, approach=-table.normal, table=table)
    grasp = to_base(candidate, base_from_camera, "test")
    assert grasp.pose.translation == pytest.approx([0.04, -0.03, 0.010], abs=5e-4)
    assert abs(grasp.pose.rotation[:, 0] @ axis) > np.cos(np.radians(0.3))
    assert grasp.pose.rotation[:, 2] == pytest.approx([0, 0, -1])
    assert grasp.width == pytest.approx(width, abs=3e-4)

    # Along the optical axis the tips leave the surface askew; made vertical they end below the same point.
    askew = lift(rectangle, frame, yumi, insertion=0.020)
    offset = 0.020 * np.sin(np.radians(tilt))
    assert (base_from_camera @ askew.pose).translation[1] == pytest.approx(-0.03 + offset, abs=5e-4)
    upright = to_base(askew, base_from_camera, "test")
    assert upright.pose.translation == pytest.approx([0.04, -0.03, 0.010], abs=5e-4)
    assert upright.pose.rotation[:, 2] == pytest.approx([0, 0, -1])


def test_project_is_the_inverse_of_lift(yumi):
    rectangle = GraspRectangle(330.0, 260.0, -0.8, 31.0, 12.0, 0.4)
    frame = flat(0.6)
    candidate = lift(rectangle, frame, yumi, insertion=0.015)
    again = project(candidate.pose, candidate.width, candidate.insertion, CAMERA, jaw_width=0.0144, quality=0.4)
    expected = (rectangle.x, rectangle.y, rectangle.angle, rectangle.width, rectangle.height, rectangle.quality)
    assert (again.x, again.y, again.angle, again.width, again.height, again.quality) == pytest.approx(expected)


def test_to_base_as_it_is():
    pose = Transform.from_rpy((0.3, -0.2, 0.5), (0.1, 0.2, 0.6))
    candidate = GraspCandidate(pose, 0.03, 0.5, insertion=0.01)
    base_from_camera = Transform.from_rpy((np.pi, 0, 0.4), (0.3, 0.0, 0.7))
    grasp = to_base(candidate, base_from_camera, "antipodal", vertical=False)
    assert grasp.pose.matrix() == pytest.approx((base_from_camera @ pose).matrix())
    assert (grasp.width, grasp.quality, grasp.planner) == (0.03, 0.5, "antipodal")


def test_to_base_refuses_a_vertical_closing_axis():
    pose = Transform.from_rpy((0, np.pi / 2, 0), (0, 0, 0.5))
    with pytest.raises(ValueError, match="too near the vertical"):
        to_base(GraspCandidate(pose, 0.03, 0.5), Transform.from_rpy((np.pi, 0, 0)), "test")

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.antipodal import AntipodalPlanner
from grasp_planning.pipeline import near_mask, plan_in_base, workspace_mask
from grasp_planning.planner import NoGraspFound, load_planner

REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
BASE_FROM_TABLE = Transform.identity()


@pytest.fixture
def scene(see, rendering):
    """Boxes seen from 0.62 m above the middle of the workspace, leaning by 10 degrees."""
    pose = rendering.camera_pose(0.62, 10.0, x=0.22)

    def make(*places):
        boxes = [rendering.Box(x, y, 0.4, (0.016, 0.04, 0.02)) for x, y in places]
        return see(*boxes, pose=pose, intrinsics=REALSENSE, millimetres=True), pose

    return make


def test_grasp_in_the_base_frame(scene, widowx, workcell):
    frame, pose = scene((0.2, 0.05))
    (grasp,) = plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell)
    across = np.array([np.cos(0.4), np.sin(0.4)])
    assert abs((grasp.pose.translation[:2] - [0.2, 0.05]) @ across) < 0.0015
    assert abs(grasp.pose.rotation[:2, 0] @ across) > np.cos(np.radians(3))
    assert grasp.pose.rotation[:, 2] == pytest.approx([0, 0, -1])
    assert 0.003 <= grasp.pose.translation[2] < 0.012
    assert grasp.planner == "antipodal"


def test_what_lies_outside_the_workspace_is_not_looked_at(scene, widowx, workcell):
    frame, pose = scene((0.2, 0.05), (0.38, 0.0))
    mask = workspace_mask(frame, pose, workcell, widowx)
    inside, outside = frame.intrinsics.project(pose.inverse().apply([[0.2, 0.05, 0.02], [0.38, 0.0, 0.02]])).round()
    assert mask[int(inside[1]), int(inside[0])]
    assert not mask[int(outside[1]), int(outside[0])]
    grasps = plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell, max_grasps=20)
    assert len(grasps) > 1
    assert all(grasp.pose.translation[0] < 0.25 for grasp in grasps)


def test_in_a_region_the_mask_is_that_of_the_whole_image(scene, widowx, workcell):
    frame, pose = scene((0.2, 0.05), (0.25, -0.05))
    whole = workspace_mask(frame, pose, workcell, widowx)
    rows, columns = np.nonzero(whole)
    for top, left in ((rows.min() - 3, columns.min() + 5), (rows.min() + 9, columns.min() - 9), (0, 0)):
        roi = np.zeros(whole.shape, bool)
        roi[max(0, top) : top + 40, max(0, left) : left + 60] = True
        np.testing.assert_array_equal(workspace_mask(frame, pose, workcell, widowx, roi), whole & roi)
    assert not workspace_mask(frame, pose, workcell, widowx, np.zeros(whole.shape, bool)).any()


def test_just_outside_is_refused_with_that_reason(scene, widowx, workcell):
    frame, pose = scene((0.316, 0.0))
    with pytest.raises(OutcomeError) as raised:
        plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell)
    assert raised.value.outcome is Outcome.OUTSIDE_WORKSPACE


@pytest.mark.parametrize(("places", "where"), [((), "the workspace"), (((0.40, 0.0),), "the workspace")])
def test_empty_workspace(scene, widowx, workcell, places, where):
    frame, pose = scene(*places)
    with pytest.raises(NoGraspFound, match=f"nothing stands on the table in {where}") as raised:
        plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell)
    assert raised.value.outcome is Outcome.NO_OBJECT


def test_region_of_interest(scene, widowx, workcell):
    frame, pose = scene((0.17, 0.0), (0.27, 0.0))
    roi = np.zeros(frame.depth.shape, bool)
    roi[:, 330:] = True
    (grasp,) = plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell, roi=roi)
    assert grasp.pose.translation[0] > 0.25
    roi[:] = False
    roi[:20, :20] = True
    with pytest.raises(NoGraspFound, match="the part of the workspace that was asked for"):
        plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell, roi=roi)


@pytest.fixture(params=["antipodal", "ggcnn2"])
def any_planner(request, repository, widowx):
    models = repository / "models/networks/widowx"
    options = {"device": "cpu"} if request.param == "ggcnn2" else {}
    return load_planner(request.param, widowx, options, models=models)


def test_a_floor_that_fills_more_of_the_image_than_the_table_is_not_taken_for_it(scene, workcell, any_planner):
    frame, pose = scene((0.2, 0.05))
    middle = frame.intrinsics.project(pose.inverse().apply([[0.2, 0.0, 0.0]]))[0]
    columns = np.abs(np.arange(640) - middle[0]) < 130
    rays = frame.intrinsics.deproject_image(np.ones((480, 640), np.float32)) @ pose.rotation[2]
    floor = np.float32((-0.7 - pose.translation[2]) / rays)
    seen = replace(frame, depth=np.where(columns, frame.depth, floor).astype(np.float32))
    assert columns.mean() < 0.45
    (expected,) = plan_in_base(any_planner, "any", frame, pose, workcell)
    (grasp,) = plan_in_base(any_planner, "any", seen, pose, workcell)
    assert grasp.pose.translation == pytest.approx(expected.pose.translation, abs=0.004)


@pytest.fixture
def sleeve(see, rendering):
    """A bar that goes on beyond the image's border, and ends in the workspace at (0.22, -0.06)."""
    pose = rendering.camera_pose(0.62, x=0.22)
    bar = rendering.Box(0.22, -0.21, 0.0, (0.02, 0.30, 0.02))
    return see(bar, pose=pose, intrinsics=REALSENSE, millimetres=True), pose


def test_what_the_border_cuts_off_is_left_alone_in_the_workspace(any_planner, sleeve, workcell):
    frame, pose = sleeve
    with pytest.raises(NoGraspFound, match="but for 1 things that the image's border cuts off") as raised:
        plan_in_base(any_planner, "any", frame, pose, workcell)
    assert raised.value.outcome is Outcome.NO_OBJECT


def test_what_is_tracked_may_be_cut_off(any_planner, sleeve, workcell):
    frame, pose = sleeve
    near = near_mask(frame, pose, (0.22, -0.08), 0.05)
    grasps = plan_in_base(any_planner, "any", frame, pose, workcell, roi=near, max_grasps=5, tracked=True)
    for grasp in grasps:
        assert grasp.pose.translation[:2] == pytest.approx([0.22, -0.09], abs=0.045)
        assert abs(grasp.pose.rotation[0, 0]) > np.cos(np.radians(20))


def test_what_stands_near_something_cut_off_is_not(any_planner, see, rendering, workcell):
    pose = rendering.camera_pose(0.62, x=0.22)
    boxes = [rendering.Box(0.22, -0.21, 0.0, (0.02, 0.30, 0.02)), rendering.Box(0.22, -0.03, 1.57, (0.016, 0.04, 0.02))]
    frame = see(*boxes, pose=pose, intrinsics=REALSENSE, millimetres=True)
    for grasp in plan_in_base(any_planner, "any", frame, pose, workcell, max_grasps=5):
        assert grasp.pose.translation[:2] == pytest.approx([0.22, -0.03], abs=0.02)


def test_no_depth_is_the_planners_business(scene, widowx, workcell):
    frame, pose = scene((0.2, 0.0))
    frame.depth[:] = np.nan
    with pytest.raises(NoGraspFound) as raised:
        plan_in_base(AntipodalPlanner(widowx), "antipodal", frame, pose, workcell)
    assert raised.value.outcome is Outcome.BAD_DEPTH


def test_a_grasp_that_is_none_from_above_leaves_the_others(scene, widowx, workcell, monkeypatch):
    frame, pose = scene((0.2, 0.05))
    planner = AntipodalPlanner(widowx)
    (good,) = planner.plan(frame, roi=workspace_mask(frame, pose, workcell, widowx))
    forward, _, upward = pose.rotation  # of the base, in the camera
    steep = replace(good, pose=Transform.from_axes(upward, forward, good.pose.translation))
    monkeypatch.setattr(planner, "plan", lambda *_, **__: [steep, good])
    assert len(plan_in_base(planner, "antipodal", frame, pose, workcell, max_grasps=5)) == 1
    monkeypatch.setattr(planner, "plan", lambda *_, **__: [steep])
    with pytest.raises(NoGraspFound, match="none of 1 grasps is one from above: the closing axis") as raised:
        plan_in_base(planner, "antipodal", frame, pose, workcell)
    assert raised.value.outcome is Outcome.NO_GRASP

"""What the antipodal planner proposes, for things whose grasps are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.image_files import read_color, read_depth, read_intrinsics, read_mask
from grasp_perception.outcomes import Outcome
from grasp_planning.antipodal import AntipodalPlanner
from grasp_planning.grasps import wrap_half_turn
from grasp_planning.planner import NoGraspFound, available_planners, load_planner

REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)


def degrees_between(first: float, second: float) -> float:
    return abs(np.degrees(wrap_half_turn(first - second)))


@pytest.mark.parametrize("yaw", [-75, -30, 0, 20, 45, 90])
def test_box_is_grasped_across_its_middle(see, rendering, yumi, yaw):
    pose = rendering.camera_pose(0.7)
    frame = see(rendering.Box(0.01, 0.02, np.radians(yaw), (0.030, 0.100, 0.030)), pose=pose)
    best = AntipodalPlanner(yumi).plan(frame)[0]
    x, y = frame.intrinsics.project(pose.inverse().apply([0.01, 0.02, 0.030]))
    # Across: within 2 px of the box's long axis. Along it the middle is preferred, not demanded.
    across = np.array([np.cos(np.radians(-yaw)), np.sin(np.radians(-yaw))])
    offset = np.array([best.rectangle.x - x, best.rectangle.y - y])
    assert abs(offset @ across) < 2
    assert np.linalg.norm(offset) < 12
    assert degrees_between(best.rectangle.angle, np.radians(-yaw)) < 3  # the image's y points the other way
    assert best.source["object_width"] == pytest.approx(0.030, abs=0.0025)


@pytest.mark.parametrize(
    ("distance", "intrinsics", "pixels"),
    [
        (0.5, REALSENSE, 2),
        (1.0, CameraIntrinsics(525.0, 525.0, 319.5, 239.5, 640, 480), 2),
        (1.5, REALSENSE, 2),
    ],
)
@pytest.mark.parametrize("tilt", [0, 18])
def test_any_distance_focal_length_and_tilt(see, rendering, yumi, distance, intrinsics, pixels, tilt):
    pose = rendering.camera_pose(distance, tilt)
    frame = see(rendering.Box(0.03, -0.02, np.radians(15), (0.030, 0.090, 0.035)), pose=pose, intrinsics=intrinsics)
    best = AntipodalPlanner(yumi).plan(frame)[0]
    tool = pose @ best.pose
    closing = np.degrees(np.arctan2(tool.rotation[1, 0], tool.rotation[0, 0]))
    assert degrees_between(np.radians(closing), np.radians(15)) < 4
    across = np.array([np.cos(np.radians(15)), np.sin(np.radians(15))])
    meters_per_pixel = distance / intrinsics.fx
    assert abs((tool.translation[:2] - [0.03, -0.02]) @ across) < pixels * meters_per_pixel
    # The approach is the table's normal, whatever the tilt.
    assert np.degrees(np.arccos(-tool.rotation[2, 2])) < 0.5
    assert 0.002 < tool.translation[2] < 0.02


def test_opening_is_as_wide_as_fits_and_object_width_is_kept(see, rendering, widowx):
    frame = see(rendering.Box(0, 0, 0, (0.018, 0.05, 0.02)), pose=rendering.camera_pose(0.62), intrinsics=REALSENSE)
    best = AntipodalPlanner(widowx).plan(frame)[0]
    assert best.width == pytest.approx(0.030)
    assert best.source["object_width"] == pytest.approx(0.018, abs=0.0015)
    assert best.source["margin"] == pytest.approx((0.030 - best.source["object_width"]) / 2)


def test_opening_shrinks_beside_an_obstacle(see, rendering, yumi):
    # 15 mm of room beside a 20 mm box: a finger of 8 mm, its clearance, and what is left.
    frame = see(
        rendering.Box(0, 0, 0, (0.020, 0.08, 0.03)),
        rendering.Box(0.035, 0, 0, (0.020, 0.08, 0.03)),
        pose=rendering.camera_pose(0.6),
        intrinsics=REALSENSE,
    )
    candidates = AntipodalPlanner(yumi).plan(frame, max_grasps=20)
    across = [c for c in candidates if abs(c.rectangle.angle) < 0.2]
    assert across
    for candidate in across:
        room = (candidate.width - candidate.source["object_width"]) / 2
        assert 0.0015 <= room <= 0.015 - yumi.finger_thickness


def test_fingers_do_not_fit_into_a_narrow_gap(see, rendering, widowx):
    # Three boards 5 mm apart: only the outer two sides have room, and the boards are too long to be held along.
    boards = [rendering.Box(0.017 * i, 0, 0, (0.012, 0.12, 0.03)) for i in (-1, 0, 1)]
    frame = see(*boards, pose=rendering.camera_pose(0.62), intrinsics=REALSENSE)
    with pytest.raises(NoGraspFound, match="leave no room for the 6 mm thick fingers") as raised:
        AntipodalPlanner(widowx).plan(frame)
    assert raised.value.outcome is Outcome.NO_GRASP


def test_too_wide_box_says_how_wide(see, rendering, widowx):
    frame = see(rendering.Box(0, 0, 0.3, (0.062, 0.07, 0.03)), intrinsics=REALSENSE)
    with pytest.raises(NoGraspFound, match=r"the object is 6[1-4] mm wide, gripper 'widowx' opens 30 mm") as raised:
        AntipodalPlanner(widowx).plan(frame)
    assert raised.value.outcome is Outcome.NO_GRASP


def test_a_poor_grasp_is_none(see, rendering, yumi):
    frame = see(rendering.Box(0, 0, 0, (0.03, 0.09, 0.03)))
    with pytest.raises(NoGraspFound, match=r"possible grasps has a quality of [01]\.\d\d, 1\.10 is demanded") as raised:
        AntipodalPlanner(yumi, min_quality=1.1).plan(frame)
    assert raised.value.outcome is Outcome.NO_GRASP


def test_flat_thing_cannot_be_held(see, rendering, widowx):
    frame = see(
        rendering.Box(0, 0, 0, (0.020, 0.05, 0.0055)),
        pose=rendering.camera_pose(0.6),
        intrinsics=REALSENSE,
        noise=0.0001,
    )
    with pytest.raises(NoGraspFound, match="cannot be held 3 mm deep with the tips 3 mm above the table") as raised:
        AntipodalPlanner(widowx).plan(frame)
    assert raised.value.outcome is Outcome.NO_GRASP


def test_empty_table(see, widowx):
    with pytest.raises(NoGraspFound, match="4 mm above the table") as raised:
        AntipodalPlanner(widowx).plan(see())
    assert raised.value.outcome is Outcome.NO_OBJECT


def test_no_depth(see, widowx):
    frame = see()
    frame = replace(frame, depth=np.full_like(frame.depth, np.nan))
    with pytest.raises(NoGraspFound, match="only 0% of the depth image is valid") as raised:
        AntipodalPlanner(widowx).plan(frame)
    assert raised.value.outcome is Outcome.BAD_DEPTH


def test_no_table(see, widowx):
    frame = see()
    noise = np.random.default_rng(0).uniform(0.3, 3.0, frame.depth.shape).astype(np.float32)
    with pytest.raises(NoGraspFound, match="no table in the depth image") as raised:
        AntipodalPlanner(widowx).plan(replace(frame, depth=noise))
    assert raised.value.outcome is Outcome.BAD_DEPTH


def test_tips_stay_above_the_table(see, rendering, yumi):
    pose = rendering.camera_pose(0.7, 15)
    frame = see(rendering.Box(0, 0, 0.4, (0.03, 0.08, 0.02)), rendering.Sphere(0.1, 0.05, 0.02), pose=pose)
    for clearance in (0.003, 0.008):
        candidates = AntipodalPlanner(yumi, table_clearance=clearance).plan(frame, max_grasps=50)
        tips = [(pose @ candidate.pose).translation[2] for candidate in candidates]
        assert min(tips) > clearance - 0.001  # the table is fitted to noisy points
        assert min(candidate.source["tip_height"] for candidate in candidates) == clearance


def test_tall_thing_is_held_below_the_palm(see, rendering, yumi):
    pose = rendering.camera_pose(0.8)
    frame = see(rendering.Box(0, 0, 0, (0.03, 0.03, 0.12)), pose=pose)
    best = AntipodalPlanner(yumi).plan(frame)[0]
    tip = (pose @ best.pose).translation[2]
    assert tip + yumi.finger_length >= 0.12
    assert tip < 0.12 - 0.012


def test_sphere_is_held_at_its_equator(see, rendering, yumi):
    pose = rendering.camera_pose(0.6)
    best = AntipodalPlanner(yumi).plan(see(rendering.Sphere(0.02, 0.01, 0.017), pose=pose))[0]
    tool = pose @ best.pose
    assert np.linalg.norm(tool.translation[:2] - [0.02, 0.01]) < 0.0025
    assert tool.translation[2] < 0.017
    assert best.source["object_width"] == pytest.approx(0.034, abs=0.003)


def test_two_things_get_diverse_grasps(see, rendering, widowx):
    places = [(-0.05, 0.0), (0.05, 0.02)]
    boxes = [rendering.Box(x, y, 0.5, (0.016, 0.04, 0.02)) for x, y in places]
    pose = rendering.camera_pose(0.62)
    planner = AntipodalPlanner(widowx)
    candidates = planner.plan(see(*boxes, pose=pose, intrinsics=REALSENSE), max_grasps=10)
    tools = [pose @ candidate.pose for candidate in candidates]
    held = {int(np.argmin([np.hypot(*(tool.translation[:2] - place)) for place in places])) for tool in tools}
    assert held == {0, 1}
    qualities = [candidate.quality for candidate in candidates]
    assert qualities == sorted(qualities, reverse=True)
    for i, first in enumerate(tools):
        for second in tools[:i]:
            near = np.linalg.norm(first.translation[:2] - second.translation[:2]) < planner.options.distance
            parallel = abs(first.rotation[:, 0] @ second.rotation[:, 0]) > np.cos(planner.options.angle)
            assert not (near and parallel)


def test_roi_is_respected(see, rendering, widowx):
    boxes = [rendering.Box(x, 0, 0, (0.016, 0.04, 0.02)) for x in (-0.05, 0.05)]
    frame = see(*boxes, pose=rendering.camera_pose(0.62), intrinsics=REALSENSE)
    roi = np.zeros(frame.depth.shape, bool)
    roi[:, 320:] = True
    candidates = AntipodalPlanner(widowx).plan(frame, roi=roi, max_grasps=20)
    assert all(candidate.rectangle.x > 319 for candidate in candidates)
    with pytest.raises(NoGraspFound, match="in the region asked for") as raised:
        AntipodalPlanner(widowx).plan(frame, roi=np.roll(~roi, 200) & np.zeros_like(roi))
    assert raised.value.outcome is Outcome.NO_OBJECT
    with pytest.raises(ValueError, match="roi is"):
        AntipodalPlanner(widowx).plan(frame, roi=roi[:10])


def test_what_the_border_cuts_is_left_alone(see, rendering, yumi):
    cut = rendering.Box(0.41, 0, 0, (0.06, 0.03, 0.03))
    with pytest.raises(NoGraspFound, match="1 things that the image's border cuts off") as raised:
        AntipodalPlanner(yumi).plan(see(cut))
    assert raised.value.outcome is Outcome.NO_OBJECT
    assert AntipodalPlanner(yumi, skip_cut_objects=False).plan(see(cut))


def test_same_frame_same_grasps(see, rendering, yumi):
    frame = see(rendering.Box(0, 0, 0.7, (0.03, 0.08, 0.03)), rendering.Sphere(0.08, 0, 0.02))
    first, second = (AntipodalPlanner(yumi).plan(frame, max_grasps=5) for _ in range(2))
    assert [c.rectangle for c in first] == [c.rectangle for c in second]
    assert all(np.array_equal(a.pose.matrix(), b.pose.matrix()) for a, b in zip(first, second))


def test_depth_in_whole_millimetres(see, rendering, widowx):
    pose = rendering.camera_pose(0.62)
    box = rendering.Box(0.02, 0.03, 0.6, (0.020, 0.05, 0.02))
    frame = see(box, pose=pose, intrinsics=REALSENSE, millimetres=True)
    tool = pose @ AntipodalPlanner(widowx).plan(frame)[0].pose
    assert degrees_between(np.arctan2(tool.rotation[1, 0], tool.rotation[0, 0]), 0.6) < 4
    assert abs((tool.translation[:2] - [0.02, 0.03]) @ [np.cos(0.6), np.sin(0.6)]) < 0.002


def test_sample_with_noise_and_holes(repository, yumi):
    data = repository / "tests/data"
    from grasp_perception.image_files import read_frame

    frame = read_frame(data / "sample_depth.tiff", data / "sample_intrinsics.yaml", data / "sample_color.png")
    mask = read_mask(data / "sample_segmask.png")
    assert frame.depth.shape == read_depth(data / "sample_depth.tiff").shape == mask.shape
    assert read_color(data / "sample_color.png").shape == (480, 640, 3)
    assert read_intrinsics(data / "sample_intrinsics.yaml").fx == 525.0
    assert not frame.valid.all()
    best = AntipodalPlanner(yumi).plan(frame)[0]
    assert mask[round(best.rectangle.y), round(best.rectangle.x)]
    # Turned by 30 degrees on the table, seen under 12.6 degrees.
    assert degrees_between(best.rectangle.angle, np.radians(-30)) < 3
    assert best.source["object_width"] == pytest.approx(0.034, abs=0.0035)
    for jaw in best.rectangle.jaw_centers:
        assert not mask[round(jaw[1]), round(jaw[0])]


def test_unknown_cells_are_no_place_for_a_finger(see, rendering, yumi):
    frame = see(rendering.Box(0, 0, 0, (0.030, 0.09, 0.03)))
    depth = frame.depth.copy()
    depth[180:300, 335:420] = np.nan  # a large hole at the right of the box, up to its edge
    with pytest.raises(NoGraspFound, match="leave no room for the 8 mm thick fingers"):
        AntipodalPlanner(yumi).plan(replace(frame, depth=depth), max_grasps=50)
    depth = frame.depth.copy()
    depth[180:300, 375:420] = np.nan  # as far from the box as a finger is thick
    grasps = AntipodalPlanner(yumi).plan(replace(frame, depth=depth), max_grasps=50)
    right = [max(x for x, _ in grasp.rectangle.jaw_centers) for grasp in grasps]
    assert right and max(right) < 375


def test_found_by_name_and_options_are_checked(widowx):
    assert "antipodal" in available_planners()
    assert load_planner("antipodal", widowx, {"friction": 0.5}).options.friction == 0.5
    with pytest.raises(ValueError, match=r"does not take these options.*glue"):
        load_planner("antipodal", widowx, {"glue": 1})
    with pytest.raises(ValueError, match=r"no grasp planner is named 'nobody'; installed are: .*antipodal"):
        load_planner("nobody", widowx)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"friction": "high"}, "friction: Input should be a valid number, .*, got 'high'"),
        ({"friction": 0.9, "max_friction": 0.5}, "they: max_friction 0.5 must be at least friction 0.9$"),
        ({"cell": 0.0}, "cell: Input should be greater than 0, got 0.0"),
        ({"height_step": -0.01}, "height_step: Input should be greater than 0, got -0.01"),
        ({"min_valid": 0.0}, "min_valid: Input should be greater than 0, got 0.0"),
        ({"table_clearance": -1.0}, "table_clearance: Input should be greater than or equal to 0, got -1.0"),
        ({"min_quality": np.nan}, "min_quality: Input should be a finite number, got nan"),
        ({"max_friction": np.inf}, "max_friction: Input should be a finite number, got inf"),
        ({"friction": None}, "friction: Input should be a valid number, got None"),
        ({"shadow": 2.5}, "shadow: Input should be a valid integer, .*, got 2.5"),
        ({"seed": -1, "angle": -0.1}, "angle: .*, got -0.1; seed: Input should be greater than or equal to 0, got -1$"),
    ],
)
def test_wrong_options_are_refused_in_one_line(widowx, options, message):
    with pytest.raises(ValueError, match=f"^planner 'antipodal' does not take these options: {message}"):
        load_planner("antipodal", widowx, options)

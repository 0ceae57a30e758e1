"""Jaws that are moved to where the depth image leaves room for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.table import TablePlane
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.jaw_room import JawRoom
from grasp_planning.lifting import lift

CAMERA = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
YAW = 0.4
TABLE = TablePlane(np.array([0.0, 0.0, -1.0]), 0.6, share=1.0, residual=0.0)
CLEARANCE = 0.0015


@pytest.fixture
def look(see, rendering):
    """What a camera sees that looks straight down from 0.6 m on boxes at (x, y), their sizes given."""

    def make(*boxes: tuple[float, float, tuple[float, float, float]]) -> RGBDFrame:
        things = [rendering.Box(x, y, YAW, size) for x, y, size in boxes]
        return see(*things, pose=rendering.camera_pose(0.6, 0.0, x=0.2), intrinsics=CAMERA, noise=0.0)

    return make


def grasp(frame: RGBDFrame, gripper, *, offset: float, opening: float) -> GraspCandidate:
    """Across the box in the image's middle, `offset` m off it along the closing axis."""
    focal = CAMERA.fx / 0.58
    x, y = np.array([319.5, 239.5]) + offset * focal * np.array([np.cos(YAW), -np.sin(YAW)])
    rectangle = GraspRectangle(x, y, -YAW, opening * focal, 8.0, 0.7)
    return lift(rectangle, frame, gripper, insertion=0.03, approach=(0.0, 0.0, 1.0), table=TABLE)


def jaws(candidate: GraspCandidate) -> tuple[float, float]:
    """Where the inner faces of the fingers are along the closing axis, m from the middle of the image."""
    at = candidate.pose.rotation[:, 0] @ candidate.pose.translation
    return at - candidate.width / 2, at + candidate.width / 2


BOX = (0.2, 0.0, (0.016, 0.04, 0.02))


def test_what_has_room_stays_as_it_is(look, widowx) -> None:
    frame = look(BOX)
    before = grasp(frame, widowx, offset=0.0, opening=0.024)
    after = JawRoom(frame.depth, CAMERA, widowx).fit(before)
    assert after.width == pytest.approx(before.width, abs=0.0005)
    assert after.pose.translation == pytest.approx(before.pose.translation, abs=0.0005)
    assert (after.quality, after.insertion) == (before.quality, before.insertion)


@pytest.mark.parametrize("offset", [-0.005, 0.005])
def test_a_finger_that_would_land_on_the_object_is_moved_off_it(look, widowx, offset: float) -> None:
    frame = look(BOX)
    before = grasp(frame, widowx, offset=offset, opening=0.018)
    assert max(np.abs(jaws(before))) > 0.013 and min(np.abs(jaws(before))) < 0.005
    after = JawRoom(frame.depth, CAMERA, widowx, clearance=CLEARANCE).fit(before)
    low, high = jaws(after)
    assert low <= -0.008 - CLEARANCE and high >= 0.008 + CLEARANCE
    assert after.width <= 0.026
    moved = after.pose.translation - before.pose.translation
    closing = before.pose.rotation[:, 0]
    assert moved == pytest.approx(closing * (closing @ moved), abs=1e-9)
    assert np.sign(closing @ moved) == -np.sign(offset)
    assert np.array_equal(after.pose.rotation, before.pose.rotation)


def test_it_is_turned_where_only_the_right_angle_has_room(look, widowx) -> None:
    frame = look((0.2, 0.0, (0.022, 0.06, 0.02)))
    straight = grasp(frame, widowx, offset=0.0, opening=0.028)
    c, s = np.cos(0.22), np.sin(0.22)
    askew = straight.pose @ Transform(np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]), np.zeros(3))
    after = JawRoom(frame.depth, CAMERA, widowx).fit(replace(straight, pose=askew))
    turned = after.pose.rotation[:, 0] @ straight.pose.rotation[:, 0]
    assert np.arccos(turned) == pytest.approx(0.22 - 0.1, abs=1e-6)  # the least turn that helps
    assert 0.022 + 2 * CLEARANCE <= after.width <= 0.03
    assert after.rectangle.angle == pytest.approx(-YAW + np.arccos(turned), abs=0.02)


def test_it_is_seen_where_it_is(look, widowx) -> None:
    frame = look(BOX)
    before = grasp(frame, widowx, offset=0.005, opening=0.018)
    after = JawRoom(frame.depth, CAMERA, widowx).fit(before)
    again = lift(after.rectangle, frame, widowx, insertion=0.03, approach=(0.0, 0.0, 1.0), table=TABLE)
    assert again.pose.translation == pytest.approx(after.pose.translation, abs=1e-4)
    assert again.width == pytest.approx(after.width, abs=1e-4)
    assert (after.rectangle.height, after.rectangle.quality) == (8.0, 0.7)


def refusal(frame: RGBDFrame, gripper, **where: float) -> str:
    with pytest.raises(OutcomeError) as raised:
        JawRoom(frame.depth, CAMERA, gripper).fit(grasp(frame, gripper, **where))
    assert raised.value.outcome is Outcome.NO_GRASP
    return raised.value.message


def test_no_room_beside_what_is_too_wide(look, widowx, yumi) -> None:
    frame = look((0.2, 0.0, (0.034, 0.04, 0.02)))
    assert "no room for fingers of 6 mm" in refusal(frame, widowx, offset=0.0, opening=0.03)
    fitted = JawRoom(frame.depth, CAMERA, yumi).fit(grasp(frame, yumi, offset=0.0, opening=0.03))
    assert 0.037 <= fitted.width <= 0.042


@pytest.mark.parametrize(("y", "tilt"), [(0.0, 20.0), (0.0, -20.0), (0.1, 0.0)])
def test_no_finger_goes_through_what_was_seen_from_the_side(see, rendering, widowx, y: float, tilt: float) -> None:
    """A tilted camera, and one that does not look down on the ball, see beneath its widest part."""
    base_from_camera = rendering.camera_pose(0.6, tilt, x=0.2, y=y)
    frame = see(rendering.Sphere(0.2, 0.0, 0.010), pose=base_from_camera, intrinsics=CAMERA, noise=0.0)
    closing = np.array([0.0, 1.0, 0.0])
    tool = Transform.from_axes(closing, np.array([0.0, 0.0, -1.0]), np.array([0.2, 0.0, 0.003]))
    candidate = GraspCandidate(base_from_camera.inverse() @ tool, 0.012, 0.7, insertion=0.017)
    after = JawRoom(frame.depth, CAMERA, widowx, clearance=CLEARANCE).fit(candidate)

    middle = closing @ (base_from_camera @ after.pose).translation
    assert after.width / 2 - abs(middle) >= 0.010 + CLEARANCE - 0.0005
    across, y_, z = after.pose.inverse().apply(CAMERA.deproject_image(frame.depth).reshape(-1, 3)).T
    beside = (np.abs(across) > after.width / 2) & (np.abs(across) < after.width / 2 + widowx.finger_thickness)
    assert not (beside & (np.abs(y_) < widowx.finger_width / 2) & (z < -0.001) & (z > -widowx.finger_length)).any()


def test_no_room_between_two_objects(look, widowx) -> None:
    gap = 0.016 + 0.005
    x, y = 0.2 + gap * np.cos(YAW), gap * np.sin(YAW)
    near = look(BOX, (x, y, BOX[2]))
    assert "no room" in refusal(near, widowx, offset=0.0, opening=0.02)
    gap = 0.016 + 0.012
    wide = look(BOX, (0.2 + gap * np.cos(YAW), gap * np.sin(YAW), BOX[2]))
    JawRoom(wide.depth, CAMERA, widowx).fit(grasp(wide, widowx, offset=0.0, opening=0.02))


def test_the_gripper_can_be_opened_only_so_little(look, widowx) -> None:
    plate = (0.004, 0.04, 0.022)
    gap = 0.002 + 0.012 + 0.002
    ways = [(0.2 + side * gap * np.cos(YAW), side * gap * np.sin(YAW), plate) for side in (-1, 1)]
    frame = look((0.2, 0.0, plate), *ways)
    small = widowx.model_copy(update={"max_opening": 0.020})  # not over a neighbour as well
    fitted = JawRoom(frame.depth, CAMERA, small).fit(grasp(frame, small, offset=0.0, opening=0.008))
    assert fitted.width < 0.012
    stiff = small.model_copy(update={"min_opening": 0.016})
    assert "no room" in refusal(frame, stiff, offset=0.0, opening=0.016)


def test_there_must_be_something_to_close_on(look, widowx) -> None:
    frame = look(BOX)
    beside = grasp(frame, widowx, offset=0.06, opening=0.02)
    with pytest.raises(OutcomeError, match="nothing between the fingers to close on"):
        JawRoom(frame.depth, CAMERA, widowx).fit(beside)


def test_what_was_not_measured_is_solid(look, widowx) -> None:
    frame = look(BOX)
    depth = frame.depth.copy()
    depth[:, 332:] = np.nan  # beside the box, to one side
    with pytest.raises(OutcomeError, match="no room"):
        JawRoom(depth, CAMERA, widowx).fit(grasp(frame, widowx, offset=0.0, opening=0.02))


def test_the_tips_need_not_go_so_deep_where_only_the_top_is_narrow(look, widowx) -> None:
    foot, top = (0.2, 0.0, (0.04, 0.04, 0.008)), (0.2, 0.0, (0.016, 0.04, 0.022))
    frame = look(foot, top)
    before = grasp(frame, widowx, offset=0.0, opening=0.02)
    room = JawRoom(frame.depth, CAMERA, widowx)
    with pytest.raises(OutcomeError, match="no room"):
        room.fit(before)
    after = room.fit(before, least_insertion=0.006)
    raised = before.insertion - after.insertion
    assert 0.006 <= after.insertion <= 0.022 - 0.008 + 0.001 < before.insertion
    assert after.pose.translation[2] == pytest.approx(before.pose.translation[2] - raised, abs=1e-9)
    assert room.fit(after, least_insertion=0.006).insertion == after.insertion  # no higher than need be
    with pytest.raises(OutcomeError, match="no room"):
        room.fit(before, least_insertion=0.018)


@pytest.mark.parametrize(("height", "free"), [(0.045, True), (0.07, False)])
def test_the_palm_stays_above_walls_between_which_the_grasp_is(look, widowx, height: float, free: bool) -> None:
    def wall(offset: float) -> tuple[float, float, tuple[float, float, float]]:
        return 0.2 + offset * np.cos(YAW), offset * np.sin(YAW), (0.006, 0.04, height)

    frame = look(wall(-0.008), wall(0.008))
    table = lift(
        GraspRectangle(319.5, 239.5, -YAW, 25.0, 8.0, 0.7),
        frame,
        widowx,
        insertion=0.03,
        approach=(0.0, 0.0, 1.0),
        table=TABLE,
    )
    assert table.pose.translation[2] == pytest.approx(0.6, abs=0.004)  # between the walls it is the table that is seen
    room = JawRoom(frame.depth, CAMERA, widowx)
    if free:
        assert 0.022 + 2 * CLEARANCE <= room.fit(table).width <= 0.03
        return
    with pytest.raises(OutcomeError, match="the palm, 50 mm above the tips, would touch what stands there"):
        room.fit(table, least_insertion=0.008)


def test_the_tips_need_not_go_so_deep_where_the_palm_would_touch_what_stands_beside(look, widowx) -> None:
    away = 0.03  # the palm reaches 37 mm to each side
    tall = 0.2 + away * np.cos(YAW), away * np.sin(YAW), (0.016, 0.04, 0.07)
    frame = look((0.2, 0.0, (0.016, 0.04, 0.045)), tall)
    before = grasp(frame, widowx, offset=0.0, opening=0.022)
    room = JawRoom(frame.depth, CAMERA, widowx, clearance=CLEARANCE)
    with pytest.raises(OutcomeError, match="palm"):
        room.fit(before)
    after = room.fit(before, least_insertion=0.008)
    palm = 0.6 - after.pose.translation[2] + widowx.finger_length
    assert 0.07 + CLEARANCE <= palm <= 0.07 + CLEARANCE + 0.004
    assert np.array_equal(after.pose.rotation, before.pose.rotation)

from __future__ import annotations

import pytest
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from grasp_msgs.msg import Grasp as GraspMessage
from grasp_msgs.msg import GraspRectangle as GraspRectangleMessage
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp, GraspRectangle
from grasp_planning.ros_conversions import (
    grasp_from_msg,
    grasp_markers,
    grasp_to_msg,
    grasps_from_msg,
    grasps_to_msg,
    outcome_from_error,
    rectangle_from_msg,
    rectangle_to_msg,
)

RECTANGLE = GraspRectangle(300.5, 200.25, 0.3, 40.0, 12.0, 0.8)
GRASP = Grasp(Transform.from_rpy((3.1, 0.1, -0.4), (0.2, 0.1, 0.02)), 0.028, 0.8, "antipodal", RECTANGLE)


@pytest.fixture
def header() -> Header:
    header = Header(frame_id="arm_base_link")
    header.stamp.sec = 12
    return header


def test_rectangle_there_and_back():
    assert rectangle_from_msg(rectangle_to_msg(RECTANGLE)) == RECTANGLE
    assert rectangle_to_msg(None) == GraspRectangleMessage()
    assert rectangle_from_msg(GraspRectangleMessage()) is None


def test_grasp_there_and_back(header):
    message = grasp_to_msg(GRASP, header)
    assert (message.header.frame_id, message.header.stamp.sec) == ("arm_base_link", 12)
    again = grasp_from_msg(message)
    assert again.pose.matrix() == pytest.approx(GRASP.pose.matrix())
    assert (again.width, again.quality, again.planner, again.rectangle) == (0.028, 0.8, "antipodal", RECTANGLE)


def test_grasp_without_orientation_is_refused():
    message = GraspMessage()
    message.pose.orientation.w = 0.0
    with pytest.raises(ValueError, match="quaternion"):
        grasp_from_msg(message)


def test_array_keeps_the_order(header):
    other = Grasp(Transform.identity(), 0.01, 0.1, "antipodal")
    message = grasps_to_msg([GRASP, other], header)
    assert message.header.frame_id == "arm_base_link"
    assert [grasp.width for grasp in grasps_from_msg(message)] == [0.028, 0.01]


def test_markers_have_the_shape_of_the_gripper(header, widowx):
    grasp = Grasp(Transform.identity(), 0.020, 0.5, "antipodal")
    clear, *boxes = grasp_markers([grasp, grasp], widowx, header).markers
    assert clear.action == Marker.DELETEALL
    assert len(boxes) == 6
    assert len({box.id for box in boxes}) == 6
    left, right, palm = boxes[:3]
    assert right.pose.position.x == pytest.approx(0.010 + widowx.finger_thickness / 2)
    assert left.pose.position.x == -right.pose.position.x
    assert right.pose.position.z == -widowx.finger_length / 2
    assert (right.scale.x, right.scale.y, right.scale.z) == (0.006, 0.018, 0.050)
    assert palm.pose.position.z == pytest.approx(-widowx.finger_length - widowx.palm_size[2] / 2)
    assert boxes[0].color.a > boxes[3].color.a
    assert all(box.header == header for box in boxes)


def test_outcome_of_an_error():
    message = outcome_from_error(OutcomeError(Outcome.NO_GRASP, "too wide"))
    assert (message.code, message.message) == (201, "too wide")

"""Between grasp messages and this package's types."""

from __future__ import annotations

from collections.abc import Sequence

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from grasp_msgs.msg import Grasp as GraspMessage
from grasp_msgs.msg import GraspArray
from grasp_msgs.msg import GraspRectangle as GraspRectangleMessage
from grasp_msgs.msg import Outcome as OutcomeMessage
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import pose_from_transform, transform_from_pose
from grasp_planning.grasps import Grasp, GraspRectangle
from grasp_planning.gripper import Gripper

_RECTANGLE_FIELDS = ("x", "y", "angle", "width", "height", "quality")


def rectangle_to_msg(rectangle: GraspRectangle | None) -> GraspRectangleMessage:
    """A rectangle; all zero if there is none."""
    if rectangle is None:
        return GraspRectangleMessage()
    return GraspRectangleMessage(**{name: float(getattr(rectangle, name)) for name in _RECTANGLE_FIELDS})


def rectangle_from_msg(message: GraspRectangleMessage) -> GraspRectangle | None:
    """A rectangle; None if it has no width."""
    if message.width == 0:
        return None
    return GraspRectangle(**{name: getattr(message, name) for name in _RECTANGLE_FIELDS})


def grasp_to_msg(grasp: Grasp, header: Header) -> GraspMessage:
    """A grasp; `header` has the base frame and the stamp of the image it was planned on."""
    return GraspMessage(
        header=header,
        pose=pose_from_transform(grasp.pose),
        width=float(grasp.width),
        quality=float(grasp.quality),
        planner=grasp.planner,
        rectangle=rectangle_to_msg(grasp.rectangle),
    )


def grasp_from_msg(message: GraspMessage) -> Grasp:
    """A grasp in the frame of the message's header.

    Raises:
        ValueError: The pose has no valid quaternion.
    """
    return Grasp(
        pose=transform_from_pose(message.pose),
        width=message.width,
        quality=message.quality,
        planner=message.planner,
        rectangle=rectangle_from_msg(message.rectangle),
    )


def grasps_to_msg(grasps: Sequence[Grasp], header: Header) -> GraspArray:
    """Grasps that share a header, best first."""
    return GraspArray(header=header, grasps=[grasp_to_msg(grasp, header) for grasp in grasps])


def grasps_from_msg(message: GraspArray) -> list[Grasp]:
    """The grasps of an array, in its order.

    Raises:
        ValueError: A pose has no valid quaternion.
    """
    return [grasp_from_msg(grasp) for grasp in message.grasps]


def outcome_to_msg(outcome: Outcome, message: str = "") -> OutcomeMessage:
    """An outcome with its sentence."""
    return OutcomeMessage(code=int(outcome), message=message)


def outcome_from_error(error: OutcomeError) -> OutcomeMessage:
    """The outcome that an error carries."""
    return outcome_to_msg(error.outcome, error.message)


def grasp_markers(grasps: Sequence[Grasp], gripper: Gripper, header: Header, lifetime: float = 0.0) -> MarkerArray:
    """The open gripper at each grasp, for RViz; the first marker deletes the earlier ones.

    Args:
        grasps: Best first; the best one is green and solid, the others are blue and faint.
        gripper: Its shape.
        header: Frame of the grasps; the stamp is kept.
        lifetime: Seconds until they vanish; 0 = never.
    """
    markers = [Marker(header=header, ns="grasps", action=Marker.DELETEALL)]
    for rank, grasp in enumerate(grasps):
        color = ColorRGBA(r=0.22, g=1.0, b=0.43, a=0.9) if rank == 0 else ColorRGBA(r=0.35, g=0.67, b=1.0, a=0.25)
        orientation = pose_from_transform(grasp.pose).orientation
        for part, (center, size) in enumerate(_boxes(gripper, grasp.width)):
            x, y, z = map(float, grasp.pose.apply(center))
            markers.append(
                Marker(
                    header=header,
                    ns="grasps",
                    id=3 * rank + part,
                    type=Marker.CUBE,
                    action=Marker.ADD,
                    pose=Pose(position=Point(x=x, y=y, z=z), orientation=orientation),
                    scale=Vector3(x=size[0], y=size[1], z=size[2]),
                    color=color,
                    lifetime=Duration(sec=int(lifetime), nanosec=int(lifetime % 1 * 1e9)),
                )
            )
    return MarkerArray(markers=markers)


def _boxes(gripper: Gripper, width: float) -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """(centre, size) of the two fingers and the palm in the tool frame, metres."""
    finger = (gripper.finger_thickness, gripper.finger_width, gripper.finger_length)
    side = (width + gripper.finger_thickness) / 2
    back = -gripper.finger_length
    return [
        ((-side, 0.0, back / 2), finger),
        ((side, 0.0, back / 2), finger),
        ((0.0, 0.0, back - gripper.palm_size[2] / 2), gripper.palm_size),
    ]

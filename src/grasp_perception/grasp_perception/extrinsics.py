"""Where a camera is mounted, and what it sees with: the camera file."""

from __future__ import annotations

from pydantic import Field

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.configuration import Configuration, Quaternion, Vector3
from grasp_perception.transform import Transform


class Intrinsics(Configuration):
    """The fields of `CameraIntrinsics`, in a file."""

    fx: float = Field(gt=0)
    fy: float = Field(gt=0)
    cx: float
    cy: float
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class CameraMount(Configuration):
    """A camera that does not move with respect to a frame of the robot."""

    parent_frame: str
    """Frame in which the pose is given: the robot's base."""
    camera_frame: str
    """Name of the camera's optical frame (x right, y down, z forward)."""
    translation: Vector3
    """Position of the optical frame in the parent frame, metres."""
    rotation: Quaternion
    """Rotation of the optical frame in the parent frame, quaternion x, y, z, w."""
    intrinsics: Intrinsics
    """Of the colour camera and the depth aligned to it. A real camera's camera_info takes precedence."""

    @property
    def parent_from_camera(self) -> Transform:
        """The pose as a transform."""
        return Transform.from_quaternion(self.rotation, self.translation)

    @property
    def camera_intrinsics(self) -> CameraIntrinsics:
        """The intrinsics as a camera model."""
        return CameraIntrinsics(**self.intrinsics.model_dump())

"""Where a camera is mounted, and what it sees with: the camera file."""

from __future__ import annotations

from pydantic import Field, field_validator

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
    """Frame in which the pose is given: the robot's base, or a link of the arm for a camera that it carries."""
    camera_frame: str
    """Name of the camera's optical frame (x right, y down, z forward)."""
    translation: Vector3
    """Position of the optical frame in the parent frame, metres."""
    rotation: Quaternion
    """Rotation of the optical frame in the parent frame, quaternion x, y, z, w."""
    intrinsics: Intrinsics
    """Of the colour camera and the depth aligned to it. A real camera's camera_info takes precedence."""
    least_depth: float = Field(default=0.0, ge=0)
    """What is nearer it cannot measure, metres."""
    blind_distance: float = Field(default=0.06, ge=0)
    """Length of the end of an approach on which it need not see the object any more, metres: the hand hides it, or
    it is too near."""
    look_from: dict[str, float] | None = None
    """Joint positions from which a camera that the arm carries sees the whole workspace, rad; None = the arm's home."""

    @field_validator("rotation")
    @classmethod
    def _is_rotation(cls, rotation: Quaternion) -> Quaternion:
        if abs(sum(value**2 for value in rotation) - 1) > 0.01:
            raise ValueError("a quaternion x, y, z, w has length 1")
        return rotation

    @property
    def parent_from_camera(self) -> Transform:
        """The pose as a transform."""
        return Transform.from_quaternion(self.rotation, self.translation)

    @property
    def camera_intrinsics(self) -> CameraIntrinsics:
        """The intrinsics as a camera model."""
        return CameraIntrinsics(**self.intrinsics.model_dump())

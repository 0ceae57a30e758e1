"""A scene of a dataset as it is written down: what it takes to build it again.

The world of a scene has its z axis up and the ground at z = 0; the camera's optical axis meets the
ground near the origin.
"""

from __future__ import annotations

from pydantic import Field

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.configuration import Configuration, Quaternion, Vector3
from grasp_perception.extrinsics import Intrinsics
from grasp_perception.transform import Transform


class Pose(Configuration):
    """A rigid transform in a file."""

    translation: Vector3
    rotation: Quaternion

    @classmethod
    def of(cls, transform: Transform) -> Pose:
        """The transform, to be written."""
        x, y, z = (float(value) for value in transform.translation)
        qx, qy, qz, qw = (float(value) for value in transform.quaternion())
        return cls(translation=(x, y, z), rotation=(qx, qy, qz, qw))

    @property
    def transform(self) -> Transform:
        """The transform."""
        return Transform.from_quaternion(self.rotation, self.translation)


class SceneRecord(Configuration):
    """One object on the ground, and the camera that sees it."""

    object: str = Field(pattern="^[0-9a-f]{32}$")
    """Hash of the mesh's content: names its folder, as a ShapeNet id does in Jacquard."""
    index: int = Field(ge=0)
    """Of the scenes of this object."""
    name: str
    """Of the mesh in its source."""
    family: str
    """The source or generator the mesh came from, to split by."""
    scale: float = Field(gt=0)
    """Metres of one unit of the mesh file."""
    mass: float = Field(gt=0)
    """kg."""
    world_from_object: Pose
    """Of the object's frame (`ObjectModel`), settled."""
    world_from_camera: Pose
    intrinsics: Intrinsics
    color: tuple[float, float, float]
    """RGB of the object in [0, 1]."""
    seed: int = Field(ge=0)
    """From which everything random about the scene follows: its ground, its lights, its noise, its candidates."""

    @property
    def id(self) -> str:
        """``<index>_<object>``, as Jacquard's files and submissions name scenes."""
        return f"{self.index}_{self.object}"

    @property
    def camera(self) -> CameraIntrinsics:
        """The intrinsics as a camera model."""
        return CameraIntrinsics(**self.intrinsics.model_dump())

    @property
    def pixels_per_metre(self) -> float:
        """Scale of the image on the ground at the optical axis: what a jaw of Jacquard is drawn with."""
        pose = self.world_from_camera.transform
        return self.camera.fx / float(-pose.translation[2] / pose.rotation[2, 2])

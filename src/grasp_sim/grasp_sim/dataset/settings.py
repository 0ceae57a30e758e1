"""What a dataset is made of: the file in config/datasets, and with it camera, gripper, meshes and seed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, ValidationError, model_validator
from typing_extensions import Self

from grasp_perception.configuration import Configuration, ConfigurationError, configuration_file, reasons
from grasp_perception.extrinsics import CameraMount
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.cycles.installation import CyclesMissingError, cycles_python
from grasp_sim.dataset.noise import DepthNoise
from grasp_sim.rendering.renderer import egl_works, resolve
from grasp_sim.trials.settings import Approach, TrialSettings

RendererChoice = Literal["auto", "egl", "tiny", "cycles"]


class Range(Configuration):
    """From least to most."""

    low: float = Field(gt=0)
    high: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is greater than high {self.high}")
        return self


class Jitter(Configuration):
    """Normal noise on a pose."""

    translation: float = Field(default=0.0, ge=0)
    """Standard deviation along each axis, m."""
    rotation: float = Field(default=0.0, ge=0)
    """Standard deviation of the rotation vector's components, rad."""


class Drop(Configuration):
    """How an object comes to lie on the ground."""

    radius: float = Field(default=0.10, ge=0)
    """m; of the disc about the point that the camera looks at, above which it is let go."""
    height: Range = Range(low=0.02, high=0.10)
    """m; between its lowest point and the ground."""
    settle_time: float = Field(default=4.0, gt=0)
    """s in which it must come to rest."""
    tries: int = Field(default=30, ge=1)
    """Draws of size, place and turn for one scene, before the object is given up."""


class CandidateSettings(Configuration):
    """Grasps that are drawn and then tried."""

    number: int = Field(default=1000, ge=1)
    """In a scene."""
    uniform_share: float = Field(default=0.1, ge=0, le=1)
    """Of them, drawn evenly over the image; the others where edges face each other."""
    opening: Range = Range(low=0.01, high=0.10)
    """m; no more than the gripper opens is ever drawn."""


class Spacing(Configuration):
    """Two annotations are the same grasp if they are closer than all of these."""

    distance: float = Field(default=8.0, gt=0)
    """px between the centres."""
    angle: float = Field(default=0.2, gt=0)
    """rad"""
    opening: float = Field(default=16.0, gt=0)
    """px"""


class SplitShares(Configuration):
    """Shares of the objects."""

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    held_out: tuple[str, ...] = ()
    """Families whose objects stand in the test part only, such as procedural/mug; `test` is then what it comes to."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError(f"the shares must add up to 1, got {self.train + self.validation + self.test:g}")
        return self


class FactorySettings(Configuration):
    """A kind of dataset; the defaults are Jacquard's (Depierre et al. 2018, section IV)."""

    camera: str = "jacquard"
    """Camera file, or a name of config/cameras. It is moved sideways so that it looks at the world's origin."""
    table_height: float = 0.0
    """z in the camera file's parent frame of what the objects lie on; it becomes the ground, z = 0."""
    camera_jitter: Jitter = Jitter()
    """Of the camera's pose, in each scene anew."""
    gripper: str = "jacquard"
    """Gripper file, or a name of config/grippers."""
    test_jaw: float = Field(default=0.02, gt=0)
    """m; the size of jaw with which candidates are tried first."""
    jaw_sizes: tuple[PositiveFloat, ...] | None = None
    """m; the other sizes that what works is tried with; all of the gripper's if None. Who learns from the smallest
    jaw alone saves a third of the time by leaving out those above `test_jaw`."""
    longest_side: Range = Range(low=0.08, high=0.90)
    """m; of the mesh's bounding box, drawn evenly in its logarithm for each scene anew."""
    mass_per_metre: float = Field(default=1.0, gt=0)
    """kg for each metre of the longest side: 80 g at 8 cm, 900 g at 90 cm."""
    scenes_per_object: int = Field(default=5, ge=1)
    objects_per_shard: int = Field(default=1000, ge=1)
    """Objects in a folder Jacquard_Dataset_<k>."""
    drop: Drop = Drop()
    candidates: CandidateSettings = CandidateSettings()
    least_grasps: int = Field(default=1, ge=0)
    """A scene with fewer is drawn again; 0 keeps all."""
    scene_tries: int = Field(default=8, ge=1)
    """Times that a scene is drawn, pictured and annotated, before the object is given up."""
    approach: Approach = "check"
    """How the gripper comes when candidates are tried; see `grasp_sim.trials`."""
    trials: TrialSettings = TrialSettings()
    spacing: Spacing = Spacing()
    keep_failures: bool = True
    """Whether failed candidates are written, to failures/."""
    stereo: bool = True
    """Whether stereo_depth.tiff is matched from two pictures; else it is the perfect depth, with `noise`."""
    noise: DepthNoise | None = None
    """What a depth camera does to stereo_depth.tiff, after `stereo`."""
    renderer: RendererChoice = "auto"
    splits: SplitShares = SplitShares()


class Recipe(Configuration):
    """All that a dataset follows from: the same recipe, the same bytes."""

    meshes: str
    """Where the objects come from; see `objects.mesh_sources`."""
    scenes: int = Field(ge=1)
    seed: int = Field(ge=0)
    settings: FactorySettings
    camera: CameraMount
    gripper: Gripper
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the libraries whose results may change from one to the next."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        settings, gripper = self.settings, self.gripper
        if settings.candidates.opening.low >= gripper.max_opening:
            raise ValueError(
                f"candidates.opening starts at {settings.candidates.opening.low} m, and the gripper "
                f"'{gripper.name}' opens {gripper.max_opening} m"
            )
        if settings.test_jaw > gripper.max_opening:
            raise ValueError(
                f"test_jaw is {settings.test_jaw} m, and the gripper '{gripper.name}' opens {gripper.max_opening} m"
            )
        if self.camera.translation[2] <= settings.table_height:
            raise ValueError(
                f"the camera is at height {self.camera.translation[2]} m, the table at {settings.table_height} m: it "
                "must look down on it"
            )
        if self.camera.parent_from_camera.rotation[2, 2] > -0.1:
            raise ValueError("the camera's optical axis must point down at the table, by 6 degrees at least")
        return self

    @property
    def jaws(self) -> tuple[float, ...]:
        """Sizes of jaw, m, the one for the first test first."""
        sizes = self.settings.jaw_sizes
        if sizes is None:
            sizes = self.gripper.jaw_sizes or (self.gripper.finger_width,)
        return (self.settings.test_jaw, *(size for size in sizes if size != self.settings.test_jaw))


def write_recipe(settings: FactorySettings, *, config: Path, meshes: str, scenes: int, seed: int) -> Recipe:
    """The recipe of a dataset, with the camera and the gripper that the settings name.

    Args:
        settings: What kind of dataset.
        config: Folder with cameras/ and grippers/.
        meshes: Specification of a mesh source.
        scenes: How many.
        seed: Of everything random.

    Raises:
        ConfigurationError: A file is missing or wrong, they do not fit together, or the renderer is not there.
    """
    _require(settings.renderer)
    camera = CameraMount.load(configuration_file(settings.camera, config / "cameras"))
    gripper = Gripper.load(configuration_file(settings.gripper, config / "grippers"))
    if settings.renderer == "auto":  # what it means here is part of the recipe: pictures differ between renderers
        settings = settings.model_copy(update={"renderer": resolve("auto")})
    try:
        return Recipe(
            meshes=meshes, scenes=scenes, seed=seed, settings=settings, camera=camera, gripper=gripper,
            versions=library_versions(),
        )  # fmt: skip
    except ValidationError as error:
        raise ConfigurationError(f"these settings do not fit together: {reasons(error, 'they')}") from error


def _require(renderer: RendererChoice) -> None:
    """Refuse a renderer that does not work here, or it would look as if every mesh were at fault."""
    if renderer == "egl" and not egl_works():
        raise ConfigurationError(
            "the renderer 'egl' does not work here: install libegl1 and libgl1-mesa-dri, or use 'tiny'"
        )
    if renderer == "cycles":
        try:
            cycles_python()
        except CyclesMissingError as error:
            raise ConfigurationError(str(error)) from error


def library_versions() -> dict[str, str]:
    """Versions of the libraries whose results may change from one to the next."""
    from importlib.metadata import version

    names = ("grasp_sim", "numpy", "pybullet", "scipy", "trimesh", "manifold3d", "coacd")
    return {name: version(name) for name in names} | {"opencv": cv2_version()}


def cv2_version() -> str:
    """Of OpenCV, whatever its distribution is called."""
    import cv2

    return str(cv2.__version__)

"""Scenes: an object of random size, dropped at random, come to rest (Depierre et al. 2018, section IV-A).

Everything random follows from the run's seed, the object and the number of the scene, so that scenes
can be made in any order, anywhere.
"""

from __future__ import annotations

import colorsys
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.scene import Pose, SceneRecord
from grasp_sim.dataset.settings import Drop, Recipe
from grasp_sim.objects.meshes import mesh_longest_side
from grasp_sim.objects.model import Color, ObjectModel, object_from_mesh
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.surfaces import OBJECT
from grasp_sim.physics.world import World
from grasp_sim.trials.ground import add_ground

MESHES = "meshes"
"""Folder of a dataset with the meshes of its objects."""
ITERATIONS = 50
"""Of the solver: nothing is held here."""
REST_SPEED, REST_RATE = 0.002, 0.02
"""m/s and rad/s of an object at rest."""
REST_TIME = 0.25
"""s for which it must be."""
SCENE, CANDIDATES, NOISE, MISSES = 101, 102, 103, 104
"""Streams of random numbers of a scene; `images` has others."""


class SceneError(RuntimeError):
    """An object cannot be made to lie before the camera; the message says why."""


def scene_seed(run_seed: int, object_id: str, index: int) -> int:
    """The seed of a scene: 53 bits, which any reader of JSON keeps."""
    digest = hashlib.sha256(f"{run_seed}/{object_id}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 11


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Random numbers of a scene for one purpose, independent of those for others."""
    return np.random.default_rng([seed, *stream])


def object_mesh(root: Path, object_id: str) -> Path:
    """The mesh file of an object of a dataset; its convex pieces lie beside it."""
    return root / MESHES / f"{object_id}.obj"


def model_of(record: SceneRecord, root: Path) -> ObjectModel:
    """The object of a scene, as it was when the dataset was made.

    Args:
        record: The scene.
        root: Folder of the dataset.

    Raises:
        MeshError: Its mesh is missing or broken.
    """
    return object_from_mesh(record.object, object_mesh(root, record.object), scale=record.scale, mass=record.mass)


def make_scene(recipe: Recipe, mesh: Path, object_id: str, index: int, *, name: str, family: str) -> SceneRecord:
    """The first of `draw_scenes`."""
    return next(draw_scenes(recipe, mesh, object_id, index, name=name, family=family))


def draw_scenes(
    recipe: Recipe, mesh: Path, object_id: str, index: int, *, name: str, family: str
) -> Iterator[SceneRecord]:
    """Draw scenes of an object, each come to rest, of which one is wanted.

    A draw that does not come to rest, or not wholly before the camera, is thrown away and the next one taken,
    its size included: an object of 90 cm rarely fits into an image of 78.

    Args:
        recipe: What kind of dataset.
        mesh: File of the object, its convex pieces beside it.
        object_id: 32 hexadecimal digits.
        index: Of the scenes of this object.
        name: Of the mesh in its source.
        family: Of the mesh in its source.

    Yields:
        Scenes that may stand for one another, all with the same seed.

    Raises:
        SceneError: After `drop.tries` draws; the message says what was wrong with those not given.
        MeshError: The mesh is broken.
    """
    settings = recipe.settings
    seed = scene_seed(recipe.seed, object_id, index)
    camera = recipe.camera.camera_intrinsics
    size = settings.longest_side
    unit_length = mesh_longest_side(mesh)
    failures: Counter[str] = Counter()
    for attempt in range(settings.drop.tries):
        rng = generator(seed, SCENE, attempt)
        longest = float(np.exp(rng.uniform(np.log(size.low), np.log(size.high))))
        model = object_from_mesh(object_id, mesh, scale=longest / unit_length, mass=longest * settings.mass_per_metre)
        world_from_camera = place_camera(recipe, rng)
        pose = drop(model, settings.drop, rng)
        if pose is None:
            failures["did not come to rest"] += 1
        elif not in_view(model, pose, world_from_camera, camera):
            failures["did not lie wholly in the image"] += 1
        else:
            yield SceneRecord(
                object=object_id,
                index=index,
                name=name,
                family=family,
                scale=longest / unit_length,
                mass=model.mass,
                world_from_object=Pose.of(pose),
                world_from_camera=Pose.of(world_from_camera),
                intrinsics=recipe.camera.intrinsics,
                color=random_color(rng),
                seed=seed,
            )
            failures["had too few grasps that work (least_grasps)"] += 1  # or nobody would ask for another
    reasons = ", ".join(f"{count} times it {reason}" for reason, count in failures.most_common())
    raise SceneError(f"no scene {index} of it in {settings.drop.tries} draws (drop.tries): {reasons}")


def place_camera(recipe: Recipe, rng: np.random.Generator) -> Transform:
    """world_from_camera: the camera file's pose, moved sideways to look at the origin, then jittered."""
    given = recipe.camera.parent_from_camera
    axis = given.rotation[:, 2]
    height = float(given.translation[2]) - recipe.settings.table_height
    jitter = recipe.settings.camera_jitter
    turn = Rotation.from_rotvec(jitter.rotation * rng.standard_normal(3)).as_matrix()
    shift = jitter.translation * rng.standard_normal(3)
    return Transform(given.rotation @ turn, axis * (height / axis[2]) + shift)


def drop(model: ObjectModel, settings: Drop, rng: np.random.Generator) -> Transform | None:
    """Let an object fall on the ground; where it came to rest (world_from_object), or None."""
    rotation = Rotation.random(None, rng).as_matrix()
    bearing, reach = rng.uniform(0.0, 2 * np.pi), settings.radius * np.sqrt(rng.uniform())
    height = rng.uniform(settings.height.low, settings.height.high)
    lowest = model.bounds(Transform(rotation, np.zeros(3)))[0, 2]
    start = Transform(rotation, np.array([reach * np.cos(bearing), reach * np.sin(bearing), height - lowest]))
    with World(iterations=ITERATIONS, sleeping=False) as world:
        add_ground(world)
        body = world.add(model.name, model.source((0.5, 0.5, 0.5)), model.body_pose(start))
        body.set_surface(OBJECT)
        return model.pose(body) if _rests(world, body, settings.settle_time) else None


def _rests(world: World, body: Body, within: float) -> bool:
    still = 0
    for _ in range(round(within / world.time_step)):
        world.step()
        linear, angular = body.twist
        still = still + 1 if np.linalg.norm(linear) < REST_SPEED and np.linalg.norm(angular) < REST_RATE else 0
        if still * world.time_step >= REST_TIME:
            return True
    return False


def in_view(model: ObjectModel, pose: Transform, world_from_camera: Transform, camera: CameraIntrinsics) -> bool:
    """Whether all of an object is in the image."""
    points: NDArray[np.float64] = world_from_camera.inverse().apply(pose.apply(model.outline))
    pixels = camera.project(points)
    inside = (pixels >= 0) & (pixels <= np.array([camera.width, camera.height]) - 1)
    return bool(inside.all())  # NaN, behind the camera, compares as False


def random_color(rng: np.random.Generator) -> Color:
    """RGB of an object in [0, 1]: any hue, pale to strong, never nearly black or white."""
    return colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.9))

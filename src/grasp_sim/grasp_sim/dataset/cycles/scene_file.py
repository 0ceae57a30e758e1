"""A scene written down for the process that renders it: a JSON file and the arrays beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.extrinsics import Intrinsics
from grasp_perception.files import write_atomically
from grasp_perception.transform import Transform
from grasp_sim.dataset.cycles.settings import CyclesSettings
from grasp_sim.dataset.ground import Ground, texture_pyramid
from grasp_sim.dataset.lighting import Lighting
from grasp_sim.dataset.pattern import random_dots
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig
from grasp_sim.objects.model import ObjectModel
from grasp_sim.rendering.surface import surface_of

FORMAT = {"format": "grasp-cycles-scene", "version": 1}


def write_scene(
    folder: Path,
    record: SceneRecord,
    model: ObjectModel,
    rig: StereoRig | None,
    settings: CyclesSettings,
) -> Path:
    """Write a scene into a folder.

    Args:
        folder: For the scene file, the mesh and the images of ground and pattern.
        record: The scene.
        model: Its object.
        rig: The stereo camera whose views are wanted; None for the photograph.
        settings: Of the renderer.

    Returns:
        Path of the scene file. Lengths in metres, poses as (4, 4) matrices, other files relative to it.
    """
    ground, lighting = Ground.of(record), Lighting.of(record)
    surface = surface_of(model)
    np.savez(folder / "mesh.npz", vertices=surface.vertices, normals=surface.normals, faces=surface.faces)
    np.save(folder / "ground.npy", texture_pyramid()[0])
    pose = record.world_from_camera.transform
    scene: dict[str, Any] = {
        **FORMAT,
        "seed": record.seed,
        "threads": settings.threads,
        "mesh": "mesh.npz",
        "world_from_body": _rows(model.body_pose(record.world_from_object.transform)),
        "color": list(record.color),
        "ground": {"texture": "ground.npy", "tile_from_ground": ground.tile_from_ground.tolist()},
        "light": {"direction": lighting.direction.tolist()},
    }
    if rig is None:
        scene["photo"] = {**_view(record.camera, pose), "samples": settings.samples}
    else:
        np.save(folder / "pattern.npy", random_dots(rig.projector.width, rig.projector.height))
        scene["pattern"] = {
            "image": "pattern.npy",
            "projector": _view(rig.projector, rig.projector_pose(pose)),
            "left": _view(rig.left, pose),
            "right": _view(rig.right, rig.right_pose(pose)),
            "samples": settings.pattern_samples,
        }
    file = folder / "scene.json"
    write_atomically(file, json.dumps(scene, indent=1).encode())
    return file


def _view(camera: CameraIntrinsics, world_from_camera: Transform) -> dict[str, Any]:
    k = camera
    intrinsics = Intrinsics(fx=k.fx, fy=k.fy, cx=k.cx, cy=k.cy, width=k.width, height=k.height)
    return {"camera": intrinsics.model_dump(), "world_from_camera": _rows(world_from_camera)}


def _rows(transform: Transform) -> list[list[float]]:
    rows: list[list[float]] = transform.matrix().tolist()
    return rows

"""Tiny datasets in the original layouts, made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import write_grasps
from grasp_learning.datasets.jacquard import SceneFiles, write_color, write_depth, write_mask
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.rectangles import GraspRectangles

OBJECTS = ("a" * 32, "b" * 32, "c" * 32)
SIZE = (24, 32)
"""Height and width of the tiny images."""


def write_scene(shard: Path, object_id: str, index: int) -> SceneFiles:
    """A scene whose images say which it is: the colour's first pixel is (index, ord of the object, 7)."""
    files = SceneFiles(shard / object_id, index, object_id)
    files.folder.mkdir(parents=True, exist_ok=True)
    color = np.full((*SIZE, 3), 200, np.uint8)
    color[0, 0] = (index, ord(object_id[0]), 7)
    mask = np.zeros(SIZE, np.bool_)
    mask[8:16, 10:20] = True
    depth = np.where(mask, 1.4, 1.5).astype(np.float32)
    stereo = depth + np.float32(0.001)
    stereo[0, :3] = np.nan
    write_color(files.color, color)
    write_depth(files.perfect_depth, depth)
    write_depth(files.stereo_depth, stereo)
    write_mask(files.mask, mask)
    write_grasps(files.grasps, GraspRectangles(np.array([[15.0, 12.0, 0.5, 8.0, 2.0], [15.0, 12.0, 0.5, 8.0, 4.0]])))
    return files


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards: objects a (scenes 0, 1) and c (scene 0) in the second, b (scene 0) in the first."""
    root = tmp_path / "jacquard"
    write_scene(root / "Jacquard_Dataset_1", OBJECTS[0], 0)
    write_scene(root / "Jacquard_Dataset_1", OBJECTS[0], 1)
    write_scene(root / "Jacquard_Dataset_0", OBJECTS[1], 0)
    write_scene(root / "Jacquard_Dataset_1", OBJECTS[2], 0)
    return root


@dataclass(frozen=True)
class KinectScene:
    """What a Kinect on a robot saw: a table and a ball on it, in the robot's frame."""

    depth: NDArray[np.float64]
    """(480, 640) mm along the optical axis, NaN where nothing was seen."""
    points: NDArray[np.float64]
    """(480, 640, 3) mm in the robot's frame."""


@pytest.fixture(scope="session")
def kinect() -> KinectScene:
    focal, pitch = 525.0, np.radians(40)
    rows, columns = np.mgrid[:480, :640]
    rays = np.stack([(columns - 319.5) / focal, (rows - 239.5) / focal, np.ones_like(rows)], axis=-1)
    # base_from_camera: x of the image to the robot's right, the optical axis forward and down.
    rotation = np.array([[0, -np.sin(pitch), np.cos(pitch)], [-1, 0, 0], [0, -np.cos(pitch), -np.sin(pitch)]])
    camera = np.array([600.0, -200.0, 690.0])
    depth = (-120 - camera[2]) / (rays @ rotation.T)[..., 2]
    off = (rows - 300) ** 2 + (columns - 350) ** 2
    depth -= np.where(off < 60**2, 60 * np.sqrt(np.clip(1 - off / 60**2, 0, 1)), 0)
    depth = focal * 600 / np.round(focal * 600 / depth)  # a Kinect's steps
    depth[(rows < 120) | (columns % 7 == 0)] = np.nan
    return KinectScene(depth, (rays * depth[..., None]) @ rotation.T + camera)


HEADER = """# .PCD v.7 - Point Cloud Data file format
FIELDS x y z rgb index
SIZE 4 4 4 4 4
TYPE F F F F U
COUNT 1 1 1 1 1
WIDTH {count}
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS {count}
DATA ascii
"""


def point_cloud(scene: KinectScene, every: int = 11) -> str:
    """The text of a point cloud file, with some of a scene's points."""
    index = np.flatnonzero(np.isfinite(scene.depth.ravel()))[::every]
    points = scene.points.reshape(-1, 3)[index]
    lines = [f"{x:.7g} {y:.7g} {z:.7g} 0 {i}\n" for (x, y, z), i in zip(points, index)]
    return HEADER.format(count=len(lines)) + "".join(lines)


@pytest.fixture
def cornell(tmp_path: Path, kinect: KinectScene) -> Path:
    """Images 0100 and 0101 (object 1) in folder 01, 0200 (object 2) in folder 02."""
    root = tmp_path / "cornell"
    text = point_cloud(kinect)
    for number in ("0100", "0101", "0200"):
        folder = root / number[:2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"pcd{number}.txt").write_text(text)
        color = np.full((480, 640, 3), 90, np.uint8)
        color[0, 0] = (3, 2, 1)  # BGR
        cv2.imwrite(str(folder / f"pcd{number}r.png"), color)
        # 40 along +x, 20 across, centre (120, 110); then one with NaN; then 30 along +y (down), 10 across.
        good = "100 100\n140 100\n140 120\n100 120 \nNaN NaN\n1 2\n3 4\n5 6\n205 200\n205 230\n195 230\n195 200\n"
        (folder / f"pcd{number}cpos.txt").write_text(good)
        (folder / f"pcd{number}cneg.txt").write_text("10 10\n20 20\n15 25\n5 15\n")
    (root / "z.txt").write_text("0100 1 mug x\n0101 1 mug y\n0101 1 mug y\n0200 2 pen z\n")
    return root


BARS = 20
BAR_IMAGE = 96
"""Side of their images, px."""


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of bars on a plane, split, each bar to be grasped across its middle."""
    root = tmp_path_factory.mktemp("bars")
    rng = np.random.default_rng(0)
    for number in range(BARS):
        name = f"{number:032x}"
        files = SceneFiles(root / name, 0, name)
        files.folder.mkdir()
        angle, center = float(rng.uniform(-1.5, 1.5)), rng.uniform(36, 60, 2)
        box = cv2.boxPoints((center.tolist(), (36.0, 12.0), np.degrees(angle))).astype(np.int32)
        mask = cv2.fillConvexPoly(np.zeros((BAR_IMAGE, BAR_IMAGE), np.uint8), box, 1).astype(bool)
        depth = np.where(mask, 1.44, 1.5).astype(np.float32)
        write_color(files.color, np.where(mask[..., None], (200, 60, 40), 230).astype(np.uint8))
        write_depth(files.perfect_depth, depth)
        write_depth(files.stereo_depth, depth)
        write_mask(files.mask, mask)
        write_grasps(files.grasps, GraspRectangles([(*center, angle + np.pi / 2, 24.0, 14.0)]))
    objects = [f"{number:032x}" for number in range(BARS)]
    ObjectSplits.create(objects, (0.7, 0.15, 0.15), seed=0).save(root / SPLITS_FILE)
    return root


@pytest.fixture
def small_training(bars: Path, tmp_path: Path) -> Path:
    """Settings of a training run on the bars that takes seconds."""
    content = {
        "name": "small",
        "network": "ggcnn2",
        "data": [{"root": str(bars)}],
        "preprocessing": {"size": BAR_IMAGE},
        "labels": {"bins": 1, "width_scale": 48.0, "sigma": 0.5},
        "optimization": {"epochs": 6, "batch": 2, "augmentation": True},
        "precision": "float32",  # the same on every machine
        "workers": 0,
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path

"""Datasets in the layout of Jacquard (Depierre et al. 2018).

``<root>/<object>/<i>_<object>_RGB.png``, ``_perfect_depth.tiff``, ``_stereo_depth.tiff``, ``_mask.png`` and
``_grasps.txt``; the root is one shard, shards that were put together, or a folder of shards
``Jacquard_Dataset_<k>``. Depth images are float32 metres along the optical axis, invalid pixels -1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import read_grasps
from grasp_learning.datasets.dataset import DatasetScene, GraspDataset
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.index_file import INDEX_FILE, require_version
from grasp_learning.datasets.robustness import Robustness
from grasp_learning.datasets.tiff import encode_tiff
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.depth import decode_depth
from grasp_perception.files import write_atomically
from grasp_perception.image_files import read_color, read_mask, read_raw_depth

DepthKind = Literal["perfect", "stereo"]

COLOR = "RGB.png"
PERFECT_DEPTH = "perfect_depth.tiff"
STEREO_DEPTH = "stereo_depth.tiff"
MASK = "mask.png"
GRASPS = "grasps.txt"
KINDS = (COLOR, PERFECT_DEPTH, STEREO_DEPTH, MASK, GRASPS)
"""Ends of the names of a scene's five files."""

INVALID_DEPTH = -1.0
SHARDS = "Jacquard_Dataset_*"
_NAME = re.compile(rf"(\d+)_(.+)_({'|'.join(map(re.escape, KINDS))})")


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """The files of one scene, whether they are there or not."""

    folder: Path
    """``…/<object>``."""
    index: int
    """Of the scenes of this object."""
    object: str

    @property
    def id(self) -> str:
        """``<index>_<object>``."""
        return f"{self.index}_{self.object}"

    def path(self, kind: str) -> Path:
        """The file whose name ends in one of `KINDS`."""
        return self.folder / f"{self.id}_{kind}"

    @property
    def color(self) -> Path:
        """RGB image."""
        return self.path(COLOR)

    @property
    def perfect_depth(self) -> Path:
        """Depth as rendered."""
        return self.path(PERFECT_DEPTH)

    @property
    def stereo_depth(self) -> Path:
        """Depth as matched from two images."""
        return self.path(STEREO_DEPTH)

    @property
    def mask(self) -> Path:
        """Where the object is."""
        return self.path(MASK)

    @property
    def grasps(self) -> Path:
        """Annotations."""
        return self.path(GRASPS)


def find_scenes(root: Path) -> dict[SceneFiles, frozenset[str]]:
    """The scenes below a folder, ordered by object and index, and which of `KINDS` each has.

    A scene counts if any of its files is there.

    Raises:
        DatasetError: The folder is missing.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    found: dict[SceneFiles, set[str]] = {}
    shards = sorted(path for path in root.glob(SHARDS) if path.is_dir())  # their archives may lie beside them
    for shard in shards or [root]:
        for folder, name in _files_of_objects(shard):
            match = _NAME.fullmatch(name)
            if match:
                found.setdefault(SceneFiles(folder, int(match[1]), match[2]), set()).add(match[3])
    ordered = sorted(found, key=lambda scene: (scene.object, scene.index, scene.folder))
    return {scene: frozenset(found[scene]) for scene in ordered}


class JacquardDataset(GraspDataset[SceneFiles]):
    """The scenes of a Jacquard-style dataset, ordered by object and index."""

    def __init__(self, root: str | Path, depth: DepthKind = "perfect", *, min_robustness: float = 0.0) -> None:
        """List the scenes; images are read one scene at a time.

        Args:
            root: Folder of objects, or of shards.
            depth: Which depth images to read.
            min_robustness: Grasps that held in a smaller share of trials aside are left out; see
                `grasp_learning.datasets.robustness`.

        Raises:
            DatasetError: There is no such folder or no scene in it, files that are needed are missing,
                a scene is there twice or its name is wrong, or the index is of another version; or the robustness
                of its grasps is asked for and not known.
        """
        if depth not in get_args(DepthKind):
            raise DatasetError(f"the depth is one of {', '.join(get_args(DepthKind))}, not '{depth}'")
        root = Path(root)
        require_version(root / INDEX_FILE)
        scenes = find_scenes(root)
        if not scenes:
            raise DatasetError(
                f"{root}: no scene of a Jacquard dataset: expected <object>/<i>_<object>_{GRASPS} and its images, "
                f"directly or in shards {SHARDS}"
            )
        self.depth_kind = PERFECT_DEPTH if depth == "perfect" else STEREO_DEPTH
        for kind in (GRASPS, COLOR, self.depth_kind, MASK):
            _require(kind, scenes, root)
        seen: dict[str, Path] = {}
        for scene in scenes:
            if scene.id in seen:
                raise DatasetError(f"the scene {scene.id} is there twice: in {seen[scene.id]} and in {scene.folder}")
            if ";" in scene.object:
                raise DatasetError(
                    f"{scene.folder}: an object's name has no semicolon, which separates the numbers of grasps"
                )
            seen[scene.id] = scene.folder
        self.min_robustness = min_robustness
        self.robustness = Robustness(root) if min_robustness > 0 else None
        super().__init__(root, list(scenes))

    def grasps(self, index: int) -> GraspRectangles:
        """The annotations of one scene, without its images.

        Raises:
            DatasetError: A line is wrong.
        """
        return self._annotations(self.scenes[index])

    def _annotations(self, entry: SceneFiles) -> GraspRectangles:
        grasps = read_grasps(entry.grasps)
        if self.robustness is None:
            return grasps
        return grasps[self.robustness.shares(entry.id, len(grasps)) >= self.min_robustness]

    def _read(self, entry: SceneFiles) -> DatasetScene:
        scene = DatasetScene(
            id=entry.id,
            object=entry.object,
            color=read_color(entry.color),
            depth=decode_depth(read_raw_depth(entry.path(self.depth_kind))),
            mask=read_mask(entry.mask),
            grasps=self._annotations(entry),
        )
        sizes = {scene.color.shape[:2], scene.depth.shape, None if scene.mask is None else scene.mask.shape}
        if len(sizes) > 1:
            raise DatasetError(f"{entry.folder}/{entry.id}_*: colour, depth and mask differ in size: {sizes}")
        return scene


def write_color(path: Path, color: NDArray[np.uint8]) -> None:
    """Write a colour image, (H, W, 3) uint8 RGB, as PNG.

    Raises:
        ValueError: The array has another shape or type.
        OSError: The file cannot be written.
    """
    if color.ndim != 3 or color.shape[2] != 3 or color.dtype != np.uint8:
        raise ValueError(f"a colour image is uint8 of shape (H, W, 3), got {color.dtype} {color.shape}")
    # OpenCV's own compression settings: any level that is named takes at least twice the time.
    write_atomically(path, cv2.imencode(".png", cv2.cvtColor(color, cv2.COLOR_RGB2BGR))[1].tobytes())


def write_depth(path: Path, depth: NDArray[np.floating]) -> None:
    """Write a depth image, (H, W) metres, as float32 TIFF; what is not finite and positive becomes -1.

    Raises:
        ValueError: The array has another shape.
        OSError: The file cannot be written.
    """
    metres = np.asarray(depth, dtype=np.float32)
    valid = np.isfinite(metres) & (metres > 0)
    write_atomically(path, encode_tiff(np.where(valid, metres, np.float32(INVALID_DEPTH))))


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask, (H, W) True on the object, as PNG of {0, 255}.

    Raises:
        ValueError: The array has another shape or type.
        OSError: The file cannot be written.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"a mask is bool of shape (H, W), got {mask.dtype} {mask.shape}")
    write_atomically(path, cv2.imencode(".png", mask.astype(np.uint8) * np.uint8(255))[1].tobytes())


def _files_of_objects(shard: Path) -> Iterator[tuple[Path, str]]:
    """(folder, name) of each file two levels down."""
    with os.scandir(shard) as entries:
        folders = [entry.path for entry in entries if entry.is_dir()]
    for folder in folders:
        place = Path(folder)
        with os.scandir(folder) as files:
            yield from ((place, file.name) for file in files)


def _require(kind: str, scenes: dict[SceneFiles, frozenset[str]], root: Path) -> None:
    lacking = [scene for scene, kinds in scenes.items() if kind not in kinds]
    if not lacking:
        return
    if len(lacking) == len(scenes):
        other = {PERFECT_DEPTH: "stereo", STEREO_DEPTH: "perfect"}.get(kind)
        hint = f": open it with depth='{other}'" if other else ""
        raise DatasetError(f"{root}: no scene has a file *_{kind}{hint}")
    raise DatasetError(
        f"{root}: {len(lacking)} of {len(scenes)} scenes lack their {kind}, such as {lacking[0].path(kind)}; "
        f"`grasp data check {root}` lists them"
    )

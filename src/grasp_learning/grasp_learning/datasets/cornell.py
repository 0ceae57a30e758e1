"""The Cornell grasping dataset (Jiang et al. 2011, Lenz et al. 2015) in its original layout.

``pcd<NNNN>r.png`` (640x480), ``pcd<NNNN>.txt`` (point cloud), ``pcd<NNNN>cpos.txt`` and ``pcd<NNNN>cneg.txt``
(good and bad grasps), in folders ``01`` to ``10`` or in one; ``z.txt`` (or ``processedData/z.txt``) says which
object each image shows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.dataset import DatasetScene, GraspDataset
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.point_cloud_file import HEIGHT, WIDTH, read_points
from grasp_learning.datasets.rectangle_file import LabelledRectangles, read_rectangles
from grasp_learning.datasets.resection import ResectionError, planar_depth
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.depth import decode_depth
from grasp_perception.image_files import read_color, read_raw_depth

DepthKind = Literal["planar", "radial"]
ObjectSource = Literal["listed", "images"]

COLOR, CLOUD, GOOD, BAD, SAVED_DEPTH = "r.png", ".txt", "cpos.txt", "cneg.txt", "d.tiff"
KINDS = (COLOR, CLOUD, GOOD, BAD, SAVED_DEPTH)
"""Ends of the names of an image's files; the last is not the original's but made by GG-CNN's scripts."""
OBJECT_LISTS = ("z.txt", "processedData/z.txt")
_NAME = re.compile(rf"pcd(\d{{4}})({'|'.join(map(re.escape, KINDS))})")


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The files of one image, whether they are there or not."""

    folder: Path
    number: str
    """Four digits."""
    object: str = field(default="", compare=False)
    """As the list of objects names it."""

    @property
    def id(self) -> str:
        """``pcd<NNNN>``."""
        return f"pcd{self.number}"

    def path(self, kind: str) -> Path:
        """The file whose name ends in one of `KINDS`."""
        return self.folder / f"{self.id}{kind}"


def find_images(root: Path) -> dict[ImageFiles, frozenset[str]]:
    """The images in a folder and its sub-folders, ordered by number, and which of `KINDS` each has.

    Raises:
        DatasetError: The folder is missing.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    found: dict[ImageFiles, set[str]] = {}
    for folder, name in _files(root):
        match = _NAME.fullmatch(name)
        if match:
            found.setdefault(ImageFiles(folder, match[1]), set()).add(match[2])
    ordered = sorted(found, key=lambda image: (image.number, image.folder))
    return {image: frozenset(found[image]) for image in ordered}


def object_list(root: Path) -> Path | None:
    """The file that says which object each image shows, if it is there."""
    return next((root / name for name in OBJECT_LISTS if (root / name).is_file()), None)


def read_objects(path: Path) -> dict[str, str]:
    """Read the list of objects: image number, object and category a line, and more that is not needed.

    Returns:
        The object of each image number (four digits).

    Raises:
        DatasetError: The file is missing, a line has fewer words, or an image is given two objects.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    objects: dict[str, str] = {}
    for line_number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        if len(words) < 2 or not words[0].isdigit():
            raise DatasetError(f"{path}:{line_number}: a line begins with an image number and an object, got '{line}'")
        number = words[0].zfill(4)
        if objects.setdefault(number, words[1]) != words[1]:
            message = f"image {number} shows object {words[1]} here and object {objects[number]} before"
            raise DatasetError(f"{path}:{line_number}: {message}")
    return objects


class CornellDataset(GraspDataset[ImageFiles]):
    """The images of the Cornell dataset, ordered by number; a scene's id is ``pcd<NNNN>``, masks there are none.

    Attributes:
        depth_kind: "planar" or "radial".
        saved_depths: How many scenes take their depth from a stored ``pcd<NNNN>d.tiff``.
    """

    def __init__(self, root: str | Path, depth: DepthKind = "planar", *, objects: ObjectSource = "listed") -> None:
        """List the images; they are read one at a time.

        Args:
            root: Folder of the original's files, or of its folders 01 to 10.
            depth: "planar": metres along the optical axis. The point clouds are in the frame of the robot
                that took them; where the camera stood is found from the pixels of the points.
                "radial": the distance from the origin of that frame, which GG-CNN and its successors take for
                the depth; their stored ``pcd<NNNN>d.tiff`` (small holes filled) is read where there is one.
            objects: "listed": as the dataset's ``z.txt`` says. "images": each image is taken for an object
                of its own; splits are then by image, and an object may stand in two parts.

        Raises:
            DatasetError: There is no such folder or no image in it, files that are needed are missing, an
                image is there twice, or the list of objects is missing, wrong or lacks an image.
        """
        if depth not in get_args(DepthKind) or objects not in get_args(ObjectSource):
            choices = f"depth is one of {get_args(DepthKind)}, objects one of {get_args(ObjectSource)}"
            raise DatasetError(f"{choices}; got '{depth}' and '{objects}'")
        root = Path(root)
        images = find_images(root)
        if not images:
            raise DatasetError(f"{root}: no image of the Cornell dataset: expected pcd<NNNN>r.png and its other files")
        self.depth_kind = depth
        for kinds in ((COLOR,), (GOOD,), (CLOUD, SAVED_DEPTH) if depth == "radial" else (CLOUD,)):
            lacking = [image for image, there in images.items() if not there.intersection(kinds)]
            if lacking:
                names = " or ".join(lacking[0].path(kind).name for kind in kinds)
                raise DatasetError(f"{root}: {len(lacking)} of {len(images)} images lack a file, such as {names}")
        seen: dict[str, Path] = {}
        for image in images:
            if image.number in seen:
                raise DatasetError(f"{image.id} is there twice: in {seen[image.number]} and in {image.folder}")
            seen[image.number] = image.folder
        by_image = {number: image_object(number) for number in seen}
        named = by_image if objects == "images" else _listed(root, list(seen))
        super().__init__(root, [ImageFiles(image.folder, image.number, named[image.number]) for image in images])
        self._with_saved_depth = (
            frozenset(image.number for image, kinds in images.items() if SAVED_DEPTH in kinds)
            if depth == "radial"
            else frozenset()
        )

    @property
    def saved_depths(self) -> int:
        """How many scenes take their depth from a stored ``pcd<NNNN>d.tiff``."""
        return sum(image.number in self._with_saved_depth for image in self.scenes)

    def grasps(self, index: int) -> GraspRectangles:
        """The good grasps of one image, without those that are not complete.

        Raises:
            DatasetError: A line is wrong.
        """
        return self.labels(index).grasps

    def bad_grasps(self, index: int) -> GraspRectangles:
        """The bad grasps of one image; none where there is no such file.

        Raises:
            DatasetError: A line is wrong.
        """
        path = self.scenes[index].path(BAD)
        return read_rectangles(path).grasps if path.is_file() else GraspRectangles.empty()

    def labels(self, index: int) -> LabelledRectangles:
        """The good grasps of one image, and how many were skipped because a corner is NaN.

        Raises:
            DatasetError: A line is wrong.
        """
        return read_rectangles(self.scenes[index].path(GOOD))

    def count_skipped(self) -> int:
        """How many good grasps of all images are left out because a corner is NaN; reads every file.

        Raises:
            DatasetError: A line of a file is wrong.
        """
        return sum(self.labels(index).skipped for index in range(len(self)))

    def _read(self, entry: ImageFiles) -> DatasetScene:
        color = read_color(entry.path(COLOR))
        if entry.number in self._with_saved_depth:
            depth = decode_depth(read_raw_depth(entry.path(SAVED_DEPTH)))
        else:
            depth = read_depth(entry.path(CLOUD), self.depth_kind)
        if color.shape[:2] != depth.shape:
            raise DatasetError(f"{entry.path(COLOR)} is {color.shape[1]}x{color.shape[0]}, its depth is not")
        grasps = read_rectangles(entry.path(GOOD)).grasps
        return DatasetScene(entry.id, entry.object, color, depth, None, grasps)


def read_depth(path: Path, kind: DepthKind) -> NDArray[np.float32]:
    """The depth image of a point cloud.

    Args:
        path: ``pcd<NNNN>.txt``.
        kind: As of `CornellDataset`.

    Returns:
        (480, 640) float32 metres, NaN where no point is.

    Raises:
        DatasetError: The file is missing or wrong, or it cannot be told where the camera stood.
    """
    points, columns, rows = read_points(path)
    if kind == "radial":
        values = np.linalg.norm(points, axis=1)
    else:
        try:
            values = planar_depth(points, np.column_stack([columns, rows]).astype(np.float64))
        except ResectionError as error:
            raise DatasetError(f"{path}: {error}; depth='radial' can be read") from error
    depth = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    depth[rows, columns] = values
    return depth


def image_object(number: str) -> str:
    """The name of an image that is taken for an object of its own."""
    return f"pcd{number}"


def _listed(root: Path, numbers: list[str]) -> dict[str, str]:
    path = object_list(root)
    if path is None:
        raise DatasetError(
            f"{root}: no list says which object each image shows, and splits are by objects. Put {OBJECT_LISTS[0]} of "
            "the dataset's processedData.zip there (image number, object, category a line), or take each image for an "
            "object of its own: `grasp data split --by-image`, CornellDataset(objects='images')"
        )
    listed = read_objects(path)
    lacking = [number for number in numbers if number not in listed]
    if lacking:
        raise DatasetError(f"{path}: {len(lacking)} images have no object, such as {lacking[0]}")
    return {number: listed[number] for number in numbers}


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """(folder, name) of each file in a folder and in the folders in it."""
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir():
                place = Path(entry.path)
                with os.scandir(entry.path) as inner:
                    yield from ((place, file.name) for file in inner)
            else:
                yield root, entry.name

"""Datasets at a network's resolution, in files that are mapped into memory: an epoch reads gigabytes otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.prepared import in_network, prepared
from grasp_learning.progress import Progress
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.files import LOCK, PART, held, write_atomically
from grasp_planning.generative.preprocessing import Preprocessing

FORMAT = 2
FACTS = "scenes.json"
OLD = 3600.0
"""s"""


@dataclass(frozen=True, slots=True, eq=False)
class PackedScene:
    """One scene as a network sees it."""

    id: str
    color: NDArray[np.uint8]
    """(S, S, 3) RGB."""
    depth: NDArray[np.float32]
    """(S, S) m from the mean of the image, without holes."""
    grasps: GraspRectangles
    """px of the network."""


class PackedScenes:
    """Scenes of a dataset, prepared; a sequence of `PackedScene`.

    Attributes:
        ids: Of the scenes.
    """

    def __init__(self, folder: Path) -> None:
        """Map a folder that `pack` wrote."""
        self.ids: list[str] = json.loads((folder / FACTS).read_text())["ids"]
        self._color = np.load(folder / "color.npy", mmap_mode="r")
        self._depth = np.load(folder / "depth.npy", mmap_mode="r")
        self._grasps = np.load(folder / "grasps.npy")
        self._first = np.load(folder / "first.npy")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> PackedScene:
        grasps = GraspRectangles(self._grasps[self._first[index] : self._first[index + 1]])
        return PackedScene(self.ids[index], np.array(self._color[index]), self._depth[index].astype(np.float32), grasps)


def pack(
    dataset: JacquardDataset,
    preprocessing: Preprocessing,
    cache: Path,
    progress: Progress | None = None,
) -> PackedScenes:
    """Prepare a dataset once; the next time what was written is found by its content.

    Args:
        dataset: Whose scenes.
        preprocessing: What the network sees of them.
        cache: Folder of all packed datasets.
        progress: Called with the scenes done and all of them.

    Raises:
        DatasetError: A scene is broken.
        ImageError: The preprocessing does not fit its images.
    """
    folder = cache / _key(dataset, preprocessing)
    if not (folder / FACTS).is_file():
        _write(dataset, preprocessing, folder, progress)
    return PackedScenes(folder)


def _key(dataset: JacquardDataset, preprocessing: Preprocessing) -> str:
    """Changes with the scenes, their annotations, the files of their images, and what is cut out of them."""
    digest = hashlib.sha256()
    cut = preprocessing.model_dump(mode="json", include={"size", "crop", "min_measured"})
    digest.update(json.dumps([FORMAT, str(dataset.root.resolve()), cut]).encode())
    for index, scene in enumerate(dataset.scenes):
        digest.update(scene.id.encode())
        digest.update(dataset.grasps(index).values.tobytes())
        for image in (scene.color, scene.path(dataset.depth_kind)):
            facts = image.stat()
            digest.update(f"{image.name} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _write(dataset: JacquardDataset, preprocessing: Preprocessing, folder: Path, progress: Progress | None) -> None:
    part = folder.with_name(f".{folder.name}.{os.getpid()}{PART}")
    _remove_left(folder.parent)
    shutil.rmtree(part, ignore_errors=True)
    try:
        with held(part):
            _fill(part, dataset, preprocessing, progress)
            (part / LOCK).unlink()
            _hand_over(part, folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _remove_left(cache: Path) -> None:
    """Remove what killed processes left half prepared, which may be gigabytes."""
    for left in cache.glob(f".*{PART}"):
        if time.time() - left.stat().st_mtime > OLD:  # younger ones may be about to be held
            with held(left) as mine:
                if mine:
                    shutil.rmtree(left)


def _fill(part: Path, dataset: JacquardDataset, preprocessing: Preprocessing, progress: Progress | None) -> None:
    count, size = len(dataset), preprocessing.size
    color = _mapped(part / "color.npy", np.uint8, (count, size, size, 3))
    depth = _mapped(part / "depth.npy", np.float16, (count, size, size))
    grasps: list[NDArray[np.float64]] = []
    for index, packed in enumerate(_prepared(dataset, preprocessing)):
        color[index], depth[index] = packed.color, packed.depth
        grasps.append(packed.grasps.values)
        if progress is not None:
            progress(index + 1, count)
    color.flush()
    depth.flush()
    np.save(part / "grasps.npy", np.concatenate([np.empty((0, 5)), *grasps]))
    np.save(part / "first.npy", np.cumsum([0, *(len(values) for values in grasps)]))
    write_atomically(part / FACTS, json.dumps({"ids": list(dataset.ids)}).encode())


def _mapped(file: Path, kind: type[np.generic], shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """An array in a new file that has its whole room on the disk: pages for which there is none end the process."""
    array: np.memmap[Any, Any] = np.lib.format.open_memmap(file, "w+", kind, shape)
    with file.open("r+b") as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        except OSError as error:
            error.filename = str(file)
            raise
    return array


def _hand_over(part: Path, folder: Path) -> None:
    """Rename, unless another training has meanwhile prepared the same."""
    try:
        part.replace(folder)
    except OSError:
        if not (folder / FACTS).is_file():
            raise
        shutil.rmtree(part)


def _prepared(dataset: JacquardDataset, preprocessing: Preprocessing) -> Iterator[PackedScene]:
    def prepare(index: int) -> PackedScene:
        scene: DatasetScene = dataset[index]
        return packed_scene(scene, preprocessing)

    with ThreadPoolExecutor() as threads:
        ahead = 4 * (os.cpu_count() or 1)  # a few at a time: they hold their images
        for first in range(0, len(dataset), ahead):
            yield from threads.map(prepare, range(first, min(first + ahead, len(dataset))))


def packed_scene(scene: DatasetScene, preprocessing: Preprocessing) -> PackedScene:
    """One scene as a network sees it.

    Raises:
        ImageError: The preprocessing does not fit its images.
    """
    image = prepared(scene, preprocessing)
    depth = image.depth - np.float32(image.depth.mean(dtype=np.float64))
    return PackedScene(scene.id, image.color, depth, in_network(scene.grasps, image))

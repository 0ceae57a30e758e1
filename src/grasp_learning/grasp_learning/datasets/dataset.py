"""What the datasets of this project have in common: scenes of one object, seen from above, with grasps."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits, Part
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.image_files import ImageFileError


@dataclass(frozen=True, slots=True, eq=False)
class DatasetScene:
    """One scene with everything that is known about it."""

    id: str
    """Unique in its dataset."""
    object: str
    """Which object it shows; the same object may stand in several scenes."""
    color: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    depth: NDArray[np.float32]
    """(H, W) metres along the optical axis, NaN where invalid."""
    mask: NDArray[np.bool_] | None
    """(H, W) True on the object; None in datasets that have no masks."""
    grasps: GraspRectangles
    """Annotated as good."""


class SceneEntry(Protocol):
    """A scene on disk, not yet read."""

    @property
    def id(self) -> str:
        """Unique in its dataset."""

    @property
    def object(self) -> str:
        """Which object it shows."""


Entry = TypeVar("Entry", bound=SceneEntry)


class GraspDataset(ABC, Generic[Entry]):
    """Scenes in a folder; a sequence of `DatasetScene`, each read when it is asked for.

    Attributes:
        root: The folder.
        scenes: Where each scene lies, in the dataset's order.
    """

    def __init__(self, root: Path, scenes: Sequence[Entry]) -> None:
        self.root = root
        self.scenes = tuple(scenes)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the scenes, in order."""
        return tuple(scene.id for scene in self.scenes)

    @property
    def objects(self) -> tuple[str, ...]:
        """Each object once, in order of its first scene."""
        return tuple(dict.fromkeys(scene.object for scene in self.scenes))

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> DatasetScene:
        try:
            return self._read(self.scenes[index])
        except ImageFileError as error:
            raise DatasetError(str(error)) from error

    @abstractmethod
    def grasps(self, index: int) -> GraspRectangles:
        """The annotations of one scene, without its images."""

    @abstractmethod
    def _read(self, entry: Entry) -> DatasetScene:
        """A scene with everything."""

    def scene(self, scene_id: str) -> DatasetScene:
        """The scene with an id.

        Raises:
            DatasetError: There is none.
        """
        return self.subset([scene_id])[0]

    def subset(self, ids: Iterable[str]) -> Self:
        """Some of the scenes, in the order of the ids.

        Raises:
            DatasetError: An id is unknown.
        """
        known = {scene.id: scene for scene in self.scenes}
        wanted = list(ids)
        unknown = [scene_id for scene_id in wanted if scene_id not in known]
        if unknown:
            raise DatasetError(f"{self.root} has no scene {_some(unknown)}")
        return self._with(known[scene_id] for scene_id in wanted)

    def of_objects(self, objects: Iterable[str]) -> Self:
        """The scenes of some of the objects, in the dataset's order.

        Raises:
            DatasetError: An object is unknown.
        """
        wanted = set(objects)
        unknown = sorted(wanted - set(self.objects))
        if unknown:
            raise DatasetError(f"{self.root} has no object {_some(unknown)}")
        return self._with(scene for scene in self.scenes if scene.object in wanted)

    def part(self, part: Part, splits: Path | None = None) -> Self:
        """The scenes of one part of the stored object-wise splits.

        Args:
            part: "train", "validation" or "test".
            splits: File of the splits; without it, ``splits.json`` in the root. They are never drawn
                here: two runs must not differ in what they test on.

        Raises:
            SplitsError: There is no such file, it is wrong, or it was made for other objects.
        """
        path = splits or self.root / SPLITS_FILE
        stored = ObjectSplits.load(path)
        stored.require(self.objects, path)
        return self.of_objects(stored.of(part))

    def _with(self, scenes: Iterable[Entry]) -> Self:
        other = copy.copy(self)
        other.scenes = tuple(scenes)
        return other


def _some(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

"""A dataset as something to be judged on: its scenes, where their files lie, and the gripper that tries."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType

from grasp_learning.datasets.index_file import INDEX_FILE
from grasp_learning.datasets.jacquard import SHARDS, SceneFiles
from grasp_learning.datasets.splits import PARTS, SPLITS_FILE, ObjectSplits, Part
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.index import read_index
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.trials.settings import Approach, TrialSettings


class JudgingError(ValueError):
    """A submission or a dataset cannot be judged at all; the message says why and what to do."""


class Exam:
    """The scenes of a dataset, or of one part of its splits.

    Attributes:
        root: Folder of the dataset.
        part: "train", "validation", "test", or None for all scenes.
        scenes: The records by id, in the index's order.
        gripper: That tries.
        settings: Of the trials, the same that the dataset was annotated with.
        approach: How the gripper came then.
        jaw: Usual width of the fingers, m.
    """

    def __init__(self, root: str | Path, part: Part | None = None) -> None:
        """Read the index of a dataset.

        Raises:
            JudgingError: The folder is no dataset with meshes, or there is nothing in that part.
            DatasetIndexError: A line of the index is wrong.
            SplitsError: The dataset is not split, or its splits are those of another one.
        """
        self.root = Path(root)
        self.part = part
        if not self.root.is_dir():
            raise JudgingError(f"there is no folder {self.root}")
        if not (self.root / INDEX_FILE).is_file():
            raise JudgingError(
                f"{self.root} has no {INDEX_FILE}: grasps are judged by trying them on the scenes' meshes, which the "
                "original Jacquard does not contain; make a dataset with `grasp data jacquard`"
            )
        index = read_index(self.root)
        self.gripper: Gripper = index.header.gripper
        self.settings: TrialSettings = index.header.settings.trials
        self.approach: Approach = index.header.settings.approach
        self.jaw = index.header.settings.test_jaw
        self._everything = index.by_id()
        self._folders: dict[str, Path] = {}
        objects = None if part is None else self._objects_of(part)
        self.scenes = MappingProxyType(
            {id_: record for id_, record in self._everything.items() if objects is None or record.object in objects}
        )
        if not self.scenes:
            raise JudgingError(f"{self.root} has no scenes" + ("" if part is None else f" in its {part} part"))

    def knows(self, scene: str) -> bool:
        """Whether the dataset has a scene of this id, in whatever part."""
        return scene in self._everything

    def files(self, record: SceneRecord) -> SceneFiles:
        """Where the files of a scene lie."""
        if record.object not in self._folders:
            folders = sorted(self.root.glob(f"{SHARDS}/{record.object}"))
            self._folders[record.object] = folders[0] if folders else self.root / record.object
        return SceneFiles(self._folders[record.object], record.index, record.object)

    def with_part(self, part: Part | None) -> Exam:
        """Another part of the same dataset."""
        return self if part == self.part else Exam(self.root, part)

    def only(self, ids: Iterable[str]) -> Exam:
        """Some of its scenes.

        Raises:
            JudgingError: One of them is not in it.
        """
        wanted = set(ids)
        unknown = sorted(wanted - set(self.scenes))
        if unknown:
            raise JudgingError(f"{self.root} has no scene {unknown[0]}")
        chosen = copy.copy(self)
        chosen.scenes = MappingProxyType({id_: record for id_, record in self.scenes.items() if id_ in wanted})
        return chosen

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the dataset's splits that have scenes; none where it is not split.

        Raises:
            SplitsError: Its splits are those of another dataset.
        """
        if not (self.root / SPLITS_FILE).is_file():
            return ()
        return tuple(part for part in PARTS if self._objects_of(part))

    def __len__(self) -> int:
        return len(self.scenes)

    def __iter__(self) -> Iterator[SceneRecord]:
        return iter(self.scenes.values())

    def _objects_of(self, part: Part) -> frozenset[str]:
        path = self.root / SPLITS_FILE
        splits = ObjectSplits.load(path)
        splits.require([record.object for record in self._everything.values()], path)
        return frozenset(splits.of(part))

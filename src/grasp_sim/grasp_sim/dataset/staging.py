"""Where objects of a dataset wait until their shard is full, so that no shard is ever half written.

``partial/`` in the dataset's folder holds, for each object that is done, ``<position>_<object>/`` with

- ``<object>/``: its scenes, as they will lie in the shard,
- ``meshes/``: its mesh and the convex pieces,
- ``failures/``: a file for each scene;

for each that a worker is at, ``<position>-<run>.open/``; and the shard that is being put together. Whatever is
interrupted where it stands is found again: every step moves something that is complete.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from grasp_sim.dataset.scenes import MESHES

PARTIAL = "partial"
FAILURES = "failures"
SHARD = "Jacquard_Dataset_{}"
OPEN = re.compile(r"(\d+)-[0-9a-f]+\.open")


class Staging:
    """Objects on their way into a dataset.

    Attributes:
        root: Folder of the dataset.
        folder: Where they wait.
        run: Hexadecimal digits that no other run has: a worker that outlives its own writes where no one else does.
    """

    def __init__(self, root: Path, run: str) -> None:
        self.root = root
        self.folder = root / PARTIAL
        self.run = run

    def open(self, position: int) -> Path:
        """An empty folder for a worker to fill."""
        folder = self._open(position)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def commit(self, position: int, object_id: str) -> None:
        """Take an object whose folder a worker has filled."""
        target = self._waiting(position, object_id)
        if target.exists():  # left by a run that was killed before it could say so
            shutil.rmtree(target)
        self._open(position).rename(target)

    def abandon(self, position: int) -> None:
        """Remove what a worker has left of an object."""
        shutil.rmtree(self._open(position), ignore_errors=True)

    def abandoned(self) -> list[int]:
        """Positions at which a worker of this run was when it died."""
        matches = (OPEN.fullmatch(path.name) for path in self.folder.glob(f"*-{self.run}.open"))
        return sorted(int(match[1]) for match in matches if match)

    def clean(self) -> None:
        """Remove what workers have left, of this run and of others."""
        for folder in self.folder.glob("*.open"):
            shutil.rmtree(folder, ignore_errors=True)

    def holds(self, position: int, object_id: str) -> bool:
        """Whether an object that is done is still there."""
        if self._waiting(position, object_id).is_dir():
            return True
        return any(
            (shard / object_id).is_dir() and (self.root / MESHES / f"{object_id}.obj").is_file()
            for parent in (self.root, self.folder)
            for shard in parent.glob(SHARD.format("*"))
        )

    def assemble(self, shard: int, objects: Sequence[tuple[int, str, int]]) -> None:
        """Put a shard together.

        Args:
            shard: Its number.
            objects: Position, id, and how many scenes are wanted, of each of its objects.
        """
        done, growing = self.root / SHARD.format(shard), self.folder / SHARD.format(shard)
        whole = done.is_dir()
        target = done if whole else growing
        target.mkdir(parents=True, exist_ok=True)
        for position, object_id, scenes in objects:
            waiting = self._waiting(position, object_id)
            if not waiting.is_dir():  # moved before an interruption
                if not (target / object_id).is_dir():
                    raise FileNotFoundError(f"{waiting} is gone, with all scenes of that object: run it again")
                continue
            _drop_scenes_from(waiting, object_id, scenes)
            for source in sorted((waiting / MESHES).glob("*")):
                _move(source, self.root / MESHES / source.name)
            if (waiting / FAILURES).is_dir():
                _move(waiting / FAILURES, self.root / FAILURES / object_id)
            if (waiting / object_id).is_dir():
                _move(waiting / object_id, target / object_id)
            shutil.rmtree(waiting)
        if not whole:
            growing.rename(done)

    def remove(self) -> None:
        """Remove everything that still waits."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self, position: int) -> Path:
        return self.folder / f"{position}-{self.run}.open"

    def _waiting(self, position: int, object_id: str) -> Path:
        return self.folder / f"{position}_{object_id}"


def _drop_scenes_from(waiting: Path, object_id: str, scenes: int) -> None:
    for folder in (waiting / object_id, waiting / FAILURES):
        for path in folder.glob("*"):
            if int(path.name.split("_")[0]) >= scenes:
                path.unlink()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)

"""What a run has done so far, kept so that it goes on where it stopped.

``index.partial.jsonl``: the header of the index, then a line for each object, as they are finished. The last
line may be torn by a crash; it is then as if it were not there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from grasp_learning.datasets.index_file import INDEX_FILE
from grasp_perception.configuration import Configuration
from grasp_sim.closable import Closable
from grasp_sim.dataset.index import Header, as_line, parse_line
from grasp_sim.dataset.line_file import FolderError, LineFile
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.settings import Recipe

NAME = "index.partial.jsonl"


class Entry(Configuration):
    """What came of one mesh."""

    position: int
    """In the order in which the run goes through the meshes."""
    name: str
    """In the source."""
    object: str = ""
    """Hash of its content; "" if it was rejected."""
    records: tuple[SceneRecord, ...] = ()
    rejection: str = ""
    """Why it cannot be used, with the file; "" if it can."""


class Journal(Closable):
    """The journal of a run, which holds the folder for itself while it is open.

    Attributes:
        entries: By position, as read and as added.
    """

    def __init__(self, root: Path, recipe: Recipe) -> None:
        """Open the journal of a folder, or begin it.

        Raises:
            FolderError: Another run writes there, or has written something else.
        """
        self._file = LineFile(root / NAME)
        self.path = self._file.path
        self.entries: dict[int, Entry] = {}
        try:
            lines = self._file.read()
            if not lines:
                self._file.add(as_line(Header.of(recipe)))
            else:
                compare(lines[0], recipe, self.path)
            for number, line in enumerate(lines[1:], 2):
                entry: Entry = parse_line(Entry, line, self.path, number)
                self.entries[entry.position] = entry
        except BaseException:
            self._file.close()
            raise

    def add(self, entry: Entry) -> None:
        """Remember what came of a mesh.

        Raises:
            OSError: The disk is full.
        """
        self._file.add(as_line(entry))
        self.entries[entry.position] = entry

    def remove(self) -> None:
        """The run is done."""
        self._file.remove()

    def close(self) -> None:
        """Let others have the folder."""
        self._file.close()


def is_finished(root: Path, recipe: Recipe) -> bool:
    """Whether a folder holds the whole dataset of a recipe already.

    Raises:
        FolderError: It holds something else.
    """
    if (root / NAME).exists():
        return False
    finished = root / INDEX_FILE
    if finished.exists():
        compare(finished.read_text().partition("\n")[0], recipe, finished)
        return True
    if root.is_dir() and any(root.iterdir()):
        raise FolderError(f"{root} is not empty, and nothing there says that it is a dataset: take another folder")
    if root.exists() and not root.is_dir():
        raise FolderError(f"{root} is a file: a dataset needs a folder")
    return False


def compare(line: str, recipe: Recipe, path: Path) -> None:
    """Refuse to go on with another recipe than the one a header line tells of.

    Raises:
        FolderError: They differ; the message lists where.
    """
    try:
        Header.model_validate_json(line)
        there = json.loads(line)
    except (ValidationError, ValueError) as error:
        raise FolderError(f"{path}:1 is not the header of a dataset of this version: take another folder") from error
    here = json.loads(as_line(Header.of(recipe)))
    differences = [f"{key}: {old} there, {new} here" for key, old, new in _differences(there, here)]
    if differences:
        raise FolderError(
            f"{path} was begun with other settings, and one dataset has one recipe: " + "; ".join(differences)
            + ". Use those, or take another folder"
        )  # fmt: skip


def _differences(there: Any, here: Any, key: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(there, dict) and isinstance(here, dict):
        names = [*there, *(name for name in here if name not in there)]
        return [
            difference
            for name in names
            for difference in _differences(
                there.get(name, "nothing"), here.get(name, "nothing"), f"{key}.{name}" if key else name
            )
        ]
    return [] if there == here else [(key, there, here)]

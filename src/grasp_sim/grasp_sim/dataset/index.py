"""The index of a dataset: what it was made by, and where everything in each scene was.

``index.jsonl``: a header, then a `SceneRecord` a line, ordered by object and index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.index_file import FORMAT, INDEX_FILE, VERSION, require_version
from grasp_perception.configuration import Configuration, reasons
from grasp_perception.files import write_atomically
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.settings import Recipe


class Header(Recipe):
    """The first line: the recipe, and how to read on."""

    format: Literal["grasp-dataset"] = FORMAT
    version: Literal[2] = VERSION

    @classmethod
    def of(cls, recipe: Recipe) -> Header:
        """The header of a dataset made by a recipe."""
        return cls(**{name: getattr(recipe, name) for name in Recipe.model_fields})


class DatasetIndexError(ValueError):
    """An index cannot be read; the message names file, line and reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Of a whole dataset."""

    header: Header
    records: tuple[SceneRecord, ...]

    @classmethod
    def of(cls, recipe: Recipe, records: Iterable[SceneRecord]) -> Index:
        """The index of scenes made by a recipe, ordered."""
        ordered = sorted(records, key=lambda record: (record.object, record.index))
        return cls(Header.of(recipe), tuple(ordered))

    def by_id(self) -> dict[str, SceneRecord]:
        """The records by the ids of their scenes."""
        return {record.id: record for record in self.records}


def write_index(root: Path, index: Index) -> None:
    """Write the index of a dataset."""
    write_atomically(root / INDEX_FILE, "".join(map(as_line, (index.header, *index.records))).encode())


def read_index(root: Path) -> Index:
    """Read the index of a dataset.

    Raises:
        DatasetIndexError: There is none, it is of another version, or a line is wrong.
    """
    path = root / INDEX_FILE
    try:
        require_version(path)
    except DatasetError as error:
        raise DatasetIndexError(str(error)) from None
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise DatasetIndexError(f"{path} cannot be read: {error.strerror}; is it this factory's?") from error
    except UnicodeDecodeError as error:
        raise DatasetIndexError(f"{path}: not a text file: {error}") from error
    header = parse_line(Header, lines[0] if lines else "", path, 1)
    records = tuple(parse_line(SceneRecord, line, path, number) for number, line in enumerate(lines[1:], 2))
    return Index(header, records)


def as_line(content: Configuration | dict[str, Any]) -> str:
    """One line of JSON; numbers keep every bit."""
    plain = content.model_dump(mode="json") if isinstance(content, Configuration) else content
    return json.dumps(plain, separators=(",", ":"), allow_nan=False) + "\n"


def parse_line(kind: type[Any], line: str, path: Path, number: int) -> Any:
    """The content of a line.

    Raises:
        DatasetIndexError: It is not JSON, or not of that kind.
    """
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise DatasetIndexError(f"{path}:{number}: {reasons(error, 'the line')}") from error

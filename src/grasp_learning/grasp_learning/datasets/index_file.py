"""The index of a generated dataset, as far as it can be read without the factory that wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from grasp_learning.datasets.errors import DatasetError

INDEX_FILE = "index.jsonl"
FORMAT: Literal["grasp-dataset"] = "grasp-dataset"
VERSION: Literal[2] = 2
"""In the annotations of version 1, theta had the opposite of Jacquard's sign."""


def require_version(path: Path) -> None:
    """Refuse a dataset whose annotations mean something else; a first line that says nothing of it passes.

    Raises:
        DatasetError: Its index is of another version.
    """
    try:
        with path.open(encoding="utf-8") as file:
            version = json.loads(file.readline()).get("version")
    except (OSError, ValueError, AttributeError):
        return
    if isinstance(version, int) and version != VERSION:
        reason = "theta in its annotations has the opposite sign; make it again" if version < VERSION else "too new"
        raise DatasetError(f"{path}: a dataset of version {version}, not {VERSION}: {reason}")


def read_recipe(path: Path) -> dict[str, Any]:
    """What a generated dataset was made from: meshes, scenes, seed, settings.

    Raises:
        DatasetError: The first line of the index is not that.
    """
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(file.readline())
        return {name: header[name] for name in ("meshes", "scenes", "seed", "settings")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path}: its first line does not say what the dataset was made from: {error}") from error


def read_families(path: Path) -> dict[str, str]:
    """The family (source or generator) of each object of a generated dataset.

    Raises:
        DatasetError: There is no index, or a line of it is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatasetError(f"{path}: {reason}: only an index says which family an object is of") from error
    families: dict[str, str] = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            record = json.loads(line)
            families[str(record["object"])] = str(record["family"])
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{path}:{number}: not the record of a scene: {error!r}") from error
    return families

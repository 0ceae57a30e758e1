"""What can be wrong with the index of a generated dataset, and what it tells about each scene's scale."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from grasp_learning.datasets.checks.report import Problem
from grasp_learning.datasets.errors import SplitsError
from grasp_learning.datasets.index_file import FORMAT, INDEX_FILE, require_version
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper

MESHES = "meshes"


class Scale(NamedTuple):
    """Of an image."""

    focal: float
    """px"""
    ground: float
    """Pixels a metre on the ground at the optical axis: what jaw sizes are drawn with."""


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What the index tells that a check of the images needs."""

    gripper: Gripper | None = None
    """The annotations were made with; its sizes of jaw are those that were tried."""
    scales: dict[str, Scale] = field(default_factory=dict)
    """By the ids of the scenes."""
    problems: list[Problem] = field(default_factory=list)


def check_index(root: Path, scenes: Collection[str]) -> IndexFacts:
    """Compare the index, if there is one, with the scenes on disk.

    Args:
        root: Folder of the dataset.
        scenes: Ids of the scenes whose files are there.
    """
    path = root / INDEX_FILE
    return _read(root, path, set(scenes)) if path.is_file() else IndexFacts()


def check_splits(root: Path, *objects: Collection[str]) -> list[Problem]:
    """Compare the stored splits, if there are any, with the dataset's objects.

    Args:
        root: Folder of the dataset.
        objects: Names of its objects; where they may be taken in more ways than one, those of each.
    """
    path = root / SPLITS_FILE
    if not path.is_file():
        return []
    try:
        splits = ObjectSplits.load(path)
    except SplitsError as error:
        return [Problem(path, None, "wrong splits", str(error))]
    errors = []
    for names in objects:
        try:
            splits.require(names, path)
        except SplitsError as error:
            errors.append(error)
        else:
            return []
    return [Problem(path, None, "wrong splits", str(errors[0]))]


def _read(root: Path, path: Path, on_disk: set[str]) -> IndexFacts:
    problems: list[Problem] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return IndexFacts(problems=[Problem(path, None, "unreadable file", str(error))])
    facts = IndexFacts(_gripper(lines[0] if lines else "", path, problems), {}, problems)
    first_lines: dict[str, int] = {}
    without_mesh: set[str] = set()
    for number, line in enumerate(lines[1:], 2):
        try:
            record = json.loads(line)
            shown = str(record["object"])
            name = f"{int(record['index'])}_{shown}"
            facts.scales[name] = _scale(record)
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            problems.append(Problem(path, number, "wrong line in the index", f"not the record of a scene: {reason}"))
            continue
        if name in first_lines:
            message = f"the scene {name} stands in line {first_lines[name]} already"
            problems.append(Problem(path, number, "wrong line in the index", message))
            continue
        first_lines[name] = number
        if name not in on_disk:
            problems.append(Problem(path, number, "index and files differ", f"the scene {name} has no files"))
        mesh = root / MESHES / f"{shown}.obj"
        if shown not in without_mesh and not mesh.is_file():
            without_mesh.add(shown)
            problems.append(Problem(mesh, None, "missing file", "the mesh that its scenes are rebuilt from"))
    for name in sorted(on_disk - set(first_lines)):
        problems.append(Problem(path, None, "index and files differ", f"the scene {name} has files and no line"))
    return facts


def _gripper(line: str, path: Path, problems: list[Problem]) -> Gripper | None:
    try:
        header = json.loads(line)
        if header.get("format") != FORMAT:
            raise ValueError(f'it lacks "format": "{FORMAT}"')
        require_version(path)
        given = header.get("gripper")
        if given is None:
            return None
        gripper, settings = Gripper.model_validate(given), header.get("settings", {})
        tried = settings.get("jaw_sizes")
        if tried is None:
            tried = gripper.jaw_sizes or (gripper.finger_width,)
        jaws = [*tried, settings.get("test_jaw", gripper.finger_width)]
        return Gripper.model_validate(given | {"jaw_sizes": jaws})
    except (ValueError, AttributeError, TypeError) as error:  # of JSON, of the gripper, of the version
        reason = str(error).splitlines()[0]
        problems.append(Problem(path, 1, "wrong line in the index", f"not the header of a dataset: {reason}"))
        return None


def _scale(record: dict[str, Any]) -> Scale:
    pose = record["world_from_camera"]
    camera = Transform.from_quaternion(pose["rotation"], pose["translation"])
    focal = float(record["intrinsics"]["fx"])
    return Scale(focal, focal / float(-camera.translation[2] / camera.rotation[2, 2]))

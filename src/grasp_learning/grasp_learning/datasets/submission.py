"""Submission files of Jacquard's evaluation server: a grasp for each scene.

Two lines a scene: ``<i>_<object>``, then ``x;y;theta_deg;opening;jaw_size`` as in the annotations, with or
without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from grasp_learning.datasets.annotation_file import LineProblem, format_grasp, parse_grasp
from grasp_learning.datasets.errors import DatasetError
from grasp_perception.files import write_atomically
from grasp_planning.grasps import GraspRectangle, wrap_half_turn

_SCENE_ID = re.compile(r"\d+_[^;]+")


class SubmittedGrasp(NamedTuple):
    """The grasp of one scene."""

    grasp: GraspRectangle
    """As submitted: it may lie outside the image or have a negative opening."""
    line: int
    """Where it stands, counted from 1."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What could be read of a submission file, and what could not."""

    grasps: dict[str, SubmittedGrasp]
    """By the ids of the scenes, in the file's order."""
    problems: list[LineProblem]
    """Lines that were left out, and why."""


def submission_of(grasps: Mapping[str, GraspRectangle]) -> Submission:
    """The submission that `write_submission` would write, without writing it."""
    return Submission({scene: SubmittedGrasp(grasp, 2 * n) for n, (scene, grasp) in enumerate(grasps.items(), 1)}, [])


def read_submission(path: str | Path) -> Submission:
    """Read a submission file.

    Raises:
        DatasetError: The file is missing or no text. Wrong lines are collected instead.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file: {error}") from error
    return parse_submission(text)


def parse_submission(text: str) -> Submission:
    """Read a submission; blank lines are allowed anywhere.

    A wrong line costs its own scene and no other: after it, reading goes on at the next line that is the
    id of a scene. Of a scene that is there twice, the first grasp counts.
    """
    grasps: dict[str, SubmittedGrasp] = {}
    problems: list[LineProblem] = []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    first_lines: dict[str, int] = {}
    open_scene: tuple[str, int] | None = None  # its grasp is expected next
    skipping = False  # the grasp of a scene that was refused is not worth a second complaint

    def close() -> None:
        if open_scene is not None:
            problems.append(LineProblem(open_scene[1], f"the scene {open_scene[0]} has no grasp line after it"))

    for number, line in lines:
        if ";" not in line:
            close()
            open_scene, skipping = None, True
            if not _SCENE_ID.fullmatch(line):
                message = f"'{_shortened(line)}' is neither the id of a scene, <number>_<object>, nor a grasp"
                problems.append(LineProblem(number, message))
            elif line in first_lines:
                counts = "whose grasp counts" if line in grasps else "with a grasp that cannot be read"
                message = f"the scene {line} was already given in line {first_lines[line]}, {counts}"
                problems.append(LineProblem(number, message))
            else:
                first_lines[line] = number
                open_scene, skipping = (line, number), False
            continue
        if open_scene is None:
            if not skipping:
                problems.append(LineProblem(number, "a grasp without the id of its scene in the line before"))
            skipping = False
            continue
        scene = open_scene[0]
        open_scene = None
        try:
            x, y, angle, opening, jaw = parse_grasp(line)
        except ValueError as error:
            problems.append(LineProblem(number, f"scene {scene}: {error}"))
        else:
            grasps[scene] = SubmittedGrasp(GraspRectangle(x, y, wrap_half_turn(angle), opening, jaw), number)
    close()
    return Submission(grasps, problems)


def write_submission(path: Path, grasps: Mapping[str, GraspRectangle]) -> None:
    """Write a submission file; it is there whole or not at all.

    Args:
        path: Of the file.
        grasps: By the ids of the scenes.

    Raises:
        ValueError: An id is not of the form ``<number>_<object>``.
        OSError: The file cannot be written.
    """
    lines = []
    for scene, grasp in grasps.items():
        if not _SCENE_ID.fullmatch(scene):
            raise ValueError(f"'{scene}' is not the id of a scene, <number>_<object>")
        lines += [scene, format_grasp((grasp.x, grasp.y, grasp.angle, grasp.width, grasp.height))]
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

"""What can be wrong with a scene of a Jacquard-style dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import AnnotationLines, scan_grasps
from grasp_learning.datasets.checks.images import WrongFile, depth_problems, open_image, size_problems
from grasp_learning.datasets.checks.report import Problem, SceneFindings, Severity
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import (
    COLOR,
    GRASPS,
    INVALID_DEPTH,
    KINDS,
    MASK,
    PERFECT_DEPTH,
    STEREO_DEPTH,
    SceneFiles,
)
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.gripper import Gripper

ORIGINAL_SCALE = 1316.0
"""Pixels a metre in the original: its jaw of 2 cm is 26.32 px."""
ORIGINAL_SIZE = (1024, 1024)
ORIGINAL_JAWS = (0.01, 0.02, 0.03, 0.04, 0.06)
"""m."""
ORIGINAL_OPENING = 0.10
"""m."""
TOLERANCE = 0.005
"""Relative; of jaw sizes and the widest opening, whose scale in the original is inferred."""


def check_scene(
    scene: SceneFiles, kinds: frozenset[str], scale: float | None = None, gripper: Gripper | None = None
) -> SceneFindings:
    """Look at every file of a scene.

    Args:
        scene: Its files.
        kinds: Which of `KINDS` are there.
        scale: Pixels a metre on the ground, where an index tells it.
        gripper: That the annotations were made with; None for the original's.
    """
    problems = [
        Problem(scene.path(kind), None, "missing file", f"the scene {scene.id} lacks it")
        for kind in KINDS
        if kind not in kinds
    ]
    if scene.folder.name != scene.object:
        message = f"a file of the object {scene.object} lies in the folder of {scene.folder.name}"
        problems.append(Problem(scene.folder, None, "wrong folder", message))
    sizes: dict[Path, tuple[int, ...]] = {}
    for kind in (COLOR, PERFECT_DEPTH, STEREO_DEPTH, MASK):
        if kind in kinds:
            try:
                sizes[scene.path(kind)], found = _check_image(scene.path(kind), kind)
            except WrongFile as error:
                problems.append(error.problem)
            else:
                problems += found
    problems += size_problems(sizes)
    grasps = 0
    if GRASPS in kinds:
        every = list(sizes.values())
        size = max(every, key=every.count) if every else None
        if scale is None and size == ORIGINAL_SIZE and gripper is None:
            scale = ORIGINAL_SCALE
        try:
            annotations = scan_grasps(scene.grasps)
        except DatasetError as error:
            problems.append(Problem(scene.grasps, None, "unreadable file", str(error)))
        else:
            grasps = len(annotations.grasps)
            problems += _annotation_problems(scene.grasps, annotations, size, scale, gripper)
    return SceneFindings(grasps, problems)


def _check_image(path: Path, kind: str) -> tuple[tuple[int, ...], list[Problem]]:
    if kind == COLOR:
        return open_image(path, channels=3, dtype=np.uint8, what="a colour image").shape[:2], []
    if kind == MASK:
        mask = open_image(path, channels=1, dtype=np.uint8, what="a mask")
        return mask.shape, list(_mask_problems(path, mask))
    depth = open_image(path, channels=1, dtype=np.float32, what="a depth image")
    return depth.shape, list(depth_problems(path, depth, INVALID_DEPTH))


def _mask_problems(path: Path, mask: NDArray[np.uint8]) -> Iterator[Problem]:
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    others = [int(value) for value in values if value not in (0, 255)]
    if others:
        named = ", ".join(map(str, others[:3])) + (" …" if len(others) > 3 else "")
        yield Problem(path, None, "wrong values in a mask", f"a mask is 0 and 255, this one has also {named}")
    if not mask.any():
        yield Problem(path, None, "empty mask", "no pixel belongs to the object")


def _annotation_problems(
    path: Path,
    annotations: AnnotationLines,
    size: tuple[int, ...] | None,
    scale: float | None,
    gripper: Gripper | None,
) -> Iterator[Problem]:
    for line, message in annotations.problems:
        yield Problem(path, line, "wrong annotation", message)
    grasps, lines = annotations.grasps, annotations.lines
    if not len(grasps) and not annotations.problems:
        yield Problem(path, None, "no grasps", "the scene has no grasp", Severity.WARNING)
    if size is not None:
        height, width = size
        inside = ((grasps.centers >= -0.5) & (grasps.centers < (width - 0.5, height - 0.5))).all(axis=1)
        for index in np.flatnonzero(~inside):
            x, y = grasps.centers[index]
            message = f"the centre ({x:g}, {y:g}) lies outside the image of {width}x{height}"
            yield Problem(path, lines[index], "grasp outside the image", message)
    if scale is not None:
        yield from _gripper_problems(path, grasps, lines, scale, gripper)
    _, first = np.unique(grasps.values, axis=0, return_index=True)
    for index in np.setdiff1d(np.arange(len(grasps)), first):
        message = "the same grasp stands in an earlier line"
        yield Problem(path, lines[index], "grasp given twice", message, Severity.WARNING)


def _gripper_problems(
    path: Path, grasps: GraspRectangles, lines: list[int], scale: float, gripper: Gripper | None
) -> Iterator[Problem]:
    """Grasps that the gripper cannot have made; scale in pixels a metre."""
    widest = ORIGINAL_OPENING if gripper is None else gripper.max_opening
    jaws = ORIGINAL_JAWS if gripper is None else gripper.jaw_sizes or (gripper.finger_width,)
    for index in np.flatnonzero(grasps.widths > widest * scale * (1 + TOLERANCE)):
        message = (
            f"the opening of {grasps.widths[index]:g} px is {grasps.widths[index] / scale * 100:.1f} cm, "
            f"the gripper opens {widest * 100:g} cm"
        )
        yield Problem(path, lines[index], "opening wider than the gripper", message)
    known = np.array(jaws) * scale
    strange = (np.abs(grasps.heights[:, None] - known) > TOLERANCE * known).all(axis=1)
    for index in np.flatnonzero(strange):
        sizes = ", ".join(f"{jaw:.2f}" for jaw in known)
        message = f"the jaw size {grasps.heights[index]:g} px is none of the gripper's: {sizes}"
        yield Problem(path, lines[index], "unknown jaw size", message, Severity.WARNING)

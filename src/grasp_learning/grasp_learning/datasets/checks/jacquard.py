"""What can be wrong with a scene of a Jacquard-style dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import AnnotationLines, scan_grasps
from grasp_learning.datasets.checks.images import ImageType, WrongFile, depth_problems, open_image, size_problems
from grasp_learning.datasets.checks.index import Scale
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
from grasp_planning.gripper import Gripper

ORIGINAL_JAWS = (1, 2, 3, 4, 6)
"""cm. Of the original, in pixels they hang on how far away the grasp is; among themselves, on nothing."""
_TYPES: dict[str, ImageType] = {
    COLOR: ImageType(3, np.uint8, "a colour image"),
    PERFECT_DEPTH: ImageType(1, np.float32, "a depth image"),
    STEREO_DEPTH: ImageType(1, np.float32, "a depth image"),
    MASK: ImageType(1, np.uint8, "a mask"),
}
TOLERANCE = 0.005
"""Relative; of jaw sizes and the widest opening."""


def check_scene(
    scene: SceneFiles, kinds: frozenset[str], scale: Scale | None = None, gripper: Gripper | None = None
) -> SceneFindings:
    """Look at every file of a scene.

    Args:
        scene: Its files.
        kinds: Which of `KINDS` are there.
        scale: Of its images, where an index tells it.
        gripper: That the annotations were made with, likewise; see `IndexFacts`.
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
    nearest: float | None = None
    for kind in (COLOR, PERFECT_DEPTH, STEREO_DEPTH, MASK):
        if kind in kinds:
            path = scene.path(kind)
            try:
                image = open_image(path, _TYPES[kind])
            except WrongFile as error:
                problems.append(error.problem)
                continue
            sizes[path] = image.shape[:2]
            if kind == MASK:
                problems += _mask_problems(path, image)
            elif kind != COLOR:
                problems += depth_problems(path, image, INVALID_DEPTH)
            if kind == PERFECT_DEPTH:
                nearest = float(np.min(image, where=image > 0, initial=np.inf))
    problems += size_problems(sizes)
    if GRASPS not in kinds:
        return SceneFindings(0, problems)
    try:
        annotations = scan_grasps(scene.grasps)
    except DatasetError as error:
        return SceneFindings(0, [*problems, Problem(scene.grasps, None, "unreadable file", str(error))])
    every = list(sizes.values())
    size = max(every, key=every.count) if every else None
    problems += _annotation_problems(scene.grasps, annotations, size)
    if scale is None or gripper is None:
        problems += _ratio_problems(scene.grasps, annotations)
    else:
        problems += _jaw_problems(scene.grasps, annotations, scale.ground, gripper)
        if nearest is not None:
            problems += _opening_problems(scene.grasps, annotations, scale.focal / nearest, gripper.max_opening)
    return SceneFindings(len(annotations.grasps), problems)


def _mask_problems(path: Path, mask: NDArray[np.uint8]) -> Iterator[Problem]:
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    others = [int(value) for value in values if value not in (0, 255)]
    if others:
        named = ", ".join(map(str, others[:3])) + (" …" if len(others) > 3 else "")
        yield Problem(path, None, "wrong values in a mask", f"a mask is 0 and 255, this one has also {named}")
    if not mask.any():
        yield Problem(path, None, "empty mask", "no pixel belongs to the object")


def _annotation_problems(path: Path, annotations: AnnotationLines, size: tuple[int, ...] | None) -> Iterator[Problem]:
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
    _, first = np.unique(grasps.values, axis=0, return_index=True)
    for index in np.setdiff1d(np.arange(len(grasps)), first):
        message = "the same grasp stands in an earlier line"
        yield Problem(path, lines[index], "grasp given twice", message, Severity.WARNING)


def _opening_problems(path: Path, annotations: AnnotationLines, scale: float, widest: float) -> Iterator[Problem]:
    """Grasps wider than the gripper opens, even on the nearest point of the scene, where a metre has `scale` pixels."""
    widths = annotations.grasps.widths
    for index in np.flatnonzero(widths > widest * scale * (1 + TOLERANCE)):
        message = (
            f"the opening of {widths[index]:g} px is {widths[index] / scale * 100:.1f} cm on the nearest point of the "
            f"scene, the gripper opens {widest * 100:g} cm"
        )
        yield Problem(path, annotations.lines[index], "opening wider than the gripper", message)


def _jaw_problems(path: Path, annotations: AnnotationLines, ground: float, gripper: Gripper) -> Iterator[Problem]:
    """Jaws that were not tried, where a metre has `ground` pixels."""
    heights, known = annotations.grasps.heights, np.array(gripper.jaw_sizes) * ground
    for index in np.flatnonzero((np.abs(heights[:, None] - known) > TOLERANCE * known).all(axis=1)):
        sizes = ", ".join(f"{jaw:.2f}" for jaw in known)
        message = f"the jaw size {heights[index]:g} px is none of those that were tried: {sizes}"
        yield Problem(path, annotations.lines[index], "unknown jaw size", message, Severity.WARNING)


def _ratio_problems(path: Path, annotations: AnnotationLines) -> Iterator[Problem]:
    """Jaws of one grasp that are not to each other as the original's are."""
    grasps = annotations.grasps
    _, which = np.unique(grasps.values[:, :4], axis=0, return_inverse=True)
    for number in range(which.max(initial=-1) + 1):
        (lines,) = np.nonzero(which.reshape(-1) == number)
        heights = grasps.heights[lines]
        units = heights[0] / np.array(ORIGINAL_JAWS)
        multiples = heights / units[:, None]
        known = np.array(ORIGINAL_JAWS)[:, None, None]
        if not (np.abs(multiples - known) <= TOLERANCE * known).any(axis=0).all(axis=1).any():
            sizes = ", ".join(f"{height:g}" for height in heights)
            message = f"its jaw sizes, {sizes} px, are not to each other as jaws of 1, 2, 3, 4 and 6 cm"
            yield Problem(path, annotations.lines[lines[0]], "unknown jaw size", message, Severity.WARNING)

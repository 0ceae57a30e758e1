"""What can be wrong with the Cornell dataset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from grasp_learning.datasets.checks.images import ImageType, WrongFile, depth_problems, open_image
from grasp_learning.datasets.checks.report import Problem, SceneFindings, Severity
from grasp_learning.datasets.cornell import (
    BAD,
    CLOUD,
    COLOR,
    GOOD,
    OBJECT_LISTS,
    SAVED_DEPTH,
    ImageFiles,
    image_object,
    object_list,
    read_depth,
    read_objects,
)
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.point_cloud_file import HEIGHT, WIDTH, read_points
from grasp_learning.datasets.rectangle_file import read_rectangles


def check_image(image: ImageFiles, kinds: frozenset[str]) -> SceneFindings:
    """Look at every file of an image.

    Args:
        image: Its files.
        kinds: Which of `cornell.KINDS` are there.
    """
    problems = [
        Problem(image.path(kind), None, "missing file", f"the image {image.id} lacks it")
        for kind in (COLOR, CLOUD, GOOD, BAD)
        if kind not in kinds and not (kind == CLOUD and SAVED_DEPTH in kinds)
    ]
    for kind, wanted in (
        (COLOR, ImageType(3, np.uint8, "a colour image")),
        (SAVED_DEPTH, ImageType(1, np.float32, "a depth image")),
    ):
        if kind in kinds:
            path = image.path(kind)
            try:
                array = open_image(path, wanted)
            except WrongFile as error:
                problems.append(error.problem)
                continue
            if array.shape[:2] != (HEIGHT, WIDTH):
                message = f"it is {array.shape[1]}x{array.shape[0]}, the dataset's images are {WIDTH}x{HEIGHT}"
                problems.append(Problem(path, None, "sizes differ", message))
            if kind == SAVED_DEPTH:
                problems += depth_problems(path, array, None)
    if CLOUD in kinds:
        problems += _cloud_problems(image.path(CLOUD))
    grasps = 0
    for kind in (GOOD, BAD):
        if kind in kinds:
            count, found = _check_rectangles(image.path(kind), good=kind == GOOD)
            problems += found
            grasps += count if kind == GOOD else 0
    return SceneFindings(grasps, problems)


def check_objects(root: Path, images: Iterable[ImageFiles]) -> list[Problem]:
    """Compare the list of objects with the images; look for images that are there twice."""
    problems = []
    seen: dict[str, Path] = {}
    for image in images:
        if image.number in seen:
            message = f"{image.id} lies in {seen[image.number]} too"
            problems.append(Problem(image.folder, None, "image there twice", message))
        seen.setdefault(image.number, image.folder)
    path = object_list(root)
    if path is None:
        message = "without it nobody knows which object an image shows: splits can only be by image"
        problems.append(Problem(root / OBJECT_LISTS[0], None, "no list of objects", message, Severity.WARNING))
        return problems
    try:
        listed = read_objects(path)
    except DatasetError as error:
        return [*problems, _as_problem(path, error, "wrong list of objects")]
    lacking = [number for number in seen if number not in listed]
    return problems + [
        Problem(path, None, "wrong list of objects", f"the image {number} has no object") for number in lacking
    ]


def object_names(root: Path, images: Iterable[ImageFiles]) -> list[set[str]]:
    """The names that splits may be by: those of the list of objects, if it can be read, and those of the images."""
    numbers = {image.number for image in images}
    names = [{image_object(number) for number in numbers}]
    path = object_list(root)
    with contextlib.suppress(DatasetError):  # which `check_objects` tells
        if path is not None:
            names.insert(0, {name for number, name in read_objects(path).items() if number in numbers})
    return names


def _cloud_problems(path: Path) -> list[Problem]:
    try:
        if not len(read_points(path).points):
            return [Problem(path, None, "no valid depth", "the point cloud has no point")]
    except DatasetError as error:
        return [_as_problem(path, error, "wrong point cloud")]
    try:
        read_depth(path, "planar")
    except DatasetError as error:
        return [_as_problem(path, error, "camera not found", Severity.WARNING)]
    return []


def _check_rectangles(path: Path, *, good: bool) -> tuple[int, list[Problem]]:
    try:
        grasps, skipped, lines = read_rectangles(path)
    except DatasetError as error:
        return 0, [_as_problem(path, error, "wrong annotation")]
    problems = []
    if skipped:
        message = f"{skipped} of {skipped + len(grasps)} rectangles have a corner that is NaN; they are skipped"
        problems.append(Problem(path, None, "rectangle with NaN", message, Severity.WARNING))
    inside = ((grasps.centers >= -0.5) & (grasps.centers < (WIDTH - 0.5, HEIGHT - 0.5))).all(axis=1)
    for index in np.flatnonzero(~inside):
        x, y = grasps.centers[index]
        message = f"the centre ({x:g}, {y:g}) lies outside the image of {WIDTH}x{HEIGHT}"
        problems.append(Problem(path, lines[index], "grasp outside the image", message))
    for index in np.flatnonzero((grasps.values[:, 3:] <= 0).any(axis=1)):
        problems.append(Problem(path, lines[index], "wrong annotation", "the rectangle has no area"))
    if good and not len(grasps):
        problems.append(Problem(path, None, "no grasps", "the image has no grasp", Severity.WARNING))
    return len(grasps), problems


def _as_problem(path: Path, error: DatasetError, kind: str, severity: Severity = Severity.ERROR) -> Problem:
    """The line is taken out of a message ``path:line: reason``."""
    text = str(error).removeprefix(str(path))
    line, colon, reason = text.removeprefix(":").partition(":")
    if text.startswith(":") and colon and line.isdigit():
        return Problem(path, int(line), kind, reason.strip(), severity)
    return Problem(path, None, kind, text.removeprefix(":").strip(), severity)

"""What can be wrong with an image of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.checks.report import Problem, Severity
from grasp_perception.image_files import FARTHEST


class WrongFile(Exception):
    """Carries the problem that keeps a file from being looked at any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class ImageType(NamedTuple):
    """How an image is stored."""

    channels: int
    dtype: type
    name: str


def open_image(path: Path, wanted: ImageType) -> NDArray:
    """The image as it is stored.

    Raises:
        WrongFile: It cannot be decoded, or has another type or number of channels.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise WrongFile(Problem(path, None, "unreadable file", str(error.strerror))) from error
    image = None
    if content.size:
        try:
            image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        except cv2.error:
            image = None
    if image is None:
        reason = "not an image that can be decoded" if content.size else "the file is empty"
        raise WrongFile(Problem(path, None, "unreadable file", reason))
    there = 1 if image.ndim == 2 else image.shape[2]
    if there != wanted.channels or image.dtype != wanted.dtype:
        message = (
            f"{wanted.name} has {wanted.channels} channel{'s' if wanted.channels > 1 else ''} of "
            f"{np.dtype(wanted.dtype)}, this one {there} of {image.dtype}"
        )
        raise WrongFile(Problem(path, None, "wrong type of image", message))
    return image


def depth_problems(path: Path, depth: NDArray[np.float32], invalid: float | None) -> Iterator[Problem]:
    """What is wrong with the values of a depth image.

    Args:
        path: Its file.
        depth: (H, W) as stored.
        invalid: What stands where nothing was measured; None: anything that is no depth.
    """
    valid = np.isfinite(depth) & (depth > 0)
    if not valid.any():
        yield Problem(path, None, "no valid depth", "no pixel has a valid depth")
        return
    median = float(np.median(depth[valid]))
    if median > FARTHEST:
        yield Problem(
            path, None, "depth in millimetres", f"depth is in metres, but its median is {median:.0f}: divide it by 1000"
        )
    if invalid is not None:
        other = int((~valid & (depth != invalid)).sum())
        if other:
            message = (
                f"{other} pixels are 0, negative, infinite or NaN; where nothing was measured {invalid} is written"
            )
            yield Problem(path, None, "invalid depth written otherwise", message, Severity.WARNING)


def size_problems(sizes: dict[Path, tuple[int, ...]]) -> Iterator[Problem]:
    """Images that are not of the size that most of a scene's images have; of equally frequent ones, the first."""
    if not sizes:
        return
    every = list(sizes.values())
    usual = max(every, key=every.count)
    for path, (height, width) in sizes.items():
        if (height, width) != usual:
            message = f"it is {width}x{height}, the scene's other images are {usual[1]}x{usual[0]}"
            yield Problem(path, None, "sizes differ", message)

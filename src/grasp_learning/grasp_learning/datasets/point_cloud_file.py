"""Cornell's point clouds: PCD v0.7 in text, a point a line, with the pixel that saw it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.errors import DatasetError

WIDTH, HEIGHT = 640, 480
NEEDED = ("x", "y", "z", "index")


class PixelPoints(NamedTuple):
    """Points with the pixels that saw them."""

    points: NDArray[np.float64]
    """(N, 3) metres, in the frame of the file: by the readme of the dataset, the robot's base."""
    columns: NDArray[np.int64]
    """(N,)"""
    rows: NDArray[np.int64]
    """(N,)"""


def read_points(path: Path) -> PixelPoints:
    """Read a point cloud; points with NaN are left out.

    Raises:
        DatasetError: The file is missing or no such point cloud; names the line where one is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    names, count, start = _header(content, path)
    values = _numbers(content[start:])
    if values is None or values.size != count * len(names):
        raise DatasetError(_what_is_wrong(content, path, len(names), count))
    table = values.reshape(-1, len(names))
    index = table[:, names.index("index")]
    outside = ~((index >= 0) & (index < WIDTH * HEIGHT))
    if outside.any():
        first = int(np.argmax(outside))
        line = content[:start].count(b"\n") + first + 1
        raise DatasetError(f"{path}:{line}: the index {index[first]:g} is no pixel of a {WIDTH}x{HEIGHT} image")
    points = table[:, [names.index(name) for name in "xyz"]]
    there = np.isfinite(points).all(axis=1)
    rows, columns = np.divmod(index[there].astype(np.int64), WIDTH)
    return PixelPoints(points[there] / 1000, columns, rows)


def _header(content: bytes, path: Path) -> tuple[list[str], int, int]:
    """Names of the fields, number of points, and where the data begins."""
    fields: list[str] | None = None
    count: int | None = None
    start = 0
    for line in content[:10_000].splitlines(keepends=True):
        start += len(line)
        words = line.decode("ascii", "replace").split()
        if words[:1] == ["FIELDS"]:
            fields = words[1:]
        elif words[:1] == ["POINTS"] and words[1:] and words[1].isdigit():
            count = int(words[1])
        elif words[:1] == ["DATA"]:
            if words[1:] != ["ascii"]:
                raise DatasetError(f"{path}: its data is {' '.join(words[1:])}, only ascii can be read")
            break
    else:
        raise DatasetError(f"{path}: not a point cloud in PCD format: it has no line 'DATA ascii'")
    if fields is None or count is None or not set(NEEDED) <= set(fields):
        raise DatasetError(f"{path}: its header lacks POINTS, or FIELDS with {', '.join(NEEDED)}")
    return fields, count, start


def _numbers(text: bytes) -> NDArray[np.float64] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # what cannot be read is one, in NumPy 2
        try:
            return np.fromstring(text, sep=" ")
        except (DeprecationWarning, ValueError):
            return None


def _what_is_wrong(content: bytes, path: Path, fields: int, count: int) -> str:
    """Slow, and only for files that are known to be wrong."""
    lines = content.decode("ascii", "replace").splitlines()
    start = next(number for number, line in enumerate(lines, 1) if line.split()[:1] == ["DATA"])
    there = 0
    for number, line in enumerate(lines[start:], start + 1):
        words = line.split()
        if not words:
            continue
        try:
            numbers = [float(word) for word in words]
        except ValueError as error:
            return f"{path}:{number}: not a line of numbers: {error}"
        if len(numbers) != fields:
            return f"{path}:{number}: a point has {fields} numbers, got {len(numbers)}"
        there += 1
    return f"{path}: its header says {count} points, but there are {there}: was the file cut off?"

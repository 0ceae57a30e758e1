"""Jacquard's annotation files: one grasp a line, ``x;y;theta_deg;opening;jaw_size``.

Pixels of the image (1024 x 1024 in the original); theta in degrees, from +x to +y, which is down, as the angle of
`GraspRectangle`; opening along that axis, jaw size across it. A grasp that works with several jaw sizes has a line
for each.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.files import write_atomically

FIELDS = ("x", "y", "theta", "opening", "jaw size")
DECIMALS = 5
"""The original's: a hundred-thousandth of a pixel or degree."""

Row = tuple[float, float, float, float, float]


class LineProblem(NamedTuple):
    """What is wrong with a line of a file."""

    line: int
    """Counted from 1."""
    message: str


class AnnotationLines(NamedTuple):
    """An annotation file, with its mistakes."""

    grasps: GraspRectangles
    """Of the lines that could be read."""
    lines: list[int]
    """Where each of them stands, counted from 1."""
    problems: list[LineProblem]
    """Of the other lines that are not blank."""


def parse_grasp(line: str) -> Row:
    """A line as a row of `GraspRectangles`: x, y, angle (rad), opening, jaw size.

    Spaces around the numbers are allowed.

    Raises:
        ValueError: The number of fields is wrong, or one is no number or not finite.
    """
    texts = [text.strip() for text in line.split(";")]
    if len(texts) != len(FIELDS):
        raise ValueError(f"a grasp has {len(FIELDS)} fields (x;y;theta;opening;jaw size), got {len(texts)}")
    values = []
    for name, text in zip(FIELDS, texts):
        try:
            value = float(text)
        except ValueError as error:
            raise ValueError(f"{name} is '{text}', not a number") from error
        if not np.isfinite(value):
            raise ValueError(f"{name} is {text}")
        values.append(value)
    x, y, theta, opening, jaw = values
    return x, y, float(np.radians(theta)), opening, jaw


def theta_degrees(angle: float) -> float:
    """The theta of an angle (rad), in (-90, 90] as in the original."""
    theta = round(float(np.degrees(angle)), DECIMALS) + 0.0  # no -0.0
    return 90.0 if theta <= -90.0 else theta


def format_grasp(row: Row) -> str:
    """The line of a row of `GraspRectangles`, without its end, in the original's format."""
    x, y, angle, opening, jaw = (float(value) for value in row)
    numbers = (x, y, theta_degrees(angle), opening, jaw)
    return ";".join(repr(round(number, DECIMALS) + 0.0) for number in numbers)  # + 0.0: no "-0.0"


def scan_grasps(path: Path) -> AnnotationLines:
    """Read an annotation file with all its mistakes; blank lines are allowed.

    Raises:
        DatasetError: The file is missing or no text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file: {error}") from error
    rows, lines, problems = [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = parse_grasp(line)
            for name, value in zip(FIELDS[3:], row[3:]):
                if value <= 0:
                    raise ValueError(f"{name} is {value}, must be positive")
        except ValueError as error:
            problems.append(LineProblem(number, str(error)))
        else:
            rows.append(row)
            lines.append(number)
    return AnnotationLines(GraspRectangles(np.array(rows)), lines, problems)


def read_grasps(path: Path) -> GraspRectangles:
    """Read an annotation file; an empty one holds no grasps.

    Raises:
        DatasetError: The file is missing, or a line is wrong: the message gives its number and the reason.
    """
    grasps, _, problems = scan_grasps(path)
    if problems:
        line, message = problems[0]
        more = f" (and {len(problems) - 1} more lines are wrong)" if len(problems) > 1 else ""
        raise DatasetError(f"{path}:{line}: {message}{more}")
    return grasps


def write_grasps(path: Path, grasps: GraspRectangles) -> None:
    """Write an annotation file; it is there whole or not at all.

    Raises:
        ValueError: A grasp is not finite, or its opening or jaw size is not positive.
        OSError: The file cannot be written.
    """
    smallest = 10.0**-DECIMALS
    if not np.isfinite(grasps.values).all() or (grasps.values[:, 3:] < smallest).any():
        raise ValueError(f"{path}: grasps to be written are finite, with positive opening and jaw size")
    write_atomically(path, "".join(f"{format_grasp(row)}\n" for row in grasps.values).encode())

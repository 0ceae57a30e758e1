"""Annotation files: conventions, round trips, and what is said about wrong lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.annotation_file import (
    format_grasp,
    parse_grasp,
    read_grasps,
    scan_grasps,
    write_grasps,
)
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.rectangles import GraspRectangles

LINE = "575.0;521.69834;90.0;131.095;26.3213"
"""Of the original."""


def test_a_line_of_the_original(tmp_path: Path) -> None:
    path = tmp_path / "0_x_grasps.txt"
    path.write_text(LINE + "\n")
    np.testing.assert_allclose(read_grasps(path).values, [[575.0, 521.69834, -np.pi / 2, 131.095, 26.3213]])
    write_grasps(path, read_grasps(path))
    assert path.read_text() == LINE + "\n"


@pytest.mark.parametrize(("theta", "angle"), [(0.0, 0.0), (30.0, np.pi / 6), (-45.0, -np.pi / 4), (89.99, 1.57062179)])
def test_angles_are_those_of_the_image(theta: float, angle: float) -> None:
    assert parse_grasp(f"1;2;{theta};3;4")[2] == pytest.approx(angle, abs=1e-8)
    assert format_grasp((1, 2, angle, 3, 4)) == f"1.0;2.0;{theta};3.0;4.0"


def test_the_opening_runs_where_the_original_runs_it() -> None:
    """theta = 30 degrees: to the right and down. GG-CNN reads it so: its angle is -theta with y up, and the ends of
    a grasp lie at columns x ± w/2 cos(-theta) and rows y ∓ w/2 sin(-theta)."""
    grasps = GraspRectangles(np.array([parse_grasp("100;100;30;40;10")]))
    along = grasps.corners[0, 1] - grasps.corners[0, 0]
    np.testing.assert_allclose(along, [40 * np.cos(np.pi / 6), 20], atol=1e-9)
    np.testing.assert_allclose(along, [40 * np.cos(np.radians(-30)), -40 * np.sin(np.radians(-30))], atol=1e-9)


def test_numbers_are_written_as_the_original_writes_them() -> None:
    row = (575.0, 521.698341, -np.pi / 2 + 1e-12, 131.0949999, 26.321300001)
    assert format_grasp(row) == LINE  # an angle that rounds to -90 degrees is +90
    assert format_grasp((0.0, -1e-9, 0.0, 1.0, 2.0)) == "0.0;0.0;0.0;1.0;2.0"


def test_round_trip_of_many(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = np.column_stack(
        [rng.uniform(0, 1024, (500, 2)), rng.uniform(-np.pi / 2, np.pi / 2, 500), rng.uniform(1, 132, (500, 2))]
    )
    path = tmp_path / "grasps.txt"
    write_grasps(path, GraspRectangles(values))
    again = read_grasps(path)
    np.testing.assert_allclose(again.values, values, atol=5.1e-6)
    text = path.read_text()
    write_grasps(path, again)
    assert path.read_text() == text


def test_spaces_blank_lines_and_other_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "grasps.txt"
    path.write_bytes(b"\n 1.5 ; 2 ;0; 3;4 \r\n\r\n1;2;0;3;5\n   \n")
    np.testing.assert_array_equal(read_grasps(path).values, [[1.5, 2, 0, 3, 4], [1, 2, 0, 3, 5]])
    assert scan_grasps(path).lines == [2, 4]


def test_an_empty_file_holds_no_grasps(tmp_path: Path) -> None:
    path = tmp_path / "grasps.txt"
    write_grasps(path, GraspRectangles.empty())
    assert path.read_bytes() == b""
    assert len(read_grasps(path)) == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1;2;3;4", "a grasp has 5 fields (x;y;theta;opening;jaw size), got 4"),
        ("1;2;3;4;5;6", "got 6"),
        ("1,2,3,4,5", "got 1"),
        ("1;two;3;4;5", "y is 'two', not a number"),
        ("1;2;;4;5", "theta is '', not a number"),
        ("1;2;3;nan;5", "opening is nan"),
        ("inf;2;3;4;5", "x is inf"),
        ("1;2;3;0;5", "opening is 0.0, must be positive"),
        ("1;2;3;-4;5", "opening is -4.0, must be positive"),
        ("1;2;3;4;-5", "jaw size is -5.0, must be positive"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "grasps.txt"
    path.write_text(f"{LINE}\n\n{line}\n{LINE}\nnothing\n")
    with pytest.raises(DatasetError) as error:
        read_grasps(path)
    assert str(error.value).startswith(f"{path}:3: ")
    assert reason in str(error.value)
    assert str(error.value).endswith("(and 1 more lines are wrong)")
    scanned = scan_grasps(path)
    assert [problem.line for problem in scanned.problems] == [3, 5]
    assert scanned.lines == [1, 4]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No such file"):
        read_grasps(tmp_path / "no.txt")
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(DatasetError, match="not a text file"):
        read_grasps(tmp_path / "image.txt")


@pytest.mark.parametrize("row", [[1, 2, 0, 0, 5], [1, 2, 0, 4, -1], [np.nan, 2, 0, 4, 5], [1, 2, 0, 1e-6, 5]])
def test_what_could_not_be_read_is_not_written(tmp_path: Path, row: list[float]) -> None:
    path = tmp_path / "grasps.txt"
    with pytest.raises(ValueError, match="finite, with positive opening"):
        write_grasps(path, GraspRectangles(np.array([row])))
    assert not path.exists()

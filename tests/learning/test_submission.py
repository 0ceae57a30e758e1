"""Submission files: both ways of writing, and wrong lines that cost their own scene only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.submission import parse_submission, read_submission, write_submission
from grasp_planning.grasps import GraspRectangle

HASH = "1a2b3c4d5e6f708192a3b4c5d6e7f809"


@pytest.mark.parametrize("separator", [";", "; ", " ; "])
def test_with_and_without_spaces(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "submission.txt"
    path.write_text(f"0_{HASH}\n" + separator.join(["546.13", "522.24", "28.39", "115.97", "57.99"]) + "\n")
    submission = read_submission(path)
    assert submission.problems == []
    grasp, line = submission.grasps[f"0_{HASH}"]
    assert line == 2
    assert (grasp.x, grasp.y, grasp.width, grasp.height) == (546.13, 522.24, 115.97, 57.99)
    assert grasp.angle == pytest.approx(np.radians(28.39))


def test_angles_are_folded_and_odd_grasps_are_kept_for_the_judge() -> None:
    submission = parse_submission("0_a\n-5;2000;-120;-7.94;0\n")
    grasp = submission.grasps["0_a"].grasp
    assert grasp.angle == pytest.approx(np.radians(180 - 120))
    assert (grasp.x, grasp.y, grasp.width, grasp.height) == (-5, 2000, -7.94, 0)


@pytest.mark.parametrize("name", [HASH, "coffee mug"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(1)
    grasps = {
        f"{index}_{name}": GraspRectangle(*rng.uniform(0, 1024, 2), rng.uniform(-1.57, 1.57), *rng.uniform(1, 130, 2))
        for index in range(50)
    }
    path = tmp_path / "submission.txt"
    write_submission(path, grasps)
    submission = read_submission(path)
    assert submission.problems == [] and list(submission.grasps) == list(grasps)
    for scene, (grasp, _) in submission.grasps.items():
        want = grasps[scene]
        assert (grasp.x, grasp.y, grasp.width) == pytest.approx((want.x, want.y, want.width), abs=5.1e-6)
        assert grasp.angle == pytest.approx(want.angle, abs=1e-7)


def test_every_wrong_line_is_told_and_the_rest_is_kept() -> None:
    good = "1;2;0;4;5"
    lines = [
        "0_a",  # 1
        good,
        "1_a",  # 3: four fields
        "1;2;0;4",
        "2_a",  # 5: no number
        "1;2;x;4;5",
        "3_a",  # 7: NaN
        "1;2;nan;4;5",
        "hello world",  # 9: no scene; its grasp is not told again
        good,
        "0_a",  # 11: there already
        "9;9;0;9;9",
        "4_a",  # 13: no grasp
        "5_a",
        good,
        good,  # 16: of which scene?
        "",
        "6_a",  # 18: blank lines are allowed
        "",
        good,
        "1,2,0,4,5",  # 21: commas
        "7_a",  # 22: the file ends
    ]
    submission = parse_submission("\r\n".join(lines))
    assert {scene: grasp.line for scene, grasp in submission.grasps.items()} == {"0_a": 2, "5_a": 15, "6_a": 20}
    assert submission.grasps["0_a"].grasp.x == 1
    assert [tuple(problem) for problem in submission.problems] == [
        (4, "scene 1_a: a grasp has 5 fields (x;y;theta;opening;jaw size), got 4"),
        (6, "scene 2_a: theta is 'x', not a number"),
        (8, "scene 3_a: theta is nan"),
        (9, "'hello world' is neither the id of a scene, <number>_<object>, nor a grasp"),
        (11, "the scene 0_a was already given in line 1, whose grasp counts"),
        (13, "the scene 4_a has no grasp line after it"),
        (16, "a grasp without the id of its scene in the line before"),
        (21, "'1,2,0,4,5' is neither the id of a scene, <number>_<object>, nor a grasp"),
        (22, "the scene 7_a has no grasp line after it"),
    ]


def test_a_scene_whose_grasp_was_wrong_may_not_be_given_again() -> None:
    submission = parse_submission("0_a\nx;2;0;4;5\n0_a\n1;2;0;4;5\n")
    assert submission.grasps == {}
    assert [problem.line for problem in submission.problems] == [2, 3]
    assert (
        submission.problems[1].message == "the scene 0_a was already given in line 1, with a grasp that cannot be read"
    )


def test_long_lines_are_shortened() -> None:
    (problem,) = parse_submission("x" * 10_000).problems
    assert len(problem.message) < 140 and "…" in problem.message


def test_empty_missing_and_binary_files(tmp_path: Path) -> None:
    assert parse_submission("").grasps == {}
    with pytest.raises(DatasetError, match="No such file"):
        read_submission(tmp_path / "no.txt")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(DatasetError, match="not a text file"):
        read_submission(tmp_path / "image.png")
    (tmp_path / "bom.txt").write_bytes("0_a\n1;2;0;4;5\n".encode("utf-8-sig"))
    assert list(read_submission(tmp_path / "bom.txt").grasps) == ["0_a"]


def test_an_id_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'a_b' is not the id of a scene"):
        write_submission(tmp_path / "s.txt", {"a_b": GraspRectangle(1, 2, 0, 4, 5)})
    assert not (tmp_path / "s.txt").exists()

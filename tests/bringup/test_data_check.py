"""`grasp data check` and `grasp data split` on tiny folders."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from grasp_bringup.cli.app import application
from grasp_learning.datasets.jacquard import SceneFiles, write_color, write_depth, write_mask
from grasp_learning.datasets.splits import ObjectSplits

OBJECTS = [f"{letter}" * 32 for letter in "0123456789"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in OBJECTS:
        files = SceneFiles(tmp_path / "dataset" / name, 0, name)
        files.folder.mkdir(parents=True)
        write_color(files.color, np.zeros((8, 8, 3), np.uint8))
        write_depth(files.perfect_depth, np.full((8, 8), 1.5))
        write_depth(files.stereo_depth, np.full((8, 8), 1.5))
        write_mask(files.mask, np.eye(8, dtype=np.bool_))
        files.grasps.write_text("4;4;0;3;2\n")
    return tmp_path / "dataset"


def run(command: str, *arguments: object):
    words = [*command.split(), *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "200"}).invoke(application(command), words)


def test_nothing_is_wrong(folder: Path, tmp_path: Path) -> None:
    result = run("data check", folder, "--json", tmp_path / "out/report.json")
    assert result.exit_code == 0, result.output
    assert "jacquard format, scenes: 10, grasps: 10" in result.output
    assert "Nothing is wrong." in result.output
    assert json.loads((tmp_path / "out/report.json").read_text())["problems"] == []


def test_errors_are_grouped_and_the_first_of_each_shown(folder: Path, tmp_path: Path) -> None:
    for name in OBJECTS[:7]:
        (folder / name / f"0_{name}_grasps.txt").write_text("4;4;0;3;2\n[not] a grasp\n")
    (folder / OBJECTS[9] / f"0_{OBJECTS[9]}_RGB.png").write_bytes(b"no image")
    result = run("data check", folder, "--show", 2, "--json", tmp_path / "report.json")
    assert result.exit_code == 1
    assert f"0_{OBJECTS[1]}_grasps.txt:2: a grasp has 5 fields" in result.output
    assert f"0_{OBJECTS[2]}_grasps.txt" not in result.output
    assert "… and 5 more" in result.output
    assert "not an image that can be decoded" in result.output
    assert "Errors: 8, warnings: 0." in result.output
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["counts"] == {"wrong annotation": 7, "unreadable file": 1}
    assert len(content["problems"]) == 8


def test_warnings_alone_are_no_failure(folder: Path) -> None:
    (folder / OBJECTS[0] / f"0_{OBJECTS[0]}_grasps.txt").write_text("")
    result = run("data check", folder)
    assert result.exit_code == 0
    assert "the scene has no grasp" in result.output and "Errors: 0, warnings: 1." in result.output


def test_no_dataset(tmp_path: Path) -> None:
    result = run("data check", tmp_path)
    assert result.exit_code == 2
    assert "no dataset of grasps" in result.output
    assert run("data check", tmp_path / "no").exit_code == 2


def test_a_report_that_cannot_be_written(folder: Path) -> None:
    result = run("data check", folder, "--json", folder)
    assert result.exit_code == 2
    assert f"cannot write {folder}: Is a directory" in result.output.replace("\n", "")


def test_splits_are_drawn_once(folder: Path) -> None:
    result = run("data split", folder, "--seed", 4, "--validation", 0.2, "--test", 0.3)
    assert result.exit_code == 0, result.output
    splits = ObjectSplits.load(folder / "splits.json")
    assert splits == ObjectSplits.create(OBJECTS, (0.5, 0.2, 0.3), 4)
    assert "train" in result.output
    again = run("data split", folder, "--seed", 5)
    assert again.exit_code == 2 and "is there already" in again.output
    assert ObjectSplits.load(folder / "splits.json") == splits
    assert run("data split", folder, "--seed", 5, "--replace").exit_code == 0
    assert ObjectSplits.load(folder / "splits.json").seed == 5


def test_families_held_out(folder: Path) -> None:
    result = run("data split", folder, "--held-out", "cup")
    assert result.exit_code == 2 and "only an index says which family" in result.output
    records = [{"object": name, "family": "cup" if name < OBJECTS[2] else "bowl"} for name in OBJECTS]
    (folder / "index.jsonl").write_text("\n".join(["{}", *map(json.dumps, records)]))
    assert run("data split", folder, "--held-out", "cup").exit_code == 0
    splits = ObjectSplits.load(folder / "splits.json")
    assert set(OBJECTS[:2]) < set(splits.test) and len(splits.test) == 4
    assert splits.held_out == ("cup",)
    result = run("data split", folder, "--held-out", "cup", "--test", "0.5", "--replace")
    assert result.exit_code == 2 and "leave out --test" in result.output
    result = run("data split", folder, "--held-out", "plate", "--replace")
    assert result.exit_code == 2 and "there are: bowl, cup" in result.output
    (folder / "index.jsonl").write_text("{}\n{}\n")
    result = run("data split", folder, "--held-out", "cup", "--replace")
    assert result.exit_code == 2 and "index.jsonl:2: not the record of a scene" in result.output


def test_no_dataset_to_split(tmp_path: Path) -> None:
    result = run("data split", tmp_path)
    assert result.exit_code == 2 and "no dataset of grasps" in result.output
    cv2.imwrite(str(tmp_path / "pcd0100r.png"), np.zeros((4, 4, 3), np.uint8))
    result = run("data split", tmp_path)
    assert result.exit_code == 2 and "lack a file" in result.output

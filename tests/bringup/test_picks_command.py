"""`grasp picks`: the same picks every time, without ROS."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner

from grasp_bringup.cli import picks as picks_command
from grasp_execution.pick import Pick
from grasp_perception.outcomes import Outcome

runner = CliRunner()
app = typer.Typer()
app.command()(picks_command.command)


def test_picks_are_counted_pictured_and_repeated(tmp_path: Path) -> None:
    arguments = ["--object", "box_small", "--object", "cube_medium", "--planner", "antipodal", "--seed", "4"]
    contents = []
    for name in ("one", "two"):
        result = runner.invoke(app, [*arguments, "--json", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        assert "In the bin: 2/2 = 100%" in result.output
        contents.append(json.loads((tmp_path / name).read_text()))
    assert contents[0] == contents[1]
    assert contents[0]["success_rate"] == 1.0 and contents[0]["ci95"][0] == pytest.approx(0.342, abs=1e-3)
    assert [pick["object"] for pick in contents[0]["picks"]] == ["box_small", "cube_medium"]
    assert all(5 < pick["robot_seconds"] < 60 for pick in contents[0]["picks"])


def test_a_failure_is_told_and_pictured(tmp_path: Path) -> None:
    arguments = ["--object", "box_small", "--planner", "antipodal", "--option", "min_object_height=0.2"]
    (tmp_path / "0007_box_large.png").touch()  # of an earlier run
    result = runner.invoke(app, [*arguments, "--pictures", str(tmp_path), "--json", str(tmp_path / "picks.json")])
    assert result.exit_code == 0 and "0/1 = 0%" in result.output and "1 NO_OBJECT" in result.output
    (pick,) = json.loads((tmp_path / "picks.json").read_text())["picks"]
    assert (pick["success"], pick["outcome"], pick["failed_stage"]) == (False, Outcome.NO_OBJECT.name, "plan_grasp")
    assert cv2.imread(str(tmp_path / "0001_box_small.png")).shape[:2] == (480, 640)
    assert not (tmp_path / "0007_box_large.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--picks", "9999"], "there are 995 random shapes to draw from, 9999 were asked for"),
        (["--planner", "nope"], "no grasp planner is named 'nope'"),
        (["--arm", "nope"], "config/arms has no 'nope'; there are: widowx"),
        (["--camera", "nope"], "config/cameras has no 'nope'; there are: jacquard, spectator, widowx, widowx_hand"),
        (["--option", "x"], "an option is NAME=VALUE, got 'x'"),
        (["--planner", "antipodal", "--object", "nope"], "there is no object 'nope'"),
    ],
)
def test_bad_input(arguments: list[str], message: str) -> None:
    result = runner.invoke(app, ["--picks", "1", *arguments])
    assert result.exit_code == 2 and message in " ".join(result.output.split())


def test_an_interrupted_run_reports_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, count = Pick.run, 0

    def interrupted(self: Pick, *given: object) -> object:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return run(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Pick, "run", interrupted)
    arguments = ["--object", "box_small", "--object", "cube_medium", "--planner", "antipodal", "--seed", "4"]
    result = runner.invoke(app, [*arguments, "--json", str(tmp_path / "picks.json")])
    assert result.exit_code == 130 and "Interrupted; reporting what was done." in result.output
    content = json.loads((tmp_path / "picks.json").read_text())
    assert len(content["picks"]) == 1 and content["asked"] == 2


def test_a_folder_for_pictures_that_is_none_is_told_before_anything_is_picked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pick, "run", None)
    (tmp_path / "file").touch()
    arguments = ["--object", "box_small", "--planner", "antipodal", "--pictures", str(tmp_path / "file")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2 and "File exists" in result.output


def test_what_was_picked_before_bad_input_is_not_lost(tmp_path: Path) -> None:
    arguments = ["--object", "box_small", "--object", "nope", "--planner", "antipodal", "--seed", "4"]
    result = runner.invoke(app, [*arguments, "--json", str(tmp_path / "picks.json")])
    assert result.exit_code == 2 and "there is no object 'nope'" in result.output and "1/1 = 100%" in result.output
    assert len(json.loads((tmp_path / "picks.json").read_text())["picks"]) == 1


def test_a_result_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    arguments = ["--object", "box_small", "--planner", "antipodal", "--seed", "4", "--json", str(tmp_path / "file/x")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2 and "1/1 = 100%" in result.output and "cannot write" in result.output


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "file"))
    result = runner.invoke(app, ["--picks", "1", "--planner", "antipodal"])
    assert result.exit_code == 2
    assert str(tmp_path / "file") in " ".join(result.output.split())

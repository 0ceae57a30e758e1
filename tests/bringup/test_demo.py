"""The demo's report and pictures."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import cv2
import numpy as np
import pytest
import rclpy
import typer
from action_msgs.msg import GoalStatus
from rclpy.task import Future
from rich.console import Console
from typer.testing import CliRunner

from grasp_bringup.cli import demo
from grasp_bringup.demo.pictures import draw_pick, draw_summary
from grasp_bringup.demo.push import LENGTH, draw_push
from grasp_bringup.demo.report import report, tables
from grasp_bringup.demo.session import AnotherStack, PickRecord, PickSession, SessionError, Sight, Tracking
from grasp_msgs.action import Pick
from grasp_msgs.srv import ResetScene
from grasp_perception.outcomes import Outcome
from grasp_planning.workcell import Box


def record(name: str, outcome: Outcome, *, in_bin: bool, failed_stage: str = "") -> PickRecord:
    return PickRecord(
        object=name,
        outcome=outcome,
        message="as it is",
        success=outcome is Outcome.SUCCESS,
        gripper_success=True,
        in_bin=in_bin,
        failed_stage=failed_stage,
        stage_seconds={"home": 0.5, "capture": 0.12345},
        seconds=3.0,
        pictures={"grasp": np.zeros((48, 64, 3), np.uint8)},
    )


RECORDS = [
    record("box", Outcome.SUCCESS, in_bin=True),
    record("cone", Outcome.MISSED_BIN, in_bin=False, failed_stage="verify_release"),
]


def test_report_has_what_it_promises() -> None:
    content = report(RECORDS, asked=5, arm="widowx", camera="widowx", planner="antipodal", motion="embedded", seed=3)
    assert {key: content[key] for key in ("arm", "camera", "planner", "motion", "seed")} == {
        "arm": "widowx",
        "camera": "widowx",
        "planner": "antipodal",
        "motion": "embedded",
        "seed": 3,
    }
    assert content["success_rate"] == 0.5
    assert content["ci95"] == pytest.approx([0.0945, 0.9055], abs=1e-4)  # Wilson, 1 of 2
    first, second = content["picks"]
    assert (first["object"], first["outcome"], first["success"], first["in_bin"]) == ("box", "SUCCESS", True, True)
    assert first["stage_seconds"] == {"home": 0.5, "capture": 0.123}
    assert (second["outcome"], second["failed_stage"], second["success"]) == ("MISSED_BIN", "verify_release", False)


def test_names_are_shown_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(*tables([record("meshes[/old]/box.obj", Outcome.SUCCESS, in_bin=True)]))
    assert "meshes[/old]/box.obj" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_gripper_that_is_wrong_about_success_does_not_count() -> None:
    claimed = [record("box", Outcome.SUCCESS, in_bin=False)]
    assert report(claimed, asked=1, arm="a", camera="c", planner="p", motion="m", seed=0)["success_rate"] == 0.0


def test_pictures_are_drawn_with_missing_moments(tmp_path: Path) -> None:
    draw_pick(RECORDS[1], 2, tmp_path / "pick.png")
    draw_summary(RECORDS, "widowx", tmp_path / "summary.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pick.png", "summary.png"]
    assert cv2.imread(str(tmp_path / "pick.png")).shape == (315, 1440, 3)


def test_what_was_followed_is_reported_and_drawn(tmp_path: Path) -> None:
    sights = tuple(Sight(10.0 + 0.1 * i, 0.2, 0.001 * i) for i in range(30))
    followed = replace(RECORDS[0], tracking=Tracking(30, 2, 7, 12.345, 0.035, sights))
    facts = {"arm": "a", "camera": "c", "planner": "p", "motion": "m"}
    (first, second) = report([followed, RECORDS[1]], asked=2, seed=0, **facts)["picks"]
    assert first["tracking"] == {"images": 30, "misses": 2, "corrections": 7, "hz": 12.35, "pushed": 0.035}
    assert second["tracking"] is None
    assert [table.title for table in tables([followed])][1] == "Following the object"
    assert len(tables(RECORDS)) == 2
    draw_pick(followed, 1, tmp_path / "pick.png")
    assert cv2.imread(str(tmp_path / "pick.png")).shape == (315, 1800, 3)
    draw_pick(replace(followed, tracking=Tracking(0, 0, 0, 0.0, 0.0, ())), 1, tmp_path / "pick.png")


@pytest.mark.parametrize(("x", "y"), [(0.2, 0.0), (0.14, 0.12), (0.28, -0.12), (0.2, 0.11)])
def test_pushes_stay_in_the_workspace(x: float, y: float) -> None:
    workspace = Box(min=(0.13, -0.125, 0.0), max=(0.285, 0.125, 0.12))
    for seed in range(20):
        push = draw_push("box", x, y, workspace, np.random.default_rng(seed))
        assert np.hypot(push.dx, push.dy) == pytest.approx(LENGTH)
        assert workspace.contains((x + push.dx, y + push.dy, 0.0))
    again = draw_push("box", x, y, workspace, np.random.default_rng(19))
    assert again == push


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--arm", "nope"], "config/arms has no 'nope'; there are: widowx"),
        (["--arm", "nope", "--closed-loop"], "config/arms has no 'nope'; there are: widowx"),
        (["--camera", "nope"], "config/cameras has no 'nope'; there are: jacquard, spectator, widowx, widowx_hand"),
        (["--planner", "nope"], "no grasp planner is named 'nope'; installed are: antipodal, ggcnn2, grconvnet, unet"),
        (["--motion", "nope"], "the argument 'motion' is 'nope', but must be one of: embedded"),
        (["--object", "nope"], "there is no object 'nope'; there are: bar_small, bar_medium"),
        (["--object", "nope.obj"], "nope.obj"),
        (["--option", "x"], "an option is NAME=VALUE, got 'x'"),
        (["--picks", "999"], "there are 995 random shapes to draw from, 999 were asked for"),
        (["--out", "file"], "cannot write file: File exists"),
        (["--out", "file/folder"], "cannot write file/folder: Not a directory"),
        (["--out", "log"], "cannot write log/launch.log: Is a directory"),
    ],
)
def test_bad_input_is_refused_before_anything_is_started(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("log/launch.log").mkdir(parents=True)
    app = typer.Typer()
    app.command()(demo.command)
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 2 and len(result.output.splitlines()) == 1 and message in result.output, result.output


@pytest.mark.parametrize("full_for_all", [False, True])
def test_a_full_disk_does_not_take_the_result_along(
    full_for_all: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = MagicMock()
    session.pick.side_effect = lambda *_, **__: replace(RECORDS[0])
    monkeypatch.setattr(demo, "PickSession", lambda: nullcontext(session))
    monkeypatch.setattr(demo, "launched", lambda *_: nullcontext(MagicMock()))
    full = MagicMock(side_effect=[None, OSError(28, "No space left on device")])
    monkeypatch.setattr(demo, "draw_pick", full)
    if full_for_all:
        monkeypatch.setattr(demo, "draw_summary", MagicMock(side_effect=OSError(28, "No space left on device")))
    app = typer.Typer()
    app.command()(demo.command)
    result = CliRunner().invoke(app, ["--picks", "5", "--out", str(tmp_path)])
    assert "Gave up after pick 2, whose picture cannot be written: No space left on device" in result.output
    assert "2 of 2 in the bin" in result.output
    assert (f"cannot write {tmp_path}: No space left on device" in result.output) == full_for_all
    assert result.exit_code == (2 if full_for_all else 0)
    assert (tmp_path / "report.json").exists()


def test_ctrl_c_while_a_picture_is_drawn_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = MagicMock()
    session.pick.side_effect = lambda *_, **__: replace(RECORDS[0])
    monkeypatch.setattr(demo, "PickSession", lambda: nullcontext(session))
    monkeypatch.setattr(demo, "launched", lambda *_: nullcontext(MagicMock()))
    monkeypatch.setattr(demo, "draw_pick", MagicMock(side_effect=[None, None, KeyboardInterrupt]))
    app = typer.Typer()
    app.command()(demo.command)
    result = CliRunner().invoke(app, ["--picks", "5", "--out", str(tmp_path)])
    assert result.exit_code == 130 and "Interrupted; reporting what was done." in result.output
    content = json.loads((tmp_path / "report.json").read_text())
    assert len(content["picks"]) == 3 and content["asked"] == 5


def test_a_pick_that_never_ends_is_told_with_the_reason(
    ros: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = SessionError("the pick did not answer within 0 s")
    canceled = MagicMock(status=GoalStatus.STATUS_CANCELED)
    canceled.result = Pick.Result(object="box_small")
    canceled.result.outcome.code, canceled.result.outcome.message = Outcome.CANCELED, "canceled by the client"
    answers = [MagicMock(accepted=True), late, None, canceled]
    monkeypatch.setattr(PickSession, "_result", MagicMock(side_effect=answers))
    console = Console(record=True, width=200)
    with PickSession() as session:
        monkeypatch.setattr(session, "_pick", MagicMock())
        monkeypatch.setattr(session, "wait_until_ready", lambda *_, **__: None)
        monkeypatch.setattr(session, "place", lambda *_: [(0.2, 0.0)])
        records: list[PickRecord] = []
        names = ["box_small", "cube_small"]
        assert not demo.run_picks(session, MagicMock(), names, 0, tmp_path, console, records, timeout=0.0)
    words = "the pick did not answer within 0 s; canceled by the client"
    assert [record.message for record in records] == [words]
    assert f"Gave up after pick 1: {words}" in console.export_text()


def test_a_node_that_ends_in_the_middle_of_a_pick_is_not_waited_for(ros: None, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Future()
    with PickSession() as session:
        session._alive = MagicMock(side_effect=[True, True, False, False])
        handle = MagicMock(accepted=True)
        handle.get_result_async.return_value = silent
        accepted = Future()
        accepted.set_result(handle)
        monkeypatch.setattr(session._pick, "send_goal_async", lambda *_, **__: accepted)
        with pytest.raises(SessionError, match="a node ended while the pick was awaited; its output says why"):
            session.pick(60.0)
        assert session._alive.call_count == 4
        handle.cancel_goal_async.assert_not_called()


def test_ctrl_c_ends_the_demo_though_the_pick_succeeded_before_it_was_canceled(
    ros: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [MagicMock(accepted=True), KeyboardInterrupt(), None, MagicMock(status=GoalStatus.STATUS_SUCCEEDED)]
    answers[3].result = Pick.Result(object="box_small")
    monkeypatch.setattr(PickSession, "_result", MagicMock(side_effect=answers))
    with PickSession() as session:
        monkeypatch.setattr(session, "_pick", MagicMock())
        monkeypatch.setattr(session, "wait_until_ready", lambda *_, **__: None)
        monkeypatch.setattr(session, "place", lambda *_: [(0.2, 0.0)])
        records: list[PickRecord] = []
        names = ["box_small", "cube_small"]
        assert demo.run_picks(session, MagicMock(), names, 0, tmp_path, Console(quiet=True), records)
    (done,) = records
    assert done.interrupted and done.outcome is Outcome.SUCCESS


def test_two_stacks_in_one_domain_are_refused(ros: None) -> None:
    node = rclpy.create_node("simulated_robot")
    node.create_service(ResetScene, "/simulated_robot/reset_scene", lambda request, response: response)
    with PickSession() as session, pytest.raises(SessionError, match=r"another stack runs in ROS domain \d+: end it"):
        session.refuse_another_stack(patience=5.0)
    node.destroy_node()


def test_a_refused_demo_leaves_the_results_of_the_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pick_01.png", "report.json", "summary.png", "launch.log"):
        (tmp_path / name).write_text("of the other one")
    session = MagicMock()
    session.refuse_another_stack.side_effect = AnotherStack("another stack runs in ROS domain 3")
    monkeypatch.setattr(demo, "PickSession", lambda: nullcontext(session))
    app = typer.Typer()
    app.command()(demo.command)
    result = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert result.exit_code == 1 and result.output.split("\n") == ["another stack runs in ROS domain 3", ""]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"of the other one"}


def test_results_that_cannot_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.json").mkdir()
    monkeypatch.setattr(demo, "PickSession", lambda: nullcontext(MagicMock()))
    app = typer.Typer()
    app.command()(demo.command)
    result = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert result.exit_code == 2 and "report.json: Is a directory" in " ".join(result.output.split())


def test_a_stack_that_does_not_come_up_is_named() -> None:
    with PickSession() as session:
        session.refuse_another_stack(patience=0.2)
        with pytest.raises(SessionError, match=r"the simulator and the executor and .* did not come up within 0 s"):
            session.wait_until_ready(0.1)
        with pytest.raises(SessionError, match="a node ended while the robot was brought up"):
            session.wait_until_ready(5.0, alive=lambda: False)

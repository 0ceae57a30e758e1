"""The whole stack at once: every node as its own process, as `ros2 launch` starts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grasp_bringup.cli.app import application


@pytest.mark.timeout(240)
def test_two_objects_end_in_the_bin(tmp_path: Path) -> None:
    arguments = ["demo", "--object", "box_small", "--object", "cylinder_small", "--seed", "4", "--out", str(tmp_path)]
    result = CliRunner().invoke(application("demo"), arguments)

    log = (tmp_path / "launch.log").read_text()
    assert result.exit_code == 0, result.output + log
    report = json.loads((tmp_path / "report.json").read_text())
    assert [pick["outcome"] for pick in report["picks"]] == ["SUCCESS", "SUCCESS"], log
    assert [pick["in_bin"] for pick in report["picks"]] == [True, True]
    assert all(pick["gripper_success"] for pick in report["picks"])
    assert (report["planner"], report["asked"], report["success_rate"]) == ("ggcnn2", 2, 1.0)
    assert report["ci95"] == pytest.approx([0.3424, 1.0], abs=1e-4)
    stages = list(report["picks"][0]["stage_seconds"])
    assert stages[:5] == ["home", "capture", "plan_grasp", "plan_motion", "approach"]
    assert stages[-1] == "return"
    assert (tmp_path / "pick_01.png").stat().st_size > 10_000
    assert (tmp_path / "summary.png").exists()
    # Nothing is left behind: every node ended on its own.
    assert "still runs" not in log

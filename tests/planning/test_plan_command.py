"""`grasp plan` on the sample."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from grasp_bringup.cli.plan import command
from grasp_perception.transform import Transform


@pytest.fixture
def run(repository: Path):
    app = typer.Typer()
    app.command()(command)
    data = repository / "tests/data"
    given = {
        "--depth": str(data / "sample_depth.tiff"),
        "--color": str(data / "sample_color.png"),
        "--intrinsics": str(data / "sample_intrinsics.yaml"),
    }

    def invoke(*extra: str, **replaced: str):
        options = given | {f"--{name}": value for name, value in replaced.items()}
        return CliRunner().invoke(app, [word for pair in options.items() for word in pair] + list(extra))

    return invoke


def test_sample(run, tmp_path, repository):
    overlay, out = tmp_path / "a/overlay.png", tmp_path / "out.json"
    result = run("--overlay", str(overlay), "--json", str(out), "--max-grasps", "3")
    assert result.exit_code == 0, result.output
    assert "gripper yumi (opens 50 mm)" in result.output
    content = json.loads(out.read_text())
    assert content["planner"] == "antipodal"
    assert content["seconds"] > 0
    assert 1 <= len(content["grasps"]) <= 3
    best = content["grasps"][0]
    assert {"x", "y", "angle", "width_px", "width_m", "depth_m", "quality", "pose"} <= set(best)
    mask = cv2.imread(str(repository / "tests/data/sample_segmask.png"), cv2.IMREAD_UNCHANGED)
    assert mask[round(best["y"]), round(best["x"])] == 255
    assert 0.034 < best["width_m"] <= 0.050
    pose = Transform.from_matrix(best["pose"])
    assert pose.translation[2] == best["depth_m"]
    # 12.6 degrees between the optical axis and the approach along the table's normal.
    assert np.degrees(np.arccos(pose.rotation[2, 2])) == pytest.approx(12.6, abs=0.3)
    assert [g["quality"] for g in content["grasps"]] == sorted((g["quality"] for g in content["grasps"]), reverse=True)
    assert cv2.imread(str(overlay)).shape == (480, 640, 3)


def test_no_grasp_is_exit_code_1_with_the_reason(run, tmp_path):
    out, overlay = tmp_path / "out.json", tmp_path / "overlay.png"
    result = run("--gripper", "widowx", "--json", str(out), "--overlay", str(overlay))
    assert result.exit_code == 1
    content = json.loads(out.read_text())
    assert content["grasps"] == []
    assert content["reason"].startswith("NO_GRASP: the object is 3")
    assert "gripper 'widowx' opens 30 mm" in content["reason"]
    assert overlay.exists()


def test_mask(run, tmp_path, repository):
    empty = np.zeros((480, 640), np.uint8)
    cv2.imwrite(str(tmp_path / "empty.png"), empty)
    assert run("--mask", str(tmp_path / "empty.png")).exit_code == 1
    assert run("--mask", str(repository / "tests/data/sample_segmask.png")).exit_code == 0
    cv2.imwrite(str(tmp_path / "small.png"), empty[:10])
    result = run("--mask", str(tmp_path / "small.png"))
    assert (result.exit_code, "the mask is 640x10" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--gripper", "hand"], "config/grippers has no 'hand'; there are: jacquard, widowx, yumi"),
        (["--gripper", "nowhere.yaml"], "cannot read nowhere.yaml"),
        (["--planner", "nobody"], "no grasp planner is named 'nobody'"),
        (
            ["--planner", "ggcnn2"],
            "planner 'ggcnn2' has no weights for 'yumi', only for: widowx; the option weights names a file "
            "(--gripper NAME, --option weights=FILE)",
        ),
        (["--option", "friction"], "an option is NAME=VALUE"),
        (["--option", "friction=["], "the value of option friction is not YAML: ["),
        (["--option", "friction=high"], "friction: Input should be a valid number"),
        (["--option", "glue=1"], "does not take these options"),
        (["--option", "gripper=widowx"], "planner 'antipodal' does not take these options"),
        (["--option", "models=here"], "does not take these options: models: Extra inputs are not permitted"),
        (["--option", "name=mine"], "does not take these options: name: Extra inputs"),
        (["--option", "default_seed=3"], "does not take these options: default_seed: Extra inputs"),
        (["--depth", "nowhere.npy"], "nowhere.npy: no such file"),
        (["--max-grasps", "0"], "--max-grasps"),
    ],
)
def test_bad_input_is_exit_code_2(run, extra, message):
    result = run(*extra)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_cache_that_cannot_be_written_is_exit_code_2(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    result = run("--planner", "ggcnn2", "--gripper", "widowx")
    assert result.exit_code == 2 and f"cannot read or write {tmp_path / 'file'}" in " ".join(result.output.split())
    monkeypatch.delenv("GRASP_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    result = run("--planner", "ggcnn2", "--gripper", "widowx")
    assert result.exit_code == 2 and "there is no home: name a folder in GRASP_CACHE_DIR" in result.output


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_gripper_from_a_file_and_options(run, repository):
    file = str(repository / "config/grippers/yumi.yaml")
    assert run("--gripper", file, "--option", "friction=0.5", "--option", "seed=3").exit_code == 0


def test_an_overlay_that_is_no_picture_is_refused_at_once(run, tmp_path):
    result = run("--overlay", str(tmp_path / "overlay.pdf"))
    assert result.exit_code == 2 and "a picture is written as .png, .jpg, .jpeg" in " ".join(result.output.split())

"""`grasp data jacquard`, on small pictures."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from grasp_bringup.cli.data.jacquard import command
from grasp_learning.datasets.jacquard import JacquardDataset

GRASP = [sys.executable, "-c", "from grasp_bringup.cli import main; main()", "data", "jacquard"]


@pytest.fixture(scope="module")
def settings(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Jacquard's, at an eighth of the resolution."""
    folder = tmp_path_factory.mktemp("settings")
    camera = yaml.safe_load((repository / "config/cameras/jacquard.yaml").read_text())
    camera["intrinsics"] = {"fx": 246.75, "fy": 246.75, "cx": 63.5, "cy": 63.5, "width": 128, "height": 128}
    (folder / "camera.yaml").write_text(yaml.safe_dump(camera))
    content = {"camera": str(folder / "camera.yaml"), "candidates": {"number": 6}, "scenes_per_object": 2}
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(content | {"stereo": False, "least_grasps": 0, "renderer": "tiny"}))
    return path


def arguments(out: Path, small: Path, **options: object) -> list[str]:
    given = {"out": out, "settings": small, "meshes": "pybullet_data", "scenes": 3, "workers": 1} | options
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def invoke(words: list[str]) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, words)
    return result.exit_code, " ".join(re.sub(r"[│┃]", " ", result.output).split())


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_dataset_is_made_and_told_about(tmp_path: Path, settings: Path) -> None:
    out = tmp_path / "data[new]"
    code, output = invoke(arguments(out, settings, candidates=5, approach="simulate"))
    assert code == 0, output
    assert "data[new]" in output
    facts = json.loads((out / "statistics.json").read_text())
    assert f"scenes 3 objects 2 rejected 0 grasps {facts['grasps']}" in output
    assert "candidates tried 15" in output
    header = json.loads((out / "index.jsonl").read_text().splitlines()[0])
    assert header["settings"]["approach"] == "simulate"
    assert header["settings"]["candidates"]["number"] == 5
    assert len(JacquardDataset(out)) == 3
    before = digests(out)
    assert invoke(arguments(out, settings, candidates=5, approach="simulate"))[0] == 0  # there is nothing to do
    assert digests(out) == before
    code, output = invoke(arguments(out, settings, candidates=6, seed=1))
    assert code == 2
    assert "seed: 0 there, 1 here" in output
    assert "settings.candidates.number: 5 there, 6 here" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"meshes": "nowhere"}, "'nowhere' is neither a folder nor a source that is known"),
        ({"meshes": "procedural:1"}, "1 meshes, which give 2 scenes at 2 each, and 3 are wanted"),
        ({"settings": "corn"}, "datasets has no 'corn'; there are: gaussian_maps_test, gaussian_maps_train, jacquard"),
        ({"settings": "corn.yaml"}, "cannot read corn.yaml"),
        ({"out": "/dev/null/x"}, "cannot write /dev/null/x: Not a directory"),
        ({"scenes": 0}, "--scenes"),
        ({"approach": "fly"}, "--approach"),
        ({"engine": "steam"}, "--engine"),
    ],
)
def test_bad_input_is_exit_code_2(tmp_path: Path, settings: Path, options: dict[str, object], message: str) -> None:
    code, output = invoke(arguments(**{"out": tmp_path / "data", "small": settings} | options))
    assert code == 2
    assert message in output
    assert not (tmp_path / "data").exists()


def test_wrong_settings_are_named(tmp_path: Path, settings: Path) -> None:
    content = yaml.safe_load(settings.read_text())
    wrong = tmp_path / "wrong.yaml"
    for change, message in (
        ({"longest_side": {"low": 0.9, "high": 0.1}}, "longest_side: low 0.9 is greater than high 0.1"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"candidates": {"opening": {"low": 0.2, "high": 0.3}}}, "the gripper 'jacquard' opens 0.1 m"),
        ({"table_height": 2.0}, "it must look down on it"),
        ({"splits": {"train": 0.9}}, "the shares must add up to 1"),
    ):
        wrong.write_text(yaml.safe_dump(content | change))
        code, output = invoke(arguments(tmp_path / "data", wrong))
        assert (code, message in output) == (2, True), output


def test_a_renderer_that_is_not_there_is_refused_before_anything_is_made(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grasp_sim.dataset.settings.egl_works", lambda: False)
    monkeypatch.setenv("GRASP_CYCLES_PYTHON", "/nowhere/python")
    for renderer, message in (("egl", "'egl' does not work here"), ("cycles", "'/nowhere/python', which is no")):
        code, output = invoke(arguments(tmp_path / "data", settings, renderer=renderer))
        assert (code, message in output) == (2, True), output
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("GRASP_CYCLES_PYTHON", sys.executable)  # has no bpy
    words = arguments(tmp_path / "data", settings, renderer="cycles", scenes=1)
    done = subprocess.run([*GRASP, *words], capture_output=True, text=True)  # workers of earlier tests do not know it
    assert (done.returncode, "it needs bpy and numpy" in done.stderr) == (1, True), done.stderr


def test_too_few_good_meshes_are_exit_code_1(tmp_path: Path, settings: Path) -> None:
    meshes = tmp_path / "meshes"
    meshes.mkdir()
    (meshes / "empty.obj").touch()
    code, output = invoke(arguments(tmp_path / "data", settings, meshes=meshes, scenes=1))
    assert code == 1
    assert f"none of the 1 meshes of '{meshes}' can be used; the first: {meshes / 'empty.obj'}: the file is" in output
    import pybullet_data

    shutil.copy(Path(pybullet_data.getDataPath(), "random_urdfs/001/001.obj"), meshes)
    code, output = invoke(arguments(tmp_path / "other", settings, meshes=meshes, scenes=3))
    assert code == 1
    assert "2 of 3 scenes: 1 meshes were rejected, see" in output
    (line,) = (tmp_path / "other" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(line) == {"name": "empty.obj", "reason": f"{meshes / 'empty.obj'}: the file is empty"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on_and_does(tmp_path: Path, settings: Path, number: signal.Signals) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert invoke(arguments(whole, settings, scenes=8, workers=2))[0] == 0
    process = subprocess.Popen(
        [*GRASP, *arguments(parts, settings, scenes=8, workers=1)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    journal = parts / "index.partial.jsonl"
    while process.poll() is None and not (journal.exists() and len(journal.read_bytes().splitlines()) >= 2):
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1, said
    assert "the same command goes on from there" in " ".join(said.decode().split())
    assert b"Traceback" not in said
    assert not list(parts.rglob("*.open"))
    assert invoke(arguments(parts, settings, scenes=8, workers=2))[0] == 0
    assert digests(parts) == digests(whole)


@pytest.mark.slow
def test_ray_makes_the_same(tmp_path: Path, settings: Path) -> None:
    assert invoke(arguments(tmp_path / "local", settings, scenes=4))[0] == 0
    code, output = invoke(arguments(tmp_path / "ray", settings, scenes=4, engine="ray"))
    assert code == 0, output
    assert digests(tmp_path / "ray") == digests(tmp_path / "local")
    import ray

    assert ray.util.get_node_ip_address() == "127.0.0.1"  # nothing leaves this machine

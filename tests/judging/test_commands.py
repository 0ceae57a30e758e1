"""`grasp sgt` and `grasp serve` from the command line."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from grasp_bringup.cli.app import application
from grasp_learning.datasets.submission import write_submission
from grasp_planning.grasps import GraspRectangle

SERVE = "from grasp_bringup.cli import main; main()"


def run(command: str, *arguments: object) -> Result:
    return CliRunner().invoke(application(command), [command, *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture
def predictions(annotated: dict[str, GraspRectangle], tmp_path: Path) -> Path:
    """All scenes but one, with spaces, and after them an unknown scene and a bad line."""
    path = tmp_path / "predictions.txt"
    write_submission(path, dict(list(annotated.items())[1:]))
    path.write_text(path.read_text().replace(";", "; ") + "0_nobody\n1; 2; 3; 4; 5\nrubbish\n")
    return path


def test_sgt_judges_and_reports(dataset: Path, predictions: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "result.json"
    result = run(
        "sgt", "--dataset", dataset, "--predictions", predictions, "--approach", "check", "--workers", 2,
        "--pictures", tmp_path / "pictures", "--json", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Success: 5/6 = 83% (95 % interval 44% to 97%)" in result.output
    assert "no prediction" in result.output
    assert re.search(r"\w{8} │ \S+ +│ +1 of 2 │ no prediction 1", result.output)
    assert f"{predictions}:12: the dataset has no scene '0_nobody'" in result.output
    assert f"{predictions}:13: 'rubbish' is neither" in result.output
    content = json.loads(out.read_text())
    assert (content["trials"], content["successes"]) == (6, 5)
    assert content["failures"] == {"no_prediction": 1}
    assert content["trials_per_second"] == pytest.approx(6 / content["seconds"], rel=0.01)
    assert len(content["objects"]) == 3
    assert [problem["line"] for problem in content["problems"]] == [12, 13]
    assert len(list((tmp_path / "pictures").iterdir())) == 2
    assert "Failures pictured: 1, in" in result.output


def test_sgt_judges_a_part(dataset: Path, predictions: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    arguments = ("--dataset", dataset, "--predictions", predictions, "--split", "test", "--workers", 1, "--json", out)
    assert run("sgt", *arguments).exit_code == 0
    assert json.loads(out.read_text())["trials"] == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--dataset", "{tmp}"], "has no index.jsonl: grasps are judged by trying them on the scenes' meshes"),
        (["--dataset", "{tmp}/nowhere"], "there is no folder"),
        (["--predictions", "{tmp}/nothing.txt"], "nothing.txt: No such file"),
        (["--predictions", "{tmp}/empty.txt"], "empty.txt has no grasp for any scene of"),
        (["--predictions", "{tmp}/strange.txt"], "strange.txt:1: 'hello' is neither"),
        (["--jaw", "0.3"], "a jaw of 0.3 m is not between 0 and the gripper's opening"),
        (["--workers", "0"], "workers"),
        (["--split", "exam"], "exam"),
    ],
)
def test_sgt_refuses_bad_input(
    dataset: Path, predictions: Path, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "strange.txt").write_text("hello\n")
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    result = run("sgt", "--dataset", dataset, "--predictions", predictions, *given)
    assert result.exit_code == 2
    assert reason in result.output


def test_sgt_says_when_it_cannot_write(dataset: Path, predictions: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "result.json"
    result = run(
        "sgt", "--dataset", dataset, "--predictions", predictions, "--workers", 1, "--approach", "check", "--json", out
    )
    assert result.exit_code == 2
    assert "cannot write" in result.output
    assert "Success: 5/6" in result.output  # it is not lost


def test_serve_refuses_a_dataset_without_meshes(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset / "Jacquard_Dataset_0", tmp_path / "Jacquard_Dataset_0")
    result = run("serve", "--dataset", tmp_path)
    assert result.exit_code == 2
    assert "has no index.jsonl" in result.output


def test_serve_says_that_a_port_is_taken(dataset: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", SERVE, "serve", "--dataset", dataset, "--port", str(port)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert "address already in use" in done.stderr


def test_serve_answers_and_ends(dataset: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", "--dataset", dataset, "--port", str(port), "--queue", "3"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
        content = None
        while content is None and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/dataset", timeout=10) as answer:
                    content = json.load(answer)
            except OSError:
                signal.sigtimedwait([], 0.05)
        assert content is not None and content["limits"]["queue"] == 3
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.wait()

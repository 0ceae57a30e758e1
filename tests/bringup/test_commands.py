"""The `grasp` command finds its commands, alone and in groups."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grasp_bringup.cli.app import COMMANDS, GROUPS, application, command_named_by


def test_help_lists_commands_and_groups() -> None:
    output = CliRunner().invoke(application(None), ["--help"]).output
    for name, summary in {**COMMANDS, **GROUPS}.items():
        if " " not in name:
            assert name in output and summary in output


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_a_group_lists_its_commands(group: str) -> None:
    result = CliRunner().invoke(application(group), [group, "--help"])
    assert result.exit_code == 0
    members = [name.split()[1] for name in COMMANDS if name.startswith(f"{group} ")]
    assert members and all(name in result.output for name in members)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(application(name), [*name.split(), "--help"])
    assert result.exit_code == 0, result.output
    assert "--help" in result.output
    command = import_module(f"grasp_bringup.cli.{name.replace(' ', '.')}").command
    assert " ".join(command.__doc__.split()) in " ".join(result.output.split())
    assert "Exit code 0: " in command.__doc__


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], None),
        (["--help"], None),
        (["plan", "--depth", "x"], "plan"),
        (["data"], "data"),
        (["data", "--help"], "data"),
        (["data", "check", "folder"], "data check"),
        (["nonsense", "words"], "nonsense"),
    ],
)
def test_first_words_name_the_command(arguments: list[str], named: str | None) -> None:
    assert command_named_by(arguments) == named


def test_an_unknown_command_of_a_group_is_refused() -> None:
    result = CliRunner().invoke(application("data nonsense"), ["data", "nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_help_loads_no_command() -> None:
    code = (
        "import sys\nfrom grasp_bringup.cli.app import application\napplication('data')\n"
        "print([name for name in sys.modules if name.startswith('grasp_bringup.cli.') or name == 'pybullet'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "['grasp_bringup.cli.app']"


def test_a_letter_that_the_terminal_does_not_have_is_written_in_another_way(repository: Path, tmp_path: Path) -> None:
    image = tmp_path / os.fsdecode("depth 20 €".encode() + b"\xff.tiff")
    shutil.copy(repository / "tests/data/sample_depth.tiff", image)
    intrinsics = repository / "tests/data/sample_intrinsics.yaml"
    code = "from grasp_bringup.cli import main; main()"
    command = [sys.executable, "-c", code, "doctor", "--depth", image, "--intrinsics", intrinsics]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "400"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "depth 20 \\u20ac\\udcff.tiff" in result.stdout

"""`./grasp`: with which Python it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAYS = '#!/bin/sh\necho {name} >> used\nexec {python} "$@"\n'


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    """A repository of nothing but the script, and a `python3` that says when it is used."""
    shutil.copy(repository / "grasp", tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/bootstrap.py").touch()
    (tmp_path / "env.sh").touch()
    command = tmp_path / "install/grasp_bringup/lib/grasp_bringup/grasp"
    command.parent.mkdir(parents=True)
    write(command, '#!/bin/sh\necho "$@"\n')
    for name in ("path/python3", "path/python3.10"):
        write(tmp_path / name, SAYS.format(name=Path(name).name, python=sys.executable))
    return tmp_path


def write(script: Path, text: str) -> None:
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text)
    script.chmod(0o755)


def used(folder: Path, **environment: str) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    variables |= {"PATH": f"{folder / 'path'}:{os.environ['PATH']}", **environment}
    result = subprocess.run(["./grasp", "a", "b c"], cwd=folder, env=variables, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "a b c\n", "")
    return (folder / "used").read_text().split()[-1]


def test_it_goes_on_with_the_python_that_made_the_environment(folder: Path) -> None:
    assert used(folder) == "python3"
    write(folder / ".venv/bin/python", SAYS.format(name="venv", python=sys.executable))
    assert used(folder) == "venv"
    assert used(folder, PYTHON="python3.10") == "python3.10"

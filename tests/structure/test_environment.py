"""What `source env.sh` brings: the environment file that tools/bootstrap.py writes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bootstrap(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a workspace of its own with the commands `grasp` and `launch`."""
    spec = importlib.util.spec_from_file_location("bootstrap", repository / "tools/bootstrap.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("VENV", "INSTALL", "COMMANDS", "ENVIRONMENT"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).relative_to(module.ROOT))
    for command in (module.COMMANDS / "grasp", module.COMMANDS / "launch", module.VENV / "bin/python"):
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)
    (module.INSTALL / "setup.bash").write_text('export AMENT_PREFIX_PATH="/it\'s built:$AMENT_PREFIX_PATH"\n')
    module.write_environment(module.wheel_environment())
    return module


def entered(bootstrap: ModuleType, command: str) -> list[str]:
    """What a command prints in a shell that entered the environment, by lines."""
    environment = {"PATH": os.defpath, "LD_LIBRARY_PATH": "/before"}
    entering = f'. "{bootstrap.ENVIRONMENT}"; {command}'
    printed = subprocess.check_output(["/bin/sh", "-c", entering], env=environment, text=True)
    return printed.splitlines()


def test_its_commands_are_found(bootstrap: ModuleType) -> None:
    commands, python = bootstrap.COMMANDS, bootstrap.VENV / "bin/python"
    found = entered(bootstrap, "for name in grasp launch python; do command -v $name; done")
    assert found == [str(commands / "grasp"), str(commands / "launch"), str(python)]


def test_nodes_find_each_other_on_this_machine_alone_unless_asked_otherwise(bootstrap: ModuleType) -> None:
    name = "ROS_AUTOMATIC_DISCOVERY_RANGE"
    assert entered(bootstrap, f'echo "${name}"') == ["LOCALHOST"]
    again = entered(bootstrap, f'export {name}=SUBNET; . "{bootstrap.ENVIRONMENT}"; echo "${name}"')
    assert again == ["SUBNET"]


def test_what_was_set_before_stays(bootstrap: ModuleType) -> None:
    path, libraries, prefixes = entered(bootstrap, 'echo "$PATH"; echo "$LD_LIBRARY_PATH"; echo "$AMENT_PREFIX_PATH"')
    assert path == f"{bootstrap.COMMANDS}:{bootstrap.VENV}/bin:{os.defpath}"
    assert libraries.startswith(f"{bootstrap.VENV}/lib") and libraries.endswith(":/before")
    assert prefixes == f"/it's built:{bootstrap.VENV}"

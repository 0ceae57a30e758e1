"""How `tools/bootstrap.py` makes `.venv`, and deals with system packages: apt only says it has done as it was told."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

APT_GET = """#!/bin/sh
echo "$*" >> apt.log
if [ "$1" = install ]; then shift 3; touch "$@"; fi
"""
APT_CACHE = """#!/bin/sh
if grep -qx "$2" offered; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi
"""


@pytest.fixture
def bootstrap(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[tuple[str, ...], int], ModuleType]:
    """Makes the script's module for a distribution that offers some packages; none is installed."""

    def make(offered: tuple[str, ...], user: int = 0) -> ModuleType:
        spec = importlib.util.spec_from_file_location("bootstrap", repository / "tools/bootstrap.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, script in {"apt-get": APT_GET, "apt-cache": APT_CACHE}.items():
            (tmp_path / name).write_text(script)
            (tmp_path / name).chmod(0o755)
        (tmp_path / "some_Packages").touch()
        (tmp_path / "offered").write_text("\n".join(offered) + "\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(os, "geteuid", lambda: user)
        packages = {name: Path(name).exists for name in ("cmake", "chromium", "chromium-driver")}
        monkeypatch.setattr(module, "SYSTEM_PACKAGES", packages)
        for name in ("ROOT", "STAMPS", "APT_LISTS"):
            monkeypatch.setattr(module, name, tmp_path)
        return module

    return make


DEBIAN = ("cmake", "chromium", "chromium-driver")
UBUNTU = ("cmake",)


def test_what_the_distribution_offers_is_installed(bootstrap, capfd):
    module = bootstrap(DEBIAN)
    module.install_system_packages()
    said = capfd.readouterr().out
    assert "installing system packages: cmake chromium chromium-driver" in said and "skipped" not in said
    module.install_system_packages()
    assert Path("apt.log").read_text().count("install --yes") == 1 and not capfd.readouterr().out


def test_what_only_a_test_needs_may_be_missing_from_the_distribution(bootstrap, capfd):
    module = bootstrap(UBUNTU)
    module.install_system_packages()
    said = capfd.readouterr().out
    assert "no chromium and no chromium-driver: the test of the web page will be skipped" in said
    assert "installing system packages: cmake\n" in said
    calls = Path("apt.log").read_text()
    module.install_system_packages()
    assert Path("apt.log").read_text() == calls and not capfd.readouterr().out


def test_who_may_not_install_is_told_what_to_install(bootstrap, capfd):
    for offered, packages in ((DEBIAN, "cmake chromium chromium-driver"), (UBUNTU, "cmake")):
        with pytest.raises(SystemExit, match=f"--no-install-recommends {packages}` and try again"):
            bootstrap(offered, user=1000).install_system_packages()
    assert not Path("apt.log").exists()


def test_before_apt_has_asked_what_there_is_nothing_is_given_up(bootstrap):
    module = bootstrap((), user=1000)
    Path("some_Packages").unlink()
    with pytest.raises(SystemExit, match="cmake chromium chromium-driver"):
        module.install_system_packages()


def test_what_the_code_needs_is_never_given_up(bootstrap, monkeypatch):
    module = bootstrap(())
    monkeypatch.setattr(module, "SYSTEM_PACKAGES", {"cmake": lambda: False})
    with pytest.raises(SystemExit, match="cmake did not become available"):
        module.install_system_packages()


@pytest.fixture
def created(bootstrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """Makes `.venv` anew, from within the old one, without running anything; gives the commands."""
    module, commands = bootstrap(DEBIAN), []
    for name in ("VENV", "INSTALL"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).name)
    monkeypatch.setattr(module, "STAMPS", tmp_path / "build/.stamps")
    monkeypatch.setattr(module, "lock_file", lambda: tmp_path / "lock.txt")
    monkeypatch.setattr(module, "run", lambda command, **_: commands.append(list(map(str, command))))
    monkeypatch.setattr(module, "patch_ros_wheels", lambda: None)
    python = tmp_path / ".venv/bin/python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))

    def create() -> list[list[str]]:
        module.create_venv()
        return commands

    return create


def test_a_shell_that_entered_the_environment_can_make_it_anew(created, tmp_path):
    python, *arguments = created()[0]
    assert arguments == ["-m", "venv", str(tmp_path / ".venv")]
    assert Path(python).exists() and not (tmp_path / ".venv").exists()


def test_nothing_is_built_on_what_another_python_or_folder_has_built(created, tmp_path):
    for folder in ("build/.stamps", "build/grasp_msgs", "install/grasp_msgs", "out/train"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "build/COLCON_IGNORE").touch()
    created()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    assert left == {"build", "build/.stamps", "out", "out/train"}


def test_a_folder_or_a_machine_where_it_cannot_work_is_refused_at_once(bootstrap, tmp_path, monkeypatch):
    module = bootstrap(DEBIAN)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    monkeypatch.setattr(module, "ROOT", tmp_path / "my robot")
    with pytest.raises(SystemExit, match=r"there is a space in '.*/my robot'"):
        module.main()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    with pytest.raises(SystemExit, match=r"this is Python 3\.\d+ on Linux aarch64, but pybullet has wheels"):
        module.main()


def test_another_user_can_use_what_is_set_up_but_not_change_it(bootstrap, tmp_path, monkeypatch):
    module, done = bootstrap(DEBIAN), []
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    monkeypatch.setattr(module, "SYSTEM_PACKAGES", {})
    monkeypatch.setattr(module, "__file__", str(tmp_path / "bootstrap.py"))
    for name, path in {"VENV": ".venv", "ENVIRONMENT": "environment.sh", "STAMPS": "stamps"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    for name in ("requirements", ".venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    for path in (tmp_path / ".venv/bin/python", module.ENVIRONMENT, module.lock_file(), tmp_path / "bootstrap.py"):
        path.touch()
    for name in ("create_venv", "build_workspace"):
        monkeypatch.setattr(module, name, lambda name=name: done.append(name))
    module.main()
    assert done == ["create_venv", "build_workspace"]
    lock = module.STAMPS / "lock"
    lock.unlink()
    lock.mkdir()  # which nobody can write, not even root
    module.main()
    assert done == ["create_venv", "build_workspace"]
    module.lock_file().write_text("torch==3")
    with pytest.raises(SystemExit, match=r"cannot write .*/stamps/lock: Is a directory"):
        module.main()

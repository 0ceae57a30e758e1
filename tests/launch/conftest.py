"""A package of tiny executables and launch files, made for each test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest


class StubPackage:
    """An installed ament package `stub` whose executables a test writes."""

    def __init__(self, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.share = prefix / "share" / "stub"
        self._executables = prefix / "lib" / "stub"
        self.share.mkdir(parents=True)
        self._executables.mkdir(parents=True)
        index = prefix / "share/ament_index/resource_index/packages"
        index.mkdir(parents=True)
        (index / "stub").touch()
        monkeypatch.setenv("AMENT_PREFIX_PATH", f"{prefix}:{os.environ['AMENT_PREFIX_PATH']}")
        self._running: list[Runner] = []

    def executable(self, name: str, code: str) -> Path:
        path = self._executables / name
        path.write_text(f"#!{sys.executable} -S\nimport os, signal, subprocess, sys, time\n{textwrap.dedent(code)}")
        path.chmod(0o755)
        return path

    def launch_file(self, body: str, name: str = "test.launch.xml") -> Path:
        path = self.share / name
        path.write_text(f"<launch>\n{textwrap.dedent(body).strip()}\n</launch>\n")
        return path

    def run(self, *arguments: object) -> Runner:
        runner = Runner(*arguments)
        self._running.append(runner)
        return runner

    def close(self) -> None:
        for runner in self._running:
            runner.close()


class Runner:
    """The launch runner as a process of its own."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grasp_bringup.launch.run", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.output = ""

    def read_until(self, text: str, count: int = 1) -> None:
        """Read until the output holds `text` this many times."""
        assert self.process.stdout
        while self.output.count(text) < count:
            line = self.process.stdout.readline()
            assert line, f"the runner ended without saying '{text}':\n{self.output}"
            self.output += line.decode()

    def end(self) -> int:
        """Its exit code, once it has ended."""
        output, _ = self.process.communicate(timeout=20)
        self.output += output.decode()
        return self.process.returncode

    @property
    def pids(self) -> list[int]:
        """Process ids that its nodes have printed after `ready`."""
        return [int(pid) for line in re.findall(r"ready ([\d ]+)", self.output) for pid in line.split()]

    @property
    def alive(self) -> list[int]:
        """Those of them that run, and are not just waiting to be reaped."""

        def is_alive(pid: int) -> bool:
            try:
                return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
            except OSError:
                return False

        return [pid for pid in self.pids if is_alive(pid)]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubPackage]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a runner that is killed leaves a folder
    package = StubPackage(tmp_path / "prefix", monkeypatch)
    yield package
    package.close()

"""One running process and what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from grasp_bringup.launch.output import Output

MARK = "GRASP_LAUNCH_ID"
"""Environment variable by which a launch knows its processes, and theirs, however they detach themselves."""


class NodeProcess:
    """A process in a session of its own, whose output goes line by line to an `Output`.

    The kernel kills it when the thread that constructed this ends, so not even killing the launch
    leaves it behind.

    Args:
        name: What its lines begin with.
        command: Program and arguments.
        environment: The whole environment.
        output: Where its lines go.
        mode: `screen`, `log` or `both`.
        on_exit: Called with this process from another thread when it has ended.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: Output,
        mode: str,
        on_exit: Callable[[NodeProcess], None],
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self._output = output
        self._on_exit = on_exit
        # setpriv is part of util-linux; a preexec_fn would not be safe with threads.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            env={"PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if mode == "log" else subprocess.STDOUT,
            start_new_session=True,
        )
        self._readers = [self._read(self._process.stdout, show=mode != "log", keep=mode != "screen")]
        if mode == "log":
            self._readers.append(self._read(self._process.stderr, show=True, keep=True))
        threading.Thread(target=self._wait, name=f"{name} wait", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, which is the id of its group and session as well."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, the negative signal that ended it, or none while it runs."""
        return self._process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to those of its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _read(self, pipe: IO[bytes] | None, *, show: bool, keep: bool) -> threading.Thread:
        assert pipe

        def forward() -> None:
            for line in pipe:
                text = line.decode(errors="replace").rstrip("\r\n")
                self._output.line(self.name, text, show=show, keep=keep)

        thread = threading.Thread(target=forward, name=f"{self.name} output", daemon=True)
        thread.start()
        return thread

    def _wait(self) -> None:
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=0.2)  # a child of its own may hold the pipe open
        self._on_exit(self)


def marked_processes(mark: str) -> list[int]:
    """Ids of all living processes whose environment holds this mark."""
    needle = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found

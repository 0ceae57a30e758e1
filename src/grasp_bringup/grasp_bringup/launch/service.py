"""Starting the nodes of a launch, and ending them all."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
import uuid
from pathlib import Path

from grasp_bringup.launch.command_line import command_line
from grasp_bringup.launch.description import LaunchDescription, NodeDescription
from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.output import Output
from grasp_bringup.launch.process import MARK, NodeProcess, marked_processes

TERMINATE_AFTER = 2.3  # s after SIGINT, of which a second one makes our nodes end at once
KILL_AFTER = 2.7
POLL = 0.05


class Launch:
    """The running nodes of a launch description.

    Everything ends together: on `stop()`, when a required node ends, and when the process or the
    thread that runs this is killed. SIGINT comes first, SIGTERM after 2.3 s, SIGKILL after 2.7 s; a
    second `stop()` kills at once. Processes that a node has left behind are killed last.

    Args:
        description: What to start.
        output: Where the nodes' lines go.

    Raises:
        LaunchError: A package or an executable is missing.
    """

    def __init__(self, description: LaunchDescription, output: Output) -> None:
        if shutil.which("setpriv") is None:
            raise LaunchError("`setpriv` is missing: install the package util-linux")
        self._output = output
        self._mark = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._events: queue.SimpleQueue[NodeProcess | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="launch_")
        self._nodes: list[tuple[NodeDescription, list[str]]] = []
        try:
            for node in description.nodes:
                self._nodes.append((node, command_line(node, Path(self._folder.name))))
        except BaseException:
            self._folder.cleanup()
            raise
        self._required: set[NodeProcess] = set()
        self._running: set[NodeProcess] = set()
        self._reason = ""
        self.exit_code = 0
        """1 once a required node has failed."""
        self._messages = description.messages
        # The kernel ends the processes when the thread that started them ends: let it be this one.
        self._thread = threading.Thread(target=self._supervise, name="launch", daemon=True)

    def start(self) -> None:
        """Start the nodes; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask all nodes to end; returns at once. May be called from a signal handler."""
        self._events.put(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all nodes have ended.

        Args:
            timeout: Seconds; none for as long as it takes.

        Returns:
            Whether they have.
        """
        return self._ended.wait(timeout)

    def _supervise(self) -> None:
        for message in self._messages:
            self._say(message)
        try:
            for number, (node, command) in enumerate(self._nodes, 1):
                self._start(f"{Path(command[0]).name}-{number}", node, command)
            while self._running:
                process = self._events.get()
                if process is None or self._has_ended(process):
                    self._end_all()
        except OSError as error:
            self._say(f"ending the launch: {error}")
            self.exit_code = 1
            self._end_all()
        finally:
            self._kill_marked()
            if self._reason:  # once more, below what the others said when they were interrupted
                self._say(f"the launch has ended because {self._reason}")
            self._folder.cleanup()
            self._ended.set()

    def _start(self, name: str, node: NodeDescription, command: list[str]) -> None:
        environment = {**node.environment, MARK: self._mark}
        process = NodeProcess(name, command, environment, self._output, node.output, self._events.put)
        self._running.add(process)
        if node.required:
            self._required.add(process)
        self._say(f"{name} started with pid {process.pid}")

    def _has_ended(self, process: NodeProcess, stopping: bool = False) -> bool:
        """Note the end of a process.

        Returns:
            Whether the launch is over because of it.
        """
        self._running.discard(process)
        code = process.exit_code
        if code == 0 or (stopping and code in (-signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL, 130)):
            self._say(f"{process.name} has ended")
        else:
            self._say(f"{process.name} has died [pid {process.pid}, exit code {code}]: {' '.join(process.command)}")
        if stopping or process not in self._required:
            return False
        self.exit_code = 1 if code else 0
        self._reason = f"{process.name} is required and has ended with exit code {code}"
        self._say(f"{self._reason}: ending the launch")
        return True

    def _end_all(self) -> None:
        started = time.monotonic()
        escalation = [(0.0, signal.SIGINT), (TERMINATE_AFTER, signal.SIGTERM), (KILL_AFTER, signal.SIGKILL)]
        while self._running or (escalation and marked_processes(self._mark)):
            while escalation and time.monotonic() - started >= escalation[0][0]:
                self._signal_all(escalation.pop(0)[1])
            try:
                process = self._events.get(timeout=POLL)
            except queue.Empty:
                continue
            if process is not None:
                self._has_ended(process, stopping=True)
            else:
                escalation = [(0.0, signal.SIGKILL)] if escalation else []

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._running:
            if number != signal.SIGINT:
                self._say(f"{process.name} still runs: sending {number.name}")
            process.signal(number)

    def _kill_marked(self) -> None:
        for pid in marked_processes(self._mark):
            self._say(f"killing process {pid}, left behind by a node")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _say(self, text: str) -> None:
        self._output.line("launch", text)

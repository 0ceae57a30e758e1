"""A simulated robot in a process of its own, and what a client sees of its end.

The last module of its folder by name: the graph remembers a killed process for twenty seconds.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from action_msgs.msg import GoalStatus
from rclpy.parameter import Parameter

from .conftest import Graph, Robot, files, wait_until

MAIN = "import sys; from grasp_sim.nodes.simulated_robot import main; sys.exit(main())"
Start = Callable[..., subprocess.Popen]


def arguments(parameters: list[Parameter]) -> list[str]:
    values = [f"{item.name}:={str(item.value).replace(chr(39), chr(34))}" for item in parameters]
    return ["--ros-args", *(word for value in values for word in ("-p", value))]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the node in a process; its output goes to the file `output`."""
    processes: list[subprocess.Popen] = []

    def start(**parameters: object) -> subprocess.Popen:
        words = arguments(files(**parameters))
        with (tmp_path / "output").open("w") as output:
            process = subprocess.Popen([sys.executable, "-c", MAIN, *words], stdout=output, stderr=output)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def is_silent(robot: Robot) -> bool:
    count = len(robot.states)
    time.sleep(0.5)
    return len(robot.states) == count


def test_interrupted_in_motion(graph: Graph, start: Start, tmp_path: Path) -> None:
    """A process that leaves in order tells its clients first."""
    process = start(rate=1.0)
    robot = Robot(graph)
    handle = robot.send(robot.arm, robot.move([-0.5, 0.0, 0.0, 0.0, 0.0], 30.0))
    result = handle.get_result_async()
    wait_until(lambda: robot.feedback, "feedback")
    process.send_signal(signal.SIGINT)
    response = graph.result(result)
    assert response.status == GoalStatus.STATUS_ABORTED
    assert response.result.error_string == "the simulation was closed"
    assert process.wait(10.0) == 0
    wait_until(lambda: is_silent(robot), "silence")
    output = (tmp_path / "output").read_text()
    assert "FATAL" not in output and "Traceback" not in output, output


def test_what_is_wrong_ends_the_process(start: Start, tmp_path: Path) -> None:
    process = start(arm_file="/nowhere/arm.yaml")
    assert process.wait(20.0) == 2
    output = (tmp_path / "output").read_text()
    assert "cannot read /nowhere/arm.yaml: No such file or directory" in output
    assert "cannot start: simulated_robot could not configure" in output


def test_killed_in_motion(graph: Graph, start: Start) -> None:
    """The goal never ends, and the graph may show the server for its lease (20 s): silence is what tells."""
    process = start(rate=1.0)
    robot = Robot(graph)
    handle = robot.send(robot.arm, robot.move([-0.5, 0.0, 0.0, 0.0, 0.0], 30.0))
    result = handle.get_result_async()
    wait_until(lambda: robot.feedback, "feedback")
    process.kill()
    process.wait()
    wait_until(lambda: is_silent(robot), "silence")
    assert not result.done()

"""`launch/sim.launch.xml` and `launch/robot.launch.xml`: what they start."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from grasp_bringup.launch.command_line import command_line
from grasp_bringup.launch.description import LaunchDescription
from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.packages import launch_file
from grasp_bringup.launch.reader import read_launch_file

STACK = ["camera_transform", "grasp_planner", "motion_planner", "executor"]
COMMON = {"arm", "camera", "planner", "options", "motion", "seed", "record"}
FILES = ["robot.launch.xml", "sim.launch.xml"]


def read(file: str = "sim.launch.xml", **arguments: str) -> LaunchDescription:
    return read_launch_file(launch_file("grasp_bringup", file), arguments)


def parameters(description: LaunchDescription, name: str) -> dict[str, object]:
    """What a node gets, after all that overrides each other."""
    node = next(node for node in description.nodes if node.name == name)
    wildcard: dict[str, object] = {}
    own: dict[str, object] = {}
    for given in node.parameters:
        content = yaml.safe_load(given.read_text()) if isinstance(given, Path) else {"/**": {"ros__parameters": given}}
        wildcard |= content.get("/**", {}).get("ros__parameters", {})
        own |= content.get(name, {}).get("ros__parameters", {})
    return wildcard | own


@pytest.mark.parametrize(
    ("file", "nodes", "arguments"),
    [
        ("robot.launch.xml", STACK, COMMON),
        ("sim.launch.xml", [*STACK, "simulated_robot"], COMMON | {"rate", "image_rate", "objects", "object_count"}),
    ],
)
def test_nodes_and_arguments(file, nodes, arguments):
    description = read(file)
    assert [node.name for node in description.nodes] == nodes
    assert all(node.required for node in description.nodes)
    assert set(description.arguments) == arguments


@pytest.mark.parametrize("file", FILES)
def test_every_executable_is_installed(tmp_path, file):
    for node in read(file, record="x").nodes:
        assert Path(command_line(node, tmp_path)[0]).name == node.executable


def uses_simulated_time(description: LaunchDescription) -> set[str]:
    return {node.name for node in description.nodes if parameters(description, node.name)["use_sim_time"]}


def test_in_simulation_all_but_those_that_know_the_time_use_simulated_time():
    assert uses_simulated_time(read(record="x")) == set(STACK)


def test_beside_a_real_robot_none_does():
    assert uses_simulated_time(read("robot.launch.xml", record="x")) == set()


def test_what_is_no_matter_of_time_is_the_same_for_a_real_and_a_simulated_robot():
    given = [
        {name: parameters(description, name) | {"use_sim_time": None, "driver_timeout": None} for name in STACK}
        for description in map(read, FILES)
    ]
    assert given[0] == given[1]
    assert given[0]["grasp_planner"]["tool_frame"] == "tool_link"


def test_arguments_reach_the_nodes_with_their_types():
    description = read(seed="7", rate="2", planner="antipodal", objects="['a', 'b']", object_count="3")
    robot = parameters(description, "simulated_robot")
    assert {name: robot[name] for name in ("seed", "rate", "objects", "object_count")} == {
        "seed": 7,
        "rate": 2.0,
        "objects": ["a", "b"],
        "object_count": 3,
    }
    assert type(robot["rate"]) is float
    assert parameters(description, "grasp_planner")["planner"] == "antipodal"
    assert parameters(description, "grasp_planner")["options"] == ""
    assert parameters(read(options="{friction: 0.5}"), "grasp_planner")["options"] == "{friction: 0.5}"
    assert parameters(description, "motion_planner")["seed"] == 7
    assert parameters(read(), "simulated_robot")["objects"] == [""]


def test_launch_lines_of_the_documentation_are_understood(repository):
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    lines = [line for page in pages for line in re.findall(r"grasp_bringup sim\.launch\.xml(.*)", page.read_text())]
    assert len(lines) >= 4
    for line in lines:
        words = shlex.split(line, comments=True)
        assert read(**dict(word.split(":=", 1) for word in words)).nodes, line


def test_files_exist():
    description = read()
    files = {
        value
        for node in description.nodes
        for name, value in parameters(description, node.name).items()
        if name.endswith("_file")
    }
    assert len(files) == 5
    assert all(Path(str(file)).is_file() for file in files)


def test_a_recording_is_made_on_request_and_is_not_required():
    (recorder,) = (node for node in read(record="/some where").nodes if node.name == "recorder")
    assert not recorder.required
    assert parameters(read(record="/some where"), "recorder")["folder"] == "/some where"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"motion": "magic"}, "the argument 'motion' is 'magic', but must be one of: embedded"),
        ({"seed": "one"}, "'one' is not of type int"),
        ({"rates": "1"}, "has no argument 'rates'; it has: arm, camera, planner"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(LaunchError, match=message):
        read(**arguments)

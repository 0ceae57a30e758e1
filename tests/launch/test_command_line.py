"""From a node to the command that starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from grasp_bringup.launch.command_line import command_line
from grasp_bringup.launch.description import NodeDescription
from grasp_bringup.launch.errors import LaunchError


def test_everything_in_order(stub, tmp_path):
    program = stub.executable("e", "")
    node = NodeDescription(
        "stub",
        "e",
        name="n",
        namespace="/ns",
        arguments=("--x", "a b"),
        ros_arguments=("--log-level", "debug"),
        remappings=(("a", "b"),),
        parameters=(Path("/p.yaml"), {"rate": 2.0, "name": "5", "items": ["a"]}, {"rate": 3.0}),
    )
    command = command_line(node, tmp_path)
    written = [Path(command[i + 1]) for i, word in enumerate(command) if word == "--params-file"]
    expected = [str(program), "--x", "a b", "--ros-args", "--log-level", "debug", "--ros-args", "-r", "__node:=n"]
    expected += ["-r", "__ns:=/ns"]
    for path in written:
        expected += ["--params-file", str(path)]
    assert command == [*expected, "-r", "a:=b"]
    assert written[0] == Path("/p.yaml")
    assert yaml.safe_load(written[1].read_text()) == {
        "/ns/n": {"ros__parameters": {"rate": 2.0, "name": "5", "items": ["a"]}}
    }
    assert yaml.safe_load(written[2].read_text()) == {"/ns/n": {"ros__parameters": {"rate": 3.0}}}


def test_without_a_namespace_the_parameters_are_for_any_node(stub, tmp_path):
    stub.executable("e", "")
    command = command_line(NodeDescription("stub", "e", name="n", parameters=({"x": 1},)), tmp_path)
    assert yaml.safe_load(Path(command[-1]).read_text()) == {"/**": {"ros__parameters": {"x": 1}}}


def test_a_missing_executable_and_a_missing_package(stub, tmp_path):
    stub.executable("b", "")
    stub.executable("a", "")
    with pytest.raises(LaunchError, match=r"package 'stub' has no executable 'c'; it has: a, b"):
        command_line(NodeDescription("stub", "c"), tmp_path)
    with pytest.raises(LaunchError, match="package 'nothing_here' is not installed"):
        command_line(NodeDescription("nothing_here", "c"), tmp_path)

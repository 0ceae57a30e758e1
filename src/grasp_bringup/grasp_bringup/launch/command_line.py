"""The command that starts a node."""

from __future__ import annotations

from pathlib import Path

import yaml

from grasp_bringup.launch.description import NodeDescription
from grasp_bringup.launch.packages import executable


def command_line(node: NodeDescription, folder: Path) -> list[str]:
    """Program and arguments of a node.

    Args:
        node: The node.
        folder: Where parameter files are written; they must last as long as the node starts.

    Raises:
        LaunchError: The package or the executable is missing.
    """
    command = [str(executable(node.package, node.executable)), *node.arguments]
    if node.ros_arguments:
        command += ["--ros-args", *node.ros_arguments]
    command.append("--ros-args")
    if node.name:
        command += ["-r", f"__node:={node.name}"]
    if node.namespace:
        command += ["-r", f"__ns:={node.namespace}"]
    for parameters in node.parameters:
        if isinstance(parameters, Path):
            path = parameters
        else:
            # A file, not `-p`: its rules take precedence as those of `ros2 launch` do.
            path = folder / f"parameters_{len(list(folder.iterdir()))}.yaml"
            path.write_text(yaml.safe_dump({node.qualified_name: {"ros__parameters": dict(parameters)}}))
        command += ["--params-file", str(path)]
    for source, target in node.remappings:
        command += ["-r", f"{source}:={target}"]
    return command

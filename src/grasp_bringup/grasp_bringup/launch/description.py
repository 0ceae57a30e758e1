"""What a launch file asks for, once its arguments are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grasp_bringup.launch.parameter_value import Value

Parameters = Mapping[str, Value] | Path
"""Parameters by name, or a file with parameters."""


@dataclass(frozen=True)
class NodeDescription:
    """One node to start."""

    package: str
    executable: str
    name: str | None = None
    namespace: str | None = None
    output: str = "log"
    """`screen`, `log` or `both`; of `log`, stderr is shown all the same."""
    required: bool = False
    """Its end ends the launch (`on_exit="shutdown"`)."""
    arguments: tuple[str, ...] = ()
    ros_arguments: tuple[str, ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    parameters: tuple[Parameters, ...] = ()
    """In the order in which they override each other."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment of the process."""

    @property
    def qualified_name(self) -> str:
        """Its name with namespace where both are known, else the wildcard of parameter files."""
        if self.name is None or self.namespace is None:
            return "/**"
        return f"{self.namespace.rstrip('/')}/{self.name}"


@dataclass(frozen=True)
class ArgumentDescription:
    """One argument that a launch file takes."""

    name: str
    default: str | None
    """As written, with its substitutions."""
    description: str
    choices: tuple[str, ...] = ()


@dataclass
class LaunchDescription:
    """All that a launch file and the files it includes ask for."""

    nodes: list[NodeDescription] = field(default_factory=list)
    arguments: dict[str, ArgumentDescription] = field(default_factory=dict)
    """By name; those a file gives to the files it includes are not among them."""
    messages: list[str] = field(default_factory=list)
    """What `<log>` says."""

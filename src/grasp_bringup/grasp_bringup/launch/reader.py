"""From a launch file and its arguments to what is to be started."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from grasp_bringup.launch.description import ArgumentDescription, LaunchDescription, NodeDescription, Parameters
from grasp_bringup.launch.errors import LaunchError, LaunchFileError
from grasp_bringup.launch.parameter_value import parameter_value
from grasp_bringup.launch.substitution import Scope, parse, perform, truth
from grasp_bringup.launch.xml_file import Element, read_xml

NAMESPACE = "ros_namespace"
OUTPUTS = ("screen", "log", "both")

# Tag -> (attributes it must have, attributes it may have, tags it may hold). What `ros2 launch` knows
# besides these is left out, because nothing here needs it.
_CONDITIONS = ("if", "unless")
_ACTIONS = ("arg", "let", "include", "group", "push_ros_namespace", "set_env", "log", "node")
_GRAMMAR: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "launch": ((), (), _ACTIONS),
    "group": ((), ("scoped", *_CONDITIONS), _ACTIONS),
    "arg": (("name",), ("default", "description", *_CONDITIONS), ("choice",)),
    "choice": (("value",), (), ()),
    "let": (("name", "value"), _CONDITIONS, ()),
    "include": (("file",), _CONDITIONS, ("include/arg",)),
    "include/arg": (("name", "value"), (), ()),
    "push_ros_namespace": (("namespace",), _CONDITIONS, ()),
    "set_env": (("name", "value"), _CONDITIONS, ()),
    "log": (("message",), _CONDITIONS, ()),
    "node": (
        ("pkg", "exec"),
        ("name", "namespace", "output", "args", "ros_args", "on_exit", *_CONDITIONS),
        ("param", "remap", "env"),
    ),
    "param": ((), ("name", "value", "type", "from"), ()),
    "remap": (("from", "to"), (), ()),
    "env": (("name", "value"), (), ()),
}


def read_launch_file(path: Path, arguments: Mapping[str, str], *, only_arguments: bool = False) -> LaunchDescription:
    """Read a launch file and those it includes.

    Args:
        path: The file.
        arguments: Values of its arguments.
        only_arguments: To learn which arguments there are, without giving those that have no default.

    Raises:
        LaunchError: An argument is unknown or missing, or a file is wrong; the message names the line.
    """
    reader = _Reader(Scope(dict(arguments), dict(os.environ), path.absolute().parent), only_arguments)
    reader.read(path.absolute())
    known = reader.description.arguments
    for name in arguments:
        if name not in known:
            raise LaunchError(f"{path.name} has no argument '{name}'; it has: {', '.join(known) or 'none'}")
    return reader.description


class _Reader:
    def __init__(self, scope: Scope, only_arguments: bool) -> None:
        self.description = LaunchDescription()
        self._scope = scope
        self._only_arguments = only_arguments
        self._given: set[str] = set()  # by a file to those it includes
        self._open_files: list[Path] = []

    def read(self, path: Path) -> None:
        root = read_xml(path)
        if root.tag != "launch":
            raise root.error("the root of a launch file must be <launch>")
        _check(root)
        outer = self._scope.folder
        self._scope.folder = path.parent
        self._open_files.append(path)
        self._visit_children(root)
        self._open_files.pop()
        self._scope.folder = outer

    def _visit_children(self, parent: Element) -> None:
        for element in parent.children:
            if self._only_arguments and element.tag == "node":
                continue
            with _located(element):
                if self._applies(element):
                    getattr(self, f"_visit_{element.tag}")(element)

    def _applies(self, element: Element) -> bool:
        if "if" in element.attributes and "unless" in element.attributes:
            raise element.error("`if` and `unless` cannot be used together")
        if self._only_arguments:
            return True  # the condition may ask for a value that was not given
        if "if" in element.attributes:
            return truth(self._get(element, "if"))
        return not truth(self._get(element, "unless", "false"))

    def _visit_group(self, element: Element) -> None:
        if not truth(element.attributes.get("scoped", "true")):
            self._visit_children(element)
            return
        configurations, environment = dict(self._scope.configurations), dict(self._scope.environment)
        self._visit_children(element)
        self._scope.configurations, self._scope.environment = configurations, environment

    def _visit_arg(self, element: Element) -> None:
        name, choices = element.attributes["name"], tuple(child.attributes["value"] for child in element.children)
        default = element.attributes.get("default")
        values = self._scope.configurations
        if name not in self._given:
            about = element.attributes.get("description", "")
            self.description.arguments.setdefault(name, ArgumentDescription(name, default, about, choices))
        if name not in values:
            if default is None and not self._only_arguments:
                raise element.error(f"the argument '{name}' has no default and was not given: add {name}:=VALUE")
            values[name] = next(iter(choices), "") if default is None else self._get(element, "default")
        if choices and values[name] not in choices:
            raise element.error(f"the argument '{name}' is '{values[name]}', but must be one of: {', '.join(choices)}")

    def _visit_let(self, element: Element) -> None:
        self._scope.configurations[self._get(element, "name")] = self._get(element, "value")

    def _visit_include(self, element: Element) -> None:
        path = Path(self._get(element, "file")).absolute()
        if path in self._open_files:
            raise element.error(f"{path} includes itself")
        # As with `ros2 launch`, these stay set after the include, unless a group is put around it.
        for child in element.children:
            name = self._get(child, "name")
            self._scope.configurations[name] = self._get(child, "value")
            self._given.add(name)
        self.read(path)

    def _visit_push_ros_namespace(self, element: Element) -> None:
        values = self._scope.configurations
        values[NAMESPACE] = _joined(values.get(NAMESPACE), self._get(element, "namespace")) or "/"

    def _visit_set_env(self, element: Element) -> None:
        self._scope.environment[self._get(element, "name")] = self._get(element, "value")

    def _visit_log(self, element: Element) -> None:
        self.description.messages.append(self._get(element, "message"))

    def _visit_node(self, element: Element) -> None:
        on_exit = element.attributes.get("on_exit")
        if on_exit not in (None, "shutdown"):
            raise element.error(f"on_exit is '{on_exit}', but the only value it can have is 'shutdown'")
        output = self._get(element, "output", "log")
        if output not in OUTPUTS:
            raise element.error(f"output is '{output}', but must be one of: {', '.join(OUTPUTS)}")
        nested: dict[str, list[Element]] = {"param": [], "remap": [], "env": []}
        for child in element.children:
            nested[child.tag].append(child)
        own_environment = {self._get(e, "name"): self._get(e, "value") for e in nested["env"]}
        self.description.nodes.append(
            NodeDescription(
                package=self._get(element, "pkg"),
                executable=self._get(element, "exec"),
                name=self._get(element, "name", "") or None,
                namespace=_joined(self._scope.configurations.get(NAMESPACE), self._get(element, "namespace", "")),
                output=output,
                required=on_exit == "shutdown",
                arguments=self._split(element, "args"),
                ros_arguments=self._split(element, "ros_args"),
                remappings=tuple((self._get(e, "from"), self._get(e, "to")) for e in nested["remap"]),
                parameters=tuple(self._parameters(e) for e in nested["param"]),
                environment=self._scope.environment | own_environment,
            )
        )

    def _parameters(self, element: Element) -> Parameters:
        with _located(element):
            attributes = element.attributes
            if set(attributes) == {"from"}:
                path = Path(self._get(element, "from"))
                if not path.is_file():
                    raise element.error(f"there is no parameter file {path}")
                return path
            if not {"name", "value"} <= set(attributes) or "from" in attributes:
                raise element.error("needs either `name` and `value`, or `from`")
            value = parameter_value(attributes["value"], attributes.get("type"), self._scope)
            return {self._get(element, "name"): value}

    def _split(self, element: Element, attribute: str) -> tuple[str, ...]:
        """Command-line arguments; the value of a substitution is never split."""
        pieces = parse(element.attributes.get(attribute, ""))
        values = {
            f"\ue000{i}\ue001": perform((p,), self._scope) for i, p in enumerate(pieces) if not isinstance(p, str)
        }
        names = iter(values)
        words = shlex.split("".join(piece if isinstance(piece, str) else next(names) for piece in pieces))
        return tuple(re.sub("\ue000\\d+\ue001", lambda found: values[found.group()], word) for word in words)

    def _get(self, element: Element, attribute: str, default: str = "") -> str:
        with _located(element):
            return perform(parse(element.attributes.get(attribute, default)), self._scope)


def _check(element: Element, place: str = "launch") -> None:
    """Refuse tags and attributes that this runner does not know, in the whole file."""
    needed, optional, children = _GRAMMAR[place]
    for name in needed:
        if name not in element.attributes:
            raise element.error(f"the attribute `{name}` is missing")
    for name in element.attributes:
        if name not in needed + optional:
            known = ", ".join(needed + optional) or "none"
            raise element.error(f"unknown attribute `{name}`; this runner knows: {known}")
    for child in element.children:
        below = next((key for key in children if key.split("/")[-1] == child.tag), None)
        if below is None:
            known = ", ".join(key.split("/")[-1] for key in children) or "none"
            raise child.error(f"unknown tag inside <{element.tag}>; this runner knows: {known}")
        _check(child, below)


@contextmanager
def _located(element: Element) -> Iterator[None]:
    """Give errors raised inside the file and line of an element."""
    try:
        yield
    except LaunchFileError:
        raise
    except (LaunchError, ValueError) as error:
        raise element.error(str(error)) from error


def _joined(base: str | None, namespace: str) -> str | None:
    """A namespace below another one, absolute; none if neither is given."""
    if not namespace:
        return base
    if not namespace.startswith("/"):
        namespace = f"{(base or '').rstrip('/')}/{namespace}"
    return namespace.rstrip("/") or "/"

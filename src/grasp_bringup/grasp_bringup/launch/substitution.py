r"""Substitutions: `$(name argument ...)` inside the attributes of a launch file.

The grammar is that of `ros2 launch`: arguments are separated by one space, may be quoted with ' or ",
may hold further substitutions, and a backslash makes the next character an ordinary one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.packages import share_folder

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
TRUE, FALSE = ("true", "1"), ("false", "0")


class SubstitutionError(LaunchError):
    """A substitution is wrong, or names something that does not exist."""


@dataclass(frozen=True)
class Call:
    """A parsed substitution; each argument is a template."""

    name: str
    arguments: tuple[Template, ...]


Template = tuple["str | Call", ...]
"""Pieces of text and substitutions, one after the other."""


@dataclass
class Scope:
    """What substitutions can see."""

    configurations: dict[str, str]
    environment: dict[str, str]
    folder: Path


def parse(text: str) -> Template:
    """Parse the value of an attribute.

    Raises:
        SubstitutionError: A substitution is not closed, or has no name.
    """
    return _Parser(text).template()


def perform(template: Template, scope: Scope) -> str:
    """Replace the substitutions of a template.

    Raises:
        SubstitutionError: A substitution is unknown, or names something that does not exist.
    """
    return "".join(piece if isinstance(piece, str) else _call(piece, scope) for piece in template)


def truth(text: str) -> bool:
    """The value of a condition: true, 1, false or 0.

    Raises:
        SubstitutionError: It is something else.
    """
    word = text.strip().lower()
    if word not in TRUE + FALSE:
        raise SubstitutionError(f"a condition must be true, 1, false or 0, but is '{text}'")
    return word in TRUE


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def template(self, end: str = "") -> Template:
        """Up to the end of the text, or up to a closing quote."""
        pieces: list[str | Call] = []
        while self._at < len(self._text) and not (end and self._text.startswith(end, self._at)):
            pieces.append(self._piece())
        if end and not self._take(end):
            raise SubstitutionError(f"a quote {end} is not closed in '{self._text}'")
        return _joined(pieces)

    def _piece(self) -> str | Call:
        if self._take("$("):
            return self._substitution()
        if self._text[self._at] == "\\" and self._at + 1 < len(self._text):
            self._at += 1
        self._at += 1
        return self._text[self._at - 1]

    def _substitution(self) -> Call:
        name = _NAME.match(self._text, self._at)
        if name is None:
            raise SubstitutionError(f"a substitution has no name in '{self._text}'")
        self._at = name.end()
        arguments = []
        while self._take(" "):
            arguments.append(self._argument())
        if not self._take(")"):
            raise SubstitutionError(f"$({name.group()} is not closed, or not separated by one space, in '{self._text}'")
        return Call(name.group(), tuple(arguments))

    def _argument(self) -> Template:
        for quote in "'\"":
            if self._take(quote):
                return self.template(quote)
        pieces: list[str | Call] = []
        while self._at < len(self._text) and self._text[self._at] not in " )('\"":
            if self._text.startswith("\\ ", self._at):
                raise SubstitutionError(f"an argument with a space must stand in quotes, in '{self._text}'")
            pieces.append(self._piece())
        if not pieces:
            raise SubstitutionError(f"an argument is empty in '{self._text}': arguments are separated by one space")
        return _joined(pieces)

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True


def _joined(pieces: list[str | Call]) -> Template:
    """With neighbouring text as one piece."""
    joined: list[str | Call] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)


def _call(call: Call, scope: Scope) -> str:
    if call.name not in _SUBSTITUTIONS:
        known = ", ".join(sorted(_SUBSTITUTIONS))
        raise SubstitutionError(f"$({call.name} ...) is not one of the substitutions this runner knows: {known}")
    counts, function = _SUBSTITUTIONS[call.name]
    if len(call.arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise SubstitutionError(f"$({call.name} ...) takes {wanted} arguments, not {len(call.arguments)}")
    if call.name in ("equals", "not-equals") and () in call.arguments:
        raise SubstitutionError(
            f"$({call.name} ...) with an empty argument compares with '[]' in ros2 launch; "
            "put a letter before both: $(equals x$(var name) x)"
        )
    return function(scope, *(perform(argument, scope) for argument in call.arguments))


def _var(scope: Scope, name: str, default: str | None = None) -> str:
    return _get(scope.configurations, "argument", name, default)


def _env(scope: Scope, name: str, default: str | None = None) -> str:
    return _get(scope.environment, "environment variable", name, default)


def _get(values: Mapping[str, str], kind: str, name: str, default: str | None) -> str:
    if name in values:
        return values[name]
    if default is None:
        raise SubstitutionError(f"there is no {kind} '{name}'")
    return default


def _find_pkg_share(scope: Scope, package: str) -> str:
    return str(share_folder(package))


def _dirname(scope: Scope) -> str:
    return str(scope.folder)


def _not(scope: Scope, value: str) -> str:
    return str(not truth(value)).lower()


def _equals(scope: Scope, left: str, right: str) -> str:
    return str(_same(left, right)).lower()


def _not_equals(scope: Scope, left: str, right: str) -> str:
    return str(not _same(left, right)).lower()


def _same(left: str, right: str) -> bool:
    """Truth values and numbers are compared by what they mean, the rest as text."""
    if all(text.lower() in TRUE + FALSE for text in (left, right)):
        return (left.lower() in TRUE) == (right.lower() in TRUE)
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return left == right


_SUBSTITUTIONS: dict[str, tuple[tuple[int, ...], Callable[..., str]]] = {
    "var": ((1, 2), _var),
    "env": ((1, 2), _env),
    "find-pkg-share": ((1,), _find_pkg_share),
    "dirname": ((0,), _dirname),
    "not": ((1,), _not),
    "equals": ((2,), _equals),
    "not-equals": ((2,), _not_equals),
}

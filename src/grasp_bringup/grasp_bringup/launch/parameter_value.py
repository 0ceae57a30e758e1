"""The types of parameter values in a launch file.

Without `type`, a value has the type that YAML gives it ("1" is an integer, "1.0" a float, "true" a
boolean), before and again after its substitutions.
"""

from __future__ import annotations

import yaml

from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.substitution import Scope, parse, perform

Scalar = bool | int | float | str
Value = Scalar | list[Scalar]

SCALARS: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float}
TYPES = (*SCALARS, *(f"list_of_{name}" for name in SCALARS), "yaml")


class ParameterValueError(LaunchError):
    """A value does not have its type."""


def parameter_value(text: str, kind: str | None, scope: Scope) -> Value:
    """The value of a `<param>`.

    Args:
        text: Its `value` attribute, with substitutions.
        kind: Its `type` attribute, one of `TYPES`; none for YAML's rules.
        scope: What substitutions can see.

    Raises:
        ParameterValueError: The value cannot have this type, or `kind` is no type.
        SubstitutionError: A substitution is wrong.
    """
    if kind not in (None, *TYPES):
        raise ParameterValueError(f"type '{kind}' is not one of: {', '.join(TYPES)}")
    kind = None if kind == "yaml" else kind
    if "$(" not in text:
        return _typed(_plain(text, kind), kind, scope)
    try:
        value = _plain(text, kind)
    except ParameterValueError:
        if kind and kind.startswith("list_of_"):
            raise  # a list must be a list before its substitutions, too
        value = text
    return _typed(value, kind, scope)


def _typed(value: Value, kind: str | None, scope: Scope) -> Value:
    if isinstance(value, list):
        item_kind = kind.removeprefix("list_of_") if kind else None
        return _uniform([_substituted(item, item_kind, scope) for item in value])
    return _substituted(value, kind, scope)


def _substituted(value: Scalar, kind: str | None, scope: Scope) -> Value:
    if not isinstance(value, str):
        return value
    template = parse(value)
    performed = perform(template, scope)
    if all(isinstance(piece, str) for piece in template):
        return performed
    return _plain(performed, kind)


def _plain(text: str, kind: str | None) -> Value:
    """Convert text without substitutions."""
    if kind == "str" or (kind is None and not text):
        return text
    if kind in ("int", "float"):
        try:
            return SCALARS[kind](text)
        except ValueError as error:
            raise ParameterValueError(f"'{text}' is not of type {kind}") from error
    if kind == "bool" and text in ("0", "1"):
        return text == "1"
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterValueError(f"'{text}' is not YAML; if it is meant as text, say type=\"str\"") from error
    items = value if isinstance(value, list) else [value]
    item_type = SCALARS[kind.removeprefix("list_of_")] if kind else None
    if kind and isinstance(value, list) != kind.startswith("list_of_"):
        raise ParameterValueError(f"'{text}' is not of type {kind}")
    for item in items:
        if not isinstance(item, (str, bool, int, float)) or (item_type and not _is(item, item_type)):
            raise ParameterValueError(
                f"'{text}' is not of type {kind or 'bool, int, float or str, or a list of one of these'}"
            )
    return value


def _is(item: Scalar, kind: type) -> bool:
    return type(item) is kind or (isinstance(item, str) and "$(" in item)


def _uniform(items: list[Value]) -> list[Scalar]:
    kinds = {type(item) for item in items}
    if len(kinds) > 1 or list in kinds:
        raise ParameterValueError(f"the items of a list must have one type, got {items}")
    return items  # type: ignore[return-value]

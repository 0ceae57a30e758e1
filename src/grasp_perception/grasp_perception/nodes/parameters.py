"""Declaring ROS parameters with a description, a range, and a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter


def declare(
    node: Node,
    name: str,
    default: Any,
    description: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    read_only: bool = True,
) -> Any:
    """Declare a parameter and return its value.

    Args:
        node: The node that owns the parameter.
        name: Its name.
        default: Its default, which also fixes the type.
        description: What it means, with its unit.
        minimum: Least value of a number.
        maximum: Greatest value of a number.
        choices: Allowed values of a string.
        read_only: Whether it can be set at start only.

    Raises:
        rclpy.exceptions.InvalidParameterTypeException: The value given at start has another type.
        rclpy.exceptions.InvalidParameterValueException: It is out of range, or none of the choices.
    """
    descriptor = ParameterDescriptor(description=description, read_only=read_only)
    if minimum is not None or maximum is not None:
        if isinstance(default, int):
            low = -(2**63) if minimum is None else int(minimum)
            high = 2**63 - 1 if maximum is None else int(maximum)
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
        else:
            low = -1.7e308 if minimum is None else float(minimum)
            high = 1.7e308 if maximum is None else float(maximum)
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high, step=0.0)]
    if choices is not None:
        descriptor.additional_constraints = f"one of: {', '.join(choices)}"
        node.add_on_set_parameters_callback(_only(name, choices))
    return node.declare_parameter(name, default, descriptor).value


def _only(name: str, choices: Sequence[str]) -> Any:
    def check(parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == name and parameter.value not in choices:
                reason = f"{name} is '{parameter.value}', but must be one of: {', '.join(choices)}"
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    return check

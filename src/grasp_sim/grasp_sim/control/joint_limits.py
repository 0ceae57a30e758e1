"""Limits of an arm's joints, from its URDF."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from grasp_perception.configuration import ConfigurationError


@dataclass(frozen=True, slots=True, eq=False)
class JointLimits:
    """Position and velocity limits of J joints."""

    names: tuple[str, ...]
    lower: NDArray[np.float64]
    """(J,) rad or m; -inf for a continuous joint."""
    upper: NDArray[np.float64]
    """(J,) rad or m; inf for a continuous joint."""
    velocity: NDArray[np.float64]
    """(J,) rad/s or m/s."""

    @classmethod
    def from_urdf(cls, path: str | Path, names: Sequence[str]) -> Self:
        """Of the named joints, in the order of the names.

        Raises:
            ConfigurationError: The file cannot be read, or a joint or its limit is missing.
        """
        try:
            root = ElementTree.parse(path).getroot()
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        except ElementTree.ParseError as error:
            raise ConfigurationError(f"{path} is not valid XML: {error}") from error
        joints = {str(joint.get("name")): joint for joint in root.findall("joint")}
        rows = []
        for name in names:
            limit = joints[name].find("limit") if name in joints else None
            if limit is None or limit.get("velocity") is None:
                raise ConfigurationError(
                    f"{path} has no joint '{name}' with a velocity limit; its joints are {', '.join(joints)}"
                )
            bounded = joints[name].get("type") != "continuous"
            rows.append(
                (
                    float(limit.get("lower", 0.0)) if bounded else -np.inf,
                    float(limit.get("upper", 0.0)) if bounded else np.inf,
                    float(limit.get("velocity", 0.0)),
                )
            )
        lower, upper, velocity = np.array(rows).reshape(-1, 3).T
        return cls(tuple(names), lower, upper, velocity)

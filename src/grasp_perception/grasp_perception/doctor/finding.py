"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Grasping will work less well."""
    ERROR = "error"
    """Grasping will not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    level: Level
    check: str
    """Which check: units, holes, range, grain, intrinsics, table, scene, colour."""
    message: str
    """What was seen."""
    remedy: str = ""
    """What to do about it; empty when there is nothing to do."""

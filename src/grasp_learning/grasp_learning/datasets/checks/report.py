"""What a check has found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple


class Severity(Enum):
    """Whether a dataset can be used in spite of it."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """One thing that is wrong."""

    path: Path
    """Of the file or folder."""
    line: int | None
    """Counted from 1; None where it is not a matter of lines."""
    kind: str
    """A few words that such problems share."""
    message: str
    severity: Severity = Severity.ERROR

    def where(self, root: Path) -> str:
        """``path:line``, the path below the root."""
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return str(path) if self.line is None else f"{path}:{self.line}"


class SceneFindings(NamedTuple):
    """Of one scene."""

    grasps: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class FolderReport:
    """Of a whole folder."""

    root: Path
    kind: str
    """"jacquard" or "cornell"."""
    scenes: int
    grasps: int
    """That could be read."""
    problems: list[Problem]

    @property
    def errors(self) -> int:
        """Problems that keep data from being used."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def warnings(self) -> int:
        """The other problems."""
        return len(self.problems) - self.errors

    @property
    def counts(self) -> dict[str, int]:
        """How many problems there are of each kind; errors first, then the most frequent."""
        severe = {problem.kind for problem in self.problems if problem.severity is Severity.ERROR}
        counts = Counter(problem.kind for problem in self.problems)
        return dict(sorted(counts.items(), key=lambda item: (item[0] not in severe, -item[1], item[0])))

    def as_json(self) -> dict[str, Any]:
        """For machines; paths are relative to the root."""
        return {
            "root": str(self.root),
            "kind": self.kind,
            "scenes": self.scenes,
            "grasps": self.grasps,
            "errors": self.errors,
            "warnings": self.warnings,
            "counts": self.counts,
            "problems": [
                {
                    "path": problem._replace(line=None).where(self.root),
                    "line": problem.line,
                    "severity": problem.severity.value,
                    "kind": problem.kind,
                    "message": problem.message,
                }
                for problem in self.problems
            ],
        }

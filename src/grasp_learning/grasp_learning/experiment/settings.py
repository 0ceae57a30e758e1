"""What an experiment is: a YAML file that names the rows of its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import Self

from grasp_learning.datasets.jacquard import DepthKind
from grasp_learning.datasets.splits import Part
from grasp_perception.configuration import Configuration

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class EvaluationSet(Configuration):
    """Scenes that every row is evaluated on; no row may have trained on their objects."""

    name: Name
    root: Path
    part: Part = "test"
    depth: DepthKind = "perfect"
    sgt: int = Field(default=0, ge=0)
    """Of so many of its scenes, evenly spread over it, the predicted grasp is tried; 0 for none."""
    fit_jaws: bool = False
    """Whether jaws are moved to where there is room, as planners do; if not, all is the network's."""


class TableSettings(Configuration):
    """One table of the report."""

    name: Name
    title: str
    rows: tuple[str, ...] = Field(min_length=1)
    """A row may stand in several tables; it is trained once."""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """Each row is trained with each."""
    chart: bool = False
    """Whether to draw it as a chart, too: a group for each network, a mark for each of its maps."""


class ExperimentSettings(Configuration):
    """One experiment."""

    title: str
    base: Path
    """A file such as those of config/training, from this file's folder on."""
    overrides: tuple[str, ...] = ()
    """Of all rows, as ``grasp train --set`` takes them."""
    tests: tuple[EvaluationSet, ...] = Field(min_length=1)
    rows: dict[Name, tuple[str, ...]]
    """By name, in what each differs: overrides as above."""
    tables: tuple[TableSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        for kind, parts in (("tests", self.tests), ("tables", self.tables)):
            names = [part.name for part in parts]
            if len(set(names)) < len(names):
                raise ValueError(f"two of the {kind} have the same name")
        if both := [table.name for table in self.tables if table.name in self.rows]:
            raise ValueError(f"a row and a table have the name '{both[0]}'")
        used = {row for table in self.tables for row in table.rows}
        if unknown := sorted(used - set(self.rows)):
            raise ValueError(f"a table has the row '{unknown[0]}', which is not among the rows")
        if unused := [row for row in self.rows if row not in used]:
            raise ValueError(f"the row '{unused[0]}' stands in no table")
        return self

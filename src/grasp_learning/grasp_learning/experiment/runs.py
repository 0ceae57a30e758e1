"""The training runs that an experiment asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grasp_learning.experiment.settings import ExperimentSettings
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.configuration import ConfigurationError


@dataclass(frozen=True, slots=True)
class Run:
    """One row with one seed."""

    row: str
    seed: int
    folder: Path
    settings: TrainingSettings

    def __str__(self) -> str:
        return f"{self.row}, seed {self.seed}"


class Experiment:
    """An experiment's file, and the folder of its results.

    Attributes:
        settings: The file's content.
        folder: ``<row>/seed<k>/`` for each run, and the report.
        runs: All of them, those of the first seeds first, so that tables fill evenly.
    """

    def __init__(self, path: Path, folder: Path, overrides: Sequence[str] = ()) -> None:
        """Read the file.

        Args:
            path: Of the file.
            folder: Of the results.
            overrides: Of all rows, besides the file's own.

        Raises:
            ConfigurationError: It, or what it makes of a row, is wrong.
        """
        self.settings = ExperimentSettings.load(path)
        self.folder = folder
        self._path, self._overrides = path, tuple(overrides)
        seeds = {row: self._seeds(row) for row in self.settings.rows}
        most = max(map(len, seeds.values()))
        self.runs = [
            self._run(row, seeds[row][rank]) for rank in range(most) for row in seeds if rank < len(seeds[row])
        ]

    def only(self, names: Sequence[str]) -> list[Run]:
        """The runs of some rows, and of some tables: those that it shows; all if none is named.

        Raises:
            ConfigurationError: There is no such row or table.
        """
        rows, tables = self.settings.rows, self.settings.tables
        if unknown := [name for name in names if name not in {*rows, *(table.name for table in tables)}]:
            raise ConfigurationError(
                f"{self._path} has no row '{unknown[0]}'; its rows are: {', '.join(rows)}; its tables: "
                f"{', '.join(table.name for table in tables)}"
            )
        shown = {(row, seed) for table in tables if table.name in names for row in table.rows for seed in table.seeds}
        return [run for run in self.runs if not names or run.row in names or (run.row, run.seed) in shown]

    def of_row(self, row: str) -> list[Run]:
        """The runs of one row, by seed."""
        return [run for run in self.runs if run.row == row]

    def _seeds(self, row: str) -> tuple[int, ...]:
        """Each once, in the tables' order."""
        return tuple(dict.fromkeys(seed for table in self.settings.tables if row in table.rows for seed in table.seeds))

    def _run(self, row: str, seed: int) -> Run:
        own = (*self.settings.overrides, *self._overrides, *self.settings.rows[row], f'name="{row}"', f"seed={seed}")
        try:
            settings = TrainingSettings.read(self._path.parent / self.settings.base, list(own))
        except ConfigurationError as error:
            raise ConfigurationError(f"{self._path}: row '{row}': {error}") from error
        return Run(row, seed, self.folder / row / f"seed{seed}", settings)

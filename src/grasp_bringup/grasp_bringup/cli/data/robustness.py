"""`grasp data robustness`: try a dataset's grasps again, a little aside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import refuse
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.robustness import ROBUSTNESS_FILE, Uncertainty
from grasp_perception.configuration import reasons
from grasp_perception.image_files import ImageFileError
from grasp_sim.dataset.index import DatasetIndexError
from grasp_sim.dataset.line_file import FolderError
from grasp_sim.judging.exam import Exam, JudgingError
from grasp_sim.judging.robustness import Robust, try_aside
from grasp_sim.objects.mesh_files import MeshError

_DEFAULT = Uncertainty()


def command(
    dataset: Annotated[Path, typer.Argument(help="Folder of `grasp data jacquard`.")],
    trials: Annotated[int, typer.Option(min=1, help="Of each grasp.")] = _DEFAULT.trials,
    position: Annotated[float, typer.Option(min=0, help="m by which its centre is missed.")] = _DEFAULT.position,
    angle: Annotated[float, typer.Option(min=0, help="rad")] = _DEFAULT.angle,
    opening: Annotated[float, typer.Option(min=0, help="m")] = _DEFAULT.opening,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Try each grasp of a dataset again, a little aside, and note how often it still holds.

    By how much it is missed is drawn from normal distributions; the options are their standard deviations.
    A training can then leave out what is not robust. Interrupt it and give the same command again: it goes on.
    Exit code 0: done; 1: interrupted, or trials were killed; 2: bad input.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        exam = Exam(dataset)
        uncertainty = Uncertainty(trials=trials, position=position, angle=angle, opening=opening)
        with ProgressBar(errors, "trying", "scenes", len(exam)) as bar:
            found = try_aside(exam, uncertainty, workers=workers, progress=bar.show)
    except KeyboardInterrupt:
        errors.print("Interrupted. What is done is kept; the same command goes on from there.")
        raise typer.Exit(1) from None
    except ValidationError as error:
        refuse(errors, reasons(error))
    except (DatasetError, DatasetIndexError, FolderError, ImageFileError, JudgingError, MeshError, OSError) as error:
        refuse(errors, error)
    console.print(_table(dataset / ROBUSTNESS_FILE, found, trials))
    if found.killed:
        scenes = ", ".join(found.killed)
        refuse(errors, f"the trials of {scenes} ended their process: none of those grasps counts as robust", code=1)


def _table(file: Path, found: Robust, trials: int) -> Table:
    total = found.held.total()
    title = escape(f"{file}: {found.scenes:,} scenes, {total:,} annotations")
    table = Table(title=title, title_justify="left")
    table.add_column(f"held in … of {trials} trials", justify="right")
    table.add_column("annotations", justify="right")
    table.add_column("share", justify="right")
    for count in range(trials, -1, -1):
        number = found.held[count]
        table.add_row(str(count), f"{number:,}", f"{number / max(total, 1):.1%}")
    return table

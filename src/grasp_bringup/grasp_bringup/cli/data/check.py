"""`grasp data check`: list what is wrong with a dataset, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import cannot_write, refuse
from grasp_learning.datasets.check import check_folder
from grasp_learning.datasets.checks.report import FolderReport, Severity
from grasp_learning.datasets.errors import DatasetError
from grasp_perception.files import write_json

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a dataset in Jacquard's or Cornell's format.")],
    show: Annotated[int, typer.Option(min=1, help="How many problems of each kind to list.")] = 5,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads; one a core, 8 at most.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every problem to this file.")] = None,
) -> None:
    """List what is wrong with a dataset, file by file.

    Exit code 0: nothing worse than a warning; 1: an error was found; 2: not a dataset; 130: interrupted.
    """
    errors = Console(stderr=True)
    if hasattr(cv2.utils, "logging"):  # from OpenCV 4.8 on; images that cannot be decoded are reported below
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        with ProgressBar(errors, "checking", "scenes") as bar:
            report = check_folder(folder, progress=bar.show, workers=workers)
    except DatasetError as error:
        refuse(errors, error)
    except KeyboardInterrupt as interrupt:
        errors.print("Interrupted; nothing is reported.")
        raise typer.Exit(130) from interrupt
    _print(report, show)
    if json_file is not None:
        try:
            write_json(json_file, report.as_json())
        except OSError as error:
            cannot_write(errors, error)
    raise typer.Exit(1 if report.errors else 0)


def _print(report: FolderReport, show: int) -> None:
    console = Console()
    console.print(
        f"{escape(str(report.root))}: {report.kind} format, scenes: {report.scenes:,}, grasps: {report.grasps:,}",
        soft_wrap=True,
    )
    if not report.problems:
        console.print("Nothing is wrong.", style="green")
        return
    table = Table(show_lines=True)
    table.add_column("kind of problem", ratio=1)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("where and what", ratio=4, overflow="fold")
    for kind, count in report.counts.items():
        examples = [problem for problem in report.problems if problem.kind == kind]
        colour = _COLOURS[examples[0].severity]
        lines = [f"[bold]{escape(p.where(report.root))}[/]: {escape(p.message)}" for p in examples[:show]]
        if count > show:
            lines.append(f"… and {count - show} more")
        table.add_row(f"[{colour}]{kind}[/]", f"{count:,}", "\n".join(lines))
    console.print(table)
    console.print(
        f"Errors: {report.errors:,}, warnings: {report.warnings:,}.", style="red" if report.errors else "yellow"
    )

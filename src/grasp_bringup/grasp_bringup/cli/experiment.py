"""`grasp experiment`: many training runs, evaluated alike and compared in tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.choices import DeviceName
from grasp_bringup.cli.evaluation import BAD_INPUT
from grasp_bringup.cli.progress import scenes_on
from grasp_bringup.cli.refusal import cannot_reach, refuse
from grasp_learning.datasets.submission import submission_of
from grasp_learning.experiment.perform import Tried, perform
from grasp_learning.experiment.report import MARKDOWN, write_report
from grasp_learning.experiment.runs import Experiment, Run
from grasp_learning.training.errors import RunError
from grasp_perception.cache import cache_folder
from grasp_planning.generative.hardware import takes_gpu
from grasp_planning.grasps import GraspRectangle
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.fitted import FittedJaws
from grasp_sim.judging.judge import judge_all


def command(
    config: Annotated[Path, typer.Option(help="A file such as those of config/experiments.")],
    out: Annotated[Path, typer.Option(help="Folder of all runs and of the report.")],
    only: Annotated[list[str] | None, typer.Option(help="A table, or a row; may be repeated.")] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE of all rows that say nothing else themselves; may be repeated."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Only write the report of what was done.")] = False,
    device: Annotated[DeviceName, typer.Option(help="Where finished networks are asked.")] = DeviceName.auto,
) -> None:
    """Train and evaluate the rows of an experiment's tables; interrupted, the same command goes on.

    Where one run leaves processors idle, the same command in a second terminal takes the next one.

    Exit code 0: done; 1: interrupted; 2: bad input.
    """
    console, errors = Console(), Console(stderr=True)
    left: list[Run] = []
    try:
        experiment = Experiment(config, out, override or ())
        if not report:
            for test in experiment.settings.tests:
                if test.sgt or test.fit_jaws:
                    Exam(test.root, test.part)  # now, not after the first training
            takes_gpu(device.value)
            left = perform(
                experiment,
                trials=_Simulated(),
                cache=cache_folder("packed"),
                command=shlex.join(["grasp", *sys.argv[1:]]),
                watch=scenes_on(errors),
                only=only or (),
                device=device.value,
            )
        content = write_report(experiment)
    except KeyboardInterrupt:
        errors.print("Interrupted; the same command goes on from the last whole epoch.")
        raise typer.Exit(1) from None
    except (*BAD_INPUT, RunError) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_reach(errors, error, out)
    for table in content["tables"]:
        for test, rows in table["tests"].items():
            console.print(_table(f"{table['name']}, {test}: means over seeds", rows))
    runs = content["runs"]
    console.print(f"{runs['done']} of {runs['all']} runs done: {escape(str(out / MARKDOWN))}", soft_wrap=True)
    if left:
        console.print(f"Left to another process: {escape('; '.join(map(str, left)))}", soft_wrap=True)


class _Simulated:
    """Trials as those of `grasp eval --sgt`."""

    def fitted(self, root: Path) -> FittedJaws:
        return FittedJaws(Exam(root))

    def tried(self, root: Path, grasps: Mapping[str, GraspRectangle], progress: Callable[[int], None]) -> Tried:
        report = judge_all(Exam(root).only(grasps), submission_of(grasps), progress=progress)
        return Tried(report.summary(), {scene.id: scene.phase for scene in report.scenes})


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("row", no_wrap=True)
    for name in ("seeds", "IoU 25 %", "IoU 50 %", "IoU-Avg", "SGT"):
        table.add_column(name, justify="right")
    for row in rows:
        found = row["results"]
        values = [found["iou"]["25"], found["iou"]["50"], found["iou_avg"], found["sgt"]] if found else [None] * 4
        table.add_row(row["row"], f"{len(row['measured'])} of {len(row['seeds'])}", *map(_percent, values))
    return table


def _percent(value: dict[str, Any] | None) -> str:
    return "" if value is None else f"{value['mean']:.1%}"

"""`grasp sgt`: judge predicted grasps by simulated trials."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.choices import ApproachName, PartName
from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import refuse, write_all
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.submission import Submission, read_submission
from grasp_perception.files import write_json
from grasp_sim.dataset.index import DatasetIndexError
from grasp_sim.judging.exam import Exam, JudgingError
from grasp_sim.judging.judge import check_submission, judge_all
from grasp_sim.judging.pictures import draw_failures
from grasp_sim.judging.report import Report
from grasp_sim.judging.verdict import MEANINGS, Problem

OBJECTS_SHOWN = 15
PROBLEMS_SHOWN = 20


def command(
    dataset: Annotated[Path, typer.Option(help="Folder of `grasp data jacquard`.")],
    predictions: Annotated[Path, typer.Option(help="Submission: a scene's id, then x;y;theta;opening;jaw, in turn.")],
    split: Annotated[PartName | None, typer.Option(help="Judge only this part of splits.json.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    approach: Annotated[
        ApproachName, typer.Option(help="simulate: the gripper comes down for real; check: any collision fails.")
    ] = ApproachName.simulate,
    jaw: Annotated[float | None, typer.Option(help="Width of the fingers, m; the dataset's if not given.")] = None,
    pictures: Annotated[Path | None, typer.Option(help="Folder for pictures of failures.")] = None,
    most_pictures: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 40,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
) -> None:
    """Judge predicted grasps by simulated trials: one for each scene of a dataset.

    A scene without a prediction is a failure. Exit code 0: judged, however it went; 2: bad input; 130: interrupted.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        exam = Exam(dataset, None if split is None else split.value)
        submission = read_submission(predictions)
        problems = _checked(exam, submission, predictions)
        with ProgressBar(errors, "judging", "scenes", len(exam)) as bar:
            report = judge_all(
                exam,
                submission,
                problems=problems,
                workers=workers,
                approach=approach.value,
                jaw=jaw,
                progress=bar.show,
            )
    except (DatasetError, DatasetIndexError, JudgingError) as error:
        refuse(errors, error)
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing was judged.")
        raise typer.Exit(130) from None
    _show(console, report, predictions)

    def draw(folder: Path) -> None:
        drawn = draw_failures(exam, report.scenes, folder, most_pictures)
        console.print(f"Failures pictured: {max(len(drawn) - 1, 0)}, in {escape(str(folder))}/", soft_wrap=True)

    writes: list[Callable[[], object]] = []
    if json_file is not None:
        writes.append(partial(write_json, json_file, report.summary()))
    if pictures is not None:
        writes.append(partial(draw, pictures))
    write_all(errors, *writes)


def _checked(exam: Exam, submission: Submission, path: Path) -> list[Problem]:
    """What is wrong with the submission.

    Raises:
        JudgingError: It has nothing that could be judged.
    """
    problems = check_submission(exam, submission)
    if not any(scene in exam.scenes for scene in submission.grasps):
        where = exam.root if exam.part is None else f"the {exam.part} part of {exam.root}"
        first = f"; {problems[0].located(str(path))}" if problems else ""
        raise JudgingError(f"{path} has no grasp for any scene of {where}{first}")
    return problems


def _show(console: Console, report: Report, path: Path) -> None:
    """What a person wants to know at the end."""
    console.print(f"[bold]Success: {report.rate}[/]")
    console.print(
        f"{len(report.scenes)} scenes in {report.seconds:.1f} s, {len(report.scenes) / report.seconds:.1f} a second"
    )
    if report.failures:
        console.print(_failures(report))
        console.print(_objects(report))
    if report.problems:
        console.print(f"[bold]{len(report.problems)} problems:[/]")
        for problem in report.problems[:PROBLEMS_SHOWN]:
            console.print(f"  {escape(problem.located(str(path)))}", soft_wrap=True, highlight=False)
        if len(report.problems) > PROBLEMS_SHOWN:
            console.print(f"  … and {len(report.problems) - PROBLEMS_SHOWN} more; --json FILE has them all")


def _failures(report: Report) -> Table:
    table = Table(title="Failures", title_justify="left")
    table.add_column("phase")
    table.add_column("scenes", justify="right")
    table.add_column("share", justify="right")
    table.add_column("meaning")
    for phase, number in report.failures.items():
        table.add_row(phase.replace("_", " "), f"{number:,}", f"{number / len(report.scenes):.1%}", MEANINGS[phase])
    return table


def _objects(report: Report) -> Table:
    failed = [score for score in report.objects if score.failures]
    shown = failed[:OBJECTS_SHOWN]
    more = f" (the first {len(shown)} of {len(failed):,} with failures)" if len(failed) > len(shown) else ""
    table = Table(title=f"Objects, worst first{more}", title_justify="left")
    table.add_column("object", no_wrap=True)
    table.add_column("mesh")
    table.add_column("successes", justify="right", no_wrap=True)
    table.add_column("failures")
    for score in shown:
        failures = ", ".join(f"{phase.replace('_', ' ')} {number}" for phase, number in score.failures.items())
        table.add_row(score.object[:8], escape(score.name), f"{score.rate.successes} of {score.rate.trials}", failures)
    return table

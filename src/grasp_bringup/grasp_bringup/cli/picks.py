"""`grasp picks`: how many objects a planner's grasps bring into the bin, without ROS and in simulated time."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.options import planner_options, share
from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import cannot_reach, cannot_write, refuse
from grasp_execution.pick import PickResult
from grasp_learning.datasets.jacquard import write_color
from grasp_perception.configuration import ConfigurationError
from grasp_perception.files import write_json
from grasp_perception.outcomes import Outcome
from grasp_planning.success_rate import SuccessRate
from grasp_sim.cell.placement import PlacementError
from grasp_sim.objects.catalogue import UnknownObjectError, random_object_names
from grasp_sim.objects.mesh_files import MeshError
from grasp_sim.picking.picking_robot import PickingRobot


def command(
    picks: Annotated[int, typer.Option(min=1, max=9999, help="How many objects to pick, one after the other.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the objects and where they fall.")] = 0,
    arm: Annotated[str, typer.Option(help="Arm: a file of config/arms.")] = "widowx",
    planner: Annotated[str, typer.Option(help="Grasp planner.")] = "ggcnn2",
    option: Annotated[list[str] | None, typer.Option(help="Option of the planner, NAME=VALUE; repeatable.")] = None,
    camera: Annotated[str | None, typer.Option(help="Camera: a file of config/cameras; the arm's.")] = None,
    closed_loop: Annotated[bool, typer.Option("--closed-loop", help="Look on the way, and follow the object.")] = False,
    objects: Annotated[list[str] | None, typer.Option("--object", help="Pick these instead; repeatable.")] = None,
    pictures: Annotated[Path | None, typer.Option(help="Folder for pictures of failures.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
) -> None:
    """Let a simulated robot pick objects, without ROS and in simulated time.

    The same objects at the same places as `grasp demo` has, many times as fast, and the same result whatever the load.
    Exit code 0: picked, however it went; 2: bad input; 130: interrupted. What was done until then is reported, too.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        names = objects or random_object_names(picks, np.random.default_rng(seed))
        robot = PickingRobot(
            share() / "config", share() / "models", arm, camera or arm, planner, planner_options(option or [])
        )
    except (ConfigurationError, ValueError) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_reach(errors, error, share())
    done: list[tuple[str, PickResult]] = []
    started = time.monotonic()
    code = 0
    try:
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            for old in pictures.glob("[0-9][0-9][0-9][0-9]_*.png"):
                old.unlink()
        with robot, ProgressBar(errors, "picking", "objects", len(names)) as bar:
            for number, name in enumerate(names):
                bar.show(number, note=name)
                result = robot.pick(name, seed + number, closed_loop=closed_loop)
                done.append((name, result))
                if pictures is not None and not _good(result):
                    write_color(pictures / f"{number + 1:04d}_{Path(name).stem}.png", robot.picture(result))
    except KeyboardInterrupt:
        code = 130
        errors.print("Interrupted; reporting what was done.")
    except (UnknownObjectError, MeshError, PlacementError, OSError) as error:
        code = 2
        errors.print(f"[bold red]{escape(str(error))}[/]", soft_wrap=True)
    if not done:
        raise typer.Exit(code)
    rate = SuccessRate(sum(_good(result) for _, result in done), len(done))
    _show(console, done, rate, time.monotonic() - started)
    if json_file is not None:
        facts = {"arm": arm, "camera": camera or arm, "planner": planner, "seed": seed, "closed_loop": closed_loop}
        rates = {"success_rate": rate.rate, "ci95": list(rate.ci95)}
        content = {**facts, "asked": len(names), "picks": _records(done), **rates}
        try:
            write_json(json_file, content)
        except OSError as error:
            cannot_write(errors, error)
    if code:
        raise typer.Exit(code)


def _good(result: PickResult) -> bool:
    return result.outcome is Outcome.SUCCESS and result.object_success


def _records(done: list[tuple[str, PickResult]]) -> list[dict[str, Any]]:
    return [
        {
            "object": name,
            "success": _good(result),
            "outcome": result.outcome.name,
            "message": result.message,
            "failed_stage": None if result.failed_stage is None else result.failed_stage.value,
            "robot_seconds": round(sum(stage.seconds for stage in result.stages), 3),
        }
        for name, result in done
    ]


def _show(console: Console, done: list[tuple[str, PickResult]], rate: SuccessRate, seconds: float) -> None:
    console.print(f"[bold]In the bin: {rate}[/]")
    console.print(f"{len(done)} picks in {seconds:.0f} s, {seconds / len(done):.1f} s each")
    failed = [(number, name, result) for number, (name, result) in enumerate(done, 1) if not _good(result)]
    if not failed:
        return
    counts = Counter(result.outcome.name for _, _, result in failed)
    console.print("Failures: " + ", ".join(f"{number} {name}" for name, number in counts.most_common()))
    table = Table()
    for column in ("#", "object", "outcome", "why"):
        table.add_column(column, justify="right" if column == "#" else "left")
    for number, name, result in failed:
        table.add_row(str(number), escape(name), result.outcome.name, escape(result.message))
    console.print(table)

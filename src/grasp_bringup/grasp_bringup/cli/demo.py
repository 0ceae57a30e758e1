"""`grasp demo`: bring up the simulated robot, let it pick objects, and report."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import yaml
from rich.console import Console
from rich.markup import escape

from grasp_bringup.cli.options import planner_options, share
from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import cannot_write, refuse
from grasp_bringup.demo.pictures import draw_pick, draw_summary
from grasp_bringup.demo.push import Push, draw_push
from grasp_bringup.demo.report import report, tables
from grasp_bringup.demo.session import AnotherStack, PickRecord, PickSession, SessionError
from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.packages import launch_file
from grasp_bringup.launch.reader import read_launch_file
from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import named_file
from grasp_perception.files import write_json
from grasp_perception.outcomes import Outcome
from grasp_planning.planner import find_planner
from grasp_planning.workcell import WorkCell
from grasp_sim.objects.catalogue import ObjectCatalogue, random_object_names

Pushing = Callable[[str, float, float], Push]
LAUNCH_FILE = "sim.launch.xml"
IMAGE_RATE = "20.0"
"""Of the camera in closed loop, Hz."""
LOG = "launch.log"
BRINGUP_TIMEOUT = 30.0
PICK_TIMEOUT = 120.0


def command(
    picks: Annotated[int, typer.Option(min=1, max=999, help="How many objects to pick, one after the other.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the objects and where they fall.")] = 0,
    arm: Annotated[str, typer.Option(help="Arm: a file of config/arms.")] = "widowx",
    planner: Annotated[
        str | None, typer.Option(help="Grasp planner: ggcnn2; antipodal in closed loop, whose images are small.")
    ] = None,
    option: Annotated[list[str] | None, typer.Option(help="Option of the planner, NAME=VALUE; repeatable.")] = None,
    motion: Annotated[str, typer.Option(help="Motion planning backend.")] = "embedded",
    closed_loop: Annotated[
        bool, typer.Option("--closed-loop", help="Move each object while the arm is on its way, and have it followed.")
    ] = False,
    camera: Annotated[
        str | None, typer.Option(help="Camera: a file of config/cameras. The arm's; on its hand in closed loop.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, help="Simulated seconds per second; 0 = as fast as it goes, which closed loop is not for."
        ),
    ] = None,
    objects: Annotated[list[str] | None, typer.Option("--object", help="Pick these instead; repeatable.")] = None,
    output: Annotated[Path, typer.Option("--out", help="Folder for report, pictures and log.")] = Path("out/demo"),
) -> None:
    """Bring up the simulated robot and let it pick objects into the bin.

    Writes report.json, a picture of each pick and summary.png.

    Exit code 0: a pick succeeded; 1: none did, or the robot did not come up; 2: bad input; 130: interrupted. What was
    done until then is reported, too.
    """
    console, errors = Console(), Console(stderr=True)
    planner = planner or ("antipodal" if closed_loop else "ggcnn2")
    camera = camera or (f"{arm}_hand" if closed_loop else arm)
    rate = rate if rate is not None else float(closed_loop)
    arguments = {"arm": arm, "camera": camera, "planner": planner, "motion": motion}
    arguments |= {"seed": str(seed), "rate": str(rate)}
    if closed_loop:
        arguments["image_rate"] = IMAGE_RATE
    try:
        names = objects or random_object_names(picks, np.random.default_rng(seed))
        find_planner(planner)
        arguments["options"] = yaml.safe_dump(planner_options(option or []), default_flow_style=True)
        read_launch_file(launch_file("grasp_bringup", LAUNCH_FILE), arguments)
        config = share() / "config"
        catalogue = ObjectCatalogue(ArmDescription(named_file(arm, config / "arms")).gripper)
        for name in objects or ():
            catalogue.load(name)
        named_file(camera, config / "cameras")
        workspace = WorkCell.load(named_file(arm, config / "workcells")).workspace
        output.mkdir(parents=True, exist_ok=True)
        (output / LOG).open("ab").close()  # to see whether it can be written
    except (LaunchError, ValueError) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_write(errors, error)

    pushing: Pushing | None = None
    if closed_loop:
        rng = np.random.default_rng(seed)
        pushing = functools.partial(draw_push, workspace=workspace, rng=rng)
    records: list[PickRecord] = []
    interrupted = False
    try:
        with PickSession() as session:
            session.refuse_another_stack()
            try:
                _clear(output)
            except OSError as error:
                cannot_write(errors, error)
            with launched(LAUNCH_FILE, arguments, output / LOG) as process:
                timeout = PICK_TIMEOUT / min(rate or 1.0, 1.0)
                interrupted = run_picks(session, process, names, seed, output, console, records, pushing, timeout)
    except AnotherStack as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error
    except SessionError as error:
        console.print(f"[red]{escape(str(error))}[/]\nThe nodes' output is in {escape(str(output / LOG))}.")
        raise typer.Exit(1) from error
    finally:
        if records:
            facts = {"arm": arm, "camera": camera, "planner": planner, "motion": motion}
            content = report(records, asked=len(names), seed=seed, **facts)
            for table in tables(records):
                console.print(table)
            low, high = content["ci95"]
            console.print(
                f"{sum(r.success and r.in_bin for r in records)} of {len(records)} in the bin "
                f"({content['success_rate']:.0%}, 95 % interval {low:.0%} to {high:.0%})."
            )
            try:
                write_json(output / "report.json", content)
                draw_summary(records, f"{arm}, {planner}, seed {seed}", output / "summary.png")
            except OSError as error:
                cannot_write(errors, error, output)
            console.print(f"Pictures and report: {escape(str(output))}/")
    if interrupted:
        raise typer.Exit(130)
    if not any(record.success for record in records):
        raise typer.Exit(1)


def _clear(output: Path) -> None:
    """Remove what an earlier demo left."""
    for old in (*output.glob("pick_*.png"), output / "summary.png", output / "report.json"):
        old.unlink(missing_ok=True)


@contextmanager
def launched(file: str, arguments: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Nodes of a launch file, running until the block is left.

    Args:
        file: Launch file of grasp_bringup.
        arguments: Its arguments.
        log: Where the nodes' output goes.
    """
    # If the demo is killed, the nodes end too.
    command_line = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "grasp_bringup.launch.run"]
    command_line += ["grasp_bringup", file]
    command_line += [f"{name}:={value}" for name, value in arguments.items()]
    with log.open("wb") as file_object:
        process = subprocess.Popen(command_line, stdout=file_object, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_picks(
    session: PickSession,
    process: subprocess.Popen[bytes],
    names: list[str],
    seed: int,
    output: Path,
    console: Console,
    records: list[PickRecord],
    pushing: Pushing | None = None,
    timeout: float = PICK_TIMEOUT,
) -> bool:
    """Pick each object, alone on the table, and add what happened to `records`, which are kept when interrupted.

    With `pushing`, in closed loop: it says how an object is moved that lies at x, y. A pick that takes longer than
    `timeout`, seconds, is the last.

    Returns:
        Whether it was interrupted.
    """
    started = time.monotonic()
    with console.status("Bringing up the robot"):
        session.wait_until_ready(BRINGUP_TIMEOUT, alive=lambda: process.poll() is None)
    console.print(f"The robot is up after {time.monotonic() - started:.1f} s.")
    try:
        _pick_each(session, names, seed, output, console, records, pushing, timeout)
    except KeyboardInterrupt:
        console.print("Interrupted; reporting what was done.")
        return True
    return bool(records) and records[-1].interrupted


def _pick_each(
    session: PickSession,
    names: list[str],
    seed: int,
    output: Path,
    console: Console,
    records: list[PickRecord],
    pushing: Pushing | None,
    timeout: float,
) -> None:
    with ProgressBar(console, "picking", "picks", len(names)) as bar:
        for number, name in enumerate(names, 1):

            def show(stage: str, name: str = name) -> None:
                bar.show(len(records), note=f"{name}: {stage.replace('_', ' ')}")

            try:
                placed = session.place([name], seed + number - 1)
                push = None if pushing is None else pushing(*placed[0])
                record = session.pick(timeout, show, closed_loop=pushing is not None, push=push)
            except SessionError as error:
                if not records:
                    raise
                log = escape(str(output / LOG))
                console.print(f"[red]Gave up at pick {number}: {escape(str(error))}[/]\nThe nodes' output is in {log}.")
                return
            record.object = record.object or name
            records.append(record)
            try:
                draw_pick(record, number, output / f"pick_{number:02d}.png")
            except OSError as error:
                console.print(f"[red]Gave up after pick {number}, whose picture cannot be written: {error.strerror}[/]")
                return
            bar.show(len(records), note=f"{name}: {record.outcome.name}")
            if record.interrupted:
                return
            if record.outcome is Outcome.CANCELED:
                console.print(f"[red]Gave up after pick {number}: {escape(record.message)}[/]")
                return

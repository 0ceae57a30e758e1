"""`grasp doctor`: look at one RGB-D frame and say what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypedDict

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.refusal import cannot_write, refuse
from grasp_perception.configuration import ConfigurationError
from grasp_perception.doctor import Finding, Level, diagnose
from grasp_perception.extrinsics import CameraMount
from grasp_perception.files import write_json
from grasp_perception.image_files import ImageFileError, read_color, read_intrinsics, read_raw_depth
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}


def command(
    depth: Annotated[Path | None, typer.Option(help="Depth image: .npy, 16-bit .png (mm) or .tiff.")] = None,
    color: Annotated[Path | None, typer.Option(help="Colour image that belongs to --depth.")] = None,
    intrinsics: Annotated[
        Path | None,
        typer.Option(help="YAML or JSON: fx fy cx cy width height, a file of config/cameras, or a ROS camera_info."),
    ] = None,
    camera: Annotated[
        Path | None, typer.Option(help="Camera file (config/cameras): with --workcell its pose is checked, too.")
    ] = None,
    workcell: Annotated[
        Path | None, typer.Option(help="Work cell's file (config/workcells): says where the table is; with --camera.")
    ] = None,
    topic: Annotated[bool, typer.Option("--topic", help="Take one frame from ROS topics instead of files.")] = False,
    color_topic: Annotated[str, typer.Option(help="With --topic.")] = "/camera/camera/color/image_raw",
    depth_topic: Annotated[
        str, typer.Option(help="With --topic; aligned to colour.")
    ] = "/camera/camera/aligned_depth_to_color/image_raw",
    info_topic: Annotated[
        str, typer.Option(help="With --topic; of the depth.")
    ] = "/camera/camera/aligned_depth_to_color/camera_info",
    rectified: Annotated[
        bool, typer.Option("--rectified", help="With --topic: the images are rectified already (image_rect).")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="With --topic: seconds to wait for a frame.")] = 5.0,
    stamp_tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="With --topic: seconds that colour and depth may lie apart.")
    ] = 0.015,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the findings to this file.")] = None,
) -> None:
    """Look at one RGB-D frame and say what is wrong with it.

    Exit code 0: nothing worse than a warning; 1: an error was found; 2: bad input.
    """
    try:
        mount = None if camera is None else CameraMount.load(camera)
        cell = None if workcell is None else WorkCell.load(workcell)
        if cell is not None and mount is None:
            raise ConfigurationError("--workcell is for the check of the camera's pose: give --camera, too")
        table, unchecked = _expected_table(mount, cell)
        if topic:
            if depth or color or intrinsics:
                raise ImageFileError("give either --topic, or --depth with its files, not both")
            topics = (color_topic, depth_topic, info_topic)
            source, findings = depth_topic, _from_topics(topics, rectified, timeout, stamp_tolerance, table)
        elif depth is not None:
            model = None if mount is None else mount.camera_intrinsics
            if intrinsics is not None:
                model = read_intrinsics(intrinsics)
            pixels = None if color is None else read_color(color)
            source, findings = str(depth), diagnose(read_raw_depth(depth), model, color=pixels, **table)
        else:
            raise ImageFileError("nothing to look at: give --depth FILE --intrinsics FILE, or --topic")
    except (ImageFileError, ConfigurationError) as error:
        refuse(Console(stderr=True), error)

    findings += unchecked
    worst = max((finding.level for finding in findings), key=list(Level).index)
    _print(source, findings, worst)
    if json_file is not None:
        _write(json_file, {"source": source, "worst": worst.value, "findings": [asdict(item) for item in findings]})
    raise typer.Exit(1 if worst is Level.ERROR else 0)


class _Table(TypedDict, total=False):
    """Where `diagnose` is to expect the table; empty if that is not known."""

    base_from_camera: Transform
    table_height: float


def _expected_table(mount: CameraMount | None, cell: WorkCell | None) -> tuple[_Table, list[Finding]]:
    """Where the table must be seen, or why the camera's pose cannot be checked against it."""
    if mount is None:
        return {}, []
    if cell is None:
        reason = "only the work cell's file says where base and table are"
        return {}, [Finding(Level.WARNING, "mount", f"the camera's pose was not checked: {reason}", "give --workcell")]
    if mount.parent_frame != cell.base_frame:
        reason = f"it is given in '{mount.parent_frame}', which is not the base '{cell.base_frame}' and may move"
        remedy = "of a camera on the hand: see in RViz whether the grasp markers lie on the objects"
        return {}, [Finding(Level.WARNING, "mount", f"the camera's pose was not checked: {reason}", remedy)]
    return {"base_from_camera": mount.parent_from_camera, "table_height": cell.table_height}, []


def _from_topics(
    topics: tuple[str, str, str], rectified: bool, timeout: float, stamp_tolerance: float, table: _Table
) -> list[Finding]:
    """Findings about one frame of colour, depth and camera_info; that none comes is one of them."""
    from rclpy.exceptions import InvalidTopicNameException  # ROS only where it is needed

    from grasp_perception.nodes.one_frame import receive_frame
    from grasp_perception.outcomes import OutcomeError

    try:
        frame = receive_frame(*topics, timeout, rectified, stamp_tolerance)
    except InvalidTopicNameException as error:
        raise ImageFileError(" ".join(str(error).split())) from error
    except OutcomeError as error:
        return [Finding(Level.ERROR, error.outcome.name.lower().replace("_", " "), error.message)]
    return diagnose(frame, **table)


def _print(source: str, findings: list[Finding], worst: Level) -> None:
    table = Table(title=escape(source), title_justify="left", show_lines=True)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what was seen", ratio=3)
    remedies = any(finding.remedy for finding in findings)
    if remedies:
        table.add_column("what to do", ratio=2)
    for finding in findings:
        colour = _COLOURS[finding.level]
        verdict = f"[{colour}]{finding.level.value}[/]"
        texts = (finding.message, finding.remedy) if remedies else (finding.message,)
        table.add_row(finding.check, verdict, *map(escape, texts))
    console = Console()
    console.print(table)
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    summary = f"Errors: {count[Level.ERROR]}, warnings: {count[Level.WARNING]}."
    console.print("Nothing is wrong." if worst is Level.OK else summary, style=_COLOURS[worst])


def _write(path: Path, content: object) -> None:
    try:
        write_json(path, content)
    except OSError as error:
        cannot_write(Console(stderr=True), error)

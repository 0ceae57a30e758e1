"""`grasp plan`: plan grasps for a depth image from disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from grasp_bringup.cli.options import planner_options, share
from grasp_bringup.cli.refusal import cannot_reach, cannot_write, refuse
from grasp_perception.configuration import ConfigurationError, configuration_file
from grasp_perception.files import write_atomically, write_json
from grasp_perception.image_files import ImageFileError, read_frame, read_mask
from grasp_perception.outcomes import OutcomeError
from grasp_planning.grasps import GraspCandidate
from grasp_planning.gripper import Gripper
from grasp_planning.overlay import draw_overlay
from grasp_planning.planner import NoWeights, load_planner

PICTURES = (".png", ".jpg", ".jpeg")


def command(
    depth: Annotated[Path, typer.Option(help="Depth image: .npy (m), 16-bit .png (mm) or .tiff.")],
    intrinsics: Annotated[
        Path,
        typer.Option(help="YAML or JSON: fx fy cx cy width height, a file of config/cameras, or a ROS camera_info."),
    ],
    color: Annotated[
        Path | None,
        typer.Option(help="Colour image that belongs to it: for the overlay, and for weights that take colour."),
    ] = None,
    planner: Annotated[str, typer.Option(help="Grasp planner.")] = "antipodal",
    option: Annotated[list[str] | None, typer.Option(help="Option of the planner, NAME=VALUE; repeatable.")] = None,
    gripper: Annotated[str, typer.Option(help="Gripper: a name of config/grippers, or a file.")] = "yumi",
    mask: Annotated[Path | None, typer.Option(help="Image that is not black where grasps may lie.")] = None,
    max_grasps: Annotated[int, typer.Option(min=1, max=1000, help="At most so many grasps.")] = 10,
    overlay: Annotated[Path | None, typer.Option(help="Write a picture with the grasps drawn on it.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the grasps to this file.")] = None,
) -> None:
    """Plan grasps for a depth image from disk.

    Exit code 0: grasps were found; 1: there is none, and why; 2: bad input.
    """
    errors = Console(stderr=True)
    try:
        if overlay is not None and overlay.suffix.lower() not in PICTURES:
            raise ImageFileError(f"--overlay {overlay}: a picture is written as {', '.join(PICTURES)}")
        file = configuration_file(gripper, share() / "config" / "grippers")
        hand = Gripper.load(file)
        frame = read_frame(depth, intrinsics, color)
        roi = None if mask is None else read_mask(mask)
        if roi is not None and roi.shape != frame.depth.shape:
            raise ImageFileError(f"the mask is {roi.shape[1]}x{roi.shape[0]}, the depth image is not")
        models = share() / "models" / "networks" / file.stem
        chosen = load_planner(planner, hand, planner_options(option or []), models=models)
    except NoWeights as error:
        refuse(errors, f"{error} (--gripper NAME, --option weights=FILE)")
    except (ImageFileError, ConfigurationError, ValueError) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_reach(errors, error, depth)

    started = time.perf_counter()
    grasps: list[GraspCandidate] = []
    reason = ""
    try:
        grasps = chosen.plan(frame, roi=roi, max_grasps=max_grasps)
    except OutcomeError as error:
        reason = str(error)
    seconds = time.perf_counter() - started

    rectangles = [grasp.rectangle for grasp in grasps if grasp.rectangle is not None]
    content: dict[str, Any] = {"planner": planner, "seconds": seconds, "grasps": [_record(g) for g in grasps]}
    if reason:
        content["reason"] = reason
    try:
        if overlay is not None:
            _write_image(overlay, draw_overlay(frame, rectangles, caption=reason))
        if json_file is not None:
            write_json(json_file, content)
    except OSError as error:
        cannot_write(errors, error)
    if reason:
        refuse(errors, reason, code=1)
    Console().print(_table(grasps, planner, hand, seconds))


def _record(grasp: GraspCandidate) -> dict[str, Any]:
    """One grasp as JSON: pixels, radians, metres; depth of the tips along the optical axis; pose camera_from_tool."""
    rectangle = grasp.rectangle
    seen = {} if rectangle is None else {"x": rectangle.x, "y": rectangle.y, "angle": rectangle.angle}
    return {
        **seen,
        "width_px": None if rectangle is None else rectangle.width,
        "width_m": grasp.width,
        "depth_m": float(grasp.pose.translation[2]),
        "quality": grasp.quality,
        "pose": grasp.pose.matrix().tolist(),
        "source": grasp.source,
    }


def _table(grasps: list[GraspCandidate], planner: str, gripper: Gripper, seconds: float) -> Table:
    title = f"{planner}, gripper {gripper.name} (opens {gripper.max_opening * 1e3:.0f} mm): {seconds * 1e3:.0f} ms"
    table = Table(title=title, title_justify="left")
    for name in ("x (px)", "y (px)", "angle (°)", "opening (mm)", "object (mm)", "tip depth (m)", "quality"):
        table.add_column(name, justify="right")
    for grasp in grasps:
        rectangle, object_width = grasp.rectangle, grasp.source.get("object_width")
        place = ("", "", "")
        if rectangle is not None:
            place = (f"{rectangle.x:.1f}", f"{rectangle.y:.1f}", f"{np.degrees(rectangle.angle):.0f}")
        table.add_row(
            *place,
            f"{grasp.width * 1e3:.1f}",
            "" if object_width is None else f"{object_width * 1e3:.1f}",
            f"{grasp.pose.translation[2]:.3f}",
            f"{grasp.quality:.2f}",
        )
    return table


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes())

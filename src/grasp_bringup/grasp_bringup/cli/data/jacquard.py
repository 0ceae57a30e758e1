"""`grasp data jacquard`: make grasp data as Jacquard's was made."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.choices import ApproachName
from grasp_bringup.cli.options import share
from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import cannot_write, refuse
from grasp_perception.configuration import ConfigurationError, configuration_file
from grasp_sim.dataset.cycles.client import CyclesError
from grasp_sim.dataset.cycles.installation import CyclesMissingError
from grasp_sim.dataset.finishing import REJECTED, STATISTICS
from grasp_sim.dataset.ground import SkyError
from grasp_sim.dataset.index import DatasetIndexError
from grasp_sim.dataset.line_file import FolderError
from grasp_sim.dataset.production import DiskFull, NoObjects, Progress, TooFewMeshes, produce
from grasp_sim.dataset.settings import FactorySettings, Recipe, write_recipe
from grasp_sim.objects.mesh_sources import MeshSourceError


class Engine(str, Enum):
    """Where the work is done."""

    local = "local"
    ray = "ray"


class RendererName(str, Enum):
    """What makes the pictures."""

    auto = "auto"
    egl = "egl"
    tiny = "tiny"
    cycles = "cycles"


def command(
    out: Annotated[Path, typer.Option(help="Folder of the dataset; an interrupted run there goes on.")],
    meshes: Annotated[
        str, typer.Option(help="pybullet_data, procedural:COUNT, procedural/FAMILY+FAMILY:COUNT, folders; by commas.")
    ],
    scenes: Annotated[int, typer.Option(min=1, help="How many.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed and settings give the same bytes.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    engine: Annotated[Engine, typer.Option(help="This machine, or the Ray cluster of $RAY_ADDRESS.")] = Engine.local,
    settings: Annotated[str, typer.Option(help="A name of config/datasets, or a .yaml file.")] = "jacquard",
    candidates: Annotated[int | None, typer.Option(min=1, help="Grasps tried in each scene.")] = None,
    approach: Annotated[ApproachName | None, typer.Option(help="How the gripper comes.")] = None,
    renderer: Annotated[RendererName | None, typer.Option(help="What makes the pictures.")] = None,
) -> None:
    """Make grasp data as Jacquard's was made: scenes, images and simulated grasps.

    Interrupt it and give the same command again: it goes on.
    Exit code 0: done; 1: not all scenes could be made, or it was interrupted; 2: bad input.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        recipe = _recipe(settings, meshes, scenes, seed, candidates, approach, renderer)
        with ProgressBar(errors, "making", "scenes", scenes) as bar:

            def show(progress: Progress) -> None:
                rejected = f", {progress.rejected} rejected" if progress.rejected else ""
                bar.show(progress.scenes, note=f"{progress.objects} objects{rejected}")

            end = produce(recipe, out, workers=workers, engine=engine.value, progress=show)
    except KeyboardInterrupt:
        errors.print(f"Interrupted. What is finished lies in {escape(str(out))}; the same command goes on from there.")
        raise typer.Exit(1) from None
    except (CyclesError, CyclesMissingError, DiskFull, NoObjects) as error:  # missing on a machine of the cluster
        refuse(errors, error, code=1)
    except (ConfigurationError, DatasetIndexError, FolderError, MeshSourceError, SkyError, TooFewMeshes) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_write(errors, error, out)
    console.print(_table(out, end))
    if end.scenes < end.of:
        rejected = f"{end.rejected} meshes were rejected, see {out / REJECTED}, and no more were left"
        refuse(errors, f"{end.scenes} of {end.of} scenes: {rejected}", code=1)


def _recipe(
    settings: str,
    meshes: str,
    scenes: int,
    seed: int,
    candidates: int | None,
    approach: ApproachName | None,
    renderer: RendererName | None,
) -> Recipe:
    """The recipe that the options describe."""
    config = share() / "config"
    chosen = FactorySettings.load(configuration_file(settings, config / "datasets"))
    changes: dict[str, Any] = {}
    if candidates is not None:
        changes["candidates"] = chosen.candidates.model_copy(update={"number": candidates})
    if approach is not None:
        changes["approach"] = approach.value
    if renderer is not None:
        changes["renderer"] = renderer.value
    return write_recipe(chosen.model_copy(update=changes), config=config, meshes=meshes, scenes=scenes, seed=seed)


def _table(out: Path, end: Progress) -> Table:
    import json

    facts = json.loads((out / f"{STATISTICS}.json").read_text())
    table = Table(title=escape(str(out)), title_justify="left", show_header=False)
    for name in ("scenes", "objects", "rejected", "grasps", "annotations", "scenes_without_grasps"):
        table.add_row(name.replace("_", " "), f"{facts[name]:,}")
    table.add_row("grasps a scene, mean", f"{facts['grasps_per_scene'].get('mean', 0.0):.1f}")
    table.add_row("candidates tried", f"{facts['candidates']:,}")
    if facts["failures"] is not None:
        total = facts["candidates"] or 1
        table.add_row("of them successes", f"{facts['successes'] / total:.1%}")
        for phase, count in facts["failures"].items():
            table.add_row(f"failed: {phase}", f"{count / total:.1%}")
    table.add_row("pictures, statistics", escape(f"{out / STATISTICS}.html"))
    return table

"""`grasp eval`: how good weights are on a dataset."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.choices import DeviceName, PartName
from grasp_bringup.cli.evaluation import BAD_INPUT
from grasp_bringup.cli.progress import ProgressBar
from grasp_bringup.cli.refusal import cannot_reach, refuse, write_all
from grasp_learning.datasets.jacquard import DepthKind, JacquardDataset
from grasp_learning.datasets.submission import submission_of, write_submission
from grasp_learning.evaluation.evaluate import Evaluation, evaluate
from grasp_learning.evaluation.summary import evaluation_row
from grasp_perception.files import write_json
from grasp_planning.generative.card import read_card, write_card
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.fitted import FittedJaws
from grasp_sim.judging.judge import judge_all


class DepthName(str, Enum):
    """Which depth images."""

    perfect = "perfect"
    stereo = "stereo"


def command(
    weights: Annotated[Path, typer.Option(help="A .safetensors file, its card beside it.")],
    dataset: Annotated[Path, typer.Option(help="Folder in Jacquard's layout.")],
    split: Annotated[PartName, typer.Option(help="Which of its objects.")] = PartName.test,
    depth: Annotated[DepthName, typer.Option(help="Which depth images.")] = DepthName.perfect,
    sgt: Annotated[bool, typer.Option("--sgt", help="Try each predicted grasp, too.")] = False,
    fit_jaws: Annotated[
        bool, typer.Option("--fit-jaws", help="Move the jaws to where there is room, as planners do; needs meshes.")
    ] = False,
    legacy_raster: Annotated[
        bool, typer.Option("--legacy-raster", help="Count overlaps in pixels, as published evaluators do.")
    ] = False,
    predictions: Annotated[Path | None, typer.Option(help="Write them for Jacquard's server.")] = None,
    device: Annotated[DeviceName, typer.Option(help="Where to calculate.")] = DeviceName.auto,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
    card_name: Annotated[
        str | None, typer.Option("--card", metavar="NAME", help="Note the result in the weights' card, by this name.")
    ] = None,
) -> None:
    """Say how good weights are: the rectangle metric and, by trying, simulated grasp trials.

    Exit code 0: measured, however it went; 2: bad input; 130: interrupted.
    """
    console, errors = Console(), Console(stderr=True)
    if card_name == "validation":
        refuse(errors, "--card validation: by this name stands what the training measured; take another")
    try:
        kind: DepthKind = depth.value
        scenes = JacquardDataset(dataset, kind).part(split.value)
        exam = Exam(dataset, split.value) if sgt or fit_jaws else None
        choice = FittedJaws(exam) if exam is not None and fit_jaws else None
        with ProgressBar(errors, "predicting", "scenes", len(scenes)) as bar:
            found = evaluate(
                weights, scenes, device=device.value, legacy_raster=legacy_raster, choice=choice, progress=bar.show
            )
        tried = None
        if exam is not None and sgt:
            with ProgressBar(errors, "trying", "scenes", len(exam)) as bar:
                tried = judge_all(exam, submission_of(found.grasps), progress=bar.show).summary()
        result = evaluation_row(
            weights, dataset, split.value, found, tried, depth=kind, fit_jaws=fit_jaws, legacy_raster=legacy_raster
        )
    except BAD_INPUT as error:
        refuse(errors, error)
    except OSError as error:
        cannot_reach(errors, error, dataset)
    except KeyboardInterrupt:
        errors.print("Interrupted; nothing was measured.")
        raise typer.Exit(130) from None
    console.print(_table(result))
    writes: list[Callable[[], object]] = []
    if json_file is not None:
        writes.append(partial(write_json, json_file, result))
    if card_name is not None:
        writes.append(partial(_note, weights, card_name, result))
    if predictions is not None:
        writes.append(partial(_write_predictions, predictions, found))
    write_all(errors, *writes)


def _note(weights: Path, name: str, result: dict[str, Any]) -> None:
    """Note a result in the weights' card."""
    card, _ = read_card(weights)
    write_card(weights, card.model_copy(update={"metrics": {**card.metrics, name: _short(result)}}))


def _write_predictions(path: Path, found: Evaluation) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_submission(path, found.grasps)


def _short(result: dict[str, Any]) -> dict[str, Any]:
    """What of a result belongs in a card: neither where files lay nor the outcome of each trial."""
    tried = result["sgt"]
    names = ("trials", "successes", "success_rate", "ci95", "failures")
    return {
        "scenes": result["scenes"],
        **{name: result[name] for name in ("depth", "fit_jaws", "overlap", "iou", "ci95", "iou_avg")},
        "sgt": None if tried is None else {name: tried[name] for name in names},
    }


def _table(result: dict[str, Any]) -> Table:
    title = escape(f"{result['weights']} on {result['dataset']}, {result['split']}")
    table = Table(title=title, title_justify="left")
    for name in (*(f"IoU {threshold} %" for threshold in result["iou"]), "IoU-Avg", "SGT", "ms"):
        table.add_column(name, justify="right")
    row = [_percent(rate, result["ci95"][name]) for name, rate in result["iou"].items()]
    tried = result["sgt"]
    row += [
        _percent(result["iou_avg"], result["ci95"]["iou_avg"]),
        "" if tried is None else _percent(tried["success_rate"], tried["ci95"]),
    ]
    table.add_row(*row, f"{result['milliseconds']['median']:.1f}")
    return table


def _percent(rate: float, interval: list[float]) -> str:
    return f"{rate:.2%}\n{interval[0]:.1%} to {interval[1]:.1%}"

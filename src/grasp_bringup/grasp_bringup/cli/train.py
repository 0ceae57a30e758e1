"""`grasp train`: train a generative grasp network."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.progress import scenes_on
from grasp_bringup.cli.refusal import cannot_reach, refuse
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.training.errors import RunError
from grasp_learning.training.run import train
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.cache import cache_folder
from grasp_perception.configuration import ConfigurationError
from grasp_planning.generative.card import WeightsCard, WeightsError
from grasp_planning.generative.preprocessing import ImageError


def command(
    config: Annotated[Path, typer.Option(help="A file such as those of config/training.")],
    out: Annotated[Path, typer.Option(help="Folder of all runs, each in one of its name.")] = Path("out/train"),
    override: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE, such as optimization.batch=16; may be repeated.")
    ] = None,
    tensorboard: Annotated[bool, typer.Option(help="Log for TensorBoard too.")] = False,
) -> None:
    """Train a generative grasp network; an interrupted run goes on when the command is given again.

    Exit code 0: trained; 1: interrupted; 2: bad input.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        settings = TrainingSettings.read(config, override or [])
        folder = out / settings.name
        card = train(
            settings,
            folder,
            cache=cache_folder("packed"),
            command=shlex.join(["grasp", *sys.argv[1:]]),
            tensorboard=tensorboard,
            watch=scenes_on(errors),
        )
    except KeyboardInterrupt:
        errors.print("Interrupted; the same command goes on from the last whole epoch.")
        raise typer.Exit(1) from None
    except (ConfigurationError, DatasetError, ImageError, RunError, WeightsError) as error:
        refuse(errors, error)
    except OSError as error:
        cannot_reach(errors, error, out)
    console.print(_table(folder, card))


def _table(folder: Path, card: WeightsCard) -> Table:
    scores = card.metrics["validation"]
    table = Table(title=escape(str(folder)), title_justify="left", show_header=False)
    table.add_row("epochs", f"{card.training['epochs']}, best {card.training['best_epoch']}")
    for threshold, rate in scores["iou"].items():
        low, high = scores["ci95"][threshold]
        table.add_row(f"validation, IoU over {threshold} %", f"{rate:.1%} ({low:.1%} to {high:.1%})")
    table.add_row("validation, IoU-Avg", f"{scores['iou_avg']:.1%}")
    return table

"""`grasp data check`: list what is wrong with a dataset, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a dataset in Jacquard's or Cornell's format.")],
) -> None:
    """List what is wrong with a dataset, file by file."""
    raise typer.Exit(2)

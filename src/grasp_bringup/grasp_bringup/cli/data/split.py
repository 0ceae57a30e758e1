"""`grasp data split`: draw a dataset's train, validation and test objects once, and store them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grasp_bringup.cli.refusal import cannot_write, refuse
from grasp_learning.datasets.errors import DatasetError, SplitsError
from grasp_learning.datasets.index_file import INDEX_FILE, read_families
from grasp_learning.datasets.opening import open_dataset
from grasp_learning.datasets.splits import PARTS, SPLITS_FILE, ObjectSplits

TEST = 0.1
"""Share of the objects for testing."""


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a dataset in Jacquard's or Cornell's format.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same objects.")] = 0,
    validation: Annotated[float, typer.Option(min=0, max=1, help="Share of the objects for validation.")] = 0.1,
    test: Annotated[
        float | None, typer.Option(min=0, max=1, help=f"Share of the objects for testing; {TEST} if not given.")
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="Family whose objects go to the test part only, beside as many others; repeatable."),
    ] = None,
    by_image: Annotated[
        bool, typer.Option("--by-image", help="Take each image of Cornell's for an object: without a list of objects.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace splits that are stored already.")] = False,
) -> None:
    """Draw a dataset's train, validation and test objects once, and store them in its folder.

    Exit code 0: they are stored; 2: bad input, or splits are stored already.
    """
    errors = Console(stderr=True)
    path = folder / SPLITS_FILE
    try:
        dataset = open_dataset(folder, by_image=by_image)
        if path.exists() and not replace:
            raise SplitsError(f"{path} is there already, and trained networks depend on it; --replace draws new ones")
        if held_out and test is not None:
            raise SplitsError("--held-out says what is tested on: those families and as many others; leave out --test")
        if held_out:
            families = read_families(folder / INDEX_FILE)
            there = {name: families[name] for name in dataset.objects if name in families}
            splits = ObjectSplits.create_by_family(there, seed, held_out=held_out, validation=validation)
            splits.require(dataset.objects, folder / INDEX_FILE)
        else:
            tested = TEST if test is None else test
            shares = (round(1 - validation - tested, 9), validation, tested)
            splits = ObjectSplits.create(dataset.objects, shares, seed)
        splits.save(path)
    except DatasetError as error:
        refuse(errors, error)
    except OSError as error:
        cannot_write(errors, error)
    table = Table(title=escape(str(path)), title_justify="left")
    table.add_column("part")
    table.add_column("objects", justify="right")
    table.add_column("scenes", justify="right")
    for part in PARTS:
        table.add_row(part, f"{len(splits.of(part)):,}", f"{len(dataset.of_objects(splits.of(part))):,}")
    Console().print(table)

"""`grasp serve`: judge predicted grasps as a web service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.markup import escape

from grasp_bringup.cli.refusal import refuse
from grasp_learning.datasets.errors import DatasetError
from grasp_sim.dataset.index import DatasetIndexError
from grasp_sim.judging.exam import JudgingError
from grasp_sim.judging.service.app import create_app
from grasp_sim.judging.service.guard import LOOPBACK
from grasp_sim.judging.service.limits import MEGABYTE, Limits


def command(
    dataset: Annotated[Path, typer.Option(help="Folder of `grasp data jacquard`.")],
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that try grasps.")] = os.cpu_count() or 1,
    queue: Annotated[int, typer.Option(min=1, max=1000, help="Jobs that may wait.")] = 8,
    max_upload_mb: Annotated[float, typer.Option(min=0.001, max=1000, help="Greatest size of a submission.")] = 8.0,
    keep: Annotated[int, typer.Option(min=1, max=1000, help="Ended jobs whose results are kept.")] = 20,
) -> None:
    """Judge predicted grasps as a web service: upload a file, watch it run, see every grasp.

    Ends with Ctrl-C. Results are kept in memory. Exit code 0: ended; 2: bad input, or the port is taken.
    """
    errors = Console(stderr=True)
    limits = Limits(queue=queue, upload=round(max_upload_mb * MEGABYTE), keep=keep)
    try:
        app = create_app(dataset, workers=workers, limits=limits, hosts=LOOPBACK if host in LOOPBACK else None)
    except (DatasetError, DatasetIndexError, JudgingError) as error:
        refuse(errors, error)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=3)
    shown = f"[{host}]" if ":" in host else host
    errors.print(f"Judging on {escape(str(dataset))}: http://{escape(shown)}:{port}/ (Ctrl-C ends it)", soft_wrap=True)
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:
        pass
    except SystemExit as error:  # uvicorn has said why: mostly, the port is taken
        raise typer.Exit(2) from error

"""How many images a second networks learn from on the processor, and what is won over torch's and glibc's own ways.

    . ./env.sh && python benchmarks/training.py [--network ggcnn2 …] [--steps 12] [--threads N] [--json FILE]

Steps of `grasp train` on random images and maps, 128x128 with depth and RGB, 3 bins, in the precision that is chosen
there: without reading, drawing labels and turning scenes. before: with torch's dropout, and memory that is returned to
the system; after: as it is trained. One after the other, in a process of their own, twice in turn; the medians.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from grasp_learning.training.lesson import Lesson
from grasp_learning.training.memory import keep_memory
from grasp_learning.training.run import calculates_bfloat16
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.files import write_json
from grasp_planning.networks.dropout import Dropout

BATCHES = {"ggcnn2": 16, "grconvnet": 8, "unet": 8}
SIZE, BINS = 128, 3
WARM_UP = 3
ROUNDS = 2


def settings_of(name: str) -> TrainingSettings:
    """Those of the experiment of docs/gaussian_maps.md, as far as they matter here."""
    return TrainingSettings.model_validate(
        {"name": name, "network": name, "data": [{"root": "none"}], "labels": {"bins": BINS}}
    )


def steps(name: str, count: int, threads: int, plain: bool) -> list[float]:
    """Seconds of each step."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lesson = Lesson(settings_of(name)).train()
    lesson.log = lambda *_, **__: None  # type: ignore[method-assign]  # there is no trainer to log to
    if plain:
        for module in lesson.modules():
            if isinstance(module, Dropout):
                module.__class__ = nn.Dropout  # type: ignore[assignment]
    else:
        keep_memory()
    optimizer = lesson.configure_optimizers()["optimizer"]
    batch = torch.randn(BATCHES[name], 4, SIZE, SIZE), torch.rand(BATCHES[name], 4, BINS, SIZE, SIZE)
    taken = []
    for index in range(WARM_UP + count):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=calculates_bfloat16()):
            loss = lesson.training_step(batch, index)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        taken.append(time.perf_counter() - started)
    return taken[WARM_UP:]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=BATCHES, action="append", help="only this; may be repeated")
    parser.add_argument("--steps", type=int, default=12, help=f"in a round, after {WARM_UP} to warm up")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for name in options.network or list(BATCHES):
        taken: dict[str, list[float]] = {"before": [], "after": []}
        for way in list(taken) * ROUNDS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                taken[way] += pool.apply(steps, (name, options.steps, options.threads, way == "before"))
        rates = {way: BATCHES[name] / float(np.median(times)) for way, times in taken.items()}
        found[name] = {**rates, "ratio": rates["after"] / rates["before"]}
    precision = "bfloat16" if calculates_bfloat16() else "float32"
    table = Table(title=f"images a second, {precision}, {options.threads} threads", title_justify="left")
    for column in ("network", "before", "after", "ratio"):
        table.add_column(column)
    for name, row in found.items():
        table.add_row(name, f"{row['before']:.1f}", f"{row['after']:.1f}", f"{row['ratio']:.2f}")
    Console().print(table)
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()

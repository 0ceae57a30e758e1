"""How long a planner takes for an image while it follows an object.

    . ./env.sh && python benchmarks/tracking.py [--planner ggcnn2] [--picks 3] [--repeats 5] [--json FILE]

Objects are picked in closed loop, in simulation, through the camera on the WidowX's hand; every image that was planned
on meanwhile is then planned on again, in this thread alone: median, 90th percentile and greatest time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from grasp_perception.files import write_json
from grasp_perception.outcomes import OutcomeError
from grasp_planning.pipeline import plan_in_base
from grasp_sim.objects.catalogue import random_object_names
from grasp_sim.picking.picking_robot import PickingRobot

REPOSITORY = Path(__file__).resolve().parent.parent


def tracked_looks(planner: str, picks: int, seed: int) -> tuple[list[Callable[[], Any]], list[str]]:
    """What plans on each tracked image again, and how the picks ended."""
    looks: list[Callable[[], Any]] = []
    outcomes = []

    def recorded(*arguments: Any, **options: Any) -> Any:
        if options["tracked"]:
            looks.append(lambda: plan_in_base(*arguments, **options))
        return plan_in_base(*arguments, **options)

    folders = REPOSITORY / "config", REPOSITORY / "models"
    with (
        PickingRobot(*folders, "widowx", "widowx_hand", planner, {}) as robot,
        patch("grasp_sim.picking.ports.plan_in_base", recorded),
    ):
        for number, name in enumerate(random_object_names(picks, np.random.default_rng(seed))):
            outcomes.append(robot.pick(name, seed + number, closed_loop=True).outcome.name)
    return looks, outcomes


def milliseconds(look: Callable[[], Any]) -> float:
    """Of one answer, whatever it is."""
    started = time.perf_counter()
    with contextlib.suppress(OutcomeError):
        look()
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planner", default="ggcnn2")
    parser.add_argument("--picks", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5, help="times that each image is planned on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    looks, outcomes = tracked_looks(arguments.planner, arguments.picks, arguments.seed)
    times = [milliseconds(look) for _ in range(arguments.repeats) for look in looks]
    content = {
        "planner": arguments.planner,
        "outcomes": outcomes,
        "images": len(looks),
        "median_ms": float(np.median(times)),
        "p90_ms": float(np.percentile(times, 90)),
        "max_ms": max(times),
    }
    text = json.dumps(content, indent=2)
    print(text)
    if arguments.json is not None:
        write_json(arguments.json, content)


if __name__ == "__main__":
    main()

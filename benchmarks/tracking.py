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

from grasp_execution.arm import ArmDescription
from grasp_execution.pick.interruption import Interruption
from grasp_execution.pick.options import PickOptions
from grasp_execution.pick.pick import Pick, PickRequest
from grasp_perception.extrinsics import CameraMount
from grasp_perception.outcomes import OutcomeError
from grasp_planning.pipeline import plan_in_base
from grasp_planning.planner import load_planner
from grasp_planning.workcell import WorkCell
from grasp_sim.objects.catalogue import random_object_names
from grasp_sim.picking.ports import SimulatedPorts

REPOSITORY = Path(__file__).resolve().parent.parent


def tracked_looks(planner_name: str, picks: int, seed: int) -> tuple[list[Callable[[], Any]], list[str]]:
    """What plans on each tracked image again, and how the picks ended."""
    mount = CameraMount.load(REPOSITORY / "config/cameras/widowx_hand.yaml")
    description = ArmDescription(REPOSITORY / "config/arms/widowx.yaml").with_home(mount.look_from)
    workcell = WorkCell.load(REPOSITORY / "config/workcells/widowx.yaml")
    planner = load_planner(planner_name, description.gripper, models=REPOSITORY / "models/networks/widowx")
    looks: list[Callable[[], Any]] = []
    outcomes = []

    def recorded(*arguments: Any, **options: Any) -> Any:
        if options["tracked"]:
            looks.append(lambda: plan_in_base(*arguments, **options))
        return plan_in_base(*arguments, **options)

    with (
        SimulatedPorts(description, workcell, mount, planner, planner_name) as ports,
        patch("grasp_sim.picking.ports.plan_in_base", recorded),
    ):
        options = PickOptions().with_blind_distance(mount.blind_distance)
        pick = Pick(description.arm, description.gripper, workcell, ports.ports(), options)
        for number, name in enumerate(random_object_names(picks, np.random.default_rng(seed))):
            ports.reset([name], seed + number)
            outcomes.append(pick.run(PickRequest(closed_loop=True), Interruption()).outcome.name)
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
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()

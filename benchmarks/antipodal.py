"""How long the antipodal planner takes, how exact it is, and whether its grasps hold.

    . ./env.sh && python benchmarks/antipodal.py [--frames 30] [--trials 50] [--json FILE]

Rendered 640x480 scenes, one box and a heap of twelve, seen from 0.5 m to 1.5 m at tilts up to 18 degrees:
median, 90th percentile and greatest time on one core; of the single box also the errors across its width.
--trials: simulated grasp trials (SGT) with the WidowX's gripper on that many objects of the catalogue, one a scene.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.files import write_json
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import OutcomeError
from grasp_planning.antipodal import AntipodalPlanner
from grasp_planning.gripper import Gripper

REPOSITORY = Path(__file__).resolve().parent.parent
REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
PRIMESENSE = CameraIntrinsics(525.0, 525.0, 319.5, 239.5, 640, 480)
BOX = (0.030, 0.090, 0.035)


def ray_caster() -> ModuleType:
    """The one that renders the sample of the tests."""
    specification = importlib.util.spec_from_file_location("render_sample", REPOSITORY / "tests/data/render_sample.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["render_sample"] = module
    specification.loader.exec_module(module)
    return module


def summary(milliseconds: list[float]) -> dict[str, float]:
    """Median, 90th percentile and greatest."""
    return {
        "median_ms": float(np.median(milliseconds)),
        "p90_ms": float(np.percentile(milliseconds, 90)),
        "max_ms": float(max(milliseconds)),
    }


def rendered(planner: AntipodalPlanner, frames: int, rng: np.random.Generator) -> dict[str, Any]:
    """Times of single boxes and heaps, and the errors of the single ones."""
    caster = ray_caster()
    times: dict[str, list[float]] = {"single": [], "heap": []}
    angles, offsets = [], []
    planner.plan(_look(caster, [caster.Box(0, 0, 0, BOX)], caster.camera_pose(), PRIMESENSE, rng))  # warm up
    for _ in range(frames):
        intrinsics = REALSENSE if rng.random() < 0.5 else PRIMESENSE
        pose = caster.camera_pose(rng.uniform(0.5, 1.5), rng.uniform(0, 18))
        yaw, (x, y) = rng.uniform(-np.pi / 2, np.pi / 2), rng.uniform(-0.08, 0.08, 2)
        frame = _look(caster, [caster.Box(x, y, yaw, BOX)], pose, intrinsics, rng)
        best, took = _timed(planner, frame)
        times["single"].append(took)
        tool, across = pose @ best.pose, np.array([np.cos(yaw), np.sin(yaw)])
        angles.append(float(np.degrees(np.arccos(min(1.0, abs(tool.rotation[:2, 0] @ across))))))
        offsets.append(float(abs((tool.translation[:2] - [x, y]) @ across)))

        places = rng.uniform(-0.12, 0.12, (12, 2))
        heap = [caster.Box(*place, rng.uniform(-1.5, 1.5), tuple(rng.uniform(0.015, 0.06, 3))) for place in places]
        times["heap"].append(_timed(planner, _look(caster, heap, pose, intrinsics, rng))[1])
    return {
        **{name: summary(values) for name, values in times.items()},
        "angle_error_deg": {"median": float(np.median(angles)), "p90": float(np.percentile(angles, 90))},
        "offset_mm": {"median": float(np.median(offsets) * 1e3), "p90": float(np.percentile(offsets, 90) * 1e3)},
    }


def _look(caster: ModuleType, things: list, pose, intrinsics: CameraIntrinsics, rng: np.random.Generator) -> RGBDFrame:
    depth, _ = caster.render(things, pose, intrinsics)
    noisy = depth + rng.normal(0, 1, depth.shape) * 0.0012 * depth**2
    return RGBDFrame(np.zeros((*depth.shape, 3), np.uint8), noisy.astype(np.float32), intrinsics)


def _timed(planner: AntipodalPlanner, frame: RGBDFrame) -> tuple[Any, float]:
    started = time.perf_counter()
    try:
        best = planner.plan(frame, max_grasps=10)[0]
    except OutcomeError:
        best = None
    return best, (time.perf_counter() - started) * 1e3


def trials(count: int, seed: int) -> dict[str, Any]:
    """Simulated grasp trials of the best grasp, one object a scene."""
    from grasp_execution.arm import ArmDescription
    from grasp_perception.extrinsics import CameraMount
    from grasp_planning.pipeline import plan_in_base
    from grasp_planning.workcell import WorkCell
    from grasp_sim.cell.simulated_cell import SimulatedCell
    from grasp_sim.objects.catalogue import random_object_names
    from grasp_sim.trials.live_trial import try_grasp

    arm = ArmDescription(REPOSITORY / "config/arms/widowx.yaml")
    workcell = WorkCell.load(REPOSITORY / "config/workcells/widowx.yaml")
    mount = CameraMount.load(REPOSITORY / "config/cameras/widowx.yaml")
    planner = AntipodalPlanner(arm.gripper)
    outcomes: Counter[str] = Counter()
    times = []
    with SimulatedCell(arm, workcell, mount) as cell:
        cell.robot.reset(arm.arm.home_positions)
        for number, name in enumerate(random_object_names(count, np.random.default_rng(seed))):
            cell.scene.reset([name], seed=1000 * seed + number)
            frame = cell.camera.capture()
            started = time.perf_counter()
            try:
                grasp = plan_in_base(planner, "antipodal", frame, mount.parent_from_camera, workcell)[0]
            except OutcomeError as error:
                outcomes[error.outcome.name] += 1
                continue
            times.append((time.perf_counter() - started) * 1e3)
            outcomes[try_grasp(cell, grasp, arm.gripper).phase.name] += 1
    return {"outcomes": dict(outcomes.most_common()), "success": outcomes["SUCCESS"] / count, **summary(times)}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=30, help="rendered frames of each kind")
    parser.add_argument("--trials", type=int, default=0, help="simulated grasp trials")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    planner = AntipodalPlanner(Gripper.load(REPOSITORY / "config/grippers/yumi.yaml"))
    content: dict[str, Any] = {"rendered": rendered(planner, options.frames, np.random.default_rng(options.seed))}
    if options.trials:
        content["trials"] = trials(options.trials, options.seed)
    text = json.dumps(content, indent=2)
    print(text)
    if options.json is not None:
        write_json(options.json, content)


if __name__ == "__main__":
    main()

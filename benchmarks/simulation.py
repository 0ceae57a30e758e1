"""How fast the simulation is: physics steps, pictures, scene resets, grasp trials.

Run `python benchmarks/simulation.py [--json FILE]` in the project's environment, on an idle machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from grasp_execution.arm import ArmDescription
from grasp_perception.extrinsics import CameraMount
from grasp_perception.files import write_json
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.rendering.camera import SimulatedCamera
from grasp_sim.rendering.renderer import egl_works
from grasp_sim.trials.live_trial import try_grasp

CONFIG = Path(__file__).resolve().parent.parent / "config"
OBJECTS = ["random_804", "random_084", "cube_medium", "cylinder_large", "bar_small"]
DOWN = [0.0, 0.05, 0.35, 1.17, 0.0]


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call, ms, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 2)


def steps_per_second(cell: SimulatedCell, seconds: float = 1.0) -> int:
    """Physics steps of the present state in a second of wall time."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(20):
            cell.step()
        count += 20
    return round(count / (time.perf_counter() - start))


def hold(cell: SimulatedCell, name: str) -> None:
    """Put an object between the fingers of the arm, clear of the table, and close them on it."""
    cell.robot.reset(DOWN)
    tool = cell.robot.tool()
    cell.scene.clear()
    rotation = np.stack([tool.rotation[:, 1], tool.rotation[:, 0], -tool.rotation[:, 2]], axis=1)
    model = cell.scene.catalogue.load(name)
    cell.gripper.reset(float(model.extents[1]) + 0.0005)
    cell.scene.add(model, Transform(rotation, tool.translation + np.array([0.0, 0.0, 0.005])))  # above the very tips
    cell.gripper.command(0.0)
    for _ in range(60):
        cell.step()
    if not cell.gripper.touching():
        raise SystemExit(f"'{name}' was not caught: the measurement would be of something else")


def measure() -> dict[str, float]:
    """All figures."""
    mount = CameraMount.load(CONFIG / "cameras" / "widowx.yaml")
    workcell = WorkCell.load(CONFIG / "workcells" / "widowx.yaml")
    figures: dict[str, float] = {}
    start = time.perf_counter()
    with SimulatedCell(ArmDescription(CONFIG / "arms" / "widowx.yaml"), workcell, mount, renderer="tiny") as cell:
        figures["build_cell_ms"] = round(1000 * (time.perf_counter() - start), 1)
        figures["steps_per_s_empty_table"] = steps_per_second(cell)
        cell.scene.reset(OBJECTS, seed=3)
        for renderer in ("egl", "tiny") if egl_works() else ("tiny",):
            camera = SimulatedCamera(cell.world, mount, renderer=renderer)  # type: ignore[arg-type]
            camera.capture()
            figures[f"render_{renderer}_640x480_ms"] = median_ms(camera.capture, 15)
            camera.close()
        figures["steps_per_s_5_objects_just_placed"] = steps_per_second(cell, 0.3)
        for _ in range(720):
            cell.step()
        figures["steps_per_s_5_objects_asleep"] = steps_per_second(cell)
        seeds = iter(range(1000))
        figures["reset_1_object_ms"] = median_ms(lambda: cell.scene.reset(OBJECTS[:1], seed=next(seeds)), 9)
        figures["reset_5_objects_ms"] = median_ms(lambda: cell.scene.reset(OBJECTS, seed=next(seeds)), 9)

        cell.scene.clear()
        cell.scene.add(cell.scene.catalogue.load("bar_medium"), Transform(np.eye(3), np.array([0.22, 0.0, 0.009])))
        rotation = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
        grasp = Grasp(Transform(rotation, np.array([0.22, 0.0, 0.006])), 0.03, 1.0, "benchmark")
        if not try_grasp(cell, grasp, cell.description.gripper).success:
            raise SystemExit("the benchmark's grasp failed: the measurement would be of something else")
        figures["trial_success_ms"] = median_ms(lambda: try_grasp(cell, grasp, cell.description.gripper), 5)
        for name in ("cube_medium", "sphere_medium"):
            hold(cell, name)
            figures[f"steps_per_s_holding_{name}"] = steps_per_second(cell)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    figures = measure()
    for name, value in figures.items():
        print(f"{name:40s} {value}")
    if arguments.json:
        write_json(arguments.json, figures)


if __name__ == "__main__":
    main()

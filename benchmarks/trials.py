"""How fast trials are, and how far their outcomes can be trusted.

    . ./env.sh && grasp data jacquard --out SCENES --meshes procedural:200,pybullet_data --scenes 60
    . ./env.sh && python benchmarks/trials.py SCENES [--part rates|agreement|approach|workers] [--json FILE]

rates: trials a second and core, of candidates where edges face each other and of random ones on and beside the object.
workers: the rate of two processes over that of one.
agreement: of other physics with a reference (1/1000 s, 200 iterations), and of each with itself when every grasp is
moved by 0.2 mm and turned by 0.1 degrees.
approach: what a simulated approach changes.

Rates count the processor's time, not the clock's, so that other work on the machine changes them little.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.spatial.transform import Rotation

from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.candidates import draw
from grasp_sim.dataset.index import Index, read_index
from grasp_sim.dataset.scenes import model_of
from grasp_sim.dataset.settings import CandidateSettings
from grasp_sim.trials.aiming import Aims, aim
from grasp_sim.trials.outcome import TrialPhase
from grasp_sim.trials.scene_trials import SceneTrials
from grasp_sim.trials.settings import Approach, TrialSettings

JAW = 0.02
REFERENCE = TrialSettings(time_step=1 / 1000, iterations=200, residual=1e-7)
SETTINGS = {
    "default": TrialSettings(),
    "1/120 s, 20 iterations": TrialSettings(iterations=20),
    "1/120 s, 30 iterations": TrialSettings(iterations=30),
    "1/120 s, 50 iterations": TrialSettings(iterations=50),
    "1/240 s, 20 iterations": TrialSettings(time_step=1 / 240, iterations=20),
    "1/240 s, 50 iterations": TrialSettings(time_step=1 / 240, iterations=50),
    "1/240 s, 50 iterations, residual 1e-7": TrialSettings(time_step=1 / 240, iterations=50, residual=1e-7),
    "carried at half the speed": TrialSettings(lift_time=0.7, move_time=0.7),
    "no spinning friction": TrialSettings(spinning_friction=0.0),
    "spinning friction 5 mm": TrialSettings(spinning_friction=0.005),
    "object friction 0.3": TrialSettings(object_friction=0.3),
    "object friction 1.0": TrialSettings(object_friction=1.0),
    "fingers of 60 g": TrialSettings(finger_mass=0.06),
}


class Scene:
    """A scene of the dataset with candidates of its own."""

    def __init__(
        self, root: Path, index: Index, number: int, images: JacquardDataset, edges: int, uniform: int
    ) -> None:
        record = index.records[number]
        scene = images[images.ids.index(record.id)]
        gripper = index.header.gripper
        rng = np.random.default_rng(number)
        self.root, self.record = root, record
        pose = record.world_from_camera.transform

        def aims(rectangles: GraspRectangles) -> Aims:
            return aim(rectangles, scene.depth, record.camera, pose, gripper.with_jaw(JAW))

        chosen = CandidateSettings(number=edges, uniform_share=0.0)
        self.edges = aims(draw(scene.depth, scene.color, record.camera, gripper, chosen, rng))
        rows, columns = np.nonzero(scene.mask)
        spread = 0.02 * record.pixels_per_metre
        places = rng.integers(len(rows), size=uniform)
        values = np.stack([columns[places], rows[places]], axis=1) + rng.normal(0.0, spread, (uniform, 2))
        values = np.clip(values, 0, [record.camera.width - 1, record.camera.height - 1])
        angles = rng.uniform(-np.pi / 2, np.pi / 2, uniform)
        openings = rng.uniform(0.01, gripper.max_opening, uniform) * record.pixels_per_metre * 0.95
        self.random = aims(GraspRectangles(np.column_stack([values, angles, openings, np.full(uniform, 26.3)])))
        self.moved = jitter(self.edges, rng)

    def trials(self, gripper: Gripper, settings: TrialSettings) -> SceneTrials:
        """A bench for this scene."""
        pose = self.record.world_from_object.transform
        return SceneTrials(model_of(self.record, self.root), pose, gripper, settings)


def jitter(aims: Aims, rng: np.random.Generator) -> Aims:
    """The grasps, each moved by 0.2 mm and turned by 0.1 degrees in random directions."""
    directions = rng.normal(size=(2, len(aims), 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    poses = aims.poses.copy()
    poses[:, :3, :3] = Rotation.from_rotvec(np.deg2rad(0.1) * directions[0]).as_matrix() @ poses[:, :3, :3]
    poses[:, :3, 3] += 0.0002 * directions[1]
    return Aims(poses, aims.widths, aims.problems)


def run(
    scenes: list[Scene], gripper: Gripper, which: str, settings: TrialSettings, approach: Approach
) -> tuple[NDArray[np.int8], float]:
    """Phases of all trials that could be tried, and trials a second of processor time."""
    started = time.process_time()
    phases = []
    for scene in scenes:
        with scene.trials(gripper, settings) as trials:
            phases.append(trials.run(getattr(scene, which), jaw=JAW, approach=approach))
    together = np.concatenate(phases)
    return together, len(together) / (time.process_time() - started)


def rates(scenes: list[Scene], gripper: Gripper) -> dict[str, Any]:
    """Trials a second and core."""
    found = {}
    approaches: tuple[Approach, ...] = ("check", "simulate")
    for which in ("edges", "random"):
        for approach in approaches:
            phases, rate = run(scenes, gripper, which, TrialSettings(), approach)
            counts = {TrialPhase(k).name if k >= 0 else "INVALID": n for k, n in Counter(phases.tolist()).items()}
            found[f"{which}, {approach}"] = {"trials_per_second": rate, "success": np.mean(phases == 0), **counts}
    return found


def workers(scenes: list[Scene], gripper: Gripper) -> dict[str, Any]:
    """Wall-clock rates of one and of two processes, in turn."""
    halves = [scenes[0::2], scenes[1::2]]
    found: dict[str, Any] = {}
    with Parallel(n_jobs=2, backend="loky") as pool:
        pool(delayed(run)(scenes[:1], gripper, "edges", TrialSettings(), "check") for _ in range(2))  # start both
        for count in (1, 2, 1, 2):
            started = time.perf_counter()
            pool(delayed(run)(half, gripper, "edges", TrialSettings(), "check") for half in halves[:count])
            trials = sum(len(scene.edges) for half in halves[:count] for scene in half)
            found.setdefault(f"{count}", []).append(trials / (time.perf_counter() - started))
    found["ratio"] = max(found["2"]) / max(found["1"])
    return found


def agreement(scenes: list[Scene], gripper: Gripper) -> dict[str, Any]:
    """Success, and shares of equal verdicts, in simulated approaches."""
    found: dict[str, Any] = {}
    reference, rate = run(scenes, gripper, "edges", REFERENCE, "simulate")
    tried = reference >= 0
    verdict = reference == 0
    found["reference"] = {"success": np.mean(verdict[tried]), "trials": int(tried.sum()), "trials_per_second": rate}
    for name, settings in SETTINGS.items():
        phases, rate = run(scenes, gripper, "edges", settings, "simulate")
        moved, _ = run(scenes, gripper, "moved", settings, "simulate")
        found[name] = {
            "success": np.mean(phases[tried] == 0),
            "reference": np.mean((phases == 0)[tried] == verdict[tried]),
            "jitter": np.mean((phases == 0)[tried] == (moved == 0)[tried]),
            "trials_per_second": rate,
        }
    return found


def approaches(scenes: list[Scene], gripper: Gripper) -> dict[str, Any]:
    """How often the two ways to approach end differently."""
    simulated, _ = run(scenes, gripper, "edges", TrialSettings(), "simulate")
    checked, _ = run(scenes, gripper, "edges", TrialSettings(), "check")
    tried = simulated >= 0
    pairs = Counter(zip((simulated[tried] == 0).tolist(), (checked[tried] == 0).tolist()))
    free = tried & (checked != TrialPhase.APPROACH)
    return {
        "trials": int(tried.sum()),
        "both succeed": pairs[True, True],
        "both fail": pairs[False, False],
        "only simulate succeeds": pairs[True, False],
        "only check succeeds": pairs[False, True],
        "equal where the way is free": np.mean((simulated[free] == 0) == (checked[free] == 0)),
    }


PARTS = {"rates": rates, "workers": workers, "agreement": agreement, "approach": approaches}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path, help="a folder made by `grasp data jacquard`")
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--edges", type=int, default=20, help="candidates where edges face each other, a scene")
    parser.add_argument("--random", type=int, default=60, help="random candidates, a scene")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this; may be repeated")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    index = read_index(options.dataset)
    images = JacquardDataset(options.dataset)
    count = min(options.scenes, len(index.records))
    scenes = [Scene(options.dataset, index, n, images, options.edges, options.random) for n in range(count)]
    found = {part: PARTS[part](scenes, index.header.gripper) for part in options.part or PARTS}
    console = Console()
    for part, figures in found.items():
        table = Table(title=f"{part}, {count} scenes", title_justify="left", show_header=False)
        for name, value in figures.items():
            shown = value if isinstance(value, dict) else {"": value}
            table.add_row(
                name, ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items())
            )
        console.print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2, default=float) + "\n")


if __name__ == "__main__":
    main()

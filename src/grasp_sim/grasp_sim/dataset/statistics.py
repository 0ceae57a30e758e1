"""What a dataset holds, in numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import read_grasps
from grasp_learning.datasets.jacquard import SceneFiles
from grasp_sim.dataset.contact_sheet import distinct
from grasp_sim.dataset.failures import read_failures
from grasp_sim.dataset.index import Index
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.staging import FAILURES, SHARD
from grasp_sim.trials.outcome import INVALID, TrialPhase

BINS = 20


def scene_files(root: Path, index: Index) -> dict[str, SceneFiles]:
    """Where the files of each scene are, by id."""
    shards = sorted(root.glob(SHARD.format("*")))
    folder_of = {folder.name: folder for shard in shards for folder in shard.iterdir()}
    return {r.id: SceneFiles(folder_of[r.object], r.index, r.object) for r in index.records}


def statistics(root: Path, index: Index, rejected: list[dict[str, str]]) -> dict[str, Any]:
    """Statistics of a dataset, ready for JSON.

    Args:
        root: Its folder.
        index: Its index.
        rejected: Meshes that could not be used: name and reason.
    """
    settings, gripper = index.header.settings, index.header.gripper
    files = scene_files(root, index)
    counts: list[int] = []
    openings: list[NDArray[np.float64]] = []
    angles: list[NDArray[np.float64]] = []
    jaws: Counter[float] = Counter({jaw: 0 for jaw in sorted(index.header.jaws)})
    phases: Counter[int] = Counter()
    families: dict[str, Counter[str]] = {}
    for record in index.records:
        rows = read_grasps(files[record.id].grasps)
        grasps = distinct(rows)
        counts.append(len(grasps))
        openings.append(grasps.widths / record.pixels_per_metre)
        angles.append(grasps.angles)
        jaws.update(_nearest(rows.heights / record.pixels_per_metre, sorted(index.header.jaws)))
        family = families.setdefault(record.family, Counter())
        family.update(scenes=1, grasps=len(grasps), objects=int(record.index == 0))
        if settings.keep_failures:
            phases.update(read_failures(root / FAILURES / record.object, record.id)[1].tolist())
    opening = np.concatenate([np.empty(0), *openings])  # at the scale of the ground: nearer, it looks wider
    candidates = settings.candidates.number * len(counts)
    return {
        "scenes": len(counts),
        "objects": len({record.object for record in index.records}),
        "rejected": len(rejected),
        "grasps": int(sum(counts)),
        "annotations": int(sum(jaws.values())),
        "scenes_without_grasps": int(np.count_nonzero(np.array(counts) == 0)),
        "grasps_per_scene": _summary(
            np.array(counts, dtype=np.float64), (0.0, max(1.0, float(max(counts, default=1))))
        ),
        "opening_m": _summary(opening, (0.0, float(max([gripper.max_opening, *opening])))),
        "angle_degrees": _summary(np.degrees(np.concatenate([np.empty(0), *angles])), (-90.0, 90.0)),
        "longest_side_m": _summary(_longest_sides(index), (0.0, settings.longest_side.high)),
        "jaw_sizes": {f"{jaw:g}": count for jaw, count in jaws.items()},
        "candidates": candidates,
        "successes": candidates - sum(phases.values()) if settings.keep_failures else None,
        "failures": {name: phases[value] for name, value in _phases().items()} if settings.keep_failures else None,
        "families": {family: dict(sorted(numbers.items())) for family, numbers in sorted(families.items())},
    }


def _phases() -> dict[str, int]:
    failed = {phase.name.lower(): int(phase) for phase in TrialPhase if phase is not TrialPhase.SUCCESS}
    return failed | {"invalid": INVALID}


def _longest_sides(index: Index) -> NDArray[np.float64]:
    return np.array([_longest_side(record, index) for record in index.records])


def _longest_side(record: SceneRecord, index: Index) -> float:
    return record.mass / index.header.settings.mass_per_metre


def _nearest(sizes: NDArray[np.float64], known: list[float]) -> list[float]:
    if not len(sizes):
        return []
    return [known[i] for i in np.abs(sizes[:, None] - np.array(known)).argmin(axis=1)]


def _summary(values: NDArray[np.float64], bounds: tuple[float, float]) -> dict[str, Any]:
    """Mean, median, extremes and a histogram."""
    numbers, edges = np.histogram(values, bins=BINS, range=bounds)
    facts: dict[str, Any] = {"histogram": numbers.tolist(), "edges": [round(float(edge), 6) for edge in edges]}
    if len(values):
        shares = {"mean": values.mean(), "median": np.median(values), "least": values.min(), "most": values.max()}
        facts |= {name: round(float(value), 6) for name, value in shares.items()}
    return facts

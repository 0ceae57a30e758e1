"""The annotated grasps of a dataset, tried again a little aside: which still hold when they are missed?

A network misses the grasp it means by a millimetre or two. Of the grasps that hold where they were tried, every fourth
no longer does then; a network that is shown only the others learns where there is room for its errors. Success under
uncertainty of the pose is what Dex-Net 2.0 calls robust (Mahler et al. 2017, section III).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import read_grasps
from grasp_learning.datasets.robustness import (
    ROBUSTNESS_FILE,
    Robustness,
    RobustnessHeader,
    SceneRobustness,
    Uncertainty,
)
from grasp_learning.progress import Progress
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import decode_depth
from grasp_perception.files import write_atomically
from grasp_perception.image_files import read_raw_depth
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.index import as_line, parse_line
from grasp_sim.dataset.line_file import FolderError, LineFile
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.scenes import MISSES, generator, model_of
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.workers import Killed, in_processes, take_one_core
from grasp_sim.trials.aiming import aim
from grasp_sim.trials.outcome import TrialPhase
from grasp_sim.trials.scene_trials import SceneTrials
from grasp_sim.trials.settings import Approach, TrialSettings

PARTIAL = "robustness.partial.jsonl"
_LEAST_OPENING = 0.05
"""Of the gripper's."""


@dataclass(frozen=True, slots=True)
class Robust:
    """What came of it."""

    scenes: int
    held: Counter[int]
    """Annotations by the number of trials that held."""
    killed: tuple[str, ...] = ()
    """Scenes whose trials ended the process that they ran in, twice, in this run: none of their grasps counts as
    robust."""


def try_aside(
    exam: Exam, uncertainty: Uncertainty, *, workers: int | None = None, progress: Progress | None = None
) -> Robust:
    """Try each annotated grasp several times, missed at random, and write how often it held.

    The jaw is the dataset's for tests, the approach that of its annotation. What is written does not depend on the
    number of workers; interrupted, it goes on when it is called again.

    Args:
        exam: A whole dataset.
        uncertainty: How far aside, and how often.
        workers: Processes; as many as there are processors if None.
        progress: Called with the scenes done and all of them.

    Raises:
        FolderError: The dataset's grasps have been tried with another uncertainty, or another run is at it.
        DatasetError: The annotations of a scene, or what was done before, cannot be read.
        DatasetIndexError: A line of an interrupted run is wrong.
        ImageFileError: A scene's depth is missing or broken.
        MeshError: An object's mesh is missing or broken.
        OSError: The disk is full.
    """
    header = RobustnessHeader(uncertainty=uncertainty, jaw=exam.jaw)
    finished = exam.root / ROBUSTNESS_FILE
    if finished.is_file():
        found = Robustness(exam.root)
        _require_same(found.header, header, finished)
        return _summary(list(found.held.values()))
    with closing(LineFile(exam.root / PARTIAL)) as file:
        done = _done_before(file, header)
        tasks = (_task(exam, record, uncertainty) for record in exam if record.id not in done)
        killed = []
        if progress is not None:
            progress(len(done), len(exam))
        with closing(in_processes(_tried, tasks, workers or os.cpu_count() or 1)) as results:
            for result in results:
                if isinstance(result, Killed):
                    killed.append(result.task.record.id)
                    result = SceneRobustness(scene=killed[-1], held=(0,) * len(read_grasps(result.task.grasps)))
                else:  # what was killed is tried once more if this is interrupted
                    file.add(as_line(result))
                done[result.scene] = result
                if progress is not None:
                    progress(len(done), len(exam))
        scenes = [done[scene] for scene in exam.scenes]
        write_atomically(finished, "".join(map(as_line, (header, *scenes))).encode())
        file.remove()
    return _summary([scene.held for scene in scenes], killed)


def _done_before(file: LineFile, header: RobustnessHeader) -> dict[str, SceneRobustness]:
    lines = file.read()
    if not lines:
        file.add(as_line(header))
        return {}
    _require_same(parse_line(RobustnessHeader, lines[0], file.path, 1), header, file.path)
    scenes = [parse_line(SceneRobustness, line, file.path, number) for number, line in enumerate(lines[1:], 2)]
    return {scene.scene: scene for scene in scenes}


def _require_same(there: RobustnessHeader, here: RobustnessHeader, path: Path) -> None:
    if there != here:
        raise FolderError(
            f"{path} tells of trials with {there.uncertainty!r} and jaws of {there.jaw} m, not with "
            f"{here.uncertainty!r} and {here.jaw} m: use those, or delete that file"
        )


def _summary(held: Sequence[Sequence[int]], killed: Sequence[str] = ()) -> Robust:
    return Robust(len(held), Counter(count for counts in held for count in counts), tuple(killed))


@dataclass(frozen=True, slots=True)
class _Task:
    """One scene: all that a worker needs to know."""

    root: Path
    record: SceneRecord
    depth: Path
    grasps: Path
    gripper: Gripper
    jaw: float
    settings: TrialSettings
    approach: Approach
    uncertainty: Uncertainty


def _task(exam: Exam, record: SceneRecord, uncertainty: Uncertainty) -> _Task:
    files, gripper = exam.files(record), exam.gripper.with_jaw(exam.jaw)
    return _Task(
        root=exam.root,
        record=record,
        depth=files.perfect_depth,
        grasps=files.grasps,
        gripper=gripper,
        jaw=exam.jaw,
        settings=exam.settings,
        approach=exam.approach,
        uncertainty=uncertainty,
    )


def _tried(task: _Task) -> SceneRobustness:
    """Runs in a worker."""
    take_one_core()
    record, gripper = task.record, task.gripper
    depth = decode_depth(read_raw_depth(task.depth))
    # A grasp stands there once for each size of jaw that it holds with.
    values, grasp_of = np.unique(read_grasps(task.grasps).values[:, :4], axis=0, return_inverse=True)
    errors = generator(record.seed, MISSES).standard_normal((task.uncertainty.trials, len(values), 4))
    held = np.zeros(len(values), dtype=np.intp)
    pose = record.world_from_camera.transform
    with SceneTrials(model_of(record, task.root), record.world_from_object.transform, gripper, task.settings) as trials:
        for error in errors:
            missed = missed_by(values, error, task.uncertainty, depth, record.camera, gripper)
            aims = aim(missed, depth, record.camera, pose, gripper, task.settings)
            held += trials.run(aims, jaw=task.jaw, approach=task.approach) == TrialPhase.SUCCESS
    return SceneRobustness(scene=record.id, held=tuple(held[grasp_of.ravel()].tolist()))


def missed_by(
    values: NDArray[np.float64],
    error: NDArray[np.float64],
    uncertainty: Uncertainty,
    depth: NDArray[np.float32],
    camera: CameraIntrinsics,
    gripper: Gripper,
) -> GraspRectangles:
    """Grasps as they are when they are missed.

    Args:
        values: (N, 4) as they are meant: x, y px, angle rad, opening px.
        error: (N, 4) of each of them, in standard deviations.
        uncertainty: The standard deviations.
        depth: (H, W) m; what a metre is in pixels follows from it, for the error at the centre that was meant.
        camera: Of the image.
        gripper: Opens no wider than it can where it comes down, and never closes before it has.
    """
    column, row = np.rint(values[:, :2]).astype(np.intp).T
    scale = camera.fx / depth[row, column].astype(np.float64)  # px a metre
    centers = values[:, :2] + uncertainty.position * scale[:, None] * error[:, :2]
    column, row = np.rint(centers).astype(np.intp).T
    there = depth[np.clip(row, 0, len(depth) - 1), np.clip(column, 0, depth.shape[1] - 1)].astype(np.float64)
    widest = gripper.max_opening * np.where(np.isfinite(there), camera.fx / there, scale)
    opening = values[:, 3] + uncertainty.opening * scale * error[:, 3]
    return GraspRectangles(
        np.column_stack(
            [
                centers,
                values[:, 2] + uncertainty.angle * error[:, 2],
                np.clip(opening, _LEAST_OPENING * widest, widest),
                gripper.finger_width * scale,
            ]
        )
    )

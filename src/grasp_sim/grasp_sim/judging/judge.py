"""Every scene of a dataset gets its verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from grasp_learning.datasets.submission import Submission
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.depth import decode_depth
from grasp_perception.image_files import read_raw_depth
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspRectangle
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.scenes import model_of
from grasp_sim.judging.exam import Exam, JudgingError
from grasp_sim.judging.report import Report
from grasp_sim.judging.verdict import INVALID, MEANINGS, NO_PREDICTION, NOT_JUDGED, JudgedScene, Problem
from grasp_sim.judging.workers import Killed, in_processes, take_one_core
from grasp_sim.trials.aiming import aim
from grasp_sim.trials.scene_trials import SceneTrials
from grasp_sim.trials.settings import Approach, TrialSettings


def judge(
    dataset: Exam | str | Path,
    submission: Submission,
    *,
    workers: int | None = None,
    approach: Approach = "simulate",
    jaw: float | None = None,
) -> Generator[JudgedScene, None, None]:
    """Try the one grasp that a submission has for each scene.

    The scenes without a prediction come first, then the trials as they end. The verdict on a scene depends on
    nothing but the scene and its rectangle, whatever the number of workers and the order.

    Args:
        dataset: A folder of `grasp data jacquard`, or an `Exam` of a part of it.
        submission: See `check_submission` for what may be wrong with it.
        workers: Processes; as many as there are processors if None.
        approach: How the gripper comes.
        jaw: Width of the fingers, m; the dataset's if None. What the submission says of it is not used.

    Yields:
        One verdict for each scene of the exam.

    Raises:
        JudgingError: The dataset cannot be judged on, or an argument is wrong.
    """
    exam = dataset if isinstance(dataset, Exam) else Exam(dataset)
    if workers is not None and workers < 1:
        raise JudgingError(f"at least one worker is needed, got {workers}")
    if approach not in get_args(Approach):
        raise JudgingError(f"there is no approach '{approach}'; there are: {', '.join(get_args(Approach))}")
    jaw = exam.jaw if jaw is None else jaw
    if not 0.0 < jaw <= exam.gripper.max_opening:
        raise JudgingError(f"a jaw of {jaw} m is not between 0 and the gripper's opening, {exam.gripper.max_opening} m")
    return _verdicts(exam, submission, workers or os.cpu_count() or 1, approach, jaw)


def judge_all(
    exam: Exam,
    submission: Submission,
    *,
    problems: Iterable[Problem] = (),
    workers: int | None = None,
    approach: Approach = "simulate",
    jaw: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Judge to the end; see `judge`.

    Args:
        exam: The scenes.
        submission: A grasp for each.
        problems: Of the submission, for the report.
        workers: Processes; as many as there are processors if None.
        approach: How the gripper comes.
        jaw: Width of the fingers, m; the dataset's if None.
        progress: Called with the scenes done.
    """
    started = time.perf_counter()
    scenes: list[JudgedScene] = []
    with closing(judge(exam, submission, workers=workers, approach=approach, jaw=jaw)) as verdicts:
        for verdict in verdicts:
            scenes.append(verdict)
            if progress is not None:
                progress(len(scenes))
    return Report(exam, scenes, problems, time.perf_counter() - started)


def check_submission(exam: Exam, submission: Submission) -> list[Problem]:
    """What is wrong with a submission, by line: what does not parse, and scenes that the dataset does not have.

    Scenes of other parts of the dataset are no problem, and are not judged.
    """
    unknown = [
        Problem(line, f"the dataset has no scene '{scene}'")
        for scene, (_, line) in submission.grasps.items()
        if not exam.knows(scene)
    ]
    wrong = [Problem(line, message) for line, message in submission.problems]
    return sorted([*wrong, *unknown], key=lambda problem: problem.line or 0)


def _verdicts(
    exam: Exam, submission: Submission, workers: int, approach: Approach, jaw: float
) -> Generator[JudgedScene, None, None]:
    gripper = exam.gripper.with_jaw(jaw)

    def trials() -> Iterator[_Trial]:
        for record in exam:
            if record.id in submission.grasps:
                rectangle, line = submission.grasps[record.id]
                depth = exam.files(record).perfect_depth
                yield _Trial(exam.root, record, depth, rectangle, line, gripper, exam.settings, approach)

    for record in exam:
        if record.id not in submission.grasps:
            yield JudgedScene(record.id, record.object, NO_PREDICTION, MEANINGS[NO_PREDICTION])
    with closing(in_processes(_try, trials(), workers)) as results:
        for result in results:
            if isinstance(result, Killed):
                yield result.task.verdict(NOT_JUDGED, "its trial ended the process that it ran in, twice")
            else:
                yield result


@dataclass(frozen=True, slots=True)
class _Trial:
    """All that a worker needs to know."""

    root: Path
    record: SceneRecord
    depth: Path
    rectangle: GraspRectangle
    line: int
    gripper: Gripper
    settings: TrialSettings
    approach: Approach

    def verdict(self, phase: str, message: str) -> JudgedScene:
        return JudgedScene(self.record.id, self.record.object, phase, message, self.line, self.rectangle)


def _try(trial: _Trial) -> JudgedScene:
    """Runs in a worker."""
    take_one_core()
    started = time.perf_counter()
    return replace(_outcome(trial), seconds=time.perf_counter() - started)


def _outcome(trial: _Trial) -> JudgedScene:
    record = trial.record
    try:
        depth = decode_depth(read_raw_depth(trial.depth))
        model = model_of(record, trial.root)
    except (OSError, ValueError) as error:  # a missing file, a broken image, a broken mesh
        return trial.verdict(NOT_JUDGED, str(error))
    camera, world_from_camera = record.camera, record.world_from_camera.transform
    if depth.shape != (camera.height, camera.width):
        size = f"{depth.shape[1]}x{depth.shape[0]}"
        return trial.verdict(NOT_JUDGED, f"{trial.depth} is {size}, its camera {camera.width}x{camera.height}")
    aims = aim(GraspRectangles.of([trial.rectangle]), depth, camera, world_from_camera, trial.gripper, trial.settings)
    if aims.problems[0]:
        return trial.verdict(INVALID, aims.problems[0])
    pose, width = Transform.from_matrix(aims.poses[0]), float(aims.widths[0])
    with SceneTrials(model, record.world_from_object.transform, trial.gripper, trial.settings) as trials:
        outcome = trials.attempt(pose, width, approach=trial.approach)
    return trial.verdict(outcome.phase.name.lower(), outcome.message.replace(model.name, "the object"))

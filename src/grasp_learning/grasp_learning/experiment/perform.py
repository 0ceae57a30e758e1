"""An experiment from its settings to its report: what is done is kept, what is not is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.submission import write_submission
from grasp_learning.evaluation.evaluate import Choice, evaluate
from grasp_learning.evaluation.summary import evaluation_row
from grasp_learning.experiment.pictures import draw_sheet
from grasp_learning.experiment.report import write_report
from grasp_learning.experiment.results import read_results, write_result
from grasp_learning.experiment.runs import Experiment, Run
from grasp_learning.experiment.settings import EvaluationSet
from grasp_learning.progress import Watch
from grasp_learning.training.errors import Diverged, RunError
from grasp_learning.training.run import WEIGHTS, holds, require_scenes, train
from grasp_learning.training.scenes import learned_digest, open_parts, scenes_digest
from grasp_learning.training.settings import DataSource
from grasp_perception.files import held
from grasp_planning.generative.hardware import Device
from grasp_planning.grasps import GraspRectangle


@dataclass(frozen=True, slots=True)
class Tried:
    """What simulated trials say of predicted grasps."""

    summary: dict[str, Any]
    """As ``grasp sgt --json`` writes it."""
    phases: dict[str, str]
    """How each scene's trial ended, by its id."""


class Trials(Protocol):
    """Simulated grasp trials; they live on a higher floor."""

    def fitted(self, root: Path) -> Choice:
        """Takes grasps of a dataset's scenes for whose jaws there is room."""

    def tried(self, root: Path, grasps: Mapping[str, GraspRectangle], progress: Callable[[int], None]) -> Tried:
        """Try the grasps of some scenes of a dataset."""


def perform(
    experiment: Experiment,
    *,
    trials: Trials,
    cache: Path,
    command: str,
    watch: Watch,
    only: Sequence[str] = (),
    device: Device = "auto",
) -> list[Run]:
    """Train and evaluate what has not been, and write the report after each run.

    Interrupted at any time, it goes on when it is called again. Several processes may share the runs: each takes the
    next that is not done and that no other is at.

    Args:
        experiment: What is to be done.
        trials: Tries predicted grasps.
        cache: Folder of prepared datasets.
        command: That was given, for the weights' cards.
        watch: Shows how it goes.
        only: Rows and tables; all if empty.
        device: Where finished networks are asked.

    Returns:
        Runs that were left because another process was at them.

    Raises:
        ConfigurationError: There is no such row or table.
        DatasetError: A dataset is broken, a test set is empty, or objects of one are trained on.
        RunError: The folder holds a run with other settings, or trainings diverged; then all others are done.
    """
    runs = experiment.only(only)
    tests = [(test, JacquardDataset(test.root, test.depth).part(test.part)) for test in experiment.settings.tests]
    for test, scenes in tests:
        if not len(scenes):
            raise DatasetError(f"the test set '{test.name}': the {test.part} part of {test.root} has no scene")
    trained = _require_unseen(runs, tests)
    digests = {test.name: scenes_digest([scenes]) for test, scenes in tests}
    for run in runs:
        holds(run.folder, run.settings)
        require_scenes(run.folder, trained[run.settings.data])
    write_report(experiment, digests)
    left, diverged = [], []
    for number, run in enumerate(runs, 1):
        with held(run.folder) as mine:
            if not mine:
                left.append(run)
                continue
            known = read_results(run, experiment.settings.tests, digests)
            if len(known) == len(tests):
                continue
            of_this = _about(f"{run} ({number} of {len(runs)})", watch)
            # One device: where there are more, other processes take other runs.
            try:
                train(run.settings, run.folder, cache=cache, command=command, devices=1, watch=of_this)
            except Diverged as error:
                diverged.append(f"{run}: {error}")
                continue
            for test, scenes in tests:
                if test.name not in known:
                    row = _evaluated(run, test, scenes, trials, device, of_this)
                    write_result(run, test, digests[test.name], row)
        write_report(experiment, digests)
    if diverged:
        raise RunError("; ".join(diverged))
    return left


def _about(what: str, watch: Watch) -> Watch:
    return lambda doing: watch(f"{what}: {doing}")


def _evaluated(
    run: Run, test: EvaluationSet, scenes: JacquardDataset, trials: Trials, device: Device, watch: Watch
) -> dict[str, Any]:
    weights = run.folder / WEIGHTS
    with watch(f"predicting {test.name}") as tell:
        choice = trials.fitted(test.root) if test.fit_jaws else None
        found = evaluate(weights, scenes, device=device, choice=choice, progress=tell)
    tried = None
    if test.sgt:
        chosen = _spread(scenes.ids, test.sgt)
        with watch(f"trying {test.name}") as tell:
            grasps = {scene: found.grasps[scene] for scene in chosen}
            tried = trials.tried(test.root, grasps, lambda done: tell(done, len(chosen)))
    write_submission(run.folder / f"{test.name}.txt", found.grasps)
    draw_sheet(run.folder / f"{test.name}.png", f"{run} on {test.name}", scenes, found, tried.phases if tried else {})
    summary = tried.summary if tried else None
    return evaluation_row(weights, test.root, test.part, found, summary, depth=test.depth, fit_jaws=test.fit_jaws)


def _spread(ids: Sequence[str], count: int) -> list[str]:
    """So many, evenly spread; all where there are fewer."""
    return [ids[index] for index in np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).round().astype(int))]


def _require_unseen(
    runs: Sequence[Run], tests: Sequence[tuple[EvaluationSet, JacquardDataset]]
) -> dict[tuple[DataSource, ...], str]:
    """Raise DatasetError if an object of a test set is trained on, or decides when a training ends.

    Returns:
        By what runs train on, the digest of these scenes.
    """
    digests = {}
    for sources in dict.fromkeys(run.settings.data for run in runs):
        parts = open_parts(sources)
        digests[sources] = learned_digest(parts)
        known = {name: seen for part in ("train", "validation") for seen in parts[part] for name in seen.objects}
        for test, scenes in tests:
            if both := [name for name in scenes.objects if name in known]:
                raise DatasetError(
                    f"the test set '{test.name}', the {test.part} part of {test.root}, has {len(both)} objects that "
                    f"networks are trained on, such as {both[0]} of {known[both[0]].root}: take other scenes"
                )
    return digests

"""Everything that is wrong with a dataset, file by file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from grasp_learning.datasets.checks import cornell as cornell_checks
from grasp_learning.datasets.checks import jacquard as jacquard_checks
from grasp_learning.datasets.checks.index import check_index, check_splits
from grasp_learning.datasets.checks.report import FolderReport, Problem, SceneFindings, Severity
from grasp_learning.datasets.cornell import ImageFiles, find_images
from grasp_learning.datasets.jacquard import SceneFiles, find_scenes
from grasp_learning.datasets.opening import no_dataset
from grasp_learning.progress import Progress
from grasp_perception.files import PART

UNFINISHED = "partial"
"""Where a dataset that is being made keeps what is not complete."""

Scene = TypeVar("Scene")


def check_folder(root: str | Path, *, progress: Progress | None = None, workers: int | None = None) -> FolderReport:
    """Look at every file of a dataset in Jacquard's or Cornell's format; which it is, its files tell.

    Args:
        root: Folder of the dataset.
        progress: Called in this thread as the work goes on.
        workers: Threads; one for each core, but 8 at most, if not given.

    Raises:
        DatasetError: There is no such folder, or no file in it belongs to such a dataset.
    """
    root = Path(root)
    scenes = find_scenes(root)
    images = {} if scenes else find_images(root)
    if not scenes and not images:
        raise no_dataset(root)
    threads = workers or min(8, os.cpu_count() or 1)
    if scenes:
        return _check_jacquard(root, scenes, progress, threads)
    return _check_cornell(root, images, progress, threads)


def _check_jacquard(
    root: Path, scenes: dict[SceneFiles, frozenset[str]], progress: Progress | None, threads: int
) -> FolderReport:
    facts = check_index(root, {scene.id for scene in scenes})
    problems = [*_leftovers(root), *facts.problems, *check_splits(root, {scene.object for scene in scenes})]
    seen: dict[str, Path] = {}
    for scene in scenes:
        if scene.id in seen:
            problems.append(
                Problem(scene.folder, None, "scene there twice", f"{scene.id} lies in {seen[scene.id]} too")
            )
        seen.setdefault(scene.id, scene.folder)

    def look(item: tuple[SceneFiles, frozenset[str]]) -> SceneFindings:
        scene, kinds = item
        return jacquard_checks.check_scene(scene, kinds, facts.scales.get(scene.id), facts.gripper)

    findings = _each(look, list(scenes.items()), progress, threads)
    return _report(root, "jacquard", problems, findings)


def _check_cornell(
    root: Path, images: dict[ImageFiles, frozenset[str]], progress: Progress | None, threads: int
) -> FolderReport:
    def look(item: tuple[ImageFiles, frozenset[str]]) -> SceneFindings:
        return cornell_checks.check_image(*item)

    problems = [*_leftovers(root), *cornell_checks.check_objects(root, images)]
    problems += check_splits(root, *cornell_checks.object_names(root, images))
    return _report(root, "cornell", problems, _each(look, list(images.items()), progress, threads))


def _each(
    look: Callable[[Scene], SceneFindings], scenes: Sequence[Scene], progress: Progress | None, threads: int
) -> list[SceneFindings]:
    """What is found in each scene, in order; images are decoded in several threads."""
    findings = []
    executor = ThreadPoolExecutor(threads)
    try:
        for done, found in enumerate(executor.map(look, scenes), 1):
            findings.append(found)
            if progress is not None:
                progress(done, len(scenes))
    finally:
        executor.shutdown(cancel_futures=True)  # of use when interrupted
    return findings


def _report(root: Path, kind: str, problems: list[Problem], findings: list[SceneFindings]) -> FolderReport:
    every = [*problems, *(problem for found in findings for problem in found.problems)]
    return FolderReport(root, kind, len(findings), sum(found.grasps for found in findings), every)


def _leftovers(root: Path) -> list[Problem]:
    """Files and folders that an interrupted process has left."""
    problems = []
    if (root / UNFINISHED).is_dir():
        message = "the dataset is not finished: run the command that makes it again, and it goes on"
        problems.append(Problem(root / UNFINISHED, None, "left by an interruption", message, Severity.WARNING))
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if Path(folder, name) != root / UNFINISHED)
        for name in sorted(files):
            if name.endswith(PART):
                message = "half written; it can be removed"
                problems.append(Problem(Path(folder, name), None, "left by an interruption", message, Severity.WARNING))
    return problems

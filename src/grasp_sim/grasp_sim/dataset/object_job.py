"""One object of a dataset, from its mesh to annotated scenes: what a worker does.

A pure function of the recipe and the object. Everything is written into one folder, which is handed over
by renaming it when it is complete.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pybullet
from numpy.typing import NDArray

from grasp_learning.datasets.annotation_file import write_grasps
from grasp_learning.datasets.jacquard import SceneFiles, write_color, write_depth, write_mask
from grasp_sim.dataset.annotation import Annotations, annotate
from grasp_sim.dataset.candidates import draw
from grasp_sim.dataset.contact_sheet import distinct
from grasp_sim.dataset.failures import write_failures
from grasp_sim.dataset.images import SceneImages, SceneRenderer
from grasp_sim.dataset.journal import Entry
from grasp_sim.dataset.mesh_copies import copy_mesh
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.scenes import CANDIDATES, MESHES, NOISE, SceneError, draw_scenes, generator
from grasp_sim.dataset.settings import Recipe, RendererChoice
from grasp_sim.dataset.staging import FAILURES, Staging
from grasp_sim.objects.mesh_sources import MeshSource, open_source
from grasp_sim.objects.meshes import MeshError, content_id
from grasp_sim.objects.model import ObjectModel, object_from_mesh
from grasp_sim.physics.sources import SourceError

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LP_NUM_THREADS")
"""Environment variables that keep native libraries to one thread; the last is of Mesa's renderer on the CPU."""


@dataclass(frozen=True, slots=True)
class ObjectJob:
    """What a worker is asked for."""

    recipe: Recipe
    root: Path
    """Folder of the dataset."""
    position: int
    """In the order in which the run goes through the meshes."""
    name: str
    """Of the mesh in its source."""
    run: str
    """Of `Staging`."""
    parent: int
    """Process that asks; what is done for it there does not change it."""


def make_object(job: ObjectJob) -> Entry:
    """Make all scenes of an object and put them where the dataset's other objects wait.

    Raises:
        OSError: The disk is full. Nothing is left behind.
    """
    if os.getpid() != job.parent:
        _be_a_worker()
    staging = Staging(job.root, job.run)
    folder = staging.open(job.position)
    try:
        source = _source(job.recipe.meshes)
        path = source.mesh(job.name)
        object_id = content_id(path)
        records = _make(job, path, object_id, source.family(job.name), folder)
        staging.commit(job.position, object_id)
        return Entry(position=job.position, name=job.name, object=object_id, records=records)
    except (MeshError, SceneError, SourceError, pybullet.error) as error:
        reason = str(error) if isinstance(error, MeshError) else f"{path}: {error}"
        return Entry(position=job.position, name=job.name, rejection=reason)
    finally:
        staging.abandon(job.position)


def _make(job: ObjectJob, path: Path, object_id: str, family: str, folder: Path) -> tuple[SceneRecord, ...]:
    recipe = job.recipe
    mesh = copy_mesh(path, folder / MESHES / f"{object_id}.obj")
    count = min(recipe.settings.scenes_per_object, recipe.scenes)
    drawn = (draw_scenes(recipe, mesh, object_id, index, name=job.name, family=family) for index in range(count))
    return tuple(_make_scene(recipe, scenes, mesh, folder) for scenes in drawn)


def _make_scene(recipe: Recipe, scenes: Iterator[SceneRecord], mesh: Path, folder: Path) -> SceneRecord:
    """Picture and annotate the first scene with enough grasps."""
    settings = recipe.settings
    renderer = _renderer(settings.renderer)
    for record in itertools.islice(scenes, settings.scene_tries):
        model = object_from_mesh(record.object, mesh, scale=record.scale, mass=record.mass)
        images = renderer.render(record, model, stereo=False)
        found = _annotate(recipe, record, model, images)
        if len(distinct(found.grasps)) >= settings.least_grasps:
            sensed = renderer.stereo_depth(record, model) if settings.stereo else images.depth
            _write(folder, recipe, record, images, sensed, found)
            return record
    raise SceneError(
        f"its scene {record.index} was drawn {settings.scene_tries} times (scene_tries), and none had "
        f"{settings.least_grasps} grasps that work (least_grasps)"
    )


def _annotate(recipe: Recipe, record: SceneRecord, model: ObjectModel, images: SceneImages) -> Annotations:
    rng = generator(record.seed, CANDIDATES)
    candidates = draw(
        images.depth, images.color, record.camera, recipe.gripper, recipe.settings.candidates, rng
    )  # the mask is not looked at, as in the paper
    return annotate(record, model, images.depth, candidates, recipe)


def _write(
    folder: Path,
    recipe: Recipe,
    record: SceneRecord,
    images: SceneImages,
    sensed: NDArray[np.float32],
    found: Annotations,
) -> None:
    files = SceneFiles(folder / record.object, record.index, record.object)
    files.color.parent.mkdir(exist_ok=True)
    write_color(files.color, images.color)
    write_mask(files.mask, images.mask)
    write_depth(files.perfect_depth, images.depth)
    if recipe.settings.noise is not None:
        sensed = recipe.settings.noise.apply(sensed, record.camera, generator(record.seed, NOISE))
    write_depth(files.stereo_depth, sensed)
    write_grasps(files.grasps, found.grasps)
    if recipe.settings.keep_failures:
        (folder / FAILURES).mkdir(exist_ok=True)
        write_failures(folder / FAILURES, record.id, found.failures, found.phases)


@functools.cache
def _be_a_worker() -> None:
    """Take one core, say nothing on the terminal, and leave Ctrl-C to the process that asks."""
    for variable in ONE_THREAD:
        os.environ[variable] = "1"
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):  # pyBullet and Mesa print to both whenever they like, at their end too
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


@functools.lru_cache(maxsize=1)
def _source(meshes: str) -> MeshSource:
    return open_source(meshes)


@functools.lru_cache(maxsize=1)
def _renderer(name: RendererChoice) -> SceneRenderer:
    """One for all scenes that a process makes."""
    return SceneRenderer(name)

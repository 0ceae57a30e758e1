"""Weights on the scenes of a dataset: the rectangle metric, a file of predictions, and how long a look takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grasp_learning.datasets.dataset import DatasetScene, GraspDataset
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.evaluation.rectangle_metric import RectangleScores, best_iou
from grasp_learning.prepared import in_network, prepared
from grasp_learning.progress import Progress
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.generative.hardware import Device
from grasp_planning.generative.inference import NetworkRunner, open_runner
from grasp_planning.generative.postprocessing import Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.grasps import GraspRectangle
from grasp_planning.jaw_room import TRIED

Choice = Callable[[DatasetScene, Sequence[GraspRectangle]], GraspRectangle]
"""Takes one of a scene's grasps, and may move it; px of its image, best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What weights make of a dataset."""

    scores: RectangleScores
    grasps: dict[str, GraspRectangle]
    """The best grasp in each scene, or the chosen one, px of its image, by the scenes' ids."""
    seconds: list[float]
    """From image to grasp, of each scene."""
    runner: str
    """What calculated."""

    @property
    def milliseconds(self) -> dict[str, float]:
        """Median and 95th percentile from image to grasp; the first look, which warms up, is left out."""
        values = 1000 * np.array(self.seconds[1:] or self.seconds)
        return {"median": round(float(np.median(values)), 2), "p95": round(float(np.quantile(values, 0.95)), 2)}


def evaluate(
    weights: Path,
    dataset: GraspDataset,
    *,
    device: Device = "auto",
    legacy_raster: bool = False,
    choice: Choice | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Ask a network for the best grasp in every scene.

    Args:
        weights: ``<name>.safetensors``, its card beside it.
        dataset: The scenes.
        device: Where to calculate.
        legacy_raster: Count overlaps as published evaluators do: in whole pixels of the network.
        choice: Which of the network's grasps is taken; its best if None.
        progress: Called with the scenes done and all of them.

    Raises:
        WeightsError: The weights or their card are missing or wrong.
        DatasetError: A scene is broken, or there is none.
        ImageError: The weights' preprocessing does not fit the images.
    """
    runner, card = open_runner(weights, device)
    return examine(
        runner,
        card.preprocessing,
        card.postprocessing,
        dataset,
        legacy_raster=legacy_raster,
        choice=choice,
        progress=progress,
    )


def examine(
    runner: NetworkRunner,
    preprocessing: Preprocessing,
    postprocessing: Postprocessing,
    dataset: GraspDataset,
    *,
    legacy_raster: bool = False,
    choice: Choice | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """The same for a network that is loaded; see `evaluate`."""
    if not len(dataset):
        raise DatasetError(f"{dataset.root}: this part has no scene to ask the network about; draw other splits")
    overlaps, grasps, seconds = [], {}, []
    however_poor = postprocessing.model_copy(update={"min_quality": -np.inf})
    for index in range(len(dataset)):
        scene = dataset[index]
        started = time.perf_counter()
        image = prepared(scene, preprocessing)
        maps = runner(preprocessing.tensor(image.color, image.depth))
        found = however_poor.grasps(maps, TRIED if choice else 1)
        candidates = [image.grasp_to_image(grasp) for grasp in found]
        grasp = choice(scene, candidates) if choice else candidates[0]
        seconds.append(time.perf_counter() - started)
        pair = (GraspRectangles.of([grasp]), scene.grasps)
        if legacy_raster:  # published evaluators count the network's pixels
            pair = (in_network(pair[0], image), in_network(pair[1], image))
        overlaps.append(best_iou(*pair, legacy_raster=legacy_raster))
        grasps[scene.id] = grasp
        if progress is not None:
            progress(index + 1, len(dataset))
    return Evaluation(RectangleScores.of(overlaps), grasps, seconds, runner.description)

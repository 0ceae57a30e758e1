"""The grasps that a network predicts for the scenes of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from grasp_learning.datasets.dataset import GraspDataset
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.grasps import GraspRectangle


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What is predicted for one scene."""

    id: str
    object: str
    grasp: GraspRectangle
    """The best one, px of the image."""
    annotated: GraspRectangles
    """px of the image."""


@torch.inference_mode()
def predict_maps(
    network: torch.nn.Module, images: Sequence[NDArray[np.float32]], device: torch.device
) -> list[GraspMapArrays]:
    """What a network says of images (C, S, S)."""
    training = network.training
    network.eval()
    batch = torch.from_numpy(np.stack(images)).to(device, memory_format=torch.channels_last)
    arrays = [values.float().cpu().numpy() for values in network(batch)]
    network.train(training)
    return [GraspMapArrays(*(values[index] for values in arrays)) for index in range(len(images))]


def predictions(
    network: torch.nn.Module,
    dataset: GraspDataset,
    preprocessing: Preprocessing,
    postprocessing: Postprocessing,
    device: torch.device,
    batch: int = 8,
) -> Iterator[Prediction]:
    """The best grasp in each scene, in the dataset's order.

    Raises:
        DatasetError: A scene is broken.
        ImageError: The preprocessing does not fit its images.
    """
    for first in range(0, len(dataset), batch):
        scenes = [dataset[index] for index in range(first, min(first + batch, len(dataset)))]
        prepared = [preprocessing.prepare(scene.color, scene.depth) for scene in scenes]
        tensors = [preprocessing.tensor(image.color, image.depth) for image in prepared]
        for scene, image, maps in zip(scenes, prepared, predict_maps(network, tensors, device)):
            (best,) = postprocessing.grasps(maps, 1)
            grasp = image.grasp_to_image(best)
            yield Prediction(scene.id, scene.object, grasp, scene.grasps)

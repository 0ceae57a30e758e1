"""Scenes as networks see them."""

from __future__ import annotations

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.generative.preprocessing import ImageError, PreparedImage, Preprocessing


def prepared(scene: DatasetScene, preprocessing: Preprocessing) -> PreparedImage:
    """What a network sees of a scene.

    Raises:
        ImageError: The preprocessing does not fit its images; the message names the scene.
    """
    try:
        return preprocessing.prepare(scene.color, scene.depth)
    except ImageError as error:
        raise ImageError(f"scene {scene.id}: {error}") from error


def in_network(grasps: GraspRectangles, image: PreparedImage) -> GraspRectangles:
    """Grasps in pixels of an image in those of the network."""
    values = grasps.values.copy()
    values[:, :2] = image.to_network(values[:, :2])
    values[:, 3:] *= image.scale
    return GraspRectangles(values)

"""Scenes as networks see them."""

from __future__ import annotations

from grasp_learning.datasets.dataset import DatasetScene
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

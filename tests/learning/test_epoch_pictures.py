"""What the picture of an epoch shows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles
from grasp_learning.training.epoch_pictures import HEADER, EpochPictures
from grasp_learning.training.lesson import Lesson
from grasp_learning.training.packed import PackedScene
from grasp_learning.training.settings import TrainingSettings
from grasp_planning.networks import GraspMaps

SIZE = 96
ANGLE = 0.6
"""Of the annotation, rad."""


class Says(torch.nn.Module):
    """Of every image the same: two squares, the left one in bin 0, the right one, which is better, in bin 2."""

    def forward(self, image: torch.Tensor) -> GraspMaps:
        quality, cos, sin, width = (torch.zeros(1, 3, SIZE, SIZE) for _ in range(4))
        quality[:, 0, 20:30, 20:30], quality[:, 2, 20:30, 60:70], quality[:, 1, 70:80, 20:30] = 0.5, 0.9, 0.05
        quality[:, 2, 25, 65] = 1.0
        cos[:, 0], sin[:, 0], width[:, 0] = -1.0, 0.0, 0.25  # 90 degrees
        cos[:, 2], sin[:, 2], width[:, 2] = 0.5, 3**0.5 / 2, 1.0  # 30 degrees
        return GraspMaps(quality, cos, sin, width)


def test_it_shows_quality_angle_and_width_of_the_best_bin_beside_the_labels(
    small_training: Path, tmp_path: Path
) -> None:
    lesson = Lesson(TrainingSettings.read(small_training, ["labels.bins=3", "labels.quality=binary"]))
    lesson.network = Says()
    color, depth = np.full((SIZE, SIZE, 3), 200, np.uint8), np.zeros((SIZE, SIZE), np.float32)
    scene = PackedScene("a", color, depth, GraspRectangles([(48.0, 40.0, ANGLE, 24.0, 14.0)]))
    trainer = SimpleNamespace(sanity_checking=False, is_global_zero=True, current_epoch=3)
    EpochPictures([scene, scene], tmp_path).on_validation_epoch_end(trainer, lesson)

    whole = cv2.cvtColor(cv2.imread(str(tmp_path / "epoch_003.png")), cv2.COLOR_BGR2RGB)
    assert whole.shape == (HEADER + 2 * SIZE, 8 * SIZE, 3)
    rows = whole[HEADER : HEADER + SIZE], whole[HEADER + SIZE :]
    np.testing.assert_array_equal(*rows)
    annotated, predicted, quality, true_quality, angle, true_angle, width, true_width = np.hsplit(rows[0], 8)
    assert drawn(annotated) == (40, 48) and drawn(predicted) == (25, 65)
    assert (scene.color == 200).all()

    assert shades(quality, (25, 25), (25, 65), (0, 0)) == [127, 255, 0]
    assert hues(angle, (25, 25), (25, 65)) == [90, 30]
    assert shades(width, (25, 25), (25, 65)) == [63, 255]
    for maps in (angle, width):  # nothing is said where hardly any quality is
        assert np.argwhere(maps.any(axis=2)).min(axis=0).tolist() == [20, 20] and not maps[30:].any()

    assert shades(true_quality, (40, 48), (40, 80)) == [255, 0]
    assert abs(hues(true_angle, (40, 48))[0] - np.degrees(ANGLE)) <= 1
    assert shades(true_width, (40, 48)) == [127]  # 24 of 48 px
    assert not true_angle[0].any() and not true_width[0].any()


def drawn(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Row and column about which something is drawn on the grey."""
    places = np.argwhere((image != 200).any(axis=2))
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    return round(middle[0]), round(middle[1])


def shades(image: NDArray[np.uint8], *places: tuple[int, int]) -> list[int]:
    """Of OpenCV's viridis, 0 to 255, at some pixels."""
    greys = np.arange(256, dtype=np.uint8)[:, None]
    scale = cv2.cvtColor(cv2.applyColorMap(greys, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)[:, 0].astype(int)
    distances = [np.abs(scale - image[place]).sum(axis=1) for place in places]
    assert not any(values.min() for values in distances)
    return [int(values.argmin()) for values in distances]


def hues(image: NDArray[np.uint8], *places: tuple[int, int]) -> list[int]:
    """Degrees of half a turn at some pixels."""
    return [int(cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[place][0]) for place in places]

"""After each epoch a picture of what the network says, beside what it should say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import lightning
import numpy as np
from numpy.typing import NDArray

from grasp_learning.labels.label_maps import LabelMaps, label_maps
from grasp_learning.training.lesson import Lesson
from grasp_learning.training.packed import PackedScene
from grasp_perception.files import write_atomically
from grasp_planning.generative.postprocessing import GraspMapArrays
from grasp_planning.generative.torch_runner import TorchRunner
from grasp_planning.overlay import draw_rectangle

COLUMNS = ("annotations", "best grasp", "quality", "true", "angle", "true", "width", "true")
ANNOTATED, PREDICTED = (60, 160, 60), (220, 40, 40)
"""RGB."""
HEADER = 18
"""px above the first row."""
LEAST_QUALITY = 0.1
"""Share of the greatest quality below which angle and width stay black: nothing teaches them there."""


class EpochPictures(lightning.Callback):
    """Draws a few validation scenes, a row each: annotations, prediction, and the maps of both.

    Maps show the best bin of each pixel. A hue is an angle of the closing axis, red along the image's rows.
    """

    def __init__(self, scenes: Sequence[PackedScene], folder: Path) -> None:
        self._scenes, self._folder = scenes, folder

    def on_validation_epoch_end(self, trainer: lightning.Trainer, lesson: lightning.LightningModule) -> None:
        """Draw it."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(lesson, Lesson)
        rows = [_row(scene, lesson) for scene in self._scenes]
        picture = np.vstack([_header(rows[0].shape[1]), *rows])
        _, encoded = cv2.imencode(".png", picture[..., ::-1])
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / f"epoch_{trainer.current_epoch:03d}.png", encoded.tobytes())


def _header(width: int) -> NDArray[np.uint8]:
    """(HEADER, width, 3) what stands in the columns."""
    header = np.full((HEADER, width, 3), 255, np.uint8)
    for number, name in enumerate(COLUMNS):
        left = number * width // len(COLUMNS) + 4
        cv2.putText(header, name, (left, HEADER - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return header


def _row(scene: PackedScene, lesson: Lesson) -> NDArray[np.uint8]:
    """(S, 8 S, 3) RGB."""
    settings = lesson.settings
    ask = TorchRunner(lesson.network, lesson.device)
    said = ask(settings.preprocessing.tensor(scene.color, scene.depth))
    truth = label_maps(scene.grasps, scene.depth.shape, settings.labels)
    annotated, predicted = scene.color.copy(), scene.color.copy()
    for grasp in scene.grasps:
        draw_rectangle(annotated, grasp, ANNOTATED)
    for grasp in settings.reading.grasps(said, 1):
        draw_rectangle(predicted, grasp, PREDICTED)
    pairs = zip(_drawn(said), _drawn(truth))
    return np.hstack([annotated, predicted, *(picture for pair in pairs for picture in pair)])


def _drawn(maps: GraspMapArrays | LabelMaps) -> list[NDArray[np.uint8]]:
    """Quality, angle and width of the best bin, (H, W, 3) RGB each."""
    best = maps.quality.argmax(axis=0)[None]
    quality, cos, sin, width = (
        np.take_along_axis(values, best, axis=0)[0] for values in (maps.quality, maps.cos, maps.sin, maps.width)
    )
    shown = (quality > 0) & (quality >= LEAST_QUALITY * quality.max())
    hue = np.degrees(np.arctan2(sin, cos) / 2) % 180.0  # OpenCV's hues have 180 steps
    full = np.full(hue.shape, 255.0)
    angle = np.stack([np.minimum(hue, 179.0), full, np.where(shown, full, 0.0)], axis=-1).astype(np.uint8)
    return [
        _heat(quality),
        cv2.cvtColor(angle, cv2.COLOR_HSV2RGB),
        np.where(shown[..., None], _heat(width), np.uint8(0)),
    ]


def _heat(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of values from 0 to 1."""
    grey = (255 * np.clip(values, 0.0, 1.0)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)

"""What happens beside the training: it is kept, tells how far it is, and draws pictures of how it goes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from numpy.typing import NDArray

from grasp_learning.evaluation.prediction import ModuleRunner
from grasp_learning.labels.label_maps import label_maps
from grasp_learning.progress import Tell
from grasp_learning.training.lesson import VALIDATION, Lesson
from grasp_learning.training.packed import PackedScene
from grasp_perception.files import write_atomically
from grasp_planning.overlay import draw_rectangle


class Telling(lightning.Callback):
    """Tells after each batch how far the training is."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def on_train_batch_end(
        self, trainer: lightning.Trainer, lesson: lightning.LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        """Tell it."""
        assert isinstance(lesson, Lesson) and trainer.max_epochs is not None
        at_once = lesson.settings.optimization.batch * trainer.world_size
        batches, epoch = int(trainer.num_training_batches), trainer.current_epoch
        note = f"epoch {epoch + 1} of {trainer.max_epochs}, loss {float(outputs['loss']):.5f}"
        if (validation := trainer.callback_metrics.get(VALIDATION)) is not None:
            note += f", in validation {float(validation):.5f}"
        self._tell((epoch * batches + index + 1) * at_once, trainer.max_epochs * batches * at_once, note)


class Checkpoint(ModelCheckpoint):
    """Lightning's, of a folder that may have been moved since: there too it knows how good the best epoch was."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state, its paths being those of the folder now."""
        folder = Path(str(self.dirpath))

        def here(path: str) -> str:
            return str(folder / Path(path).name) if path else path

        paths = ("best_model_path", "last_model_path", "kth_best_model_path")
        moved = {name: here(state_dict[name]) for name in paths}
        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **moved, "best_k_models": best, "dirpath": self.dirpath})


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint in one piece.

    Where the folder for temporary files is on another disk, Lightning copies it over the last one, and what interrupts
    that leaves none.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write it."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(path), content.getbuffer())


class Pictures(lightning.Callback):
    """After each epoch a picture of what the network says of a few validation scenes."""

    def __init__(self, scenes: Sequence[PackedScene], folder: Path) -> None:
        self._scenes, self._folder = scenes, folder

    def on_validation_epoch_end(self, trainer: lightning.Trainer, lesson: lightning.LightningModule) -> None:
        """Draw it."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(lesson, Lesson)
        self._folder.mkdir(parents=True, exist_ok=True)
        picture = np.vstack([_row(scene, lesson) for scene in self._scenes])
        _, encoded = cv2.imencode(".png", picture)
        write_atomically(self._folder / f"epoch_{trainer.current_epoch:03d}.png", encoded.tobytes())


def _row(scene: PackedScene, lesson: Lesson) -> NDArray[np.uint8]:
    """(S, 4 S, 3) BGR: annotations, prediction, its quality and the true one."""
    settings = lesson.settings
    ask = ModuleRunner(lesson.network, lesson.device)
    maps = ask(settings.preprocessing.tensor(scene.color, scene.depth))
    truth = label_maps(scene.grasps, scene.depth.shape, settings.labels)
    annotated, predicted = (np.ascontiguousarray(scene.color[..., ::-1]) for _ in range(2))
    for grasp in scene.grasps:
        draw_rectangle(annotated, grasp, (60, 160, 60))
    for grasp in settings.reading.grasps(maps, 1):
        draw_rectangle(predicted, grasp, (40, 40, 220))
    heat = [cv2.applyColorMap(_grey(q), cv2.COLORMAP_VIRIDIS) for q in (maps.best_quality, truth.quality.max(axis=0))]
    return np.hstack([annotated, predicted, *heat])


def _grey(quality: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (255 * np.clip(quality, 0.0, 1.0)).astype(np.uint8)

"""What happens beside the training: it is kept, and tells how far it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from grasp_learning.progress import Tell
from grasp_learning.training.lesson import VALIDATION, Lesson
from grasp_perception.files import write_atomically


class Telling(lightning.Callback):
    """Tells after each batch how far the training is."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def on_train_batch_end(
        self, trainer: lightning.Trainer, lesson: lightning.LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        """Tell it."""
        assert isinstance(lesson, Lesson) and trainer.max_epochs is not None
        at_once = lesson.settings.optimization.batch
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

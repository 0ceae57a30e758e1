"""The training of one network, as Lightning wants to hear of it."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from grasp_learning.training.errors import Diverged
from grasp_learning.training.losses import losses
from grasp_learning.training.scenes import grasp_maps
from grasp_learning.training.settings import TrainingSettings
from grasp_planning.networks import GraspMaps, build

VALIDATION = "validation/loss"
RISE = 0.1
"""Share of a cycle in which the rate rises."""


class Lesson(lightning.LightningModule):
    """A network, its loss and its optimiser, Adam."""

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self.settings = settings
        self.network = build(
            settings.network, in_channels=settings.preprocessing.in_channels, bins=settings.labels.bins
        ).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Any:
        """Maps of a batch of images."""
        return self.network(images)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """The loss of a batch."""
        return self._loss(batch, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """The same, of scenes that are not trained on."""
        return self._loss(batch, "validation")

    def on_train_start(self) -> None:
        """End at once what had ended."""
        self._end_where_decayed()

    def on_validation_epoch_end(self) -> None:
        """Look whether the loss is still a number, and whether the rate decays, before a checkpoint is written.

        Raises:
            Diverged: It is not.
        """
        loss = self.trainer.callback_metrics[VALIDATION]
        if not torch.isfinite(loss):
            raise Diverged(
                f"the training diverged: after epoch {self.current_epoch + 1} the loss in validation is not a number; "
                f"take an optimization.rate below {self.settings.optimization.rate:g}"
            )
        if isinstance(scheduler := self.lr_schedulers(), ReduceLROnPlateau):
            scheduler.step(loss)
            self._end_where_decayed()

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Change the rate, but on a plateau: Lightning asks after the checkpoint, which would not know."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)

    def _end_where_decayed(self) -> None:
        """End the training where the rate has decayed as often as it may, and would again."""
        how, scheduler = self.settings.optimization, self.lr_schedulers()
        if isinstance(scheduler, ReduceLROnPlateau):
            self.trainer.should_stop |= scheduler.get_last_lr()[0] < how.rate * how.decay ** (how.decays + 0.5)

    def configure_optimizers(self) -> Any:
        """Adam and the schedule of its rate."""
        how = self.settings.optimization
        adam = torch.optim.Adam(self.network.parameters(), lr=how.rate, fused=True)
        if how.schedule == "one cycle":
            # After the last one it has fallen to nothing; of fewer than eleven torch makes no cycle that rises.
            steps = max(int(self.trainer.estimated_stepping_batches) + 1, 11)
            cycle = torch.optim.lr_scheduler.OneCycleLR(adam, how.rate, total_steps=steps, pct_start=RISE)
            return {"optimizer": adam, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
        plateau = ReduceLROnPlateau(
            adam, factor=how.decay, patience=how.patience, threshold=how.threshold, threshold_mode="rel"
        )
        return {"optimizer": adam, "lr_scheduler": {"scheduler": plateau, "monitor": VALIDATION}}

    def _loss(self, batch: tuple[Tensor, Tensor], part: str) -> Tensor:
        images, truth = batch
        maps = GraspMaps(*(values.float() for values in self(images.to(memory_format=torch.channels_last))))
        parts = losses(maps, grasp_maps(truth), self.settings.loss)
        total = parts.total(self.settings.labels.bins, self.settings.loss)
        whole = part == "validation"  # of all processes: it decides about the rate, which they share
        self.log(f"{part}/loss", total, on_step=not whole, on_epoch=True, batch_size=len(images), sync_dist=whole)
        for name, value in parts._asdict().items():
            self.log(f"{part}/{name}", value, on_step=False, on_epoch=True, batch_size=len(images), sync_dist=whole)
        return total

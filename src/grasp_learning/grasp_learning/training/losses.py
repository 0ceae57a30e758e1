"""Losses of grasp maps (Prew et al. 2022, equations 8 and 9)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from grasp_perception.configuration import Configuration
from grasp_planning.networks import GraspMaps


class LossSettings(Configuration):
    """Which loss."""

    kind: Literal["mse", "smooth l1"] = "mse"
    """What two maps differ by. The paper takes the squared error for GG-CNN2 and UNet, smooth L1 for GR-ConvNet."""
    positional: bool = True
    """Whether angle and width count where grasps are only: maps are multiplied by the true quality, as the authors'
    program does. Squared errors are so weighed by its square, in equation 9 by quality itself."""
    weighting: Literal["all", "quality"] = "all"
    """What the number of bins multiplies: the whole loss, as the authors' program has it, or the quality's share alone,
    as equations 8 and 9 are written."""
    beta: float = Field(default=1.0, gt=0)
    """Of smooth L1: differences below it count squared."""


class Losses(NamedTuple):
    """Scalars, each before weighting."""

    quality: Tensor
    cos: Tensor
    sin: Tensor
    width: Tensor

    def total(self, bins: int, settings: LossSettings) -> Tensor:
        """The loss to minimise."""
        rest = self.cos + self.sin + self.width
        if settings.weighting == "all":
            return bins * (self.quality + rest)
        return bins * self.quality + rest


def losses(predicted: GraspMaps, truth: GraspMaps, settings: LossSettings) -> Losses:
    """Mean differences of maps, (B, N, H, W) each."""

    def difference(one: Tensor, other: Tensor) -> Tensor:
        if settings.kind == "mse":
            return F.mse_loss(one, other)
        return F.smooth_l1_loss(one, other, beta=settings.beta)

    weight = truth.quality if settings.positional else None
    where_grasps_are = [
        difference(one, other) if weight is None else difference(weight * one, weight * other)
        for one, other in zip(predicted[1:], truth[1:])
    ]
    return Losses(difference(predicted.quality, truth.quality), *where_grasps_are)

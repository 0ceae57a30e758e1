"""The losses of equations 8 and 9."""

from __future__ import annotations

import pytest
import torch

from grasp_learning.training.losses import LossSettings, losses
from grasp_planning.networks import GraspMaps


def maps(quality: float, cos: float, sin: float, width: float) -> GraspMaps:
    return GraspMaps(*(torch.full((2, 3, 4, 4), value) for value in (quality, cos, sin, width)))


def test_squared_errors_without_attention() -> None:
    parts = losses(maps(0.5, 1.0, 0.0, 0.3), maps(1.0, 0.0, 0.5, 0.1), LossSettings(positional=False))
    assert [float(value) for value in parts] == pytest.approx([0.25, 1.0, 0.25, 0.04])
    assert float(parts.total(3, LossSettings(weighting="all"))) == pytest.approx(3 * 1.54)
    assert float(parts.total(3, LossSettings(weighting="quality"))) == pytest.approx(3 * 0.25 + 1.29)


def test_the_positional_loss_weighs_both_sides_by_the_true_quality() -> None:
    parts = losses(maps(0.5, 1.0, 0.0, 0.3), maps(0.5, 0.0, 0.5, 0.1), LossSettings())
    assert [float(value) for value in parts] == pytest.approx([0.0, 0.25, 0.0625, 0.01])
    nowhere = losses(maps(0.5, 1.0, 0.0, 0.3), maps(0.0, 0.0, 0.5, 0.1), LossSettings())
    assert [float(value) for value in nowhere] == pytest.approx([0.25, 0.0, 0.0, 0.0])


def test_smooth_l1_is_squared_near_zero_and_linear_beyond() -> None:
    settings = LossSettings(kind="smooth l1", positional=False)
    parts = losses(maps(0.0, 3.0, 0.0, 0.0), maps(0.5, 0.0, 0.0, 0.0), settings)
    assert [float(value) for value in parts] == pytest.approx([0.125, 2.5, 0.0, 0.0])


def test_smooth_l1_weighs_both_sides_by_the_true_quality_too() -> None:
    settings = LossSettings(kind="smooth l1")
    parts = losses(maps(0.5, 3.0, 0.0, 0.4), maps(0.5, 0.0, 0.0, 0.0), settings)
    assert [float(value) for value in parts] == pytest.approx([0.0, 1.0, 0.0, 0.02])  # 1.5 - 0.5; 0.2^2 / 2
    nowhere = losses(maps(0.5, 3.0, 1.0, 0.4), maps(0.0, 0.0, 0.0, 0.0), settings)
    assert [float(value) for value in nowhere] == pytest.approx([0.125, 0.0, 0.0, 0.0])

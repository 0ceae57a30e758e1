"""Turned scenes: pixels and grasps move together."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_learning.labels.label_maps import LabelSettings, label_maps
from grasp_learning.rectangles import GraspRectangles
from grasp_learning.training.augmentation import turned
from grasp_learning.training.packed import PackedScene


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_maps_of_turned_grasps_are_turned_maps(quarters: int, mirrored: bool) -> None:
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.uniform(20, 44, (2, 6)).T, rng.uniform(-1.5, 1.5, 6), *rng.uniform(10, 30, (2, 6))])
    color = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    scene = PackedScene("a", color, rng.random((64, 64), dtype=np.float32), GraspRectangles(values))
    settings = LabelSettings(quality="strong", dropoff="pixels", sigma=4.0, bins=1)
    before, after = label_maps(scene.grasps, (64, 64), settings), turned(scene, quarters, mirrored)
    moved = label_maps(after.grasps, (64, 64), settings)

    def moved_array(array: np.ndarray) -> np.ndarray:
        return np.rot90(array[..., ::-1] if mirrored else array, quarters, axes=(-2, -1))

    np.testing.assert_array_equal(after.depth, moved_array(scene.depth))
    np.testing.assert_allclose(moved.quality, moved_array(before.quality), atol=1e-6)
    np.testing.assert_allclose(moved.width, moved_array(before.width), atol=1e-6)
    flip = (-1) ** quarters  # of twice the angle, a quarter turn is half a turn
    inside = moved.quality > 0
    np.testing.assert_allclose(moved.cos[inside], (flip * moved_array(before.cos))[inside], atol=1e-6)
    sign = -flip if mirrored else flip
    np.testing.assert_allclose(moved.sin[inside], (sign * moved_array(before.sin))[inside], atol=1e-6)
    np.testing.assert_array_equal(after.color[..., 0], moved_array(color[..., 0]))

"""Turned scenes: pixels and grasps move together, where a training says so, and never in validation."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.labels.label_maps import LabelSettings, label_maps
from grasp_learning.rectangles import GraspRectangles
from grasp_learning.training import run
from grasp_learning.training.augmentation import turned
from grasp_learning.training.packed import PackedScene, packed_scene
from grasp_learning.training.scenes import labelled
from grasp_learning.training.settings import TrainingSettings


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


@pytest.mark.parametrize("augmented", [False, True])
def test_a_scene_is_drawn_in_eight_ways_with_its_maps_or_always_in_one(
    small_training: Path, bars: Path, tmp_path: Path, augmented: bool
) -> None:
    settings, dataset = TrainingSettings.read(small_training, []), JacquardDataset(bars)
    scene = packed_scene(dataset[0], settings.preprocessing)
    scene = dataclasses.replace(scene, depth=scene.depth.astype(np.float16).astype(np.float32))  # as it is kept
    ways = [turned(scene, quarters, mirrored) for quarters in range(4) for mirrored in (False, True)]
    expected = {
        settings.preprocessing.tensor(way.color, way.depth).tobytes(): label_maps(
            way.grasps, way.depth.shape, settings.labels
        ).stacked()
        for way in (ways if augmented else ways[:1])
    }
    assert len(expected) == (8 if augmented else 1)
    torch.manual_seed(2)
    shown = labelled([dataset], settings, tmp_path, augmented=augmented)
    drawn = {}
    for _ in range(60):
        image, maps = shown[0]
        drawn[image.numpy().tobytes()] = maps.numpy()
    assert drawn.keys() == expected.keys()
    for image, maps in drawn.items():
        np.testing.assert_array_equal(maps, expected[image])


@pytest.mark.parametrize("wanted", [False, True])
def test_a_training_turns_as_it_is_set_and_its_validation_does_not(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    given = []

    def noted(datasets: Any, settings: TrainingSettings, cache: Path, *, augmented: bool, progress: Any) -> Any:
        given.append((sum(map(len, datasets)), augmented))
        if len(given) == 2:
            raise KeyboardInterrupt  # that is all that is asked here

    monkeypatch.setattr(run, "labelled", noted)
    settings = TrainingSettings.read(small_training, [f"optimization.augmentation={wanted}"])
    with pytest.raises(KeyboardInterrupt):
        run.train(settings, tmp_path / "run", cache=tmp_path, command="a test")
    assert given == [(14, wanted), (3, False)]

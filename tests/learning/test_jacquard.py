"""Jacquard-style datasets: layouts, images, subsets, and what is missing."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from grasp_learning.datasets.errors import DatasetError, SplitsError
from grasp_learning.datasets.jacquard import JacquardDataset, SceneFiles, write_color, write_depth, write_mask
from grasp_learning.datasets.splits import ObjectSplits

A, B, C = "a" * 32, "b" * 32, "c" * 32


def flattened(shards: Path, to: Path) -> Path:
    for folder in shards.glob("*/*"):
        shutil.copytree(folder, to / folder.name)
    return to


def test_names_of_the_files() -> None:
    files = SceneFiles(Path("root/x"), 3, "x")
    assert files.id == "3_x"
    assert [str(path) for path in (files.color, files.perfect_depth, files.stereo_depth, files.mask, files.grasps)] == [
        "root/x/3_x_RGB.png",
        "root/x/3_x_perfect_depth.tiff",
        "root/x/3_x_stereo_depth.tiff",
        "root/x/3_x_mask.png",
        "root/x/3_x_grasps.txt",
    ]


def test_all_shards_one_shard_and_shards_put_together(shards: Path, tmp_path: Path) -> None:
    ids = (f"0_{A}", f"1_{A}", f"0_{B}", f"0_{C}")
    assert JacquardDataset(shards).ids == ids
    assert JacquardDataset(shards).objects == (A, B, C)
    assert JacquardDataset(flattened(shards, tmp_path / "flat")).ids == ids
    assert JacquardDataset(shards / "Jacquard_Dataset_0").ids == (f"0_{B}",)


def test_a_scene(shards: Path) -> None:
    dataset = JacquardDataset(shards)
    scene = dataset[1]
    assert (scene.id, scene.object) == (f"1_{A}", A)
    assert scene.color.dtype == np.uint8
    assert scene.color[0, 0].tolist() == [1, ord("a"), 7]  # RGB
    assert scene.depth.dtype == np.float32
    assert scene.depth[0, 0] == np.float32(1.5) and scene.depth[10, 12] == np.float32(1.4)
    assert scene.mask is not None and scene.mask.dtype == np.bool_ and scene.mask.sum() == 80
    np.testing.assert_allclose(scene.grasps.values[0], [15, 12, 0.5, 8, 2], atol=1e-6)
    np.testing.assert_array_equal(dataset.grasps(1).values, scene.grasps.values)
    assert len(dataset) == 4 and len(list(dataset)) == 4 and dataset[-1].object == C


def test_invalid_stereo_depth_is_minus_one_on_disk_and_nan_inside(shards: Path) -> None:
    dataset = JacquardDataset(shards, depth="stereo")
    raw = cv2.imread(str(dataset.scenes[0].stereo_depth), cv2.IMREAD_UNCHANGED)
    assert raw.dtype == np.float32
    assert raw[0, :3].tolist() == [-1.0, -1.0, -1.0]
    depth = dataset[0].depth
    assert np.isnan(depth[0, :3]).all() and np.isnan(depth).sum() == 3
    assert depth[0, 3] == np.float32(1.501)


def test_subsets(shards: Path) -> None:
    dataset = JacquardDataset(shards)
    assert dataset.subset([f"0_{C}", f"0_{A}"]).ids == (f"0_{C}", f"0_{A}")
    assert dataset.of_objects({C, A}).ids == (f"0_{A}", f"1_{A}", f"0_{C}")
    assert dataset.scene(f"0_{B}").object == B
    assert len(dataset) == 4
    with pytest.raises(DatasetError, match="has no scene 7_x, 8_x, 9_x and 1 more"):
        dataset.subset(["7_x", "8_x", "9_x", "10_x"])
    with pytest.raises(DatasetError, match="has no object x"):
        dataset.of_objects(["x"])
    assert pickle.loads(pickle.dumps(dataset))[2].object == B  # as workers of a data loader need


def test_a_part_of_the_stored_splits(shards: Path, tmp_path: Path) -> None:
    dataset = JacquardDataset(shards)
    with pytest.raises(SplitsError, match=r"splits.json: no splits are stored there. Make them once, by `grasp data"):
        dataset.part("train")
    splits = ObjectSplits.create(dataset.objects, (1 / 3, 1 / 3, 1 / 3), seed=0)
    splits.save(shards / "splits.json")
    parts = [dataset.part(part).objects for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [1, 1, 1]
    assert {name for part in parts for name in part} == {A, B, C}
    other = tmp_path / "other.json"
    ObjectSplits.create((A, B, "d"), (1 / 3, 1 / 3, 1 / 3), seed=0).save(other)
    with pytest.raises(SplitsError) as error:
        dataset.part("train", other)
    assert f"{other}: these splits are of other data: 1 objects stand in them" in str(error.value)
    assert f"(such as d) and 1 objects of the dataset stand in no part (such as {C})" in str(error.value)


def test_what_is_missing_is_named(shards: Path) -> None:
    for path in shards.rglob("*_stereo_depth.tiff"):
        path.unlink()
    assert len(JacquardDataset(shards)) == 4
    with pytest.raises(DatasetError, match=r"no scene has a file \*_stereo_depth.tiff: open it with depth='perfect'"):
        JacquardDataset(shards, depth="stereo")
    scene = JacquardDataset(shards).scenes[3]
    scene.mask.unlink()
    with pytest.raises(DatasetError, match=r"1 of 4 scenes lack their mask.png, such as") as error:
        JacquardDataset(shards)
    assert str(scene.mask) in str(error.value)


def test_no_folder_no_scene_wrong_kind(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        JacquardDataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no scene of a Jacquard dataset: expected"):
        JacquardDataset(tmp_path / "empty")
    with pytest.raises(DatasetError, match="one of perfect, stereo, not 'both'"):
        JacquardDataset(shards, depth="both")  # type: ignore[arg-type]


def test_archives_beside_their_shards_are_passed_over(shards: Path) -> None:
    (shards / "Jacquard_Dataset_0.zip").write_bytes(b"PK")
    assert len(JacquardDataset(shards)) == 4


def test_a_scene_in_two_shards(shards: Path) -> None:
    shutil.copytree(shards / "Jacquard_Dataset_0" / B, shards / "Jacquard_Dataset_1" / B)
    with pytest.raises(DatasetError, match=f"0_{B} is there twice: in .*Jacquard_Dataset_0.* and in .*Dataset_1"):
        JacquardDataset(shards)


def test_images_of_different_sizes(shards: Path) -> None:
    dataset = JacquardDataset(shards)
    write_mask(dataset.scenes[0].mask, np.ones((5, 5), np.bool_))
    with pytest.raises(DatasetError, match="differ in size"):
        dataset[0]


def test_images_are_as_in_the_original(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.png", np.eye(4, dtype=np.bool_))
    mask = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_UNCHANGED)
    assert mask.dtype == np.uint8 and mask.shape == (4, 4) and np.unique(mask).tolist() == [0, 255]
    color = np.random.default_rng(0).integers(0, 255, (7, 5, 3)).astype(np.uint8)
    write_color(tmp_path / "color.png", color)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "color.png"), cv2.IMREAD_UNCHANGED)[..., ::-1], color)
    write_depth(tmp_path / "depth.tiff", np.array([[np.nan, np.inf, 0, -2, 1.25]]))
    depth = cv2.imread(str(tmp_path / "depth.tiff"), cv2.IMREAD_UNCHANGED)
    assert depth.tolist() == [[-1, -1, -1, -1, 1.25]]


def test_wrong_arrays_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"uint8 of shape \(H, W, 3\), got uint8 \(4, 4\)"):
        write_color(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="a mask is bool"):
        write_mask(tmp_path / "a.png", np.zeros((4, 4), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth image"):
        write_depth(tmp_path / "a.tiff", np.zeros((4, 4, 3)))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_a_submission_cannot_hold(shards: Path) -> None:
    folder = shards / "Jacquard_Dataset_0" / B
    for file in folder.iterdir():
        file.rename(folder / file.name.replace(B, "a;b"))
    with pytest.raises(DatasetError, match=f"{B}: an object's name has no semicolon"):
        JacquardDataset(shards)

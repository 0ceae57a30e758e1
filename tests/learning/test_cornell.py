"""The Cornell dataset: layouts, both depths, rectangles, objects, and what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.cornell import CornellDataset, read_objects
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import write_depth
from grasp_learning.datasets.point_cloud_file import read_points
from grasp_learning.datasets.rectangle_file import read_rectangles


def test_images_and_objects(cornell: Path) -> None:
    dataset = CornellDataset(cornell)
    assert dataset.ids == ("pcd0100", "pcd0101", "pcd0200")
    assert dataset.objects == ("1", "2")
    assert dataset.of_objects(["1"]).ids == ("pcd0100", "pcd0101")


def test_everything_in_one_folder_and_the_list_in_its_own(cornell: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    (flat / "processedData").mkdir(parents=True)
    for path in cornell.glob("*/*"):
        shutil.copy(path, flat)
    shutil.copy(cornell / "z.txt", flat / "processedData")
    assert CornellDataset(flat).ids == CornellDataset(cornell).ids
    assert CornellDataset(flat).objects == ("1", "2")


def test_planar_depth_is_what_the_camera_saw(cornell: Path, kinect) -> None:
    scene = CornellDataset(cornell)[0]
    assert scene.depth.shape == (480, 640) and scene.depth.dtype == np.float32
    there = np.isfinite(scene.depth)
    index = np.flatnonzero(np.isfinite(kinect.depth.ravel()))[::11]
    assert np.flatnonzero(there.ravel()).tolist() == index.tolist()
    np.testing.assert_allclose(scene.depth[there], kinect.depth.ravel()[index] / 1000, atol=2e-4)
    assert scene.mask is None and scene.object == "1"
    assert scene.color.shape == (480, 640, 3) and scene.color[0, 0].tolist() == [1, 2, 3]


def test_radial_depth_is_the_distance_from_the_origin(cornell: Path, kinect) -> None:
    dataset = CornellDataset(cornell, depth="radial")
    assert dataset.saved_depths == 0
    depth = dataset[0].depth
    there = np.isfinite(depth)
    distance = np.linalg.norm(kinect.points, axis=2)[there] / 1000
    np.testing.assert_allclose(depth[there], distance, atol=1e-6)


def test_stored_depth_stands_for_the_radial_one_only(cornell: Path) -> None:
    stored = np.full((480, 640), 2.5, np.float32)
    stored[0, 0] = 0
    write_depth(cornell / "01/pcd0101d.tiff", stored)
    radial = CornellDataset(cornell, depth="radial")
    assert radial.saved_depths == 1
    assert radial.subset(["pcd0100"]).saved_depths == 0
    assert np.isnan(radial[1].depth[0, 0]) and radial[1].depth[5, 5] == 2.5
    planar = CornellDataset(cornell)
    assert planar.saved_depths == 0
    assert np.nanmax(planar[1].depth) < 2
    (cornell / "01/pcd0101.txt").unlink()
    assert CornellDataset(cornell, depth="radial")[1].depth[5, 5] == 2.5
    with pytest.raises(DatasetError, match=r"1 of 3 images lack a file, such as pcd0101.txt$"):
        CornellDataset(cornell)
    (cornell / "01/pcd0100.txt").unlink()
    with pytest.raises(DatasetError, match=r"1 of 3 images lack a file, such as pcd0100.txt or pcd0100d.tiff"):
        CornellDataset(cornell, depth="radial")


def test_the_first_edge_is_the_opening(cornell: Path) -> None:
    dataset = CornellDataset(cornell)
    np.testing.assert_allclose(
        dataset.grasps(0).values, [[120, 110, 0, 40, 20], [200, 215, -np.pi / 2, 30, 10]], atol=1e-12
    )
    np.testing.assert_allclose(dataset.grasps(0).corners[0], [[100, 100], [140, 100], [140, 120], [100, 120]])
    assert len(dataset[0].grasps) == 2
    bad = dataset.bad_grasps(0).values
    np.testing.assert_allclose(bad, [[12.5, 17.5, np.pi / 4, np.hypot(10, 10), np.hypot(5, 5)]])
    (cornell / "01/pcd0100cneg.txt").unlink()
    assert len(dataset.bad_grasps(0)) == 0


def test_rectangles_with_nan_are_counted(cornell: Path) -> None:
    dataset = CornellDataset(cornell)
    labels = dataset.labels(0)
    assert labels.skipped == 1 and labels.lines == [1, 9]
    assert dataset.count_skipped() == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 2\n3 x\n", "cpos.txt:2: a corner is two numbers 'x y': could not convert"),
        ("1 2\n3 4 5\n", "cpos.txt:2: a corner is two numbers 'x y', got 3"),
        ("1 2\n3 2\n3 4\n1 4\n\n9 9\n8 8\n", "cpos.txt:6: a rectangle has 4 corners, the last one has 2"),
    ],
)
def test_wrong_rectangles(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "pcd0100cpos.txt"
    path.write_text(text)
    with pytest.raises(DatasetError) as error:
        read_rectangles(path)
    assert reason in str(error.value)


def test_an_empty_annotation_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n")
    assert len(read_rectangles(tmp_path / "a.txt").grasps) == 0


def test_points_and_their_pixels(cornell: Path) -> None:
    points, columns, rows = read_points(cornell / "01/pcd0100.txt")
    text = (cornell / "01/pcd0100.txt").read_text().splitlines()
    x, y, z, _, index = text[10].split()
    np.testing.assert_allclose(points[0], [float(x) / 1000, float(y) / 1000, float(z) / 1000])
    assert (rows[0], columns[0]) == divmod(int(index), 640)
    assert len(points) == len(text) - 10


def test_points_with_nan_are_left_out(cornell: Path) -> None:
    path = cornell / "01/pcd0100.txt"
    lines = path.read_text().splitlines()
    lines[10] = "nan nan nan 0 5"
    path.write_text("\n".join(lines))
    assert len(read_points(path).points) == len(lines) - 11


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("DATA ascii", "DATA binary"), "its data is binary, only ascii can be read"),
        (lambda text: text.replace("DATA ascii\n", ""), "it has no line 'DATA ascii'"),
        (lambda text: text.replace("rgb index", "rgb"), "its header lacks POINTS, or FIELDS with x, y, z, index"),
        (lambda text: text[: len(text) // 2].rsplit("\n", 1)[0], "but there are .*: was the file cut off?"),
        (lambda text: text[: len(text) // 2].rsplit(" ", 2)[0] + "\n", r":\d+: a point has 5 numbers, got \d"),
        (lambda text: text.replace("DATA ascii\n", "DATA ascii\n1 2 three 0 5\n"), ":11: not a line of numbers"),
        (lambda text: text.replace("DATA ascii\n", "DATA ascii\n1 2 3 0\n"), ":11: a point has 5 numbers, got 4"),
        (lambda text: text.rsplit(" ", 1)[0] + " 307200\n", "the index 307200 is no pixel of a 640x480 image"),
    ],
)
def test_wrong_point_clouds(cornell: Path, change, reason: str) -> None:
    path = cornell / "01/pcd0100.txt"
    path.write_text(change(path.read_text()))
    with pytest.raises(DatasetError, match=reason) as error:
        read_points(path)
    assert str(error.value).startswith(str(path))


def test_a_camera_that_cannot_be_found(cornell: Path) -> None:
    path = cornell / "01/pcd0100.txt"
    lines = path.read_text().splitlines()
    flat = [" ".join(["1000", *line.split()[1:]]) for line in lines[10:]]
    path.write_text("\n".join([*lines[:10], *flat]))
    with pytest.raises(DatasetError, match=r"pcd0100.txt: .*; depth='radial' can be read"):
        CornellDataset(cornell)[0]
    assert np.isfinite(CornellDataset(cornell, depth="radial")[0].depth).any()


def test_a_broken_image_is_named(cornell: Path) -> None:
    image = cornell / "01/pcd0100r.png"
    image.write_bytes(image.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"pcd0100r\.png"):
        CornellDataset(cornell)[0]


def test_without_a_list_of_objects_each_image_is_one_only_if_told(cornell: Path) -> None:
    (cornell / "z.txt").unlink()
    with pytest.raises(
        DatasetError, match=r"Put z.txt of .* there .* `grasp data split --by-image`, .*objects='images'"
    ):
        CornellDataset(cornell)
    assert CornellDataset(cornell, objects="images").objects == ("pcd0100", "pcd0101", "pcd0200")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0100 1 mug\n", "2 images have no object, such as 0101"),
        ("0100 1 mug\nmug 1\n", r"z.txt:2: a line begins with an image number and an object, got 'mug 1'"),
        ("0100 1 mug\n0100 2 pen\n", r"z.txt:2: image 0100 shows object 2 here and object 1 before"),
    ],
)
def test_wrong_lists_of_objects(cornell: Path, text: str, reason: str) -> None:
    (cornell / "z.txt").write_text(text)
    with pytest.raises(DatasetError, match=reason):
        CornellDataset(cornell)


def test_image_numbers_may_lack_their_zeros(tmp_path: Path) -> None:
    (tmp_path / "z.txt").write_text("100 7 mug\n\n1034 8 pen\n")
    assert read_objects(tmp_path / "z.txt") == {"0100": "7", "1034": "8"}


def test_wrong_folders(cornell: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        CornellDataset(tmp_path / "no")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no image of the Cornell dataset"):
        CornellDataset(tmp_path / "empty")
    with pytest.raises(DatasetError, match="depth is one of"):
        CornellDataset(cornell, depth="z")  # type: ignore[arg-type]
    shutil.copytree(cornell / "01", cornell / "03")
    with pytest.raises(DatasetError, match=r"pcd0100 is there twice: in .*01 and in .*03"):
        CornellDataset(cornell)

"""What is wrong with a dataset, file by file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from grasp_learning.datasets.check import check_folder
from grasp_learning.datasets.checks.report import FolderReport, Severity
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.index_file import VERSION
from grasp_learning.datasets.jacquard import JacquardDataset, SceneFiles, write_depth, write_mask
from grasp_learning.datasets.splits import ObjectSplits
from grasp_learning.datasets.tiff import encode_tiff

A, B, C = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def scene(shards: Path) -> SceneFiles:
    """The first of the four."""
    return JacquardDataset(shards).scenes[0]


def found(report: FolderReport) -> list[tuple[str, str]]:
    return [(problem.kind, problem.where(report.root)) for problem in report.problems]


def test_nothing_is_wrong(shards: Path) -> None:
    calls: list[tuple[int, int]] = []
    report = check_folder(shards, progress=lambda *call: calls.append(call))
    assert (report.kind, report.scenes, report.grasps, report.problems) == ("jacquard", 4, 8, [])
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert report.errors == report.warnings == 0
    assert check_folder(shards / "Jacquard_Dataset_1").scenes == 3
    assert check_folder(shards, workers=1).grasps == 8


def test_missing_files(shards: Path, scene: SceneFiles) -> None:
    scene.mask.unlink()
    scene.grasps.unlink()
    report = check_folder(shards)
    folder = f"Jacquard_Dataset_1/{A}"
    assert found(report) == [
        ("missing file", f"{folder}/0_{A}_mask.png"),
        ("missing file", f"{folder}/0_{A}_grasps.txt"),
    ]
    assert report.scenes == 4 and report.grasps == 6 and report.errors == 2


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n broken"])
def test_unreadable_images(shards: Path, scene: SceneFiles, content: bytes) -> None:
    for path in (scene.color, scene.stereo_depth):
        path.write_bytes(content)
    report = check_folder(shards)
    assert [problem.kind for problem in report.problems] == ["unreadable file"] * 2
    assert {problem.path for problem in report.problems} == {scene.color, scene.stereo_depth}
    assert report.problems[0].message == ("the file is empty" if not content else "not an image that can be decoded")


def test_truncated_images(shards: Path, scene: SceneFiles) -> None:
    content = scene.perfect_depth.read_bytes()
    scene.perfect_depth.write_bytes(content[: len(content) // 2])
    assert [problem.kind for problem in check_folder(shards).problems] == ["unreadable file"]


def test_types_of_images(shards: Path, scene: SceneFiles) -> None:
    cv2.imwrite(str(scene.color), np.full((24, 32), 3, np.uint8))
    cv2.imwrite(str(scene.perfect_depth), np.full((24, 32), 1500, np.uint16))
    cv2.imwrite(str(scene.mask), np.full((24, 32, 3), 255, np.uint8))
    report = check_folder(shards)
    assert [problem.message for problem in report.problems] == [
        "a colour image has 3 channels of uint8, this one 1 of uint8",
        "a depth image has 1 channel of float32, this one 1 of uint16",
        "a mask has 1 channel of uint8, this one 3 of uint8",
    ]


def test_sizes_that_differ(shards: Path, scene: SceneFiles) -> None:
    write_depth(scene.stereo_depth, np.full((12, 16), 1.5))
    (problem,) = check_folder(shards).problems
    assert problem.path == scene.stereo_depth and problem.kind == "sizes differ"
    assert problem.message == "it is 16x12, the scene's other images are 32x24"


def test_values_of_depth(shards: Path, scene: SceneFiles) -> None:
    write_depth(scene.perfect_depth, np.full((24, 32), 1500.0))
    write_depth(scene.stereo_depth, np.full((24, 32), np.nan))
    report = check_folder(shards)
    assert [problem.kind for problem in report.problems] == ["depth in millimetres", "no valid depth"]
    assert "its median is 1500: divide it by 1000" in report.problems[0].message
    image = np.full((24, 32), 1.5, np.float32)
    image[0, :4] = (np.nan, 0, -1, np.inf)
    scene.perfect_depth.write_bytes(encode_tiff(image))
    first = check_folder(shards).problems[0]
    assert first.severity is Severity.WARNING
    assert first.message.startswith("3 pixels are 0, negative, infinite or NaN; ")


def test_masks(shards: Path, scene: SceneFiles) -> None:
    write_mask(scene.mask, np.zeros((24, 32), np.bool_))
    other = JacquardDataset(shards).scenes[1]
    mask = np.zeros((24, 32), np.uint8)
    mask[3, 3:6] = (1, 7, 255)
    cv2.imwrite(str(other.mask), mask)
    report = check_folder(shards)
    assert [problem.kind for problem in report.problems] == ["empty mask", "wrong values in a mask"]
    assert report.problems[1].message == "a mask is 0 and 255, this one has also 1, 7"


def test_annotations(shards: Path, scene: SceneFiles) -> None:
    lines = ["15;12;0;8;2", "15;12;0;8", "40;12;0;8;2", "15;12;0;-8;2", "15;-3;0;8;2", "15;12;0;8;2", "31.4;23.4;0;8;2"]
    scene.grasps.write_text("\n".join(lines))
    JacquardDataset(shards).scenes[1].grasps.write_text("")
    report = check_folder(shards)
    assert [(problem.kind, problem.line, problem.severity.value) for problem in report.problems] == [
        ("wrong annotation", 2, "error"),
        ("wrong annotation", 4, "error"),
        ("grasp outside the image", 3, "error"),
        ("grasp outside the image", 5, "error"),
        ("grasp given twice", 6, "warning"),
        ("no grasps", None, "warning"),
    ]
    assert report.problems[2].message == "the centre (40, 12) lies outside the image of 32x24"
    assert report.grasps == 5 + 0 + 2 + 2
    assert (report.errors, report.warnings) == (4, 2)
    assert list(report.counts.items()) == [
        ("grasp outside the image", 2),
        ("wrong annotation", 2),
        ("grasp given twice", 1),
        ("no grasps", 1),
    ]


def test_jaws_of_the_original(tmp_path: Path) -> None:
    """Without an index only how a grasp's jaws are to each other can be wrong: their pixels hang on its distance."""
    files = SceneFiles(tmp_path / A, 0, A)
    files.folder.mkdir()
    size = (1024, 1024)
    cv2.imwrite(str(files.color), np.zeros((*size, 3), np.uint8))
    write_depth(files.perfect_depth, np.full(size, 1.5))
    write_depth(files.stereo_depth, np.full(size, 1.5))
    write_mask(files.mask, np.ones(size, np.bool_))
    jaws = "\n".join(f"500;500;0;184.5;{jaw}" for jaw in (25.7075, 12.8538, 38.5613, 51.415, 77.1225))
    files.grasps.write_text(f"{jaws}\n470;253;68;25.5;25.6211\n470;253;68;25.5;38.4316\n9;9;0;9;9\n")
    assert check_folder(tmp_path).problems == []
    files.grasps.write_text(f"{jaws}\n500;500;0;100;20\n500;500;0;100;50\n")
    (problem,) = check_folder(tmp_path).problems
    assert (problem.kind, problem.line) == ("unknown jaw size", 6)
    assert problem.message == "its jaw sizes, 20, 50 px, are not to each other as jaws of 1, 2, 3, 4 and 6 cm"


def record(object_id: str, index: int) -> dict:
    """At 100 px a metre on the ground, 1.5 m below the camera; the object's top is at 1.4 m, 107 px a metre."""
    return {
        "object": object_id,
        "index": index,
        "family": "mug",
        "intrinsics": {"fx": 150.0, "fy": 150.0, "cx": 16, "cy": 12, "width": 32, "height": 24},
        "world_from_camera": {"translation": [0, 0, 1.5], "rotation": [1.0, 0, 0, 0]},
    }


HAND = {
    "name": "small",
    "max_opening": 0.08,
    "min_opening": 0.0,
    "finger_thickness": 0.01,
    "finger_width": 0.02,
    "jaw_sizes": [0.02, 0.04],
    "finger_length": 0.08,
    "palm_size": [0.1, 0.1, 0.1],
    "max_force": 20,
    "max_speed": 0.4,
}


def write_index(root: Path, *lines: object, **settings: object) -> None:
    header = {"format": "grasp-dataset", "version": VERSION, "gripper": HAND, "settings": settings}
    text = [line if isinstance(line, str) else json.dumps(line) for line in (header, *lines)]
    (root / "index.jsonl").write_text("\n".join(text) + "\n")
    (root / "meshes").mkdir(exist_ok=True)
    for name in (A, B, C):
        (root / "meshes" / f"{name}.obj").touch()


def test_an_index_that_fits(shards: Path) -> None:
    write_index(shards, record(A, 0), record(A, 1), record(B, 0), record(C, 0))
    assert check_folder(shards).problems == []


def test_the_index_tells_scale_and_gripper(shards: Path, scene: SceneFiles) -> None:
    write_index(shards, record(A, 0), record(A, 1), record(B, 0), record(C, 0))
    scene.grasps.write_text("15;12;0;8.7;2\n15;12;0;8.5;3\n")
    report = check_folder(shards)
    assert [(problem.kind, problem.line) for problem in report.problems] == [
        ("unknown jaw size", 2),
        ("opening wider than the gripper", 1),
    ]
    message = "the opening of 8.7 px is 8.1 cm on the nearest point of the scene, the gripper opens 8 cm"
    assert report.problems[1].message == message
    write_depth(scene.perfect_depth, np.full((24, 32), 0.9))  # the same pixels are 5.2 cm on what is nearer
    assert [problem.kind for problem in check_folder(shards).problems] == ["unknown jaw size"]


def test_jaws_are_those_that_the_settings_say(shards: Path, scene: SceneFiles) -> None:
    lines = (record(A, 0), record(A, 1), record(B, 0), record(C, 0))
    scene.grasps.write_text("15;12;0;8;3\n15;12;0;8;2\n")
    for settings, unknown in (
        ({"test_jaw": 0.03}, []),
        ({"test_jaw": 0.03, "jaw_sizes": None}, []),
        ({"test_jaw": 0.03, "jaw_sizes": []}, [2]),
        ({"test_jaw": 0.02, "jaw_sizes": [0.03, 0.04]}, []),
    ):
        write_index(shards, *lines, **settings)
        problems = [problem for problem in check_folder(shards).problems if problem.path == scene.grasps]
        assert [problem.line for problem in problems] == unknown, settings


def test_index_and_files_that_differ(shards: Path) -> None:
    write_index(shards, record(A, 0), record(A, 0), "{", record(B, 7), {"object": C}, record(C, 0))
    (shards / "meshes" / f"{B}.obj").unlink()
    report = check_folder(shards)
    assert found(report) == [
        ("wrong line in the index", "index.jsonl:3"),
        ("wrong line in the index", "index.jsonl:4"),
        ("index and files differ", "index.jsonl:5"),
        ("missing file", f"meshes/{B}.obj"),
        ("wrong line in the index", "index.jsonl:6"),
        ("index and files differ", "index.jsonl"),
        ("index and files differ", "index.jsonl"),
    ]
    messages = [problem.message for problem in report.problems]
    assert messages[0] == f"the scene 0_{A} stands in line 2 already"
    assert messages[2] == f"the scene 7_{B} has no files"
    assert messages[4] == "not the record of a scene: it lacks 'index'"
    assert messages[5] == f"the scene 0_{B} has files and no line"


def test_a_dataset_of_another_version_is_refused(shards: Path) -> None:
    """Not read with angles of the wrong sign."""
    index = shards / "index.jsonl"
    index.write_text('{"format": "grasp-dataset", "version": 1}\n')
    message = "a dataset of version 1, not 2: theta in its annotations has the opposite sign; make it again"
    with pytest.raises(DatasetError) as error:
        JacquardDataset(shards)
    assert str(error.value) == f"{index}: {message}"
    assert [message in problem.message for problem in check_folder(shards).problems].count(True) == 1


def test_an_index_without_a_header(shards: Path) -> None:
    (shards / "index.jsonl").write_text("")
    report = check_folder(shards)
    assert found(report)[0] == ("wrong line in the index", "index.jsonl:1")
    assert report.counts == {"index and files differ": 4, "wrong line in the index": 1}
    (shards / "index.jsonl").write_text('{"format": "other"}\n')
    assert 'it lacks "format": "grasp-dataset"' in check_folder(shards).problems[0].message


def test_an_object_that_is_no_name(shards: Path) -> None:
    write_index(shards, record(A, 0), {**record(B, 0), "object": ["b"]})
    assert any("the scene 0_['b'] has no files" in problem.message for problem in check_folder(shards).problems)


def test_splits_of_other_objects(shards: Path) -> None:
    ObjectSplits.create([A, B, C], (0.4, 0.3, 0.3), seed=0).save(shards / "splits.json")
    assert check_folder(shards).problems == []
    ObjectSplits.create([A, B, "d"], (0.4, 0.3, 0.3), seed=0).save(shards / "splits.json")
    assert found(check_folder(shards)) == [("wrong splits", "splits.json")]


def test_what_an_interruption_leaves(shards: Path, scene: SceneFiles) -> None:
    (scene.folder / ".0_x_RGB.png.0a1b2c3d.part").write_bytes(b"half")
    (shards / "partial" / "0.open").mkdir(parents=True)
    (shards / "partial" / "0.open" / ".x.part").touch()
    report = check_folder(shards)
    assert found(report) == [
        ("left by an interruption", "partial"),
        ("left by an interruption", f"Jacquard_Dataset_1/{A}/.0_x_RGB.png.0a1b2c3d.part"),
    ]
    assert report.errors == 0 and report.warnings == 2


def test_scenes_in_wrong_places(shards: Path) -> None:
    shutil.copytree(shards / "Jacquard_Dataset_0" / B, shards / "Jacquard_Dataset_1" / "other")
    assert found(check_folder(shards)) == [
        ("scene there twice", "Jacquard_Dataset_1/other"),
        ("wrong folder", "Jacquard_Dataset_1/other"),
    ]


def test_cornell_with_nothing_wrong_but_nan(cornell: Path) -> None:
    report = check_folder(cornell)
    assert (report.kind, report.scenes, report.grasps) == ("cornell", 3, 6)
    assert [problem.kind for problem in report.problems] == ["rectangle with NaN"] * 3
    assert report.problems[0].message == "1 of 3 rectangles have a corner that is NaN; they are skipped"
    assert report.errors == 0


def test_cornell_with_everything_wrong(cornell: Path) -> None:
    for path in cornell.rglob("*cpos.txt"):
        path.write_text("100 100\n140 100\n140 120\n100 120\n")
    (cornell / "z.txt").unlink()
    one = cornell / "01"
    (one / "pcd0100cneg.txt").unlink()
    (one / "pcd0100.txt").write_text("DATA ascii\n")
    cv2.imwrite(str(one / "pcd0100r.png"), np.zeros((48, 64, 3), np.uint8))
    (one / "pcd0101cpos.txt").write_text("1 1\n2 x\n")
    (one / "pcd0101cneg.txt").write_text("900 1\n910 1\n910 9\n900 9\n1 1\n1 1\n1 1\n1 1\n")
    text = (one / "pcd0101.txt").read_text().splitlines()
    text[20] = "1 2 3"
    (one / "pcd0101.txt").write_text("\n".join(text))
    write_depth(one / "pcd0101d.tiff", np.full((480, 640), 1200.0))
    (cornell / "02/pcd0200cpos.txt").write_text("")
    shutil.copytree(cornell / "02", cornell / "03")
    report = check_folder(cornell)
    assert found(report) == [
        ("image there twice", "03"),
        ("no list of objects", "z.txt"),
        ("missing file", "01/pcd0100cneg.txt"),
        ("sizes differ", "01/pcd0100r.png"),
        ("wrong point cloud", "01/pcd0100.txt"),
        ("depth in millimetres", "01/pcd0101d.tiff"),
        ("wrong point cloud", "01/pcd0101.txt:21"),
        ("wrong annotation", "01/pcd0101cpos.txt:2"),
        ("grasp outside the image", "01/pcd0101cneg.txt:1"),
        ("wrong annotation", "01/pcd0101cneg.txt:5"),
        ("no grasps", "02/pcd0200cpos.txt"),
        ("no grasps", "03/pcd0200cpos.txt"),
    ]
    assert report.problems[6].message == "a point has 5 numbers, got 3"


def test_cornell_s_splits(cornell: Path) -> None:
    def wrong() -> list[str]:
        return [problem.message for problem in check_folder(cornell).problems if problem.kind == "wrong splits"]

    for names in (["1", "2"], ["pcd0100", "pcd0101", "pcd0200"]):  # by objects, by images
        ObjectSplits.create(names, (0.5, 0.0, 0.5), seed=0).save(cornell / "splits.json")
        assert wrong() == []
    ObjectSplits.create(["1", "3"], (0.5, 0.0, 0.5), seed=0).save(cornell / "splits.json")
    assert len(wrong()) == 1
    (cornell / "z.txt").unlink()
    (cornell / "splits.json").write_text("rubbish")
    assert len(wrong()) == 1


def test_cornell_objects_and_cameras(cornell: Path) -> None:
    (cornell / "z.txt").write_text("0100 1 mug\n")
    path = cornell / "01/pcd0100.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:10], *(" ".join(["1000", *line.split()[1:]]) for line in lines[10:])]))
    problems = [problem for problem in check_folder(cornell).problems if problem.kind != "rectangle with NaN"]
    assert [(problem.kind, problem.severity.value) for problem in problems] == [
        ("wrong list of objects", "error"),
        ("wrong list of objects", "error"),
        ("camera not found", "warning"),
    ]
    assert problems[0].message == "the image 0101 has no object"
    (cornell / "z.txt").write_text("0100\n")
    assert check_folder(cornell).problems[0].line == 1


def test_folders_that_are_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        check_folder(tmp_path / "no")
    with pytest.raises(DatasetError, match=r"no dataset of grasps: neither Jacquard's .* nor Cornell's"):
        check_folder(tmp_path)


def test_the_report_for_machines(shards: Path, scene: SceneFiles) -> None:
    scene.grasps.write_text("15;12;0;8;2\nx\n")
    content = json.loads(json.dumps(check_folder(shards).as_json()))
    assert content == {
        "root": str(shards),
        "kind": "jacquard",
        "scenes": 4,
        "grasps": 7,
        "errors": 1,
        "warnings": 0,
        "counts": {"wrong annotation": 1},
        "problems": [
            {
                "path": f"Jacquard_Dataset_1/{A}/0_{A}_grasps.txt",
                "line": 2,
                "severity": "error",
                "kind": "wrong annotation",
                "message": "a grasp has 5 fields (x;y;theta;opening;jaw size), got 1",
            }
        ],
    }

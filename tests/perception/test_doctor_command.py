import json
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
import typer
import yaml
from typer.testing import CliRunner

from grasp_bringup.cli.doctor import command


@pytest.fixture
def files(tmp_path, table_depth, intrinsics):
    depth = table_depth()
    depth[::20, ::20] = 0
    np.save(tmp_path / "depth.npy", depth)
    np.save(tmp_path / "millimetres.npy", depth * 1000)
    color = np.random.default_rng(0).integers(60, 200, (120, 160, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "color.png"), color)
    camera = {name: getattr(intrinsics, name) for name in ("fx", "fy", "cx", "cy", "width", "height")}
    (tmp_path / "intrinsics.yaml").write_text(yaml.safe_dump(camera))
    return tmp_path


def run(*arguments):
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_good_image(files):
    code, output = run(
        "--depth", files / "depth.npy", "--color", files / "color.png", "--intrinsics", files / "intrinsics.yaml"
    )
    assert code == 0
    assert "Nothing is wrong." in output and "one thing stands on the table" in output


def test_a_bad_image_and_its_report(files):
    report = files / "out" / "report.json"
    code, output = run(
        "--depth", files / "millimetres.npy", "--intrinsics", files / "intrinsics.yaml", "--json", report
    )
    assert code == 1
    assert "divide by 1000" in output and "Errors: 1" in output
    content = json.loads(report.read_text())
    assert content["worst"] == "error"
    assert content["findings"][0] | {"message": ""} == {
        "level": "error",
        "check": "units",
        "message": "",
        "remedy": "divide by 1000; below, that has been done",
    }
    assert list(report.parent.iterdir()) == [report]


@pytest.fixture
def camera_file(files, intrinsics):
    """Writes a camera file: 0.7 m above the table by default, as the image was taken, looking down."""

    def write(parent_frame="arm_base_link", height=0.7):
        values = {name: getattr(intrinsics, name) for name in ("fx", "fy", "cx", "cy", "width", "height")}
        mount = {"parent_frame": parent_frame, "camera_frame": "lens"}
        mount |= {"translation": [0, 0, height], "rotation": [1, 0, 0, 0], "intrinsics": values}
        (files / "camera.yaml").write_text(yaml.safe_dump(mount))
        return files / "camera.yaml"

    return write


def test_a_camera_file_gives_intrinsics_and_pose(files, camera_file, repository):
    camera, workcell = camera_file(), repository / "config/workcells/widowx.yaml"
    code, output = run("--depth", files / "depth.npy", "--camera", camera, "--workcell", workcell)
    assert code == 0
    assert "the table leans 0.0° and lies at z = 0 mm" in output.replace("-0 mm", "0 mm")
    assert "Nothing is wrong." in output


def test_a_camera_that_hangs_lower_than_its_file_says(files, camera_file, repository):
    camera, workcell = camera_file(height=0.8), repository / "config/workcells/widowx.yaml"
    code, output = run("--depth", files / "depth.npy", "--camera", camera, "--workcell", workcell)
    assert code == 1
    assert "lies at z = 100 mm of the base (expected 0 mm)" in " ".join(output.split())


@pytest.mark.parametrize(
    ("parent_frame", "workcell", "reason"),
    [
        ("arm_base_link", (), "only the work cell's file says"),
        ("tool_link", ("--workcell", "config/workcells/widowx.yaml"), "'tool_link', which is not the base"),
    ],
)
def test_a_pose_that_cannot_be_checked_is_a_warning(
    files, camera_file, monkeypatch, repository, parent_frame, workcell, reason
):
    monkeypatch.chdir(repository)
    report = files / "report.json"
    arguments = ("--depth", files / "depth.npy", "--camera", camera_file(parent_frame), *workcell)
    code, _ = run(*arguments, "--json", report)
    assert code == 0
    (finding,) = (item for item in json.loads(report.read_text())["findings"] if item["check"] == "mount")
    assert finding["level"] == "warning" and reason in finding["message"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "nothing to look at"),
        (["--depth", "nothing.npy"], "no such file"),
        (["--depth", "color.png"], "one channel"),
        (["--depth", "depth.npy", "--intrinsics", "depth.npy"], "not valid YAML"),
        (["--depth", "depth.npy", "--color", "intrinsics.yaml"], "not an image"),
        (["--depth", "depth.npy", "--camera", "intrinsics.yaml"], "parent_frame"),
        (["--depth", "depth.npy", "--workcell", "intrinsics.yaml"], "base_frame"),
        (["--depth", "depth.npy", "--workcell", "{repository}/config/workcells/widowx.yaml"], "give --camera, too"),
        (["--depth", "depth.npy", "--topic"], "not both"),
        (["--topic", "--depth-topic", "bad//name"], "Invalid topic name: topic name must not contain repeated '/'"),
        (["--depth", "depth.npy", "--json", "depth.npy/report.json"], "cannot write"),
    ],
)
def test_bad_input(files, monkeypatch, repository, arguments, reason):
    monkeypatch.chdir(files)
    code, output = run(*(argument.format(repository=repository) for argument in arguments))
    assert code == 2
    assert reason in " ".join(output.split())


def test_no_camera_is_a_finding():
    code, output = run("--topic", "--timeout", "0.3")
    assert code == 1
    assert "no camera" in output and "nothing publishes it" in output


@pytest.mark.parametrize(
    ("distortion", "later", "flags"),
    [(0.0, 0, ()), (2.0, 0, ("--rectified",)), (0.0, 20, ("--stamp-tolerance", "0.022"))],
)
def test_a_frame_from_topics(spin, table_depth, intrinsics, distortion, later, flags):
    from rclpy.node import Node
    from sensor_msgs.msg import CameraInfo, Image
    from std_msgs.msg import Header

    from grasp_perception.depth import encode_depth
    from grasp_perception.ros_conversions import array_to_image, camera_info_from_intrinsics, seconds, stamp

    node = Node("camera")
    color, depth = node.create_publisher(Image, "/eye/color", 5), node.create_publisher(Image, "/eye/depth", 5)
    info = node.create_publisher(CameraInfo, "/eye/info", 5)
    pixels = np.random.default_rng(0).integers(60, 200, (120, 160, 3), dtype=np.uint8)
    millimetres = encode_depth(table_depth())

    def publish():
        header = Header(stamp=node.get_clock().now().to_msg(), frame_id="lens")
        color.publish(array_to_image(pixels, "rgb8", header))
        behind = Header(stamp=stamp(seconds(header.stamp) + later * 1e-3), frame_id="lens")
        depth.publish(array_to_image(millimetres, "16UC1", behind))
        lens = camera_info_from_intrinsics(intrinsics, header)
        lens.d[0] = distortion
        info.publish(lens)

    node.create_timer(0.05, publish)
    spin(node)
    code, output = run(
        "--topic",
        "--color-topic",
        "/eye/color",
        "--depth-topic",
        "/eye/depth",
        "--info-topic",
        "/eye/info",
        "--timeout",
        "20",
        *flags,
    )
    assert code == 0, output
    assert "one thing stands on the table" in output
    assert threading.active_count() < 20


def test_files_need_no_ros(files):
    program = (
        "import sys; from grasp_bringup.cli.doctor import command; import pathlib, typer\n"
        f"try: command(depth=pathlib.Path({str(files / 'depth.npy')!r}), topic=False, json_file=None)\n"
        "except typer.Exit as end: print('exit', end.exit_code)\n"
        "sys.exit('rclpy' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "exit 0" in result.stdout

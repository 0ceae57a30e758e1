import numpy as np
import pytest
import yaml

from grasp_perception.configuration import ConfigurationError
from grasp_perception.extrinsics import CameraMount


def test_the_camera_above_the_table_looks_down(repository):
    mount = CameraMount.load(repository / "config/cameras/widowx.yaml")
    np.testing.assert_allclose(mount.parent_from_camera.rotation[:, 2], [0, 0, -1], atol=1e-9)
    # The top of the image is the far side of the table: up in the image (-y) is away from the base (+x).
    np.testing.assert_allclose(mount.parent_from_camera.rotation @ [0, -1, 0], [1, 0, 0], atol=1e-9)
    assert mount.camera_intrinsics.fx == 615.0


def test_the_camera_on_the_hand_sees_where_the_fingers_close(repository):
    mount = CameraMount.load(repository / "config/cameras/widowx_hand.yaml")
    assert mount.parent_frame == "tool_link"
    for distance in (0.0, 0.05):  # of the object before the finger tips
        point = mount.parent_from_camera.inverse().apply([0.0, 0.0, distance])
        assert point[2] > mount.least_depth
        column, row = mount.camera_intrinsics.project(point)
        assert 0 < column < 423 and 0 < row < 239
    assert set(mount.look_from) == {f"joint_{i}" for i in range(1, 6)}
    assert CameraMount.load(repository / "config/cameras/widowx.yaml").look_from is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("translation", [0, 0], "translation"),
        ("rotation", [0, 0, 0], "rotation"),
        ("rotation", [0, 0, 0, 0], "quaternion"),
        ("intrinsics", {"fx": 0, "fy": 1, "cx": 0, "cy": 0, "width": 1, "height": 1}, r"intrinsics\.fx"),
        ("camera_frame", None, "camera_frame"),
        ("least_depth", -0.1, "least_depth"),
        ("blind_distance", -0.1, "blind_distance"),
        ("look_from", [0.0], "look_from"),
    ],
)
def test_wrong_fields(repository, tmp_path, field, value, reason):
    content = yaml.safe_load((repository / "config/cameras/widowx.yaml").read_text())
    content[field] = value
    (tmp_path / "camera.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=reason):
        CameraMount.load(tmp_path / "camera.yaml")

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


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("translation", [0, 0], "translation"),
        ("rotation", [0, 0, 0], "rotation"),
        ("rotation", [0, 0, 0, 0], "quaternion"),
        ("intrinsics", {"fx": 0, "fy": 1, "cx": 0, "cy": 0, "width": 1, "height": 1}, r"intrinsics\.fx"),
        ("camera_frame", None, "camera_frame"),
    ],
)
def test_wrong_fields(repository, tmp_path, field, value, reason):
    content = yaml.safe_load((repository / "config/cameras/widowx.yaml").read_text())
    content[field] = value
    (tmp_path / "camera.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=reason):
        CameraMount.load(tmp_path / "camera.yaml")

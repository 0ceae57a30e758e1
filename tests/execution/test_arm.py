from __future__ import annotations

import pytest
import yaml

from grasp_execution.arm import Arm, ArmDescription
from grasp_perception.configuration import ConfigurationError


def test_widowx_with_the_files_it_names(repository):
    description = ArmDescription(repository / "config/arms/widowx.yaml")
    assert description.urdf_path.is_file()
    assert description.gripper.name == "widowx"
    assert description.arm.home_positions == tuple(description.arm.home[name] for name in description.arm.joints)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"home": {"joint_1": 0.0}}, r"home must name exactly the joints.*'joint_2'"),
        ({"limits": {"elbow": {"acceleration": 1.0}}}, r"limits must name exactly the joints.*'elbow'"),
        ({"velocity_scaling": 1.5}, "velocity_scaling"),
        ({"max_tilt": -0.1}, "max_tilt"),
        ({"colour": "black"}, "colour"),
        ({"gripper_joints": {"names": ["left", "right"], "links": ["left_link"]}}, r"one link for each of \['left'"),
    ],
)
def test_wrong_arm_files_are_refused(repository, tmp_path, change, match):
    content = yaml.safe_load((repository / "config/arms/widowx.yaml").read_text())
    path = tmp_path / "arm.yaml"
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(ConfigurationError, match=match):
        Arm.load(path)


def test_missing_gripper_file_is_named(repository, tmp_path):
    content = yaml.safe_load((repository / "config/arms/widowx.yaml").read_text())
    path = tmp_path / "config" / "arms" / "arm.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"config/grippers/widowx\.yaml"):
        ArmDescription(path)


def test_another_home(repository):
    description = ArmDescription(repository / "config/arms/widowx.yaml")
    home = {name: 0.1 * i for i, name in enumerate(description.arm.joints)}
    other = description.with_home(home)
    assert other.arm.home_positions == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert description.arm.home["joint_1"] == 1.4
    with pytest.raises(
        ConfigurationError, match=r"for exactly the joints of widowx; wrong or missing: \['joint_1', 'x'\]"
    ):
        description.with_home({"x": 0.0, **{name: 0.0 for name in description.arm.joints[1:]}})

from __future__ import annotations

import shutil

import pytest
import yaml
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.parameter import Parameter

from grasp_execution.nodes.executor import ExecutorNode
from grasp_perception.configuration import ConfigurationError
from grasp_perception.outcomes import Outcome, OutcomeError


@pytest.fixture
def construct(ros, repository):
    def construct(**parameters):
        values = {
            "arm_file": str(repository / "config/arms/widowx.yaml"),
            "workcell_file": str(repository / "config/workcells/widowx.yaml"),
            **parameters,
        }
        return ExecutorNode(parameter_overrides=[Parameter(name, value=value) for name, value in values.items()])

    return construct


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_grasps": 0},
        {"max_grasps": 101},
        {"close_force": -1.0},
        {"driver_timeout": 0.0},
        {"motion_factor": 0.5},
        {"goal_tolerance": 3.0},
        {"empty_gap": -0.001},
        {"tracking_patience": 0.0},
        {"tracking_lead": 1.0},
    ],
)
def test_values_out_of_range_are_refused(construct, wrong):
    with pytest.raises(InvalidParameterValueException):
        construct(**wrong)


@pytest.mark.parametrize("wrong", [{"max_grasps": "many"}, {"close_force": True}, {"use_ground_truth": 1}])
def test_values_of_the_wrong_type_are_refused(construct, wrong):
    with pytest.raises(InvalidParameterTypeException):
        construct(**wrong)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"arm_file": "nowhere.yaml"}, "cannot read nowhere.yaml"),
        ({"arm_file": ""}, "parameter arm_file must be set"),
        ({"workcell_file": ""}, "parameter workcell_file must be set"),
        ({"close_force": 11.0}, "has at most 10.0 N"),
        ({"empty_gap": 0.03}, "open by only 0.03 m"),
    ],
)
def test_contradictions_and_missing_files_are_refused_with_the_reason(construct, wrong, reason):
    with pytest.raises(ConfigurationError, match=reason):
        construct(**wrong)


def test_an_arm_without_fingers_is_refused(construct, repository, tmp_path):
    shutil.copytree(repository / "config", tmp_path / "config")
    (tmp_path / "models").symlink_to(repository / "models")
    path = tmp_path / "config/arms/widowx.yaml"
    arm = yaml.safe_load(path.read_text()) | {"gripper_joints": {"names": [], "links": []}}
    path.write_text(yaml.safe_dump(arm))
    with pytest.raises(ConfigurationError, match=f"{path}: gripper_joints names no joint"):
        construct(arm_file=str(path))


def test_parameters_are_fixed_while_the_node_runs(construct):
    node = construct()
    (result,) = node.set_parameters([Parameter("close_force", value=2.0)])
    assert not result.successful
    node.destroy_node()


def test_a_camera_on_the_arm_says_from_where_to_look(construct, repository):
    node = construct(camera_file=str(repository / "config/cameras/widowx_hand.yaml"), tracking_patience=2.0)
    try:
        assert node._arm.home["joint_1"] == 0.0
        tracking = node._pick._mover.options.tracking
        assert (tracking.blind_distance, tracking.patience) == (0.025, 2.0)
    finally:
        node.destroy_node()


def test_an_arm_whose_camera_looks_from_beyond_its_limits_cannot_be_steered(construct, repository, tmp_path):
    mount = yaml.safe_load((repository / "config/cameras/widowx_hand.yaml").read_text())
    mount["look_from"]["joint_1"] = 9.0
    path = tmp_path / "widowx_hand.yaml"
    path.write_text(yaml.safe_dump(mount))
    node = construct(camera_file=str(path))
    try:
        with pytest.raises(
            OutcomeError, match=r"cannot be steered: the home of widowx is outside .*\['joint_1'\]"
        ) as it:
            node._pick._ports.servo()
        assert it.value.outcome is Outcome.MOTION_PLANNER_FAILED
    finally:
        node.destroy_node()


def test_a_camera_of_another_arm_is_refused(construct, repository, tmp_path):
    text = (repository / "config/cameras/widowx_hand.yaml").read_text().replace("joint_5", "joint_6")
    (tmp_path / "camera.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"wrong or missing: \['joint_5', 'joint_6'\]"):
        construct(camera_file=str(tmp_path / "camera.yaml"))

"""Arms of six and seven joints, from pybullet_data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pybullet_data
import pytest
import yaml

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.backends import load_backend
from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_execution.motion.interface import Box, JointGoal, LineGoal, MotionRequest, PoseGoal, SceneObject
from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.configuration import ConfigurationError
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell

DATA = Path(pybullet_data.getDataPath())
ARMS = {
    "kuka": (
        DATA / "kuka_iiwa/model.urdf",
        [f"lbr_iiwa_joint_{i}" for i in range(1, 8)],
        "lbr_iiwa_link_0",
        "lbr_iiwa_link_7",
        [0.0, 0.5, 0.0, -1.4, 0.0, 1.2, 0.0],
    ),
    "xarm6": (
        DATA / "xarm/xarm6_robot.urdf",
        [f"joint{i}" for i in range(1, 7)],
        "link_base",
        "link6",
        [0.0, -0.4, -0.8, 0.0, 1.2, 0.0],
    ),
}


def write_arm(folder: Path, repository: Path, name: str, **changes) -> ArmDescription:
    urdf, joints, base, tool, home = ARMS[name]
    arm = {
        "name": name,
        "urdf": str(urdf),
        "base_frame": base,
        "tool_frame": tool,
        "joints": joints,
        "limits": {joint: {"acceleration": 5.0} for joint in joints},
        "home": dict(zip(joints, home)),
        "velocity_scaling": 0.5,
        "acceleration_scaling": 0.5,
        "cartesian_speed": 0.25,
        "max_tilt": 0.4,
        "gripper_file": str(repository / "config/grippers/widowx.yaml"),
        "gripper_joints": {"names": [], "links": []},
        "controllers": {"arm": "/arm", "gripper": "/gripper"},
        **changes,
    }
    path = folder / "config" / "arms" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(arm))
    return ArmDescription(path)


def cell(base: str) -> WorkCell:
    return WorkCell.model_validate(
        {
            "base_frame": base,
            "table_height": -0.1,
            "table": {"min": [-1.0, -1.0, -0.2], "max": [1.0, 1.0, -0.1]},
            "workspace": {"min": [0.3, -0.2, -0.1], "max": [0.6, 0.2, 0.3]},
            "clearance": 0.003,
            "bin": {"center": [0.0, 0.6], "size": [0.3, 0.3, 0.1], "wall": 0.005, "drop_height": 0.2},
            "approach_distance": 0.1,
            "lift_height": 0.1,
        }
    )


@pytest.fixture(scope="module", params=sorted(ARMS))
def other(request, tmp_path_factory, repository) -> EmbeddedMotionPlanner:
    folder = tmp_path_factory.mktemp(request.param)
    return load_backend("embedded", write_arm(folder, repository, request.param), cell(ARMS[request.param][2]))


def test_every_pose_the_arm_takes_is_found_again(other):
    robot, rng, found = other.robot, np.random.default_rng(0), 0
    assert robot.max_tilt == 0.0  # it has joints enough
    for _ in range(30):
        asked = robot.clip(robot.home + rng.uniform(-0.6, 0.6, len(robot.home)))
        pose = robot.tool_pose(asked)
        posture = other.kinematics.solve(pose, robot.home)
        if posture.reaches(0.0):
            found += 1
            reached = robot.tool_pose(posture.positions)
            assert np.linalg.norm(reached.translation - pose.translation) < 1e-4
            assert reached.angle_to(pose) < 1e-3
            assert robot.within_limits(posture.positions)
    assert found >= 27


def test_pick_with_a_pillar_in_the_way(other):
    names, home = other.robot.joint_names, dict(zip(other.robot.joint_names, other.robot.home))
    down = Transform.from_rpy((np.pi, 0.0, 0.4), (0.42, 0.15, 0.15))
    pillar = SceneObject("pillar", Box((0.08, 0.08, 0.5)), Transform(np.eye(3), np.array([0.4, 0.0, 0.15])))
    scene = other.scene(MotionRequest(JointGoal({}), {}, (pillar,)))
    start = home
    for goal in (
        PoseGoal(down, symmetric=True),
        LineGoal(Transform(down.rotation, down.translation - [0.0, 0.0, 0.1]), symmetric=True),
        LineGoal(down, symmetric=True),
        PoseGoal(Transform(down.rotation, np.array([0.42, -0.15, 0.15])), symmetric=True),
    ):
        if start is home and not scene.is_free(other.robot.home):
            start = {**home, names[0]: 0.6}
        trajectory = other.plan(MotionRequest(goal, start, (pillar,)))
        positions, velocity, acceleration = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 300))
        assert all(scene.is_free(other.robot.clip(q)) for q in positions)
        assert (np.abs(velocity) <= 0.5 * other.robot.velocity + 1e-9).all()
        assert (np.abs(acceleration) <= 2.5 + 1e-9).all()
        reached = other.robot.tool_pose(trajectory.positions[-1])
        assert np.linalg.norm(reached.translation - goal.pose.translation) < 5e-4
        start = dict(zip(names, trajectory.positions[-1]))


def test_out_of_reach(other):
    home = dict(zip(other.robot.joint_names, other.robot.home))
    with pytest.raises(OutcomeError, match="mm away") as error:
        other.plan(MotionRequest(PoseGoal(Transform.from_rpy((np.pi, 0.0, 0.0), (2.0, 0.0, 0.3))), home))
    assert error.value.outcome is Outcome.OUT_OF_REACH


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"urdf": "/nowhere/arm.urdf"}, "no such file"),
        ({"urdf": str(DATA / "plane.obj")}, "not a URDF"),
        ({"tool_frame": "hand"}, "no frame 'hand'"),
        ({"base_frame": "link3"}, "base_frame 'link3' moves with the arm"),
        ({"gripper_joints": {"names": ["finger"], "links": ["f"]}}, "no moving joint 'finger'"),
        ({"gripper_joints": {"names": ["joint6"], "links": ["finger"]}}, "no frame 'finger'"),
        ({"joints": ARMS["xarm6"][1][::-1]}, "must be a chain"),
        ({"home": dict(zip(ARMS["xarm6"][1], [0.0, 3.0, 0.0, 0.0, 0.0, 0.0]))}, r"outside the limits of \['joint2'\]"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(tmp_path, repository, changes, match):
    with pytest.raises(ConfigurationError, match=match):
        RobotModel(write_arm(tmp_path, repository, "xarm6", **changes))


def test_names_of_backends_need_no_planning_library():
    """Where another backend is used, none of them may be installed."""
    code = (
        "import sys; from grasp_execution.motion import backends, interface, obstacles; "
        "print(sorted({'pinocchio', 'coal', 'ompl', 'toppra'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_backend_and_foreign_work_cell_are_refused(tmp_path, repository):
    arm = write_arm(tmp_path, repository, "xarm6")
    with pytest.raises(ConfigurationError, match="no motion planner is called 'moveit'; there are: embedded"):
        load_backend("moveit", arm, cell("link_base"))
    with pytest.raises(ConfigurationError, match="given in the frame 'table'"):
        load_backend("embedded", arm, cell("table"))

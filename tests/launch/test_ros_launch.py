"""`launch/sim.launch.xml` under ROS's own launch; skipped where no ROS 2 distribution is installed."""

from __future__ import annotations

import time

import pytest

launch_pytest = pytest.importorskip("launch_pytest", reason="launch_pytest comes with a ROS 2 distribution")

import rclpy  # noqa: E402
from launch import LaunchDescription  # noqa: E402
from launch.actions import IncludeLaunchDescription  # noqa: E402
from launch.launch_description_sources import AnyLaunchDescriptionSource  # noqa: E402
from launch_pytest.actions import ReadyToTest  # noqa: E402

from grasp_bringup.launch.packages import launch_file  # noqa: E402

NODES = {"simulated_robot", "camera_transform", "grasp_planner", "motion_planner", "executor"}
SERVICES = {"/simulated_robot/reset_scene", "/grasp_planner/plan", "/motion_planner/plan", "/stop"}


@launch_pytest.fixture
def simulation():
    source = AnyLaunchDescriptionSource(str(launch_file("grasp_bringup", "sim.launch.xml")))
    arguments = {"rate": "0.0", "object_count": "1"}
    include = IncludeLaunchDescription(source, launch_arguments=arguments.items())
    return LaunchDescription([include, ReadyToTest()])


@pytest.mark.launch(fixture=simulation)
def test_all_nodes_come_up(ros):
    node = rclpy.create_node("observer")
    deadline = time.monotonic() + 60
    missing = NODES | SERVICES
    while missing and time.monotonic() < deadline:
        time.sleep(0.2)
        missing = NODES - set(node.get_node_names())
        missing |= SERVICES - {name for name, _ in node.get_service_names_and_types()}
    node.destroy_node()
    assert not missing

"""The WidowX's configuration: its workspace can be picked from, and its home is out of the camera's view."""

from __future__ import annotations

import itertools

import coal
import numpy as np
import pinocchio as pin
from scipy.spatial import ConvexHull

from grasp_execution.motion.interface import JointGoal, LineGoal, MotionRequest, PoseGoal
from grasp_perception.extrinsics import CameraMount
from grasp_perception.outcomes import OutcomeError


def test_the_whole_workspace_can_be_picked_from(planner, workcell, home, down):
    """Approach, descent, lift, transport to the bin and way home, on a grid with the workspace's corners."""
    low, high = np.array(workcell.workspace.min), np.array(workcell.workspace.max)
    heights = (workcell.clearance, 0.05)
    yaws = np.linspace(0.0, np.pi, 3, endpoint=False)
    places = list(itertools.product(np.linspace(low[0], high[0], 3), np.linspace(low[1], high[1], 3), heights, yaws))
    failed = []
    for x, y, z, yaw in places:
        start = home
        try:
            for goal in (
                PoseGoal(down(x, y, z + workcell.approach_distance, yaw), True),
                LineGoal(down(x, y, z, yaw), True),
                LineGoal(down(x, y, z + workcell.lift_height, yaw), True),
                PoseGoal(down(*workcell.bin.center, workcell.table_height + workcell.bin.drop_height, yaw), True),
                JointGoal(home),
            ):
                trajectory = planner.plan(MotionRequest(goal, start))
                start = dict(zip(trajectory.joint_names, trajectory.positions[-1]))
        except OutcomeError as error:
            failed.append(((x, y, z, yaw), str(error)))
    # In the far corners the tool tilts, and what is flat on the table there is out of reach.
    assert all(z == workcell.clearance and x == high[0] and abs(y) == high[1] for (x, y, z, _), _ in failed), failed
    assert len(failed) <= 6


def test_home_hides_nothing_of_the_workspace(planner, workcell, repository):
    camera = CameraMount.load(repository / "config/cameras/widowx.yaml")
    low, high = np.array(workcell.workspace.min), np.array(workcell.workspace.max)
    corners = np.array(list(itertools.product(*zip(low, high))))
    view = np.vstack([corners, camera.translation])
    points = coal.StdVec_Vec3s()
    points.extend(list(view[ConvexHull(view).vertices]))
    geometry = planner.robot.geometry.copy()
    geometry.removeAllCollisionPairs()
    count = len(geometry.geometryObjects)
    hull = coal.Convex.convexHull(points, False, "Qt")
    geometry.addGeometryObject(pin.GeometryObject("view", 0, pin.SE3.Identity(), hull))
    for i in range(count):
        geometry.addCollisionPair(pin.CollisionPair(i, count))
    data, distances = planner.robot.model.createData(), pin.GeometryData(geometry)
    pin.computeDistances(planner.robot.model, data, geometry, distances, planner.robot.home)
    assert min(result.min_distance for result in distances.distanceResults) > 0.05


def test_home_is_free_with_room_to_spare(planner):
    scene = planner.scene(MotionRequest(JointGoal({}), {}))
    with scene.keep_away(0.01):
        assert scene.is_free(planner.robot.home)

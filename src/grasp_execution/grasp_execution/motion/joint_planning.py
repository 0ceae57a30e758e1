"""Collision-free paths between joint positions: the straight one where it is free, else RRT-Connect."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou

from grasp_execution.motion.collision import STEP, CollisionScene
from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.outcomes import Outcome, OutcomeError

FloatArray = NDArray[np.float64]

ou.setLogLevel(ou.LogLevel.LOG_NONE)

CLEARANCE = 0.004
"""Distance kept from everything where start and goal keep it too, m: paths are checked at steps, the timed
motion rounds them a little, and an arm follows it only nearly."""
_RANGE = 0.8
"""Longest edge of the trees, rad (L2)."""
_CORNER = 0.25
"""Greatest distance from a corner at which its rounding begins, rad (L2)."""


def plan_path(
    robot: RobotModel,
    scene: CollisionScene,
    start: FloatArray,
    goals: Sequence[FloatArray],
    seed: int,
    deadline: float,
) -> FloatArray:
    """A path from the start to one of the goals.

    Args:
        robot: The arm.
        scene: What must not be touched; the start and the goals are free.
        start: (J,).
        goals: (J,) each, the best first.
        seed: Of OMPL's random numbers; the same request with the same seed gives the same path.
        deadline: On ``time.monotonic``.

    Returns:
        (N, J) waypoints, N >= 2, with rounded corners; straight lines between them are free.

    Raises:
        OutcomeError: NO_MOTION_PLAN.
    """
    with scene.keep_away(CLEARANCE):
        clear = [goal for goal in goals if scene.is_free(goal)]
        if clear and scene.is_free(start):
            half = time.monotonic() + (deadline - time.monotonic()) / 2
            try:
                return _path(robot, scene, start, clear, seed, half)
            except OutcomeError:
                pass  # there may be a way that comes nearer to something
    return _path(robot, scene, start, goals, seed, deadline)


def _path(
    robot: RobotModel,
    scene: CollisionScene,
    start: FloatArray,
    goals: Sequence[FloatArray],
    seed: int,
    deadline: float,
) -> FloatArray:
    for goal in goals:
        if scene.is_segment_free(start, goal):
            return np.stack([start, goal])
    return round_corners(scene, _rrt_connect(robot, scene, start, goals, seed, deadline))


def _rrt_connect(
    robot: RobotModel,
    scene: CollisionScene,
    start: FloatArray,
    goals: Sequence[FloatArray],
    seed: int,
    deadline: float,
) -> FloatArray:
    """RRT-Connect (Kuffner and LaValle 2000), then shortcuts."""
    joints = range(len(start))
    # Before anything draws: OMPL's generators take their seeds from this one, in order of construction.
    ou.RNG.setSeed(seed % (2**31) + 1)
    space = ob.RealVectorStateSpace(len(start))
    bounds = ob.RealVectorBounds(len(start))
    for i in joints:
        bounds.setLow(i, float(min(robot.lower[i], start[i])))
        bounds.setHigh(i, float(max(robot.upper[i], start[i])))
    space.setBounds(bounds)

    def is_valid(state: ob.State) -> bool:
        # Late states are refused, so that a search or a shortcut ends soon after the deadline.
        return time.monotonic() < deadline and scene.is_free(np.array([state[i] for i in joints]))

    information = ob.SpaceInformation(space)
    information.setStateValidityChecker(is_valid)
    information.setStateValidityCheckingResolution(STEP / space.getMaximumExtent())
    information.setup()

    def state(positions: FloatArray) -> ob.State:
        allocated = space.allocState()
        for i in joints:
            allocated[i] = float(positions[i])
        return allocated

    problem = ob.ProblemDefinition(information)
    problem.addStartState(state(start))
    targets = ob.GoalStates(information)
    for goal in goals:
        targets.addState(state(goal))
    problem.setGoal(targets)
    planner = og.RRTConnect(information)
    planner.setRange(_RANGE)
    planner.setProblemDefinition(problem)
    planner.setup()
    seconds = max(0.0, deadline - time.monotonic())
    planner.solve(seconds)
    if not problem.hasExactSolution():
        raise OutcomeError(
            Outcome.NO_MOTION_PLAN,
            f"no collision-free path to any of {len(goals)} goal configurations was found in {seconds:.1f} s; "
            "allow more time or clear the way",
        )
    path = problem.getSolutionPath()
    simplifier = og.PathSimplifier(information)
    simplifier.reduceVertices(path)
    simplifier.partialShortcutPath(path)
    simplifier.reduceVertices(path)
    return np.array([[waypoint[i] for i in joints] for waypoint in path.getStates()])


def round_corners(scene: CollisionScene, path: FloatArray) -> FloatArray:
    """Replace each corner by a parabola, as wide as is free: an arm need not stop at a curve.

    Args:
        scene: What must not be touched.
        path: (N, J) waypoints.

    Returns:
        (M, J) waypoints with the same ends.
    """
    if len(path) < 3:
        return path
    rounded = [path[0]]
    for before, corner, after in zip(path[:-2], path[1:-1], path[2:]):
        # Half of each side belongs to the corner at its other end.
        into, out = before - corner, after - corner
        lengths = float(np.linalg.norm(into)), float(np.linalg.norm(out))
        reach = min(_CORNER, lengths[0] / 2, lengths[1] / 2)
        while reach > STEP:
            enter, leave = corner + into * (reach / lengths[0]), corner + out * (reach / lengths[1])
            s = np.linspace(0.0, 1.0, 9)[:, None]
            curve = (1 - s) ** 2 * enter + 2 * s * (1 - s) * corner + s**2 * leave
            if all(scene.is_free(point) for point in curve):
                rounded.extend(curve)
                break
            reach /= 2
        else:
            rounded.append(corner)
    rounded.append(path[-1])
    return np.array(rounded)

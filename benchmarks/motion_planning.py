"""How long a motion takes to plan, and how much of the workspace can be picked from.

    . ./env.sh && python benchmarks/motion_planning.py [--arm widowx] [--picks 200] [--seed 0] [--json FILE]

Plans whole picks at random places of the workspace (approach, descent, lift, transport with the object in
the hand, way home), each motion as the executor asks for it, and random motions around a pillar. Prints
median, 90th percentile and greatest time of each part and motion, and the share of picks with every motion.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from grasp_execution.arm import ArmDescription
from grasp_execution.motion import embedded
from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_execution.motion.interface import Box, JointGoal, LineGoal, MotionRequest, PoseGoal, SceneObject
from grasp_execution.motion.kinematics import InverseKinematics
from grasp_execution.pick.goals import approach_pose, held_object, lift_pose, release_poses
from grasp_perception.files import write_json
from grasp_perception.outcomes import OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.workcell import WorkCell

REPOSITORY = Path(__file__).resolve().parent.parent
GREATEST_HEIGHT = 0.05
"""Of the finger tips above the table at closing, m."""
WIDTH = 0.02


class Stopwatch:
    """Milliseconds of each part."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = defaultdict(list)

    def timed(self, part: str, function):
        """The function, each of whose calls is timed."""

        def call(*args, **kwargs):
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.parts[part].append(1e3 * (time.perf_counter() - started))

        return call


def pick(plan, workcell: WorkCell, description: ArmDescription, pose: Transform) -> str | None:
    """Plan the motions of one pick; why it cannot be done, or None."""
    arm = description.arm
    grasp = Grasp(pose, WIDTH, 1.0, "benchmark")
    held = (held_object(grasp, description.gripper, workcell),)
    start: dict[str, float] = dict(arm.home)

    def move(leg: str, goal, scene=(), allow=()) -> None:
        nonlocal start
        try:
            trajectory = plan(leg, MotionRequest(goal, start, scene, allow))
        except OutcomeError as error:
            raise OutcomeError(error.outcome, f"{leg}: {error.message}") from error
        start = dict(zip(trajectory.joint_names, trajectory.positions[-1].tolist()))

    try:
        move("approach", PoseGoal(approach_pose(pose, workcell), True))
        move("descent", LineGoal(pose, True))
        move("lift", LineGoal(lift_pose(pose, workcell), True), held, ("table",))
        move("transport", PoseGoal(release_poses(pose, workcell)[0], True), held)
        move("home", JointGoal(dict(arm.home)))
    except OutcomeError as error:
        return f"{error.outcome.name} in {error.message}"
    return None


def around_pillar(plan, planner: EmbeddedMotionPlanner, rng: np.random.Generator, count: int) -> int:
    """Plan between random free configurations with a pillar among them; how many were found."""
    robot = planner.robot
    pillar = (SceneObject("pillar", Box((0.05, 0.05, 0.35)), Transform(np.eye(3), np.array([0.2, 0.0, 0.175]))),)
    scene = planner.scene(MotionRequest(JointGoal({}), {}, pillar))
    draws = (rng.uniform(robot.lower, robot.upper) for _ in itertools.count())
    free = filter(scene.is_free, draws)
    found = 0
    for _ in range(count):
        start, goal = (dict(zip(robot.joint_names, next(free))) for _ in range(2))
        try:
            plan("around a pillar", MotionRequest(JointGoal(goal), start, pillar))
            found += 1
        except OutcomeError:
            pass
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arm", default="widowx")
    parser.add_argument("--picks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    description = ArmDescription(REPOSITORY / f"config/arms/{options.arm}.yaml")
    workcell = WorkCell.load(REPOSITORY / f"config/workcells/{options.arm}.yaml")
    watch = Stopwatch()
    # The parts are timed where the planner calls them.
    InverseKinematics.solve = watch.timed("inverse kinematics, one solve", InverseKinematics.solve)
    for name, part in (
        ("goal_postures", "postures of a goal"),
        ("plan_path", "joint path"),
        ("follow_line", "straight line"),
        ("time_path", "timing"),
    ):
        setattr(embedded, name, watch.timed(part, getattr(embedded, name)))
    planner = EmbeddedMotionPlanner(description, workcell, options.seed)
    rng = np.random.default_rng(options.seed)

    def plan(leg: str, request: MotionRequest):
        return watch.timed("one motion", watch.timed(f"  {leg}", planner.plan))(request)

    low, high = np.array(workcell.workspace.min), np.array(workcell.workspace.max)
    low[2] = workcell.table_height + workcell.clearance
    high[2] = min(high[2], workcell.table_height + GREATEST_HEIGHT)
    failures: Counter[str] = Counter()
    for _ in range(options.picks):
        down = Transform.from_rpy((np.pi, 0.0, rng.uniform(0.0, np.pi)), rng.uniform(low, high))
        reason = pick(plan, workcell, description, down)
        if reason is not None:
            failures[reason] += 1
    found = around_pillar(plan, planner, rng, options.picks // 2)

    rows = {
        part: {"count": len(ms), "median": np.median(ms), "p90": np.percentile(ms, 90), "max": max(ms)}
        for part, ms in watch.parts.items()
    }
    print(f"{'ms':34}{'count':>7}{'median':>9}{'p90':>9}{'max':>9}")
    for part, row in rows.items():
        print(f"{part:34}{row['count']:7d}{row['median']:9.2f}{row['p90']:9.2f}{row['max']:9.2f}")
    share = 1 - sum(failures.values()) / options.picks
    print(
        f"picks with every motion: {share:.1%} of {options.picks}; around the pillar: {found} of {options.picks // 2}"
    )
    for reason, count in failures.most_common(5):
        print(f"  {count} x {reason}")
    if options.json:
        write_json(options.json, {"milliseconds": rows, "picks": share, "seed": options.seed})


if __name__ == "__main__":
    main()

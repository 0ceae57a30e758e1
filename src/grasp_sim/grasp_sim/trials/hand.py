"""A gripper without an arm, carried through space by three sliding joints.

The carriage's axes are those of the tool at the grasp, so one body serves every grasp: its base is
put at the grasp pose, and the joints are the displacement from there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.joints import JointGroup
from grasp_sim.physics.sources import Source
from grasp_sim.physics.surfaces import ARM, Surface
from grasp_sim.physics.urdf import ORIGIN, Joint, Link, Robot, Shape
from grasp_sim.physics.world import World
from grasp_sim.trials.settings import TrialSettings

NAME = "floating_gripper"
AXES = ("carriage_x", "carriage_y", "carriage_z")
FINGERS = ("finger_1", "finger_2")
FINGER_LINKS = ("finger_1_link", "finger_2_link")
PALM = "palm"
CARRIAGE_MASS = 0.3
CARRIAGE_FORCE = 400.0
"""N; more than any object weighs or resists."""
REACH = 2.0
"""m the carriage travels either way."""
SPEED_LIMIT = 2.0
COUPLING_FORCE = 100.0
"""N; of the rack between the fingers, well above any grip so that it centres the gap."""
CORRECTION_TIME = 0.03
"""s; in which the carriage's motors take back an error, whatever the time step."""
TICK = 4.0 / 240.0
"""s between two looks at the fingers."""
STILL = 0.004
"""m/s of a finger; slower is standing still."""
COLOR = (0.45, 0.47, 0.52)


def gripper_robot(gripper: Gripper, finger_mass: float) -> Robot:
    """The carriage, the palm and the fingers, with the tool frame at the root."""
    bead = (Shape("sphere", (0.005,), collides=False, visible=False),)
    width, depth, height = gripper.palm_size
    size = (gripper.finger_thickness, gripper.finger_width, gripper.finger_length)
    middle = gripper.finger_length / 2
    palm = Shape("box", (width, depth, height), (0.0, 0.0, -gripper.finger_length - height / 2), color=COLOR)
    links = [Link("grasp", 1.0, bead)]
    joints = []
    for axis, name in enumerate(AXES):
        child = PALM if axis == 2 else f"{name}_slide"
        direction = (float(axis == 0), float(axis == 1), float(axis == 2))
        links.append(Link(child, CARRIAGE_MASS, (palm,) if axis == 2 else bead))
        limits = (-REACH, REACH, SPEED_LIMIT, CARRIAGE_FORCE)
        joints.append(Joint(name, "prismatic", links[-2].name, child, ORIGIN, ORIGIN, direction, *limits))
    for name, link, side in zip(FINGERS, FINGER_LINKS, (-1.0, 1.0)):
        finger = Shape("box", size, (side * size[0] / 2, 0.0, -middle), color=COLOR)
        links.append(Link(link, finger_mass, (finger,)))
        low, high = gripper.min_opening / 2, gripper.max_opening / 2
        axis_x, speed, force = (side, 0.0, 0.0), gripper.max_speed / 2, gripper.max_force
        joints.append(Joint(name, "prismatic", PALM, link, ORIGIN, ORIGIN, axis_x, low, high, speed, force))
    return Robot(NAME, tuple(links), tuple(joints))


class Hand:
    """The floating gripper in a world.

    Attributes:
        body: All of it.
        gripper: Its geometry, force and speed.
    """

    def __init__(self, world: World, gripper: Gripper, settings: TrialSettings) -> None:
        """Appear far above everything, open."""
        self.gripper = gripper
        self._world = world
        self._settings = settings
        self._steps = max(1, round(TICK / world.time_step))
        self._gain = min(1.0, world.time_step / CORRECTION_TIME)
        park = Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 5.0]))
        source = Source.from_robot(gripper_robot(gripper, settings.finger_mass))
        self.body = world.add(NAME, source, park, fixed=True)
        self.body.set_surface(ARM)
        self.body.set_surface(Surface(settings.finger_friction, settings.spinning_friction), FINGER_LINKS)
        fingers = [self.body.joints[name] for name in FINGERS]
        self.body.couple(*fingers, force=COUPLING_FORCE)
        self._slides = JointGroup([self.body.joints[name] for name in AXES])
        self._fingers = JointGroup(fingers)
        self._at: NDArray[np.float64] = np.zeros(3)
        self._rotation = np.eye(3)

    def place(self, grasp: Transform, width: float) -> None:
        """Appear at a grasp (world_from_tool) with the fingers `width` apart, at rest."""
        self.body.pose = grasp
        self._rotation = grasp.rotation
        self._fingers.reset([width / 2] * 2)
        self._fingers.drive([width / 2] * 2, [0.0] * 2, efforts=[self.gripper.max_force] * 2, gain=self._gain)
        self.put([0.0, 0.0, 0.0])

    def put(self, offset: list[float]) -> None:
        """Be at an offset from the grasp at once, m along the tool's axes."""
        self._slides.reset(offset)
        self._at = np.array(offset)
        self._drive(offset, [0.0] * 3)

    def advance(self, offset: list[float], duration: float) -> Iterator[None]:
        """Move straight to an offset from the grasp, starting and ending gently (minimum jerk).

        Args:
            offset: (3,) along the tool's axes, m.
            duration: s

        Yields:
            After each tick.
        """
        begin, way = self._at, np.array(offset) - self._at
        time_step = self._world.time_step
        progress, rate = _minimum_jerk(max(1, round(duration / TICK)) * self._steps)
        positions = (begin + progress[:, None] * way).tolist()
        velocities = (rate[:, None] * way / time_step).tolist()
        self._at = np.array(offset)
        # A command for every step: coarser ones jerk, and what is held slips by as much as steps are short.
        for index, (position, velocity) in enumerate(zip(positions, velocities), start=1):
            self._drive(position, velocity)
            self._world.step()
            if index % self._steps == 0:
                yield
        self._drive(offset, [0.0] * 3)

    def rest(self, duration: float) -> Iterator[None]:
        """Stay; yields after each tick."""
        for _ in range(max(1, round(duration / TICK))):
            self._world.step(self._steps)
            yield

    def miss(self) -> float:
        """Distance from where it should be, m."""
        return float(np.linalg.norm([state[0] - goal for state, goal in zip(self._slides.states(), self._at)]))

    def close(self, timeout: float = 1.5) -> None:
        """Close with the gripper's speed and force until the fingers stand still, and keep pressing."""
        self._fingers.push(-self.gripper.max_speed / 2, effort=self.gripper.max_force)
        still = 0
        for _ in self.rest(timeout):
            slow = max(abs(velocity) for _, velocity in self._fingers.states()) < STILL
            still = still + 1 if slow else 0
            if still == 2:
                return

    def open(self) -> None:
        """Let the fingers go apart, as far as they can."""
        self._fingers.push(self.gripper.max_speed / 2, effort=self.gripper.max_force)

    def holds(self, body: Body) -> bool:
        """Whether both fingers press on a body."""
        return self.body.touching_links(body).issuperset(FINGER_LINKS)

    def presses(self, body: Body) -> float:
        """Greatest force on a body, N, but for those along the closing axis, which push aside or grip."""
        return self.body.press_on(body, self._rotation[:, 0])

    def to_tool(self, vector: NDArray[np.float64]) -> list[float]:
        """(3,) a world vector along the tool's axes."""
        return (self._rotation.T @ vector).tolist()

    def _drive(self, position: list[float], velocity: list[float]) -> None:
        self._slides.drive(position, velocity, efforts=[CARRIAGE_FORCE] * 3, gain=self._gain)


@functools.cache
def _minimum_jerk(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(steps,) progress in [0, 1] at the beginning of each step, and the progress made in it."""
    s = np.arange(steps + 1) / steps
    progress = s**3 * (10 - 15 * s + 6 * s**2)
    return progress[:-1], np.diff(progress)

"""A gripper without an arm, carried through space by three sliding joints.

The carriage's axes are those of the tool at the grasp, so one URDF serves every grasp: its base is
put at the grasp pose, and the joints are the displacement from there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.cell.gripper import SimulatedGripper
from grasp_sim.physics.sources import Source
from grasp_sim.physics.surfaces import ARM, FINGER
from grasp_sim.physics.urdf import ORIGIN, Joint, Link, Robot, Shape
from grasp_sim.physics.world import World

NAME = "floating_gripper"
AXES = ("carriage_x", "carriage_y", "carriage_z")
FINGERS = ("finger_1", "finger_2")
PALM = "palm"
FINGER_MASS = 0.06
CARRIAGE_MASS = 0.3
CARRIAGE_FORCE = 200.0
"""N: what an arm pushes with before something gives."""
REACH = 2.0
"""m the carriage travels either way."""
SPEED_LIMIT = 1.0
COLOR = (0.45, 0.47, 0.52)


def gripper_robot(gripper: Gripper) -> Robot:
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
    for name, side in zip(FINGERS, (-1.0, 1.0)):
        finger = Shape("box", size, (side * size[0] / 2, 0.0, -middle), color=COLOR)
        links.append(Link(f"{name}_link", FINGER_MASS, (finger,)))
        low, high = gripper.min_opening / 2, gripper.max_opening / 2
        axis_x, speed, force = (side, 0.0, 0.0), gripper.max_speed / 2, gripper.max_force
        link = f"{name}_link"
        joints.append(Joint(name, "prismatic", PALM, link, ORIGIN, ORIGIN, axis_x, low, high, speed, force))
    return Robot(NAME, tuple(links), tuple(joints))


class FloatingGripper:
    """The gripper in a world, at an offset from a grasp.

    Attributes:
        fingers: Closes and opens them.
    """

    def __init__(self, world: World, gripper: Gripper, grasp: Transform, start: ArrayLike, gap: float) -> None:
        """Appear beside a grasp.

        Args:
            world: Where.
            gripper: Its geometry.
            grasp: base_from_tool.
            start: (3,) displacement from the grasp, base frame, m.
            gap: Opening of the fingers, m.
        """
        self._world = world
        self._rotation = grasp.rotation
        self.body = world.add(NAME, Source.from_robot(gripper_robot(gripper)), grasp, fixed=True)
        self.body.set_surface(ARM)
        links = [f"{name}_link" for name in FINGERS]
        self.body.set_surface(FINGER, links)
        self._slides = [self.body.joints[name] for name in AXES]
        for slide, position in zip(self._slides, self._to_tool(start)):
            slide.reset(float(position))
        self._target = np.array(start, dtype=np.float64)
        self._drive(np.zeros(3))
        self.fingers = SimulatedGripper(world, self.body, gripper, FINGERS, links)
        self.fingers.reset(gap)

    @property
    def offset(self) -> NDArray[np.float64]:
        """(3,) displacement from the grasp, base frame, m."""
        return self._rotation @ np.array([slide.position for slide in self._slides])

    def move(self, offset: ArrayLike, speed: float) -> Iterator[None]:
        """Move straight to a displacement from the grasp, starting and ending gently (minimum jerk).

        Args:
            offset: (3,) displacement from the grasp, base frame, m.
            speed: Greatest speed on the way, m/s.

        Yields:
            Once before each step of the world that the motion takes.
        """
        begin = self._target.copy()
        way = np.asarray(offset, dtype=np.float64) - begin
        duration = 1.875 * float(np.linalg.norm(way)) / speed  # a minimum-jerk motion's peak is 15/8 of its mean
        steps = int(np.ceil(duration / self._world.time_step))
        for index in range(1, steps + 1):
            s = index / steps
            self._target = begin + way * s**3 * (10 - 15 * s + 6 * s**2)
            self._drive(way * 30 * s**2 * (1 - s) ** 2 / (steps * self._world.time_step))
            yield

    def press(self) -> float:
        """Greatest force with which anything but the fingers' inner faces is touched, N.

        Forces along the closing axis are a grip's, and are not counted.
        """
        closing = self._rotation[:, 0]
        forces = [c.force for c in self._world.contacts(self.body) if abs(float(c.normal @ closing)) < 0.7]
        return max(forces, default=0.0)

    def _drive(self, velocity: NDArray[np.float64]) -> None:
        for slide, position, rate in zip(self._slides, self._to_tool(self._target), self._to_tool(velocity)):
            slide.drive(float(position), float(rate), gain=0.3)

    def _to_tool(self, vector: ArrayLike) -> NDArray[np.float64]:
        return self._rotation.T @ np.asarray(vector, dtype=np.float64)

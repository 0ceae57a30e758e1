"""Thin wrappers over pyBullet's integer handles: bodies and their contacts.

A pose of a body is the pose of its root link's own frame (the URDF's), not of its centre of mass,
which is what pyBullet answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pybullet
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.physics.joints import Joint
from grasp_sim.physics.sources import BASE, Configuration, Source
from grasp_sim.physics.surfaces import MESH_MARGIN, Surface

SIDEWAYS = float(np.cos(np.pi / 4))
"""Cosine of the angle at which a contact begins to be one from the side."""


@dataclass(frozen=True, slots=True, eq=False)
class Contact:
    """A point at which two bodies touch."""

    link: str
    """Link of the body asked for."""
    other: Body
    other_link: str
    position: NDArray[np.float64]
    """(3,) on the body asked for, world frame."""
    normal: NDArray[np.float64]
    """(3,) unit, from the other body to the one asked for."""
    distance: float
    """Metres; negative where they penetrate."""
    force: float
    """Along the normal, N."""


class Body:
    """A rigid body or a chain of them.

    Attributes:
        name: Unique in its world by the maker's care.
        source: What it was made from.
        joints: Its moving joints by name, in the URDF's order.
        links: Names of its links, the root first.
    """

    def __init__(
        self, name: str, source: Source, client: int, pose: Transform, *, fixed: bool, sleeps: bool = True
    ) -> None:
        self.name = name
        self.source = source
        self.fixed = fixed
        self._client = client
        self._uid = source.load(client, pose, fixed=fixed, sleeps=sleeps and not fixed)
        dynamics = pybullet.getDynamicsInfo(self._uid, BASE, physicsClientId=client)
        self.mass: float = dynamics[0]
        self._link_from_inertial = Transform.from_quaternion(dynamics[4], dynamics[3])
        self._inertial_from_link = self._link_from_inertial.inverse()
        self.links: list[str] = [pybullet.getBodyInfo(self._uid, physicsClientId=client)[0].decode()]
        self.joints: dict[str, Joint] = {}
        for index in range(pybullet.getNumJoints(self._uid, physicsClientId=client)):
            info = pybullet.getJointInfo(self._uid, index, physicsClientId=client)
            self.links.append(info[12].decode())
            if info[2] != pybullet.JOINT_FIXED:
                joint = Joint(client, self._uid, index)
                self.joints[joint.name] = joint
        if source.has_mesh:
            pybullet.changeDynamics(self._uid, BASE, collisionMargin=MESH_MARGIN, physicsClientId=client)
        # Bullet damps every motion by 4 % a second by default; nothing real does.
        pybullet.changeDynamics(self._uid, BASE, linearDamping=0.0, angularDamping=0.0, physicsClientId=client)

    @property
    def pose(self) -> Transform:
        """world_from_body."""
        position, quaternion = pybullet.getBasePositionAndOrientation(self._uid, physicsClientId=self._client)
        return Transform.from_quaternion(quaternion, position) @ self._inertial_from_link

    @pose.setter
    def pose(self, pose: Transform) -> None:
        inertial = pose @ self._link_from_inertial
        pybullet.resetBasePositionAndOrientation(
            self._uid, inertial.translation, inertial.quaternion(), physicsClientId=self._client
        )

    def banish(self, height: float) -> None:
        """Move it high up, m, out of everything's reach."""
        pybullet.resetBasePositionAndOrientation(
            self._uid, (0.0, 0.0, height), (0.0, 0.0, 0.0, 1.0), physicsClientId=self._client
        )

    @property
    def configuration(self) -> Configuration:
        """Where every part is."""
        position, quaternion = pybullet.getBasePositionAndOrientation(self._uid, physicsClientId=self._client)
        count = len(self.links) - 1
        states = pybullet.getJointStates(self._uid, range(count), physicsClientId=self._client) if count else ()
        return Configuration(position, quaternion, tuple(state[0] for state in states))

    @property
    def center_of_mass(self) -> NDArray[np.float64]:
        """(3,) of the root link, world frame."""
        return np.array(pybullet.getBasePositionAndOrientation(self._uid, physicsClientId=self._client)[0])

    @property
    def twist(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Velocity (3,) of the centre of mass, m/s, and angular velocity (3,), rad/s, world frame."""
        linear, angular = pybullet.getBaseVelocity(self._uid, physicsClientId=self._client)
        return np.array(linear), np.array(angular)

    def stop(self) -> None:
        """Set the velocity to zero."""
        pybullet.resetBaseVelocity(self._uid, [0.0] * 3, [0.0] * 3, physicsClientId=self._client)

    def link_poses(self) -> dict[str, Transform]:
        """world_from_link of every link, at the present joint positions."""
        states = pybullet.getLinkStates(
            self._uid, range(len(self.links) - 1), computeForwardKinematics=1, physicsClientId=self._client
        )
        poses = {self.links[0]: self.pose}
        for name, state in zip(self.links[1:], states):
            poses[name] = Transform.from_quaternion(state[5], state[4])
        return poses

    def joint_states(self, joints: Iterable[Joint]) -> NDArray[np.float64]:
        """(J, 3) position, velocity and applied effort."""
        states = pybullet.getJointStates(self._uid, [j.index for j in joints], physicsClientId=self._client)
        return np.array([(s[0], s[1], s[3]) for s in states]).reshape(-1, 3)

    def set_surface(self, surface: Surface, links: Sequence[str] | None = None) -> None:
        """Give links (all if None) a surface."""
        for name in self.links if links is None else links:
            pybullet.changeDynamics(
                self._uid,
                self._link_index(name),
                lateralFriction=surface.lateral_friction,
                spinningFriction=surface.spinning_friction,
                rollingFriction=surface.rolling_friction,
                physicsClientId=self._client,
            )

    def couple(self, first: Joint, second: Joint, *, force: float) -> None:
        """Let two joints of this body move equally, as a rack and pinion does."""
        gear = pybullet.createConstraint(
            self._uid,
            first.index,
            self._uid,
            second.index,
            pybullet.JOINT_GEAR,
            [1, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
            physicsClientId=self._client,
        )
        pybullet.changeConstraint(gear, gearRatio=-1, erp=0.3, maxForce=force, physicsClientId=self._client)

    def contacts(self, bodies: Iterable[Body], other: Body | None) -> list[Contact]:
        """Contacts with another body, or with any of `bodies`; see `World.contacts`."""
        query = {} if other is None else {"bodyB": other._uid}
        points = pybullet.getContactPoints(bodyA=self._uid, physicsClientId=self._client, **query) or ()
        by_uid = {body._uid: body for body in bodies}
        return [
            Contact(
                self.links[point[3] + 1],
                by_uid[point[2]],
                by_uid[point[2]].links[point[4] + 1],
                np.array(point[5]),
                np.array(point[7]),
                point[8],
                point[9],
            )
            for point in points
            if point[2] != self._uid
        ]

    def touching_links(self, other: Body) -> set[str]:
        """Names of its links that touch another body, by the last step."""
        points = pybullet.getContactPoints(self._uid, other._uid, physicsClientId=self._client) or ()
        return {self.links[point[3] + 1] for point in points if point[9] > 0.0}

    def overlaps(self, other: Body) -> bool:
        """Whether the two penetrate each other at their present poses, wherever a step would take them.

        To be asked after `World.update_contacts`.
        """
        points = pybullet.getContactPoints(self._uid, other._uid, physicsClientId=self._client) or ()
        return any(point[8] < 0.0 for point in points)

    def press_on(self, other: Body, axis: NDArray[np.float64]) -> float:
        """Greatest force, N, of the contacts with another body whose normals are over 45 degrees from an axis (3,)."""
        points = pybullet.getContactPoints(self._uid, other._uid, physicsClientId=self._client) or ()
        x, y, z = axis.tolist()
        return max((p[9] for p in points if abs(x * p[7][0] + y * p[7][1] + z * p[7][2]) < SIDEWAYS), default=0.0)

    def remove(self) -> None:
        """Take it out of its world; `World.remove` calls this."""
        pybullet.removeBody(self._uid, physicsClientId=self._client)

    def _link_index(self, name: str) -> int:
        try:
            return self.links.index(name) - 1
        except ValueError:
            raise KeyError(f"{self.name} has no link '{name}'; it has {', '.join(self.links)}") from None

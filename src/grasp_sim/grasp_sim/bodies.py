"""Thin wrappers over pyBullet's integer handles: bodies, joints, contacts.

A pose of a body is the pose of its root link's own frame (the URDF's), not of its centre of mass,
which is what pyBullet answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pybullet
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.surfaces import MESH_MARGIN, Surface
from grasp_sim.urdf import Robot, to_xml

BASE = -1  # pyBullet's index of a root link


class SourceError(RuntimeError):
    """pyBullet cannot load a body."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a body comes from: a URDF, as a file or as text. The same source makes the same body again."""

    path: Path | None = None
    text: str = ""
    texture: Path | None = None
    """Image laid over every shape of the root link."""

    @property
    def has_mesh(self) -> bool:
        """Whether the URDF text has a mesh; primitives keep their size by themselves."""
        return "<mesh" in self.text

    @classmethod
    def from_robot(cls, robot: Robot, texture: Path | None = None) -> Source:
        """From a description in Python."""
        return cls(text=to_xml(robot), texture=texture)

    def load(self, client: int, pose: Transform, *, fixed: bool) -> int:
        """Load into a pyBullet client; returns pyBullet's handle.

        Raises:
            SourceError: pyBullet cannot load it.
        """
        if self.path is not None:
            return self._load(client, self.path, pose, fixed)
        with tempfile.NamedTemporaryFile("w", suffix=".urdf") as file:  # pyBullet reads files only
            file.write(self.text)
            file.flush()
            return self._load(client, Path(file.name), pose, fixed)

    def _load(self, client: int, path: Path, pose: Transform, fixed: bool) -> int:
        if not path.is_file():
            raise SourceError(f"there is no URDF at {path}")
        flags = pybullet.URDF_USE_INERTIA_FROM_FILE
        if not fixed:  # what lies still costs nothing until something touches it; arms must not doze off
            flags |= pybullet.URDF_ENABLE_SLEEPING
        try:
            uid: int = pybullet.loadURDF(
                str(path),
                basePosition=pose.translation,
                baseOrientation=pose.quaternion(),
                useFixedBase=fixed,
                flags=flags,
                physicsClientId=client,
            )
        except pybullet.error as error:
            name = self.path or "a generated URDF"
            raise SourceError(f"pyBullet cannot load {name}: {error}; it prints the reason on stderr") from error
        return uid


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where every part of a body is, exactly; only copies of the same source understand it."""

    _position: tuple[float, ...]
    _quaternion: tuple[float, ...]
    _joints: tuple[float, ...]


class Copy:
    """A body's double in another pyBullet client, to be looked at."""

    def __init__(self, source: Source, client: int) -> None:
        self._client = client
        self._uid = source.load(client, Transform.identity(), fixed=True)
        self._last: Configuration | None = None
        if source.texture is not None:
            texture = pybullet.loadTexture(str(source.texture), physicsClientId=client)
            pybullet.changeVisualShape(self._uid, BASE, textureUniqueId=texture, physicsClientId=client)

    def follow(self, configuration: Configuration) -> None:
        """Take the place of the original."""
        if configuration == self._last:
            return
        self._last = configuration
        pybullet.resetBasePositionAndOrientation(
            self._uid, configuration._position, configuration._quaternion, physicsClientId=self._client
        )
        for index, position in enumerate(configuration._joints):
            pybullet.resetJointState(self._uid, index, position, physicsClientId=self._client)

    def remove(self) -> None:
        """Take it out of the client."""
        pybullet.removeBody(self._uid, physicsClientId=self._client)


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


class Joint:
    """A moving joint of a body.

    Attributes:
        name: As in the URDF.
        lower, upper: Limits, rad or m.
        effort: Greatest motor effort, Nm or N.
        velocity_limit: rad/s or m/s.
    """

    def __init__(self, client: int, uid: int, index: int) -> None:
        info = pybullet.getJointInfo(uid, index, physicsClientId=client)
        self.name: str = info[1].decode()
        self.lower: float = info[8]
        self.upper: float = info[9]
        self.effort: float = info[10]
        self.velocity_limit: float = info[11]
        self.index = index
        self._client = client
        self._uid = uid

    @property
    def position(self) -> float:
        """Rad or m."""
        return float(pybullet.getJointState(self._uid, self.index, physicsClientId=self._client)[0])

    @property
    def velocity(self) -> float:
        """rad/s or m/s."""
        return float(pybullet.getJointState(self._uid, self.index, physicsClientId=self._client)[1])

    @property
    def applied_effort(self) -> float:
        """What the motor gave in the last step, Nm or N."""
        return float(pybullet.getJointState(self._uid, self.index, physicsClientId=self._client)[3])

    def reset(self, position: float, velocity: float = 0.0) -> None:
        """Put the joint at a position, whatever is in its way."""
        pybullet.resetJointState(self._uid, self.index, position, velocity, physicsClientId=self._client)

    def drive(
        self,
        position: float,
        velocity: float = 0.0,
        *,
        effort: float | None = None,
        speed: float | None = None,
        gain: float = 0.1,
    ) -> None:
        """Drive the joint towards a position until told otherwise.

        The motor is a constraint on the velocity, solved together with gravity and the contacts:
        ``velocity + gain * error / time_step``, so it needs no gravity compensation and has no error
        at rest as long as `effort` suffices.

        Args:
            position: Target, rad or m.
            velocity: Velocity of the target, rad/s or m/s.
            effort: Limit of the effort; the joint's own if None.
            speed: Limit of the speed; the joint's own if None.
            gain: Share of the error to be removed in one step.
        """
        pybullet.setJointMotorControl2(
            self._uid,
            self.index,
            pybullet.POSITION_CONTROL,
            targetPosition=position,
            targetVelocity=velocity,
            positionGain=gain,
            velocityGain=1.0,
            force=self.effort if effort is None else effort,
            maxVelocity=self.velocity_limit if speed is None else speed,
            physicsClientId=self._client,
        )


class Body:
    """A rigid body or a chain of them.

    Attributes:
        name: Unique in its world by the maker's care.
        source: What it was made from.
        joints: Its moving joints by name, in the URDF's order.
        links: Names of its links, the root first.
    """

    def __init__(self, name: str, source: Source, client: int, pose: Transform, *, fixed: bool) -> None:
        self.name = name
        self.source = source
        self.fixed = fixed
        self._client = client
        self._uid = source.load(client, pose, fixed=fixed)
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

    def distance_to(self, other: Body, limit: float) -> float:
        """Least distance to another body, metres; negative in penetration, inf beyond `limit`."""
        points = pybullet.getClosestPoints(self._uid, other._uid, limit, physicsClientId=self._client)
        return min((point[8] for point in points or ()), default=np.inf)

    def remove(self) -> None:
        """Take it out of its world; `World.remove` calls this."""
        pybullet.removeBody(self._uid, physicsClientId=self._client)

    def _link_index(self, name: str) -> int:
        try:
            return self.links.index(name) - 1
        except ValueError:
            raise KeyError(f"{self.name} has no link '{name}'; it has {', '.join(self.links)}") from None

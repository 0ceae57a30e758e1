"""Where bodies come from, and copies of them in other pyBullet clients."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pybullet

from grasp_perception.transform import Transform
from grasp_sim.physics.urdf import Robot, to_xml

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

    def load(self, client: int, pose: Transform, *, fixed: bool, sleeps: bool = False) -> int:
        """Load into a pyBullet client; returns pyBullet's handle.

        Args:
            client: PyBullet's.
            pose: world_from_body.
            fixed: Whether its root stays where it is.
            sleeps: Whether the physics may forget about it while it lies still.

        Raises:
            SourceError: pyBullet cannot load it.
        """
        if self.path is not None:
            return self._load(client, self.path, pose, fixed, sleeps)
        with tempfile.NamedTemporaryFile("w", suffix=".urdf") as file:  # pyBullet reads files only
            file.write(self.text)
            file.flush()
            return self._load(client, Path(file.name), pose, fixed, sleeps)

    def _load(self, client: int, path: Path, pose: Transform, fixed: bool, sleeps: bool) -> int:
        if not path.is_file():
            raise SourceError(f"there is no URDF at {path}")
        flags = pybullet.URDF_USE_INERTIA_FROM_FILE
        if sleeps:  # what lies still costs nothing until something touches it
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

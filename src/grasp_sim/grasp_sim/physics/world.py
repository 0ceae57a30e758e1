"""A pyBullet world: one physics client, its clock, its bodies, contacts and snapshots.

Any number of worlds live side by side in one process. No handle of pyBullet's leaves this module
and `bodies`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pybullet

from grasp_perception.memory import reuse_large_buffers
from grasp_perception.transform import Transform
from grasp_sim.closable import Closable
from grasp_sim.physics.bodies import Body, Contact
from grasp_sim.physics.silence import silenced
from grasp_sim.physics.sources import Source

GRAVITY = 9.81
TIME_STEP = 1.0 / 240.0
SOLVER_ITERATIONS = 200
"""Fewer do for boxes of 50 g, but a cube of 20 g pressed with 10 N sinks 2 mm into the fingers at 50
(0.02 mm at 200) and a 12 mm cube is lost. Bullet stops early where the residual allows, so only held
objects pay: half as much again as 100 would cost."""
RESIDUAL = 1e-7
"""Bullet's own."""
APART = 1000.0
"""m; farther from each other than any two bodies reach."""


class WorldClosed(RuntimeError):
    """The world was used after `close`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of a world to come back to; valid until a body is added or removed."""

    _state: int
    _bodies: int
    _time: float


class World(Closable):
    """Rigid bodies under gravity, stepped by hand.

    Attributes:
        time: Simulated seconds since the world was made.
        time_step: Seconds of a step.
        bodies: What is in it, in the order of adding.
    """

    def __init__(
        self,
        *,
        time_step: float = TIME_STEP,
        iterations: int = SOLVER_ITERATIONS,
        residual: float = RESIDUAL,
        sleeping: bool = True,
    ) -> None:
        """An empty world.

        Args:
            time_step: Seconds of a step.
            iterations: Of the contact solver, in a step.
            residual: At which the solver stops before it has made all iterations.
            sleeping: Whether bodies that lie still are left out of the steps. A snapshot does not hold how
                sleepy a body was, so worlds that are restored and must repeat themselves do without.
        """
        if not 0.0 < time_step <= 0.01:
            raise ValueError(f"time_step must lie in (0, 0.01] s for contacts to hold, got {time_step}")
        reuse_large_buffers()
        with silenced():
            client = pybullet.connect(pybullet.DIRECT)
        if client < 0:
            raise RuntimeError("pyBullet has no room for another world in this process: close some")
        self._client: int | None = client
        self.time_step = time_step
        self.time = 0.0
        self.bodies: list[Body] = []
        self._changes = 0
        self._sleeping = sleeping
        # Bullet's usual broad phase remembers: which pairs it still holds depends on how bodies once moved.
        pybullet.resetSimulation(pybullet.RESET_USE_SIMPLE_BROADPHASE, physicsClientId=client)
        pybullet.setGravity(0.0, 0.0, -GRAVITY, physicsClientId=client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=time_step,
            numSolverIterations=iterations,
            solverResidualThreshold=residual,
            enableConeFriction=1,
            deterministicOverlappingPairs=1,
            physicsClientId=client,
        )

    @property
    def client(self) -> int:
        """PyBullet's client, for `bodies` and this module only."""
        if self._client is None:
            raise WorldClosed("this world is closed")
        return self._client

    @property
    def changes(self) -> int:
        """Counts additions and removals of bodies; a mirror of the world compares it."""
        return self._changes

    def add(self, name: str, source: Source, pose: Transform | None = None, *, fixed: bool = False) -> Body:
        """Add a body at a pose (world_from_body).

        Raises:
            SourceError: pyBullet cannot load it.
        """
        body = Body(name, source, self.client, pose or Transform.identity(), fixed=fixed, sleeps=self._sleeping)
        self.bodies.append(body)
        self._changes += 1
        return body

    def remove(self, body: Body) -> None:
        """Take a body out; the object must not be used afterwards."""
        self.bodies.remove(body)
        body.remove()
        self._changes += 1

    def step(self, count: int = 1) -> None:
        """Advance by `count` time steps."""
        client = self.client
        for _ in range(count):
            pybullet.stepSimulation(physicsClientId=client)
        self.time += count * self.time_step

    def update_contacts(self) -> None:
        """Find contacts at the present poses without stepping, after bodies were moved by hand."""
        pybullet.performCollisionDetection(physicsClientId=self.client)

    def contacts(self, body: Body, other: Body | None = None) -> list[Contact]:
        """Contacts of a body (with another) found in the last step; nothing is said of its own links."""
        return body.contacts(self.bodies, other)

    def save(self) -> Snapshot:
        """Remember positions, velocities and contacts, bit for bit."""
        return Snapshot(pybullet.saveState(physicsClientId=self.client), self._changes, self.time)

    def restore(self, snapshot: Snapshot) -> None:
        """Return to a remembered state; what follows is the same, bit for bit, whatever happened since.

        Raises:
            ValueError: Bodies were added or removed since.
        """
        if snapshot._bodies != self._changes:
            raise ValueError("bodies were added or removed since this snapshot was taken: it cannot be restored")
        # Bullet restores contacts only where it finds them anew; those it still holds carry their past on.
        for index, body in enumerate(self.bodies, start=1):
            body.banish(index * APART)
        self.update_contacts()
        pybullet.restoreState(snapshot._state, physicsClientId=self.client)
        self.time = snapshot._time

    def forget(self, snapshot: Snapshot) -> None:
        """Free the memory of a snapshot."""
        pybullet.removeState(snapshot._state, physicsClientId=self.client)

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        if self._client is not None:
            with silenced():
                pybullet.disconnect(physicsClientId=self._client)
            self._client = None
            self.bodies.clear()

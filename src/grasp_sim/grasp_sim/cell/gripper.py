"""A simulated parallel-jaw gripper: two fingers that move as one, with limited force and speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grasp_planning.gripper import Gripper
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.world import World

GAIN = 0.1
COUPLING_FORCE = 100.0
"""N; of the rack between the fingers, well above any grip so that it centres the gap."""
REST_TRAVEL = 0.0002
"""m; a gap that changes by less within `REST_TIME` stands still. A held object may tremble at any speed."""
REST_TIME = 0.1
"""s; how long the gap must stand still before it counts as stopped, longer than a start takes."""
ARRIVED = 0.001
"""m; a gap this close to the commanded one has been reached."""


class SimulatedGripper:
    """The fingers of a body, commanded by the gap between them.

    They are coupled as by a rack and pinion, so they close about the middle, and driven at the
    gripper's speed with at most the commanded force. On an object they stall: the gap stays above
    the commanded one and `effort` at the force.
    """

    def __init__(self, world: World, body: Body, gripper: Gripper, joints: Sequence[str], links: Sequence[str]) -> None:
        """Take over the fingers of `body`, and open them."""
        if len(joints) != 2 or len(links) != 2:
            raise ValueError(f"a parallel-jaw gripper has two finger joints and links, got {joints} and {links}")
        self.gripper = gripper
        self._world = world
        self._body = body
        self._joints = [body.joints[name] for name in joints]
        self._links = tuple(links)
        body.couple(*self._joints, force=COUPLING_FORCE)
        self._target = gripper.max_opening
        self._force = gripper.max_force
        self._moved_at = -np.inf
        self._moved_to = np.inf
        self.reset(gripper.max_opening)

    @property
    def gap(self) -> float:
        """Distance between the fingers' inner faces, m."""
        return float(self._body.joint_states(self._joints)[:, 0].sum())

    @property
    def effort(self) -> float:
        """Force of a finger, N; positive while they press towards each other."""
        return float(-self._body.joint_states(self._joints)[:, 2].mean())

    @property
    def target(self) -> float:
        """The gap last commanded, m."""
        return self._target

    @property
    def reached(self) -> bool:
        """The gap is the commanded one, within a millimetre."""
        return abs(self.gap - self._target) < ARRIVED

    @property
    def moving(self) -> bool:
        """On the way to the commanded gap. False once it is reached or the fingers stand still."""
        return not self.reached and self._world.time - self._moved_at < REST_TIME

    @property
    def stalled(self) -> bool:
        """Stopped short of the commanded gap: by an object, when closing."""
        return not self.reached and not self.moving

    def command(self, gap: float, force: float | None = None) -> None:
        """Move towards a gap until told otherwise.

        Args:
            gap: m; cut to what the gripper can open.
            force: Greatest force of a finger, N; the gripper's own if None or 0, and never more.
        """
        if not np.isfinite(gap) or (force is not None and (not np.isfinite(force) or force < 0)):
            raise ValueError(f"a gap and a force of at least 0 are needed, got {gap} m and {force} N")
        self._target = float(np.clip(gap, self.gripper.min_opening, self.gripper.max_opening))
        self._force = min(force, self.gripper.max_force) if force else self.gripper.max_force
        self._moved_at, self._moved_to = self._world.time, self.gap
        for joint in self._joints:
            joint.drive(self._target / 2, effort=self._force, speed=self.gripper.max_speed / 2, gain=GAIN)

    def update(self) -> None:
        """Watch the motion; to be called after every step of the world."""
        gap = self.gap
        if abs(gap - self._moved_to) > REST_TRAVEL:
            self._moved_at, self._moved_to = self._world.time, gap

    def reset(self, gap: float) -> None:
        """Put the fingers at a gap at once, and hold them there."""
        for joint in self._joints:
            joint.reset(gap / 2)
        self.command(gap)

    def touched_by(self, link: str) -> set[str]:
        """Names of the bodies that one finger touches."""
        return {
            contact.other.name
            for contact in self._world.contacts(self._body)
            if contact.link == link and contact.force > 0.0
        }

    def touching(self) -> set[str]:
        """Names of the bodies that both fingers touch."""
        first, second = self._links
        return self.touched_by(first) & self.touched_by(second)

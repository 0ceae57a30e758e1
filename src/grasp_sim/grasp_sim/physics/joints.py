"""Moving joints of a body, with their motors: one by one, or several of them in one call."""

from __future__ import annotations

from collections.abc import Sequence

import pybullet


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


class JointGroup:
    """Joints of one body that move together; one call to pyBullet for all of them."""

    def __init__(self, joints: Sequence[Joint]) -> None:
        if len({joint._uid for joint in joints}) != 1:
            raise ValueError("the joints of a group belong to one body")
        self._joints = tuple(joints)
        self._uid = joints[0]._uid
        self._client = joints[0]._client
        self._indices = [joint.index for joint in joints]

    def states(self) -> list[tuple[float, float]]:
        """Position and velocity of each."""
        states = pybullet.getJointStates(self._uid, self._indices, physicsClientId=self._client)
        return [(state[0], state[1]) for state in states]

    def reset(self, positions: Sequence[float]) -> None:
        """Put the joints at positions and at rest, whatever is in their way."""
        for joint, position in zip(self._joints, positions):
            joint.reset(position)

    def drive(
        self, positions: Sequence[float], velocities: Sequence[float], *, efforts: Sequence[float], gain: float
    ) -> None:
        """Drive towards positions that move with velocities; see `Joint.drive`."""
        count = len(self._indices)
        pybullet.setJointMotorControlArray(
            self._uid,
            self._indices,
            pybullet.POSITION_CONTROL,
            targetPositions=positions,
            targetVelocities=velocities,
            forces=efforts,
            positionGains=[gain] * count,
            velocityGains=[1.0] * count,
            physicsClientId=self._client,
        )

    def push(self, velocity: float, *, effort: float) -> None:
        """Move all at a velocity, with at most an effort each."""
        count = len(self._indices)
        pybullet.setJointMotorControlArray(
            self._uid,
            self._indices,
            pybullet.VELOCITY_CONTROL,
            targetVelocities=[velocity] * count,
            forces=[effort] * count,
            physicsClientId=self._client,
        )

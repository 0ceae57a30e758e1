"""A moving joint of a body, with its motor."""

from __future__ import annotations

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

"""Picking one object after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable

from grasp_execution.arm import Arm
from grasp_execution.pick.attempt import Attempt
from grasp_execution.pick.goals import describe
from grasp_execution.pick.interruption import Interruption
from grasp_execution.pick.mover import Mover
from grasp_execution.pick.options import PickOptions
from grasp_execution.pick.ports import Ports
from grasp_execution.pick.record import PickRequest, PickResult, Progress, Record
from grasp_execution.pick.stage import Stage
from grasp_execution.pick.verdict import Verdict
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell

_logger = logging.getLogger(__name__)

_INTERRUPTED = (Outcome.CANCELED, Outcome.STOPPED)
_NOBODY_TO_ASK = (*_INTERRUPTED, Outcome.DRIVER_LOST, Outcome.CONTROLLER_UNAVAILABLE)
"""A person wants the end at once, or the simulator is gone."""
_CONTROLLER_REFUSED = (Outcome.TRAJECTORY_REJECTED, Outcome.TRAJECTORY_FAILED)


class Pick:
    """Picks objects with one arm; one pick at a time.

    A pick goes through the stages of `Stage`. Whatever goes wrong ends it with one outcome, after a
    recovery that leaves the arm safe (stage `return` in the record):

    ==========================================  =====================================================
    What ended the pick                         Recovery
    ==========================================  =====================================================
    CANCELED, STOPPED in any stage              none: a person wants the arm still. It holds where it
                                                is, the fingers go on holding.
    DRIVER_LOST, CONTROLLER_UNAVAILABLE,        none: what cannot be relied on is not told to move. The
    GRIPPER_FAILED, INTERNAL_ERROR anywhere     arm holds where it is.
    anything in home to plan_motion             none needed: the arm is at home or did not get there
    trajectory refused in approach              go home
    trajectory failed in approach               none: it met something that nobody knows of, a person maybe. The
                                                arm holds where it is.
    trajectory refused or failed in descend     straight up, go home
    GRASP_EMPTY in close, verify_close          open, straight up, go home
    LOST_IN_LIFT in lift, verify_lift           open, straight up (if not done yet), go home
    LOST_IN_TRANSPORT in transport, release     open, go home (the arm has held since the loss)
    anything else while holding something       none: letting go would drop the object, going on might.
    (lift, transport)                           The arm holds where it is.
    MISSED_BIN in verify_release                go home
    anything in return                          none
    ==========================================  =====================================================

    A recovery that fails itself ends there and is told in the message; the outcome stays. A recovery
    that is interrupted ends with the interruption's outcome.

    The next pick begins with home: whatever the gripper still holds is let go where it is, then the arm
    goes straight up if it was left among the objects and nobody moved it since, and home.
    """

    def __init__(
        self, arm: Arm, gripper: Gripper, workcell: WorkCell, ports: Ports, options: PickOptions | None = None
    ) -> None:
        self._ports = ports
        self._mover = Mover(arm, gripper, workcell, ports, options or PickOptions())

    def run(
        self,
        request: PickRequest,
        interruption: Interruption,
        on_stage: Callable[[Progress], None] = lambda progress: None,
    ) -> PickResult:
        """Pick one object.

        Args:
            request: What to pick.
            interruption: Ends the pick from another thread.
            on_stage: Called at the beginning of each stage, and with each new grasp that is tried.

        Returns:
            How it ended; nothing is raised.
        """
        record = Record(self._ports.robot.now, on_stage)
        attempt = Attempt(self._mover, self._ports, request, interruption, record)
        failure: OutcomeError | None = None
        failed_stage: Stage | None = None
        try:
            for stage, step in attempt.steps():
                record.enter(stage)
                interruption.check()
                step()
        except Exception as error:
            failure, failed_stage = _as_outcome(error), record.stage
            failure, failed_stage = self._end_safely(attempt, record, interruption, failure, failed_stage)
        self._mover.note_where()
        verdict = attempt.verdict
        return PickResult(
            outcome=failure.outcome if failure else Outcome.SUCCESS,
            message=failure.message if failure else _success(request, verdict),
            failed_stage=failed_stage,
            grasp=record.grasp,
            grasp_stamp=record.grasp_stamp,
            gripper_success=attempt.gripper_success,
            object_known=verdict.known,
            object_success=verdict.success,
            object=verdict.name,
            stages=record.times(),
            tracking=record.tracking,
        )

    def _end_safely(
        self, attempt: Attempt, record: Record, interruption: Interruption, failure: OutcomeError, stage: Stage
    ) -> tuple[OutcomeError, Stage]:
        """Recover if that is wise; returns what ended the pick, and where."""
        try:
            if self._should_recover(failure, stage, attempt.holding):
                self._recover(attempt, record, interruption, stage)
                attempt.verdict.after(interruption.check)
            elif failure.outcome not in _NOBODY_TO_ASK:
                attempt.verdict.after(interruption.check)
        except Exception as error:
            second = _as_outcome(error)
            both = f"{failure.message}; then, on the way back: {second.outcome.name}: {second.message}"
            if second.outcome in _INTERRUPTED:
                both = f"{second.message} after {failure.outcome.name} in {stage}: {failure.message}"
                failure, stage = OutcomeError(second.outcome, both), record.stage
            else:
                failure = OutcomeError(failure.outcome, both)
        if failure.outcome in _INTERRUPTED:
            failure = OutcomeError(failure.outcome, f"{failure.message} in {stage}; {self._whereabouts()}")
        return failure, stage

    @staticmethod
    def _should_recover(failure: OutcomeError, stage: Stage, holding: bool) -> bool:
        if stage in (Stage.HOME, Stage.CAPTURE, Stage.PLAN_GRASP, Stage.PLAN_MOTION, Stage.RETURN):
            return False
        if stage is Stage.APPROACH and failure.outcome is Outcome.TRAJECTORY_FAILED:
            return False
        if holding:
            return False
        return failure.outcome < 400 or failure.outcome in _CONTROLLER_REFUSED or 500 <= failure.outcome < 600

    def _recover(self, attempt: Attempt, record: Record, interruption: Interruption, stage: Stage) -> None:
        record.enter(Stage.RETURN)
        interruption.check()
        if stage in (Stage.CLOSE, Stage.VERIFY_CLOSE, Stage.LIFT, Stage.VERIFY_LIFT, Stage.TRANSPORT, Stage.RELEASE):
            self._mover.let_go(interruption.check)
            attempt.holding = False
        self._mover.go_home(interruption.check)

    def _whereabouts(self) -> str:
        robot = self._ports.robot
        try:
            joints = {name: value for name, value in self._mover.start().items() if name in self._mover.arm.joints}
            return f"the arm holds at {describe(joints)} rad with the fingers {robot.gap() * 1e3:.1f} mm apart"
        except OutcomeError as error:
            return f"where the arm is now is not known: {error.message}"


def _as_outcome(error: Exception) -> OutcomeError:
    if isinstance(error, OutcomeError):
        return error
    _logger.error("a pick ended with an unexpected error", exc_info=error)
    return OutcomeError(Outcome.INTERNAL_ERROR, f"{type(error).__name__}: {error}; please report this")


def _success(request: PickRequest, verdict: Verdict) -> str:
    if request.plan_only:
        return "planned; nothing moved after home"
    return f"{verdict.name} is in the bin" if verdict.success else "an object was released over the bin"

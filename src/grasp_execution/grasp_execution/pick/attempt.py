"""The stages of one pick."""

from __future__ import annotations

from collections.abc import Callable

from grasp_execution.pick.closed_loop import ClosedLoop
from grasp_execution.pick.goals import approach_pose, lift_pose
from grasp_execution.pick.grip import Grip
from grasp_execution.pick.interruption import Interruption
from grasp_execution.pick.mover import Mover
from grasp_execution.pick.pick_plan import PickPlan, plan_pick, replan
from grasp_execution.pick.ports import Ports, Servo
from grasp_execution.pick.record import PickRequest, Record
from grasp_execution.pick.stage import Stage
from grasp_execution.pick.tracker import Tracker
from grasp_execution.pick.verdict import Verdict
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.grasps import Grasp


class Attempt:
    """What one pick does in each stage, in order; a stage that cannot do it raises an OutcomeError.

    Attributes:
        verdict: What became of the objects.
        gripper_success: The gripper felt an object from closing to release.
        holding: The gripper closed on something and has not let go of it since.
    """

    def __init__(
        self, mover: Mover, ports: Ports, request: PickRequest, interruption: Interruption, record: Record
    ) -> None:
        self._mover = mover
        self._ports = ports
        self._robot = ports.robot
        self._request = request
        self._check = interruption.check
        self._record = record
        self._grip = Grip(ports.robot, mover.gripper, mover.options)
        self._grasps: tuple[Grasp, ...] = ()
        self._plan: PickPlan | None = None
        self._servo: Servo | None = None
        self._tracks: Tracker | None = None
        self._image_not_before = 0.0
        self.verdict = Verdict(ports.truth)
        self.gripper_success = False
        self.holding = False

    def steps(self) -> list[tuple[Stage, Callable[[], None]]]:
        """The stages of this pick and what to do in each."""
        look = [
            (Stage.HOME, self._home),
            (Stage.CAPTURE, self._capture),
            (Stage.PLAN_GRASP, self._plan_grasp),
            (Stage.PLAN_MOTION, self._plan_motion),
        ]
        if self._request.plan_only:
            return look
        return [
            *look,
            (Stage.APPROACH, self._approach),
            (Stage.DESCEND, self._descend),
            (Stage.CLOSE, self._close),
            (Stage.VERIFY_CLOSE, self._verify_close),
            (Stage.LIFT, self._lift),
            (Stage.VERIFY_LIFT, self._verify_lift),
            (Stage.TRANSPORT, self._transport),
            (Stage.RELEASE, self._release),
            (Stage.VERIFY_RELEASE, self._verify_release),
            (Stage.RETURN, self._return),
        ]

    @property
    def plan(self) -> PickPlan:
        """The plan, from PLAN_MOTION on."""
        if self._plan is None:
            raise RuntimeError("there is no plan before the stage plan_motion")
        return self._plan

    def _home(self) -> None:
        self._robot.connect(self._check)
        if self._request.closed_loop:
            self._servo = self._load_servo()
        self._mover.let_go(self._check)
        self._mover.go_home(self._check)

    def _capture(self) -> None:
        self.verdict.before(self._check)
        self._image_not_before = self._robot.now()

    def _plan_grasp(self) -> None:
        """Ask for grasps. The grasp source captures the image, too: that part is booked as CAPTURE."""
        try:
            proposals = self._ports.grasps.plan(
                self._request.region, self._mover.options.max_grasps, self._image_not_before, self._check
            )
        except OutcomeError as error:
            if 100 <= error.outcome < 200:
                self._record.undo()
            raise
        self._record.give_to_previous(proposals.capture_share)
        self._record.grasp_stamp = proposals.stamp
        self._grasps = tuple(proposals.grasps)

    def _load_servo(self) -> Servo:
        if self._ports.servo is None:
            raise OutcomeError(Outcome.MOTION_PLANNER_FAILED, "this robot cannot be steered: pick without closed_loop")
        return self._ports.servo()

    def _plan_motion(self) -> None:
        def tried(grasp: Grasp) -> None:
            self._record.grasp = grasp
            self._record.tell()

        # In closed loop the width may change on the way, and the planner takes the fingers to be where the hand opens.
        opening = self._mover.gripper.max_opening if self._request.closed_loop else None
        self._plan = plan_pick(self._grasps, self._mover, self._check, tried, opening=opening)

    def _approach(self) -> None:
        self._mover.open(self.plan.opening, self._check)
        if not self._request.closed_loop:
            self._mover.follow(self.plan.approach, self._check)
            return
        try:
            self._mover.follow(self.plan.approach, self._looking)
        except Exception:
            self._tracker.drop()
            raise
        finally:
            self._record.tracking = self._tracker.count

    def _descend(self) -> None:
        if self._request.closed_loop:
            self._descend_after_the_object()
            return
        self._mover.escape = approach_pose(self.plan.grasp.pose, self._mover.workcell)
        self._mover.follow(self.plan.descend, self._check)

    @property
    def _tracker(self) -> Tracker:
        """Follows the grasp that was planned for."""
        if self._tracks is None:

            def on_target(grasp: Grasp, stamp: float) -> None:
                self._record.grasp, self._record.grasp_stamp = grasp, stamp
                self._record.tell()

            mover = self._mover
            self._tracks = Tracker(
                self._ports.grasps,
                self.plan.grasp,
                self._record.grasp_stamp,
                mover.workcell,
                mover.options.tracking,
                on_target,
            )
        return self._tracks

    def _looking(self) -> None:
        """A watch that tracks the object, too."""
        self._check()
        self._tracker.update()

    def _descend_after_the_object(self) -> None:
        """Descend in closed loop, and plan what is left of the pick from where that ends."""
        tracker, mover = self._tracker, self._mover
        assert self._servo is not None

        def escape() -> None:
            mover.escape = approach_pose(tracker.target.pose, mover.workcell)

        escape()
        try:
            ClosedLoop(self._robot, self._servo, tracker, mover).descend(self._check, escape)
        finally:
            self._record.tracking = tracker.count
        self._plan = replan(self.plan, tracker.target, mover, self._check)

    def _close(self) -> None:
        self._grip.close(self._check)
        self.holding = True

    def _verify_close(self) -> None:
        self._felt(lambda: self._grip.verify(Outcome.GRASP_EMPTY, self._check))
        self.verdict.during(self._check)

    def _lift(self) -> None:
        self._mover.escape = lift_pose(self.plan.grasp.pose, self._mover.workcell)
        held = self._grip.watched(Outcome.LOST_IN_LIFT, self._check)
        self._felt(lambda: self._mover.follow(self.plan.lift, held))
        self._mover.escape = None

    def _verify_lift(self) -> None:
        self._felt(lambda: self._grip.verify(Outcome.LOST_IN_LIFT, self._check))
        self.verdict.during(self._check)

    def _transport(self) -> None:
        held = self._grip.watched(Outcome.LOST_IN_TRANSPORT, self._check)
        self._felt(lambda: self._mover.follow(self.plan.transport, held))

    def _release(self) -> None:
        self._felt(self._grip.watched(Outcome.LOST_IN_TRANSPORT, self._check))
        self.gripper_success = True
        self._mover.let_go(self._check)
        self.holding = False

    def _verify_release(self) -> None:
        self._robot.pause(self._mover.options.verify_seconds / 2, self._check)
        gap, wanted = self._robot.gap(), self._mover.gripper.max_opening
        if abs(gap - wanted) > self._mover.options.gap_tolerance:
            raise OutcomeError(
                Outcome.GRIPPER_FAILED,
                f"the fingers are {gap * 1e3:.1f} mm apart after opening to {wanted * 1e3:.1f} mm",
            )
        self.verdict.settle(self._robot, self._mover.options.settle_seconds, self._check)
        if self.verdict.known and not self.verdict.success:
            name = self.verdict.name or "the object"
            raise OutcomeError(Outcome.MISSED_BIN, f"{name} was released over the bin, but is not in it")

    def _return(self) -> None:
        self._mover.follow(self.plan.back, self._check)

    def _felt(self, action: Callable[[], None]) -> None:
        """Do something while holding; an outcome that says that the object is lost ends the holding."""
        try:
            action()
        except OutcomeError as error:
            if error.outcome in (Outcome.GRASP_EMPTY, Outcome.LOST_IN_LIFT, Outcome.LOST_IN_TRANSPORT):
                self.holding = False
            raise

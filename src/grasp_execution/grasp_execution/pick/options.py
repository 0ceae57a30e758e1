"""What can be chosen about a pick."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """What can be chosen about a pick in closed loop; units as in `PickOptions`."""

    max_grasps: int = 20
    """Grasps to ask for in each image; the one nearest to the target is taken."""
    max_jump: float = 0.05
    """How far the target may be from where it was last seen; nearest grasps farther away are another object's."""
    turn_weight: float = 0.04
    """m that a turn of one radian counts as, when the nearest grasp is looked for."""
    noise: float = 0.015
    """A grasp nearer than this to the target is the same, seen with noise, such as another place along a bar: the
    target moves only part of the way,"""
    smoothing: float = 0.4
    """this share of it."""
    turn_noise: float = 0.5
    """The same for turns: round things can be grasped from any side. Then the target turns by"""
    turn_smoothing: float = 0.2
    """this share."""
    steady_seconds: float = 0.4
    """So long the object must have kept still before the tool goes down to it."""
    fresh_seconds: float = 0.4
    """How long the object may be out of sight, by the stamps of the images, before the tool goes no further down,"""
    patience: float = 2.0
    """and before the arm stops."""
    blind_distance: float = 0.06
    """Length of the end of the approach on which the hand may hide it, or the camera be too near,"""
    blind_seconds: float = 1.5
    """and how long it may then be out of sight. A hand that comes down hides it from a camera above for up to 1 s."""
    hold_distance: float = 0.035
    """The tool waits this far before the grasp until it is over it."""
    lateral_tolerance: float = 0.002
    """The tool is over the grasp when it is off by no more than this; twice as much once it has gone down,"""
    turn_tolerance: float = 0.12
    """and turned by no more than this."""
    timeout: float = 15.0
    """How long the descent may take."""
    period: float = 0.08
    """Between two courses."""
    lead: float = 0.1
    """How far ahead of the clock a course begins: at least the time that it takes to reach the controller. After a
    refusal it is doubled."""
    most_lead: float = 0.4
    """But not beyond this."""
    step_back: float = 1.5
    """Times the work cell's approach distance that the tool goes back to where it may see the object again."""
    step_seconds: float = 0.4
    """1 / lambda of the law by which the tool is led: it would reach its target in this time if it could."""
    slow: float = 0.5
    """Share of the arm's speed on lines with which the tool goes down to the grasp."""
    max_turn: float = 0.6
    """Greatest turn of the tool on one course."""


@dataclass(frozen=True, slots=True)
class PickOptions:
    """Lengths in metres, times in seconds of the robot's clock, angles in radians."""

    max_grasps: int = 8
    """Grasps to ask for; motion planning goes through them best first."""
    close_force: float = 0.0
    """Force of the closing fingers, N; 0 = the gripper's greatest."""
    open_margin: float = 0.002
    """By how much more than the grasp's width the fingers open, as far as they can; in closed loop they open fully."""
    empty_gap: float = 0.0015
    """Fingers that are no farther apart than this beyond their least opening hold nothing."""
    creep_gap: float = 0.001
    """An object is slipping when the fingers come together by more than this while a grip is verified. At other
    times they may: an object that turns in the grip is not lost."""
    verify_seconds: float = 0.2
    """How long the gap must stay as it is before a grip counts."""
    settle_seconds: float = 2.0
    """How long a released object may take to come to rest in the bin."""
    gap_tolerance: float = 0.003
    """Fingers this near to the opening asked for are open."""
    home_tolerance: float = 0.03
    """An arm whose joints are this near to home is at home."""
    start_tolerance: float = 0.1
    """How far a joint may be from the start of a trajectory that it is sent."""
    tracking: TrackingOptions = TrackingOptions()
    """For picks in closed loop."""

    def with_blind_distance(self, distance: float) -> PickOptions:
        """The same options for a camera that sees no more on the last m of an approach."""
        return replace(self, tracking=replace(self.tracking, blind_distance=distance))

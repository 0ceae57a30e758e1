"""What can be chosen about a pick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PickOptions:
    """Lengths in metres, times in seconds of the robot's clock, angles in radians."""

    max_grasps: int = 8
    """Grasps to ask for; motion planning goes through them best first."""
    close_force: float = 0.0
    """Force of the closing fingers, N; 0 = the gripper's greatest."""
    open_margin: float = 0.002
    """By how much more than the grasp's width the fingers open, as far as they can."""
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

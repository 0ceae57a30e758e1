"""What a trial does, and the physics it happens in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grasp_perception.configuration import Configuration

Approach = Literal["simulate", "check"]
"""simulate: the gripper comes down for real, and may nudge the object (Jacquard's meaning).
check: a grasp whose way there is not free of collisions fails (Dex-Net's meaning)."""

Direction = Literal["normal", "down"]
"""normal: against the surface's normal at the grasp's centre (Jacquard's meaning).
down: straight down, as an arm does that cannot lean."""


class TrialSettings(Configuration):
    """Times, distances and contact parameters of a trial; the defaults are chosen by `benchmarks/trials.py`."""

    time_step: float = Field(default=1.0 / 120.0, gt=0, le=0.01)
    """s"""
    iterations: int = Field(default=40, ge=1)
    """Of the contact solver, in a step."""
    residual: float = Field(default=1e-4, ge=0)
    """At which the solver stops before it has made all iterations; (m/s)^2."""
    finger_friction: float = Field(default=1.0, gt=0)
    """Coulomb's coefficient; multiplied by the object's."""
    spinning_friction: float = Field(default=0.02, ge=0)
    """m; what a soft pad resists turning about the closing axis with."""
    object_friction: float = Field(default=0.5, gt=0)
    finger_mass: float = Field(default=0.2, gt=0)
    """kg. Light fingers on heavy objects need more solver iterations."""
    direction: Direction = "normal"
    """Of the approach."""
    insertion: float = Field(default=0.03, gt=0)
    """m; how far the tips go past the surface at the grasp's centre, unless the ground or the palm comes first."""
    clearance: float = Field(default=0.002, ge=0)
    """m; between the fingers and the ground."""
    approach_distance: float = Field(default=0.10, gt=0)
    """m; along the approach, from where the gripper comes."""
    approach_levels: int = Field(default=12, ge=2)
    """Places on the way at which collisions are looked for."""
    approach_speed: float = Field(default=0.25, gt=0)
    """m/s"""
    approach_press: float = Field(default=5.0, gt=0)
    """N; a finger or the palm that lands on something presses harder than this; one that
    pushes it aside may."""
    approach_tolerance: float = Field(default=0.003, gt=0)
    """m; by how much the gripper may miss the grasp after the approach."""
    lift_height: float = Field(default=0.10, gt=0)
    """m"""
    lift_time: float = Field(default=0.35, gt=0)
    """s"""
    move_distance: float = Field(default=0.12, gt=0)
    """m, sideways"""
    move_time: float = Field(default=0.35, gt=0)
    """s"""
    release_time: float = Field(default=0.7, gt=0)
    """s; within it the object has to be on the ground again."""
    place_tolerance: float = Field(default=0.06, gt=0)
    """m, sideways, between where the object lands and where it should."""

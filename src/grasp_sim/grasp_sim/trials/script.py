"""What happens in a trial: approach, close, lift, move away, release (Depierre et al. 2018, section IV-C)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.world import World
from grasp_sim.trials.hand import Hand
from grasp_sim.trials.outcome import TrialPhase
from grasp_sim.trials.settings import Approach, TrialSettings

UP = np.array([0.0, 0.0, 1.0])
FOLLOWING = 0.5
"""Share of the lift that the object's centre of mass must have made; one that tips or slips makes less."""
WATCH = 6
"""Ticks between two looks at whether the object is still held."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a script ended."""

    phase: TrialPhase
    body: Body | None = None
    """What was grasped, or None."""
    hit: Body | None = None
    """What ended the approach."""

    @property
    def obstacle(self) -> str:
        """What ended the approach, in words; "" if nothing did."""
        if self.hit is None:
            return ""
        return f"the {self.hit.name}" if self.hit.fixed else self.hit.name


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The world of a trial."""

    world: World
    hand: Hand
    objects: Sequence[Body]
    """What may be grasped."""
    fixtures: Sequence[Body]
    """What may not be touched, the ground first."""


def trial_world(settings: TrialSettings) -> World:
    """An empty world for trials."""
    return World(
        time_step=settings.time_step, iterations=settings.iterations, residual=settings.residual, sleeping=False
    )


def perform(
    stage: Stage,
    grasp: Transform,
    width: float,
    settings: TrialSettings,
    *,
    approach: Approach,
    away: NDArray[np.float64],
) -> Ending:
    """Try a grasp; the world is left as the trial leaves it.

    Args:
        stage: At rest.
        grasp: world_from_tool.
        width: Opening of the fingers, m.
        settings: Times and distances.
        approach: How the gripper comes.
        away: (3,) unit direction, level, in which the object is carried.
    """
    hand = stage.hand
    hand.place(grasp, width)
    hit = _approach(stage, settings, approach)
    if hit is not None:
        return Ending(TrialPhase.APPROACH, hit=hit)

    hand.close()
    held = next((body for body in stage.objects if hand.holds(body)), None)
    if held is None:
        return Ending(TrialPhase.CLOSE)

    start = held.center_of_mass
    lift = settings.lift_height * UP
    if not _lift(stage, held, lift, settings):
        return Ending(TrialPhase.LIFT, held)
    move = settings.move_distance * away
    if not _keeps(hand, held, hand.advance(hand.to_tool(lift + move), settings.move_time)):
        return Ending(TrialPhase.MOVE, held)

    hand.open()
    for _ in hand.rest(settings.release_time):
        if any(held.touching_links(fixture) for fixture in stage.fixtures):
            break
    else:
        return Ending(TrialPhase.PLACE, held)
    astray = held.center_of_mass - start - move
    landed = float(np.hypot(astray[0], astray[1])) <= settings.place_tolerance
    return Ending(TrialPhase.SUCCESS if landed else TrialPhase.PLACE, held)


def _approach(stage: Stage, settings: TrialSettings, approach: Approach) -> Body | None:
    """Bring the gripper to the grasp; what it hit on the way, or None.

    Nothing moves before the gripper touches it, so a way that is free need not be simulated.
    """
    hand, world = stage.hand, stage.world
    bodies = (*stage.objects, *stage.fixtures)

    def hit() -> Body | None:
        world.update_contacts()
        return next((body for body in bodies if hand.body.overlaps(body)), None)

    levels = np.linspace(0.0, settings.approach_distance, settings.approach_levels).tolist()
    if approach == "check":
        for level in levels:
            hand.put([0.0, 0.0, -level])
            struck = hit()
            if struck is not None:
                return struck
        hand.put([0.0, 0.0, 0.0])
        return None

    last = -1  # the level farthest out at which something is in the way
    struck = None
    for index in reversed(range(len(levels))):
        hand.put([0.0, 0.0, -levels[index]])
        struck = hit()
        if struck is not None:
            last = index
            break
    if last < 0:
        return None
    if last == len(levels) - 1 or struck in stage.fixtures:
        return struck
    hand.put([0.0, 0.0, -levels[last + 1]])
    duration = 1.875 * levels[last + 1] / settings.approach_speed  # a minimum-jerk motion's peak is 15/8 of its mean
    for _ in hand.advance([0.0, 0.0, 0.0], duration):
        if any(hand.presses(body) > settings.approach_press for body in bodies):
            return struck
    return struck if hand.miss() > settings.approach_tolerance else None


def _lift(stage: Stage, held: Body, lift: NDArray[np.float64], settings: TrialSettings) -> bool:
    """Whether the object came along, and hangs free."""
    hand = stage.hand
    height = held.center_of_mass[2]
    motion = hand.advance(hand.to_tool(lift), settings.lift_time)
    if not _keeps(hand, held, motion):
        return False
    hanging = not any(held.touching_links(fixture) for fixture in stage.fixtures)
    return hanging and held.center_of_mass[2] - height > FOLLOWING * lift[2]


def _keeps(hand: Hand, held: Body, motion: Iterator[None]) -> bool:
    """Whether both fingers hold the object all the way."""
    return all(index % WATCH or hand.holds(held) for index, _ in enumerate(motion, start=1)) and hand.holds(held)

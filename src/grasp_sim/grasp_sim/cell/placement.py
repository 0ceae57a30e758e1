"""Putting objects on the table: dropped one after the other at free places, until they lie still.

This happens in a world of its own that holds nothing else, so that the same objects and seed give the
same scene, bit for bit, whatever happened before in the world they are wanted in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.surroundings import add_surroundings
from grasp_sim.objects.catalogue import ObjectModel
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.surfaces import OBJECT
from grasp_sim.physics.world import World

PLACES = 300
"""Random places and turns looked at for one drop."""
DROPS = 12
"""Of one object, before the whole scene is tried anew."""
SCENES = 4
GAP = 0.018
"""m between the bounds of two objects: room for a finger."""
DROP = 0.003
"""m below the lowest point of an object when it is let go."""
SETTLE_TIME = 3.0
"""s an object may take to come to rest."""
REST_SPEED, REST_RATE = 0.002, 0.05
"""m/s and rad/s of an object at rest."""
REST_STEPS = 24
"""Steps for which it must be at rest."""
ITERATIONS = 50
"""Of the solver: nothing is held here."""
ANY_COLOR = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An object and its body."""

    model: ObjectModel
    body: Body

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3) of the object where it is."""
        return self.model.bounds(self.model.pose(self.body))


class PlacementError(RuntimeError):
    """Objects cannot be placed; the message says what to do."""


def place(models: Sequence[ObjectModel], workcell: WorkCell, seed: int) -> list[Transform]:
    """Settled poses (base_from_object) for objects on the table, inside the workspace.

    Raises:
        PlacementError: They do not fit.
    """
    low, high = (np.array(corner[:2]) for corner in (workcell.workspace.min, workcell.workspace.max))
    for model in models:
        if model.extents[0] > (high - low).max() or model.extents[1] > (high - low).min():
            raise PlacementError(
                f"'{model.name}' is {100 * model.extents[0]:.0f} x {100 * model.extents[1]:.0f} cm and does not lie in "
                f"the workspace of {100 * (high - low)[0]:.0f} x {100 * (high - low)[1]:.0f} cm: choose a smaller "
                "object or enlarge the workspace"
            )
    failure = PlacementError(
        f"{len(models)} objects do not fit into the workspace of {100 * (high - low)[0]:.0f} x "
        f"{100 * (high - low)[1]:.0f} cm with room for the fingers between them (seed {seed}): ask for fewer or "
        "smaller objects, or try another seed"
    )
    if sum(float(np.prod(model.extents[1:] + GAP)) for model in models) > np.prod(high - low + GAP):
        raise failure  # not even if all stood on end
    rng = np.random.default_rng(seed)
    for _ in range(SCENES):
        with World(iterations=ITERATIONS) as world:
            add_surroundings(world, workcell)
            poses = _fill(world, models, workcell, rng)
            if poses is not None:
                return poses
    raise failure


def _fill(
    world: World, models: Sequence[ObjectModel], workcell: WorkCell, rng: np.random.Generator
) -> list[Transform] | None:
    placed: list[Item] = []
    # The largest first: a small one always finds a gap. Poses are given back in the order asked for.
    order = sorted(range(len(models)), key=lambda index: -models[index].extents[0])
    for index in order:
        item = Item(models[index], world.add(str(index), models[index].source(ANY_COLOR)))
        item.body.set_surface(OBJECT)
        if not any(_drop(world, item, placed, workcell, rng) for _ in range(DROPS)):
            return None
        placed.append(item)
    for item in placed:  # a later object may have pushed an earlier one
        if not _lies_well(item.bounds, [other for other in placed if other is not item], workcell):
            return None
    return [item.model.pose(item.body) for _, item in sorted(zip(order, placed), key=lambda pair: pair[0])]


def _drop(world: World, item: Item, placed: list[Item], workcell: WorkCell, rng: np.random.Generator) -> bool:
    """Drop the body at a random free place; whether it came to rest where it may lie."""
    if not _find_place(item, placed, workcell, rng):
        return False
    body = item.body
    body.stop()
    rest = 0
    for _ in range(int(SETTLE_TIME / world.time_step)):
        world.step()
        linear, angular = body.twist
        still = np.linalg.norm(linear) < REST_SPEED and np.linalg.norm(angular) < REST_RATE
        rest = rest + 1 if still else 0
        if rest == REST_STEPS:
            body.stop()
            return _lies_well(item.bounds, placed, workcell)
    return False


def _find_place(item: Item, placed: list[Item], workcell: WorkCell, rng: np.random.Generator) -> bool:
    """Put the body just above the table, turned at random, where nothing is; whether there is such a place."""
    box = workcell.workspace
    for _ in range(PLACES):
        rotation = Rotation.random(None, rng).as_matrix()
        bounds = item.model.bounds(Transform(rotation, np.zeros(3)))
        target = np.array([*rng.uniform(box.min[:2], box.max[:2]), workcell.table_height + DROP - bounds[0, 2]])
        if _lies_well(bounds + target, placed, workcell):
            item.body.pose = item.model.body_pose(Transform(rotation, target))
            return True
    return False


def _lies_well(bounds: NDArray[np.float64], placed: list[Item], workcell: WorkCell) -> bool:
    """Whether bounds (2, 3) lie in the workspace, seen from above, and clear of what is placed."""
    low, high = bounds[:, :2]
    if (low < workcell.workspace.min[:2]).any() or (high > workcell.workspace.max[:2]).any():
        return False
    others = (other.bounds[:, :2] for other in placed)
    return all((low > other[1] + GAP).any() or (high < other[0] - GAP).any() for other in others)

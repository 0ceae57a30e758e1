"""Which configurations of the arm touch something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from grasp_execution.motion.interface import Box, Cylinder, SceneObject, Shape, Sphere
from grasp_execution.motion.robot_model import RobotModel
from grasp_perception.outcomes import Outcome, OutcomeError

FloatArray = NDArray[np.float64]
STEP = 0.02
"""Greatest change of a joint between two checked configurations on a path, rad: at most 1 cm at 0.5 m."""
_SAMPLES = 200


class CollisionScene:
    """The arm among obstacles.

    Not checked: pairs that cannot move against each other (the hand and what it holds; obstacles among
    themselves and against the arm's base), neighbouring links, pairs that touch in every
    configuration (the model's shapes overlap there), and contacts allowed by the request.
    """

    def __init__(
        self,
        robot: RobotModel,
        objects: Sequence[SceneObject],
        allow_contact: Sequence[str] = (),
        self_pairs: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        """Build the scene.

        Args:
            robot: The arm.
            objects: What stands around and what is held.
            allow_contact: Names of objects that the fingers and attached objects may touch.
            self_pairs: Pairs of the arm's own shapes to check, as :func:`self_collision_pairs` gives them;
                computed here when None.

        Raises:
            OutcomeError: INVALID_MOTION_REQUEST: `allow_contact` names an object that is not there.
        """
        known = {item.name for item in objects}
        unknown = sorted(set(allow_contact) - known)
        if unknown:
            raise OutcomeError(
                Outcome.INVALID_MOTION_REQUEST,
                f"allow_contact names {unknown}, but the scene holds only: {sorted(known)}",
            )
        self._model, self._data = robot.model, robot.model.createData()
        self._geometry = robot.geometry.copy()
        self._geometry.removeAllCollisionPairs()
        links = range(len(robot.geometry.geometryObjects))
        self._names = [robot.model.frames[robot.geometry.geometryObjects[i].parentFrame].name for i in links]
        for first, second in self_pairs if self_pairs is not None else self_collision_pairs(robot):
            self._geometry.addCollisionPair(pin.CollisionPair(first, second))

        hand = robot.model.frames[robot.tool]
        fingers = {i for i in links if self._names[i] in robot.finger_links}
        moving = [i for i in links if robot.geometry.geometryObjects[i].parentJoint != 0]
        held: list[int] = []
        standing: list[int] = []
        for item in objects:
            pose = pin.SE3(item.pose.rotation, item.pose.translation)
            joint, placement = (hand.parentJoint, hand.placement * pose) if item.attached else (0, robot.base * pose)
            unique = f"{item.name}#{len(self._names)}"  # pinocchio refuses equal names
            index = self._geometry.addGeometryObject(
                pin.GeometryObject(unique, joint, placement, _coal_shape(item.shape))
            )
            self._names.append(item.name)
            (held if item.attached else standing).append(index)
        with_hand = {i for i in moving if robot.geometry.geometryObjects[i].parentJoint == hand.parentJoint}
        for index in held:
            for other in links:
                if other not in with_hand:
                    self._geometry.addCollisionPair(pin.CollisionPair(other, index))
        for index in standing:
            allowed = self._names[index] in allow_contact
            for other in (*moving, *held):
                if not (allowed and (other in fingers or other in held)):
                    self._geometry.addCollisionPair(pin.CollisionPair(other, index))
        self._geometry_data = pin.GeometryData(self._geometry)

    @contextmanager
    def keep_away(self, distance: float) -> Iterator[None]:
        """Within this context, what is nearer than a distance (m) counts as touching."""
        requests = self._geometry_data.collisionRequests
        for request in requests:
            request.security_margin = distance
        try:
            yield
        finally:
            for request in requests:
                request.security_margin = 0.0

    def is_free(self, positions: FloatArray) -> bool:
        """Whether the arm touches nothing at joint positions (J,)."""
        return not pin.computeCollisions(
            self._model, self._data, self._geometry, self._geometry_data, np.ascontiguousarray(positions), True
        )

    def contacts(self, positions: FloatArray) -> list[tuple[str, str]]:
        """Names of links and objects that touch at joint positions (J,)."""
        pin.computeCollisions(
            self._model, self._data, self._geometry, self._geometry_data, np.ascontiguousarray(positions), False
        )
        touching: dict[tuple[str, str], None] = {}
        for pair, result in zip(self._geometry.collisionPairs, self._geometry_data.collisionResults):
            if result.isCollision():
                touching[self._names[pair.first], self._names[pair.second]] = None
        return list(touching)

    def is_segment_free(self, start: FloatArray, end: FloatArray) -> bool:
        """Whether every configuration on the straight joint path from start to end (J,) is free.

        The end is checked, the start is not.
        """
        count = max(1, int(np.ceil(np.abs(end - start).max() / STEP)))
        # Far apart first: a blocked segment is found soonest.
        return all(self.is_free(start + (end - start) * (i / count)) for i in _bisection_order(count))


def describe(contacts: Sequence[tuple[str, str]]) -> str:
    """Contacts as words, at most three of them."""
    words = [f"{first} touches {second}" for first, second in contacts[:3]]
    return ", ".join(words) + (f" and {len(contacts) - 3} more" if len(contacts) > 3 else "")


def self_collision_pairs(robot: RobotModel) -> list[tuple[int, int]]:
    """Pairs of the arm's shapes that can collide, by index.

    Neighbours in the chain of moving links are left out, and so are pairs that touch in each of many
    random configurations: their shapes overlap by construction.
    """
    geometry = robot.geometry.copy()
    geometry.removeAllCollisionPairs()
    shapes = geometry.geometryObjects
    for i in range(len(shapes)):
        for j in range(i):
            a, b = shapes[i].parentJoint, shapes[j].parentJoint
            if a != b and robot.model.parents[a] != b and robot.model.parents[b] != a:
                geometry.addCollisionPair(pin.CollisionPair(j, i))
    data, geometry_data = robot.model.createData(), pin.GeometryData(geometry)
    rng = np.random.default_rng(0)
    always = np.ones(len(geometry.collisionPairs), dtype=bool)
    for positions in rng.uniform(robot.lower, robot.upper, (_SAMPLES, len(robot.joint_names))):
        pin.computeCollisions(robot.model, data, geometry, geometry_data, positions, False)
        always &= np.array([result.isCollision() for result in geometry_data.collisionResults], dtype=bool)
        if not always.any():
            break
    return [(p.first, p.second) for p, overlap in zip(geometry.collisionPairs, always) if not overlap]


def _bisection_order(count: int) -> list[int]:
    """1..count, the end first, then halves, quarters, ... ."""
    order, seen, step = [count], {0, count}, count
    while len(order) < count:
        step = (step + 1) // 2
        for i in range(step, count, step):
            if i not in seen:
                seen.add(i)
                order.append(i)
    return order


def _coal_shape(shape: Shape) -> coal.CollisionGeometry:
    if isinstance(shape, Box):
        return coal.Box(*shape.size)
    if isinstance(shape, Sphere):
        return coal.Sphere(shape.radius)
    if isinstance(shape, Cylinder):
        return coal.Cylinder(shape.radius, shape.length)
    raise TypeError(f"not a shape: {shape!r}")

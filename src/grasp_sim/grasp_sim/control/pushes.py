"""Moving objects about on the table, as somebody's hand would, while the robot works."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from grasp_perception.transform import Transform
from grasp_sim.cell.scene import Scene, SceneObject


class PushRefused(ValueError):
    """An object cannot be moved; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Push:
    item: SceneObject
    start: Transform
    displacement: NDArray[np.float64]
    turn: float
    begin: float
    seconds: float


class Pushes:
    """Leads objects along the table, whatever is in their way.

    All methods belong to the thread that steps the world.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pushes: dict[str, _Push] = {}

    def begin(self, name: str, displacement: ArrayLike, turn: float, seconds: float, now: float) -> None:
        """Move an object from where it is; a push of the same object that is under way ends.

        Args:
            name: Of the object.
            displacement: (3,) in the base frame, m.
            turn: About the vertical through its centre, rad.
            seconds: Simulated time that it takes, with a smooth start and end; 0 = at once.
            now: Simulated seconds.

        Raises:
            PushRefused: There is no such object, it is held, or it would leave the workspace; numbers make no sense.
        """
        by_name = {item.name: item for item in self._scene.objects}
        if name not in by_name:
            raise PushRefused(f"no object is called '{name}'; there are: {', '.join(by_name) or 'none'}")
        move = np.asarray(displacement, dtype=np.float64)
        if not (np.isfinite(move).all() and np.isfinite(turn) and np.isfinite(seconds) and seconds >= 0.0):
            raise PushRefused(f"displacement {move.tolist()}, turn {turn} and seconds {seconds} must be finite numbers")
        if name in self._scene.touching():
            raise PushRefused(f"'{name}' is between the fingers; move it before it is grasped")
        item = by_name[name]
        goal = item.pose.translation + move
        x, y, z = map(float, goal)
        box = self._scene.workcell.workspace
        if not box.contains((x, y, z)):
            raise PushRefused(
                f"'{name}' would be at ({x:.3f}, {y:.3f}, {z:.3f}) m, outside the workspace from "
                f"{box.min} to {box.max} m"
            )
        self._pushes[name] = _Push(item, item.pose, move, turn, now, seconds)

    def before_step(self, time: float) -> None:
        """Put what is pushed where it should be at a time."""
        for name, push in list(self._pushes.items()):
            share = 1.0 if push.seconds == 0.0 else min((time - push.begin) / push.seconds, 1.0)
            eased = share * share * (3.0 - 2.0 * share)
            turned = Rotation.from_euler("z", eased * push.turn).as_matrix() @ push.start.rotation
            pose = Transform(turned, push.start.translation + eased * push.displacement)
            push.item.body.pose = push.item.model.body_pose(pose)
            push.item.body.stop()
            if share == 1.0:
                del self._pushes[name]

    def clear(self) -> None:
        """Let go of everything."""
        self._pushes.clear()

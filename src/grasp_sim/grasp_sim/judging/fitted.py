"""Predicted grasps whose jaws are moved to where there is room, before they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.outcomes import OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.holes import fill_holes
from grasp_planning.jaw_room import JawRoom
from grasp_sim.judging.exam import Exam
from grasp_sim.trials.aiming import aim

MOVES = 4
"""So often a grasp is moved at most until it stays where it is."""
STAYS = 1.0
"""px by which it moves then at most, and is opened or closed."""


class FittedJaws:
    """Does with the grasps of a scene what planners do that ask a network; see `grasp_planning.jaw_room`.

    But for two things: the trial says how deep it goes, so that jaws without room are not tried less deep, and where a
    planner would answer that there is no grasp, the network's best is tried as it is.
    A rectangle is all that is tried. Where its centre has moved the surface is another, and with it what the rectangle
    means in the world: it is moved on until it stays.
    """

    def __init__(self, exam: Exam) -> None:
        self._exam = exam

    def __call__(self, scene: DatasetScene, grasps: Sequence[GraspRectangle]) -> GraspRectangle:
        """The first of a scene's grasps for whose jaws there is room, where there is; the first of all if none is.

        Args:
            scene: Of the exam, its depth as the network was shown it.
            grasps: px of its image, best first; not empty.
        """
        fitting = _Fitting(self._exam, scene)
        return next((fitted for grasp in grasps if (fitted := fitting.settled(grasp)) is not None), grasps[0])


class _Fitting:
    """Of the jaws in one scene."""

    def __init__(self, exam: Exam, scene: DatasetScene) -> None:
        self._exam = exam
        self._camera = exam.scenes[scene.id].camera
        self._world_from_camera = exam.scenes[scene.id].world_from_camera.transform
        self._camera_from_world = self._world_from_camera.inverse()
        self._depth = fill_holes(scene.depth)
        self._gripper = exam.gripper.with_jaw(exam.jaw)
        self._room = JawRoom(self._depth, self._camera, self._gripper)

    def settled(self, grasp: GraspRectangle) -> GraspRectangle | None:
        """A grasp where there is room for it as it will be tried; None if there is not."""
        settled = self._openable(grasp)
        for _ in range(MOVES):
            before = settled
            if before is None or (settled := self._moved(before)) is None:
                return None
            x, y, width = settled.x - before.x, settled.y - before.y, settled.width - before.width
            if max(np.hypot(x, y), abs(width)) <= STAYS:
                return settled
        return None

    def _openable(self, grasp: GraspRectangle) -> GraspRectangle | None:
        """Opened no more than the gripper opens; None outside of the image."""
        column, row = round(grasp.x), round(grasp.y)
        height, width = self._depth.shape
        if not (0 <= column < width and 0 <= row < height):
            return None
        widest = self._gripper.max_opening * self._camera.fx / float(self._depth[row, column])
        return replace(grasp, width=min(grasp.width, widest))

    def _moved(self, grasp: GraspRectangle) -> GraspRectangle | None:
        exam, depth, camera = self._exam, self._depth, self._camera
        rectangles = GraspRectangles.of([grasp])
        aims = aim(rectangles, depth, camera, self._world_from_camera, self._gripper, exam.settings)
        if aims.problems[0]:
            return None
        pose = self._camera_from_world @ Transform.from_matrix(aims.poses[0])
        column, row = round(grasp.x), round(grasp.y)
        surface = camera.deproject((column, row), depth[row, column])
        insertion = float(pose.rotation[:, 2] @ (pose.translation - surface))
        try:
            fitted = self._room.fit(GraspCandidate(pose, float(aims.widths[0]), grasp.quality, grasp, insertion))
        except OutcomeError:
            return None
        return None if fitted.rectangle is None else self._openable(fitted.rectangle)

"""Predicted grasps whose jaws are moved to where there is room, before they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.outcomes import OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.holes import fill_holes
from grasp_planning.jaw_room import JawRoom
from grasp_sim.judging.exam import Exam
from grasp_sim.trials.aiming import aim


class FittedJaws:
    """Does with the grasps of a scene what planners do that ask a network; see `grasp_planning.jaw_room`."""

    def __init__(self, exam: Exam) -> None:
        self._exam = exam

    def __call__(self, scene: DatasetScene, grasps: Sequence[GraspRectangle]) -> GraspRectangle:
        """The first of a scene's grasps for whose jaws there is room, where there is; the first of all if none is.

        Args:
            scene: Of the exam, its depth as the network was shown it.
            grasps: px of its image, best first; not empty.
        """
        exam, camera = self._exam, self._exam.scenes[scene.id].camera
        world_from_camera = exam.scenes[scene.id].world_from_camera.transform
        camera_from_world = world_from_camera.inverse()
        depth = fill_holes(scene.depth)
        room = JawRoom(depth, camera, exam.gripper)
        for grasp in grasps:
            column, row = round(grasp.x), round(grasp.y)
            widest = exam.gripper.max_opening * camera.fx / float(depth[row, column])
            wanted = replace(grasp, width=min(grasp.width, widest))
            aims = aim(GraspRectangles.of([wanted]), depth, camera, world_from_camera, exam.gripper, exam.settings)
            if aims.problems[0]:
                continue
            pose = camera_from_world @ Transform.from_matrix(aims.poses[0])
            surface = camera.deproject((column, row), depth[row, column])
            insertion = float(pose.rotation[:, 2] @ (pose.translation - surface))
            candidate = GraspCandidate(pose, float(aims.widths[0]), grasp.quality, wanted, insertion)
            try:
                fitted = room.fit(candidate).rectangle
            except OutcomeError:
                continue
            assert fitted is not None  # as the candidate has one
            return fitted
        return grasps[0]

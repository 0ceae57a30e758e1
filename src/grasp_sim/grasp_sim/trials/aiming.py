"""From rectangles in a scene's image to grasps in its world (Depierre et al. 2018, section IV-C).

The approach is the surface's normal at the centre of the rectangle, fitted to the depth around it, or straight down.
The jaws are where their rays meet the plane through the centre that is square to the approach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles
from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.trials.settings import TrialSettings

PATCH_RADIUS = 0.006
"""m around the centre in which the normal is fitted."""
PATCH_POINTS = 9
"""A side of the grid of points in the patch."""
PATCH_DEPTH = 0.008
"""m; points farther than this from the centre along the optical axis belong to another surface."""
STEEPEST = np.deg2rad(80.0)
"""Angle between the normal and the ray from the camera; beyond it the rectangle says nothing about the jaws."""
TOO_WIDE = 1.005
"""Openings up to this many times the gripper's are rounding."""
LEAST_OPENING = 1e-3
"""px; the jaws of a smaller one may fall together in a number's last digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Aims:
    """Grasps in the world of a scene."""

    poses: NDArray[np.float64]
    """(N, 4, 4) world_from_tool; the identity where there is a problem."""
    widths: NDArray[np.float64]
    """(N,) opening, m."""
    problems: tuple[str, ...]
    """(N,) why a rectangle cannot be tried; "" where it can."""

    def __len__(self) -> int:
        return len(self.problems)


def aim(
    rectangles: GraspRectangles,
    depth: NDArray[np.float32],
    camera: CameraIntrinsics,
    world_from_camera: Transform,
    gripper: Gripper,
    settings: TrialSettings | None = None,
) -> Aims:
    """What rectangles mean in the world.

    Args:
        rectangles: N grasps, px; their jaw sizes are not used.
        depth: (H, W) planar depth, m; NaN where unknown.
        camera: Of the image.
        world_from_camera: Pose of the optical frame; the ground is z = 0.
        gripper: Whose jaws they are.
        settings: Direction of the approach, insertion and clearance.

    Returns:
        N aims, with a reason for each that cannot be tried.
    """
    settings = settings or TrialSettings()
    problems = _problems(rectangles, depth, camera, gripper)
    poses = np.tile(np.eye(4), (len(rectangles), 1, 1))
    widths = np.zeros(len(rectangles))
    fine = np.flatnonzero([not problem for problem in problems])
    if not len(fine):
        return Aims(poses, widths, tuple(problems))
    chosen = rectangles[fine]
    surface = _deproject(chosen.centers, _nearest(depth, chosen.centers), camera)
    if settings.direction == "down":
        approach = np.tile(-world_from_camera.rotation[2], (len(fine), 1))
    else:
        approach = -_normals(chosen.centers, surface, depth, camera)

    rays = _deproject(chosen.centers[:, None] + _JAWS[:, None] * chosen.axes[:, None] * chosen.widths[:, None, None],
                      np.ones((len(fine), 2)), camera)  # fmt: skip
    reach = np.einsum("ni,ni->n", approach, surface)[:, None] / np.einsum("nji,ni->nj", rays, approach)
    for index in np.flatnonzero((reach <= 0).any(axis=1)):
        problems[fine[index]] = "a jaw's ray does not meet the plane of the grasp: the surface is too steep"
    jaws = rays * np.abs(reach)[..., None]
    closing = jaws[:, 1] - jaws[:, 0]
    length = np.linalg.norm(closing, axis=1)
    x = closing / length[:, None]
    rotations = world_from_camera.rotation @ np.stack([x, np.cross(approach, x), approach], axis=2)
    points = world_from_camera.apply(surface)
    widths[fine] = np.clip(length, gripper.min_opening, gripper.max_opening)
    insertions = _insertions(points, rotations, widths[fine], gripper, settings)
    poses[fine, :3, :3] = rotations
    poses[fine, :3, 3] = points + insertions[:, None] * rotations[:, :, 2]
    return Aims(poses, widths, tuple(problems))


_JAWS = np.array([-0.5, 0.5])


def _problems(
    rectangles: GraspRectangles, depth: NDArray[np.float32], camera: CameraIntrinsics, gripper: Gripper
) -> list[str]:
    """Why each rectangle cannot be tried, "" where it can."""
    rows, columns = depth.shape
    problems = []
    for x, y, _, width, _ in rectangles.values:
        problem = ""
        if not np.isfinite([x, y, width]).all():
            problem = "a value is not a finite number"
        elif not (-0.5 <= x < columns - 0.5 and -0.5 <= y < rows - 0.5):
            problem = f"the centre ({x:.1f}, {y:.1f}) lies outside the {columns}x{rows} image"
        elif width < LEAST_OPENING:
            problem = f"the opening must be positive, got {width:g} px"
        else:
            z = float(depth[round(y), round(x)])
            widest = gripper.max_opening * camera.fx / z
            if not np.isfinite(z):
                problem = f"there is no depth at the centre ({x:.1f}, {y:.1f})"
            elif width > TOO_WIDE * widest:
                problem = f"the opening of {width:.1f} px is wider than the gripper's {widest:.1f} px at this depth"
        problems.append(problem)
    return problems


def _nearest(depth: NDArray[np.float32], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    column, row = np.rint(pixels).astype(np.intp).T
    return depth[row, column].astype(np.float64)


def _deproject(
    pixels: NDArray[np.float64], depth: NDArray[np.float64], camera: CameraIntrinsics
) -> NDArray[np.float64]:
    return camera.deproject(pixels, depth)


def _normals(
    centers: NDArray[np.float64], surface: NDArray[np.float64], depth: NDArray[np.float32], camera: CameraIntrinsics
) -> NDArray[np.float64]:
    """(N, 3) unit normals towards the camera: planes fitted to the depth around each centre."""
    radius = PATCH_RADIUS * camera.fx / surface[:, 2]
    grid = np.linspace(-1.0, 1.0, PATCH_POINTS)
    dx, dy = (offset.ravel() for offset in np.meshgrid(grid, grid))
    columns = np.rint(centers[:, :1] + radius[:, None] * dx).astype(np.intp)
    rows = np.rint(centers[:, 1:] + radius[:, None] * dy).astype(np.intp)
    inside = (columns >= 0) & (columns < depth.shape[1]) & (rows >= 0) & (rows < depth.shape[0])
    columns, rows = np.clip(columns, 0, depth.shape[1] - 1), np.clip(rows, 0, depth.shape[0] - 1)
    z = depth[rows, columns].astype(np.float64)
    used = inside & np.isfinite(z) & (np.abs(z - surface[:, 2:]) < PATCH_DEPTH)
    points = camera.deproject(np.stack([columns, rows], axis=-1), np.where(used, z, 1.0))
    weight = used[..., None].astype(np.float64)
    count = np.maximum(weight.sum(axis=1), 1.0)
    offsets = (points - ((points * weight).sum(axis=1) / count)[:, None]) * weight
    _, axes = np.linalg.eigh(np.einsum("npi,npj->nij", offsets, offsets))
    normals = axes[:, :, 0]
    rays = -surface / np.linalg.norm(surface, axis=1, keepdims=True)
    cosine = np.einsum("ni,ni->n", normals, rays)
    normals = normals * np.where(cosine < 0, -1.0, 1.0)[:, None]
    # Too few points, or seen edge on: the ray itself is the best guess of the normal.
    poor = (used.sum(axis=1) < PATCH_POINTS) | (np.abs(cosine) < np.cos(STEEPEST))
    normals[poor] = rays[poor]
    return normals


def _insertions(
    points: NDArray[np.float64],
    rotations: NDArray[np.float64],
    widths: NDArray[np.float64],
    gripper: Gripper,
    settings: TrialSettings,
) -> NDArray[np.float64]:
    """(N,) how far the tips go past the surface points: the wish, less where the ground comes first."""
    across = widths / 2 + gripper.finger_thickness
    lowest = -(
        np.abs(rotations[:, 2, 0]) * across + np.abs(rotations[:, 2, 1]) * gripper.finger_width / 2
    )  # the lowest corner of the fingers' ends, below the middle between them
    fall = np.maximum(-rotations[:, 2, 2], 1e-3)  # of the height, a metre along the approach
    to_ground = (points[:, 2] + lowest - settings.clearance) / fall
    return np.minimum(min(settings.insertion, 0.8 * gripper.finger_length), to_ground)

"""The antipodal grasp planner."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome
from grasp_perception.table import NoTableError, fit_table
from grasp_perception.transform import Transform
from grasp_planning.antipodal.edges import Pairs, antipodal_pairs, find_edges, thin_out
from grasp_planning.antipodal.height_map import HeightMap, Surface, rasterize
from grasp_planning.antipodal.jaws import Closures, Windows
from grasp_planning.antipodal.objects import Objects, find_objects, target_pixels
from grasp_planning.antipodal.options import AntipodalOptions
from grasp_planning.antipodal.ranking import diverse, hold, quality
from grasp_planning.grasps import GraspCandidate
from grasp_planning.gripper import Gripper
from grasp_planning.holes import fill_holes
from grasp_planning.lifting import project
from grasp_planning.planner import GraspPlanner, NoGraspFound

_MAX_CELLS = 1_500_000
_LEAST_CELL = 0.0008
"""m: a camera that is near sees finer than hands work, and planning takes time with the number of cells."""
_HYPOTHESES, _SAMPLE = 200, 1500
"""Of the table's fit: a table that fills a third of the image is missed once in 1,700 times, one of half never."""


class AntipodalPlanner(GraspPlanner):
    """Parallel-jaw grasps between antipodal depth edges (Mahler et al., Dex-Net 2.0, Algorithm 1).

    The table is fitted, what stands on it is turned into a map of heights, antipodal pairs of its edges are
    found in the friction cone that grows until there are enough, and for each pair and each height of the
    tips the fingers and the palm are checked against the map. The best by `ranking.quality` are proposed.
    Approach is along the table's normal, whatever the camera's tilt. The same frame gives the same grasps.

    Options are the fields of `AntipodalOptions`.

    Each candidate's `source` holds, in metres: object_width (between the jaws), object_height, tip_height (above the
    table), engagement (of fingers and object along the approach), margin (between an open finger and the
    object); friction (the coefficient it needs), and object (an index).
    """

    def __init__(self, gripper: Gripper, *, seed: int = 0, **options: Any) -> None:
        super().__init__(gripper)
        self.options = AntipodalOptions(seed=seed, **options)

    def plan(
        self, frame: RGBDFrame, *, roi: NDArray[np.bool_] | None = None, max_grasps: int = 1, tracked: bool = False
    ) -> list[GraspCandidate]:
        """See `GraspPlanner.plan`."""
        if roi is not None and roi.shape != frame.depth.shape:
            raise ValueError(f"roi is {roi.shape}, the image is {frame.depth.shape}")
        options = self.options.model_copy(update={"skip_cut_objects": False}) if tracked else self.options
        rng = np.random.default_rng(options.seed)
        surface = self._look(frame, rng)
        targets = target_pixels(surface, roi, options)
        height_map = self._rasterize(surface, targets)
        objects = find_objects(height_map, surface, targets, options)
        edges = find_edges(height_map, objects, self.gripper.finger_width, options)
        pairs = antipodal_pairs(edges, self.gripper.max_opening - 2 * options.finger_clearance, rng, options)
        if roi is not None:
            pairs = pairs[_inside(pairs.center, height_map, surface, roi)]
        if not len(pairs):
            raise self._refusal(objects, self._why_no_pair(objects, len(edges)))
        pairs = thin_out(pairs, height_map.cell, options.samples, rng)

        windows = Windows(height_map, pairs, self.gripper, options)
        closures = windows.close()
        room = (closures.width > self.gripper.min_opening) & (closures.margin >= options.finger_clearance)
        deep = closures.engagement >= options.min_engagement
        held = np.where(room & deep & closures.palm_free, hold(closures, options), 0.0)
        if not held.any():
            raise self._refusal(objects, self._why_none_fits(room, deep, objects))
        closures = closures.at(held.argmax(axis=1))  # of equally good heights the lowest
        center = pairs.center + pairs.axis * ((closures.low + closures.high) / 2)[:, None]
        middle = height_map.positions(objects.centroid)
        rank = quality(pairs, center, held.max(axis=1), *windows.contact(closures), objects, middle)
        if rank.max() < options.min_quality:
            raise self._refusal(
                objects,
                f"the best of {int((rank > 0).sum())} possible grasps has a quality of {rank.max():.2f}, "
                f"{options.min_quality:.2f} is demanded (option min_quality)",
            )
        chosen = diverse(rank, center, pairs.axis, max_grasps, options.distance, options.angle)
        return [
            self._candidate(i, frame, height_map, objects, pairs, center[i], closures, float(rank[i]))
            for i in chosen
            if rank[i] >= options.min_quality
        ]

    def _look(self, frame: RGBDFrame, rng: np.random.Generator) -> Surface:
        share = float(frame.valid.mean())
        if share < self.options.min_valid:
            raise NoGraspFound(
                Outcome.BAD_DEPTH,
                f"only {share:.0%} of the depth image is valid, {self.options.min_valid:.0%} are needed: is the "
                "camera too near, or its projector off?",
            )
        try:
            plane = fit_table(frame, rng, hypotheses=_HYPOTHESES, sample=_SAMPLE)
        except NoTableError as error:
            raise NoGraspFound(Outcome.BAD_DEPTH, f"no table in the depth image: {error}") from error
        depth = fill_holes(frame.depth, self.options.shadow, self.options.max_hole)
        return Surface.from_depth(depth, frame.intrinsics, plane)

    def _rasterize(self, surface: Surface, targets: NDArray[np.bool_]) -> HeightMap:
        """The part of the table where the gripper may be, at the resolution of the camera on the objects."""
        x, y, height = surface.x[targets], surface.y[targets], surface.height[targets]
        footprint = surface.pixel * (1 - float(np.median(height)) / surface.camera_height)
        gripper = self.gripper
        margin = 1.5 * gripper.max_opening + gripper.finger_thickness + gripper.finger_width
        margin = max(margin, float(np.hypot(*gripper.palm_size[:2])) / 2 + gripper.max_opening / 2)
        bounds = np.array([[x.min() - margin, y.min() - margin], [x.max() + margin, y.max() + margin]])
        cell = self.options.cell or max(footprint, _LEAST_CELL)
        cell = max(cell, float(np.sqrt(np.prod(bounds[1] - bounds[0]) / _MAX_CELLS)))
        return rasterize(surface, bounds, cell)

    def _candidate(
        self,
        i: int,
        frame: RGBDFrame,
        height_map: HeightMap,
        objects: Objects,
        pairs: Pairs,
        center: NDArray[np.float64],
        closures: Closures,
        rank: float,
    ) -> GraspCandidate:
        """The i-th pair as a pose in the camera frame, and as the rectangle as which it is seen."""
        tip, engagement = float(closures.tip[i]), float(closures.engagement[i])
        pose = height_map.camera_from_table @ _tool(center, pairs.axis[i], tip)
        top = float(height_map.height[height_map.index(*center)])
        if not tip < top < np.inf:  # a hole in the middle, as in a ring
            top = tip + engagement
        width, insertion = float(closures.opening[i]), top - tip
        rectangle = project(pose, width, insertion, frame.intrinsics, jaw_width=self.gripper.finger_width, quality=rank)
        source = {
            "object_width": float(closures.width[i]),
            "object_height": float(objects.tallest[pairs.labels[i]]),
            "object": int(pairs.labels[i]),
            "friction": float(pairs.friction[i]),
            "tip_height": tip,
            "engagement": engagement,
            "margin": float(closures.margin[i]),
        }
        return GraspCandidate(pose, width, rank, rectangle, insertion, source)

    def _refusal(self, objects: Objects, reason: str) -> NoGraspFound:
        """NO_GRASP: if all objects are too wide, that is the reason; else the one given."""
        gripper, clearance = self.gripper, self.options.finger_clearance
        widths = objects.narrowest[1:]
        if len(widths) and widths.min() > gripper.max_opening - 2 * clearance:
            what = "the object is" if len(widths) == 1 else f"the narrowest of {len(widths)} objects is"
            reason = (
                f"{what} {widths.min() * 1e3:.0f} mm wide, gripper '{gripper.name}' opens "
                f"{gripper.max_opening * 1e3:.0f} mm and needs {clearance * 1e3:.1f} mm of clearance on each side"
            )
        return NoGraspFound(Outcome.NO_GRASP, reason)

    def _why_no_pair(self, objects: Objects, edges: int) -> str:
        return (
            f"no two of {edges} edge points on {len(objects.size) - 1} objects face each other within a friction of "
            f"{self.options.max_friction} and {self.gripper.max_opening * 1e3:.0f} mm"
        )

    def _why_none_fits(self, room: NDArray[np.bool_], deep: NDArray[np.bool_], objects: Objects) -> str:
        """Args: (N, K) whether there is room for the fingers, and enough overlap."""
        options, count = self.options, len(room)
        narrow = int((~room.any(axis=1)).sum())
        shallow = int((room.any(axis=1) & ~(room & deep).any(axis=1)).sum())
        palm = count - narrow - shallow
        reasons = []
        if narrow:
            thickness = self.gripper.finger_thickness * 1e3
            reasons.append(f"{narrow} leave no room for the {thickness:.0f} mm thick fingers beside what they hold")
        if shallow:
            reasons.append(
                f"{shallow} cannot be held {options.min_engagement * 1e3:.0f} mm deep with the tips "
                f"{options.table_clearance * 1e3:.0f} mm above the table (the tallest object is "
                f"{objects.tallest.max() * 1e3:.0f} mm)"
            )
        if palm:
            reasons.append(f"in {palm} the palm would touch something")
        return f"of {count} antipodal pairs none can be grasped: {'; '.join(reasons)}"


def _inside(
    positions: NDArray[np.float64], height_map: HeightMap, surface: Surface, roi: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(N,) whether the surface at (N, 2) positions is seen at a pixel of the roi."""
    height = height_map.height[height_map.index(positions[:, 0], positions[:, 1])]
    points = np.column_stack([positions, -np.where(np.isfinite(height), height, 0.0)])
    pixels = np.rint(surface.intrinsics.project(surface.camera_from_table.apply(points))).astype(np.intp)
    rows, columns = roi.shape
    seen = (pixels[:, 0] >= 0) & (pixels[:, 0] < columns) & (pixels[:, 1] >= 0) & (pixels[:, 1] < rows)
    seen[seen] = roi[pixels[seen, 1], pixels[seen, 0]]
    return seen


def _tool(center: NDArray[np.float64], axis: NDArray[np.float64], tip: float) -> Transform:
    """table_from_tool of a grasp along the table's normal."""
    x = np.array([axis[0], axis[1], 0.0])
    z = np.array([0.0, 0.0, 1.0])
    return Transform.from_axes(x, z, np.array([center[0], center[1], -tip]))

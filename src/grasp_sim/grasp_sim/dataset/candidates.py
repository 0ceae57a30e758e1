"""Grasp candidates: more of them where edges of the images face each other (Depierre et al. 2018, section IV-C).

The paper's heuristic looks for aligned edges and draws candidates by their density. Here two edge points
are aligned if a gripper could close on them: the line between them is as long as it opens at most, and
runs along both gradients, which are opposed. A candidate is such a pair, blurred: its middle, its direction,
and an opening that is wider than the pair. So the density of candidates is that of pairs, smoothed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from grasp_learning.rectangles import GraspRectangles
from grasp_perception.camera import CameraIntrinsics
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.settings import CandidateSettings

WORKING_OPENING = 32.0
"""px that the gripper's opening has, about, in the reduced images where edges are looked for."""
LEAST_SLOPE = 1.0
"""m of depth for each m across: an edge in depth. The ground seen at a slant stays below it."""
STRONG_SLOPE = 4.0
"""As strong as a depth edge counts."""
LEAST_CONTRAST, STRONG_CONTRAST = 12.0, 48.0
"""Grey levels from one pixel to the next: an edge in colour, and one as strong as it counts."""
COLOR_WEIGHT = 0.25
"""Of a pair of edges in colour, when one in depth has 1: shadows and edges between faces have partners, too."""
THIN = 4.0
"""px of the reduced image: shorter pairs are looked for in the full depth image, too."""
MOST_EDGES = 1500
"""With more edge points than this a random choice is made, which bounds time."""
ALIGNED = np.cos(np.deg2rad(25.0))
"""Least cosine between the line of a pair and either gradient."""
BLUR_ACROSS, BLUR_ANGLE = 1.0, np.deg2rad(6.0)
"""Standard deviations of a candidate from its pair: px of the reduced images, rad."""
MARGIN = 0.004
"""m that a candidate is wider than its pair, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgePairs:
    """Pairs of edge points that face each other, in px of the full image."""

    centers: NDArray[np.float64]
    """(P, 2) x, y of the middles."""
    angles: NDArray[np.float64]
    """(P,) direction from one to the other, rad from +x to +y."""
    lengths: NDArray[np.float64]
    """(P,)"""
    weights: NDArray[np.float64]
    """(P,) how strong and well aligned the edges are."""


def draw(
    depth: NDArray[np.float32],
    color: NDArray[np.uint8] | None,
    camera: CameraIntrinsics,
    gripper: Gripper,
    settings: CandidateSettings,
    rng: np.random.Generator,
) -> GraspRectangles:
    """Draw candidates.

    Only the images are looked at: neither the mask nor the object is known here.

    Args:
        depth: (H, W) metres, NaN where unknown.
        color: (H, W, 3) RGB, or None to use edges in depth only.
        camera: Of both images.
        gripper: Whose openings they have.
        settings: How many, and how many of them evenly over the image.
        rng: Chooses.

    Returns:
        As many as the settings say; heights are the gripper's usual jaw at the depth of the centre. Values are
        rounded as `rounded` does. Centres may lie where there is no depth.
    """
    filled = _filled(depth)
    pairs = aligned_edges(filled, color, camera, gripper, rng)
    number = settings.number
    uniform = number if not len(pairs.weights) else round(settings.uniform_share * number)

    centers = rng.uniform([0.0, 0.0], [camera.width - 1.0, camera.height - 1.0], (number, 2))
    angles = rng.uniform(-np.pi / 2, np.pi / 2, number)
    wish = np.zeros(number)
    if uniform < number:
        blur = BLUR_ACROSS * _reduction(filled, camera, gripper)
        count = number - uniform
        chosen = rng.choice(len(pairs.weights), count, p=pairs.weights / pairs.weights.sum())
        centers[:count] = pairs.centers[chosen] + blur * rng.standard_normal((count, 2))
        angles[:count] = pairs.angles[chosen] + BLUR_ANGLE * rng.standard_normal(count)
        wish[:count] = pairs.lengths[chosen]
    centers = np.clip(centers, 0.0, [camera.width - 1.0, camera.height - 1.0])
    columns, rows = np.rint(centers).astype(np.intp).T
    scale = camera.fx / filled[rows, columns]  # px of a metre
    low = np.maximum(settings.opening.low * scale, wish + MARGIN * scale)
    high = min(settings.opening.high, gripper.max_opening) * scale
    widths = rng.uniform(np.minimum(low, high), high)
    heights = gripper.finger_width * scale
    order = rng.permutation(number)
    return rounded(np.stack([*centers.T, angles, widths, heights], axis=1)[order])


def rounded(values: NDArray[np.float64]) -> GraspRectangles:
    """Rectangles as an annotation file holds them, so that what is tried is what is written.

    Pixels are rounded to 0.01 (openings down), angles to 0.01 degrees.
    """
    values = GraspRectangles(values).values.copy()  # angles wrapped
    values[:, :2] = np.rint(values[:, :2] * 100) / 100
    values[:, 2] = np.radians(np.rint(np.degrees(values[:, 2]) * 100) / 100)
    values[:, 3] = np.floor(values[:, 3] * 100) / 100
    return GraspRectangles(values)


def aligned_edges(
    depth: NDArray[np.float32],
    color: NDArray[np.uint8] | None,
    camera: CameraIntrinsics,
    gripper: Gripper,
    rng: np.random.Generator,
) -> EdgePairs:
    """Pairs of edge points between which the gripper could close.

    Args:
        depth: (H, W) metres, finite.
        color: (H, W, 3) RGB, or None.
        camera: Of both images.
        gripper: Its opening bounds the pairs' lengths.
        rng: Chooses among edge points where there are too many.
    """
    factor = _reduction(depth, camera, gripper)
    scales = [(factor, np.inf)]
    if factor >= 2:  # rims and sheets whose two edges are one in the reduced image
        scales.append((1.0, THIN * factor))
    parts = []
    for reduced, longest in scales:
        size = (max(1, round(camera.width / reduced)), max(1, round(camera.height / reduced)))
        small = depth if reduced == 1 else cv2.resize(depth, size, interpolation=cv2.INTER_AREA)
        opens = np.minimum(longest, (gripper.max_opening - MARGIN) * camera.fx / small) / reduced
        slope = _gradient(small) * (camera.fx / reduced / small)[..., None]
        parts.append(_facing(_edges(slope, LEAST_SLOPE, STRONG_SLOPE), opens, reduced, rng, outwards=True))
        if color is not None and reduced == factor:  # at full size any scratch would look like a rim
            grey = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY)
            grey = grey if reduced == 1 else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
            edges = _edges(_gradient(grey.astype(np.float32)), LEAST_CONTRAST, STRONG_CONTRAST)
            parts.append(_facing(edges, opens, reduced, rng, outwards=False))
    return EdgePairs(
        np.concatenate([part.centers for part in parts]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("angles", "lengths", "weights")),
    )


def _filled(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unknown depth is taken for the farthest: what a jaw may go into, and an edge to what is there."""
    known = np.isfinite(depth)
    if known.all():
        return depth
    farthest = np.float32(depth[known].max() if known.any() else 1.0)
    return np.where(known, depth, farthest)


def _reduction(depth: NDArray[np.float32], camera: CameraIntrinsics, gripper: Gripper) -> float:
    """Pixels of the full image for one of the reduced ones, a whole number."""
    opening = gripper.max_opening * camera.fx / float(np.median(depth[::16, ::16]))
    return float(max(1, round(opening / WORKING_OPENING)))


def _gradient(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 2) x and y derivatives of the smoothed image, per pixel."""
    scale = 1 / 8
    smooth = cv2.GaussianBlur(image, (0, 0), 0.7)
    derivatives = [cv2.Sobel(smooth, cv2.CV_32F, *order, scale=scale) for order in ((1, 0), (0, 1))]
    return np.stack(derivatives, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    points: NDArray[np.float64]
    """(E, 2) px of the reduced image."""
    gradients: NDArray[np.float64]
    """(E, 2) unit vectors."""
    strengths: NDArray[np.float64]
    """(E,) in (0, 1]."""


def _edges(gradient: NDArray[np.float32], least: float, strong: float) -> _Edges:
    """Points where the slope is greatest along itself, and at least `least`; from `strong` on all are as strong."""
    slope = np.hypot(gradient[..., 0], gradient[..., 1])
    slope[[0, -1]] = slope[:, [0, -1]] = 0.0
    row, column = np.nonzero(slope >= least)
    here = slope[row, column]
    unit = gradient[row, column] / here[:, None]
    step = np.rint(unit).astype(np.intp)
    ahead, behind = slope[row + step[:, 1], column + step[:, 0]], slope[row - step[:, 1], column - step[:, 0]]
    ridge = (here >= ahead) & (here > behind)
    points = np.stack([column[ridge], row[ridge]], axis=1).astype(np.float64)
    return _Edges(points, unit[ridge].astype(np.float64), np.minimum(here[ridge] / strong, 1.0).astype(np.float64))


def _facing(
    edges: _Edges, opens: NDArray[np.float32], factor: float, rng: np.random.Generator, *, outwards: bool
) -> EdgePairs:
    """Pairs whose gradients point away from each other: in depth, a thing between two gaps.

    Args:
        edges: In the reduced image.
        opens: (h, w) greatest length of a pair at each of its pixels.
        factor: Of the reduction.
        rng: Chooses among edge points where there are too many.
        outwards: Whether only that counts; in colour both ways do, brighter and darker.
    """
    points, gradients, strengths = edges.points, edges.gradients, edges.strengths
    count = len(points)
    if count > MOST_EDGES:
        chosen = rng.choice(count, MOST_EDGES, replace=False, shuffle=False)
        points, gradients, strengths = points[chosen], gradients[chosen], strengths[chosen]
    if count < 2:
        return EdgePairs(np.empty((0, 2)), np.empty(0), np.empty(0), np.empty(0))
    columns, rows = points.astype(np.intp).T
    reach = opens[rows, columns].astype(np.float64)
    first, second = cKDTree(points).query_pairs(float(reach.max()), output_type="ndarray").T
    opposed = np.einsum("ij,ij->i", gradients[first], gradients[second]) < 0
    first, second = first[opposed], second[opposed]
    way = points[second] - points[first]
    length = np.hypot(*way.T)
    way /= length[:, None]
    out_first = -np.einsum("ij,ij->i", gradients[first], way)
    out_second = np.einsum("ij,ij->i", gradients[second], way)
    if not outwards:
        out_first, out_second = np.abs(out_first), np.abs(out_second)
    good = (out_first > ALIGNED) & (out_second > ALIGNED) & (length <= np.maximum(reach[first], reach[second]))
    first, second, way, length = first[good], second[good], way[good], length[good]
    # From the centres of reduced pixels to those of full ones.
    middles = ((points[first] + points[second]) / 2 + 0.5) * factor - 0.5
    weights = strengths[first] * strengths[second] * out_first[good] * out_second[good]
    # The cone in which partners are found is the wider the farther they are, and there are the more points the finer
    # the image is: without that, each piece of an edge counts the same.
    weights *= factor / length * (count / len(points)) ** 2 * (1.0 if outwards else COLOR_WEIGHT)
    return EdgePairs(middles, np.arctan2(way[:, 1], way[:, 0]), length * factor, weights)

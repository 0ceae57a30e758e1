"""Plane outlines, and plates and prisms made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection, triangulate
from scipy.spatial import ConvexHull

from grasp_sim.objects.shapes.part import Part, Points
from grasp_sim.objects.shapes.sections import ring

Outline = Callable[[int], CrossSection]
"""Corners of a full circle -> the region."""
FINE = 48
COARSE = 8
EXCESS = 0.004
"""Area that two pieces may gain by becoming one, as a share of the whole outline."""
MOST_CORNERS = 18
Region = tuple[frozenset[int], float]
"""Indices of the corners, and the area that is filled."""


def disc(radius: float, corners: int, x: float = 0.0, y: float = 0.0) -> CrossSection:
    """A polygon with the area of a circle."""
    return CrossSection([ring(corners) * radius + (x, y)])


def rectangle(x: float, y: float) -> CrossSection:
    """About the origin."""
    return CrossSection([np.array([(-x, -y), (x, -y), (x, y), (-x, y)]) / 2])


def rounded(outline: CrossSection, radius: float, corners: int) -> CrossSection:
    """An outline with its outer corners rounded off."""
    return outline.offset(-radius).offset(radius, circular_segments=corners)


def slot(length: float, width: float, corners: int) -> CrossSection:
    """A stadium along x, about the origin."""
    half = (length - width) / 2
    return CrossSection.batch_hull([disc(width / 2, corners, -half), disc(width / 2, corners, half)])


def prism(outline: Outline, height: float, top: float = 1.0) -> Part:
    """An outline, extruded along z about the origin; its top may be smaller."""
    solid = outline(FINE).extrude(height, scale_top=(top, top)).translate((0.0, 0.0, -height / 2))
    pieces = []
    for piece in convex_regions(outline(COARSE)):
        low, high = (np.full((len(piece), 1), z) for z in (-height / 2, height / 2))
        pieces.append(np.concatenate([np.hstack([piece, low]), np.hstack([piece * top, high])]))
    return Part(solid, tuple(pieces))


def stroke(start: Points, end: Points, width: float, height: float) -> Part:
    """A straight stroke (2,) to (2,) of a pen with a square tip, extruded along z about the origin."""
    along = (end - start) / np.linalg.norm(end - start) * width / 2
    across = np.array([-along[1], along[0]])
    corners = np.array([start - along - across, end + along - across, end + along + across, start - along + across])
    return prism(lambda _: CrossSection([corners]), height)


def convex_regions(outline: CrossSection) -> list[Points]:
    """Convex polygons (N, 2) that fill an outline: triangles, merged where that adds next to nothing."""
    rings = outline.to_polygons()
    points = np.concatenate(rings)
    corners = [frozenset(int(i) for i in triangle) for triangle in triangulate(rings)]
    allowed = EXCESS * outline.area()
    regions = {k: (corner, _area(points[sorted(corner)])) for k, corner in enumerate(corners)}
    regions = {k: region for k, region in regions.items() if region[1] > 1e-9}
    candidates = {
        (a, b): merged
        for a in regions
        for b in regions
        if a < b and (merged := _merged(points, regions[a], regions[b], allowed))
    }
    while candidates:
        (a, b), (_, region) = min(candidates.items(), key=lambda item: (item[1][0], item[0]))
        new = max(regions) + 1
        del regions[a], regions[b]
        candidates = {pair: merged for pair, merged in candidates.items() if not {a, b} & set(pair)}
        for other in regions:
            if merged := _merged(points, regions[other], region, allowed):
                candidates[(other, new)] = merged
        regions[new] = region
    return [points[sorted(region[0])] for region in regions.values()]


def _merged(points: Points, one: Region, other: Region, allowed: float) -> tuple[float, Region] | None:
    """(priority, region) of two neighbours as one, or None if they are none or gain too much."""
    if len(one[0] & other[0]) < 2:
        return None
    union = sorted(one[0] | other[0])
    hull = ConvexHull(points[union])
    gained = float(hull.volume) - one[1] - other[1]  # of points in a plane, the volume is the area
    if gained > allowed or len(hull.vertices) > MOST_CORNERS:
        return None
    return gained, (frozenset(union), one[1] + other[1])


def _area(points: Points) -> float:
    (ax, ay), (bx, by), (cx, cy) = points
    return 0.5 * abs(float((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)))

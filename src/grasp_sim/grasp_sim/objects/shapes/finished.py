"""From a part to a shape of unit size: checked, centred, and ready to be written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import trimesh

from grasp_sim.objects.convex import as_obj, convex_hull
from grasp_sim.objects.shapes.part import Part, Points, Unsuitable

MOST_PIECES = 24
MOST_CORNERS = 40
"""Of a piece: Bullet's support function looks at each of them."""
DIGITS = 6
"""After the point, of coordinates: shapes are of unit size, and what is checked is what is written."""
SMOOTH = 2e-4
"""How far the surface may move when the slivers that booleans leave are taken away."""
LEAST_VOLUME = 2e-3
"""Of a shape in its unit cube: less is wire and foil."""
LEAST_THICKNESS = 0.02
"""Of a shape's smallest extent."""
SMALLEST_PIECE = 1e-6
"""Volume of a piece."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedShape:
    """A solid whose longest extent is 1, centred at the origin."""

    mesh: trimesh.Trimesh
    """Watertight."""
    pieces: tuple[trimesh.Trimesh, ...]
    """Convex; their union is the solid, nearly."""

    def mesh_obj(self) -> bytes:
        """The mesh as an OBJ file."""
        lines = [f"v {x:.{DIGITS}f} {y:.{DIGITS}f} {z:.{DIGITS}f}" for x, y, z in self.mesh.vertices.tolist()]
        lines += [f"f {a} {b} {c}" for a, b, c in (self.mesh.faces + 1).tolist()]
        return ("\n".join(lines) + "\n").encode()

    def pieces_obj(self) -> bytes:
        """The pieces as an OBJ file of ``convex_<k>`` groups."""
        return as_obj(self.pieces, f".{DIGITS}f")


def finish(part: Part) -> GeneratedShape:
    """The shape that a part has become.

    Raises:
        Unsuitable: It is in several bodies, too thin, not closed, or needs too many pieces.
    """
    if len(part.pieces) > MOST_PIECES:
        raise Unsuitable(f"{len(part.pieces)} pieces")
    if part.solid.is_empty():
        raise Unsuitable("nothing is left")
    low, high = np.array(part.solid.bounding_box()).reshape(2, 3)
    solid = part.solid.simplify(SMOOTH * float((high - low).max()))
    if len(solid.decompose()) != 1:
        raise Unsuitable("several bodies, or a hollow inside")
    raw = solid.to_mesh64()
    points = raw.vert_properties[:, :3]
    low, high = points.min(axis=0), points.max(axis=0)
    center, scale = (low + high) / 2, 1.0 / float((high - low).max())
    vertices = np.round((points - center) * scale, DIGITS) + 0.0  # no negative zeros
    mesh = trimesh.Trimesh(vertices, raw.tri_verts.astype(np.int64), process=False)
    distinct = len(np.unique(vertices, axis=0)) == len(vertices)
    if not distinct or not mesh.is_watertight or mesh.volume < LEAST_VOLUME or mesh.extents.min() < LEAST_THICKNESS:
        raise Unsuitable("not closed once it is rounded, or too thin")
    pieces = tuple(_piece((piece - center) * scale) for piece in part.pieces)
    return GeneratedShape(mesh, pieces)


def _piece(points: Points) -> trimesh.Trimesh:
    hull = convex_hull(np.round(points, DIGITS) + 0.0)
    if hull is not None and len(hull.vertices) > MOST_CORNERS:
        hull = _coarser(hull)
    if hull is None or hull.volume < SMALLEST_PIECE:
        raise Unsuitable("a piece without volume")
    return hull


def _coarser(hull: trimesh.Trimesh) -> trimesh.Trimesh | None:
    """A hull of the same volume with no more than `MOST_CORNERS` of its corners."""
    center = hull.vertices.mean(axis=0)
    offsets = (hull.vertices - center) / hull.extents  # the same share of the corners goes to every side of it
    chosen = np.unique((directions(MOST_CORNERS) @ offsets.T).argmax(axis=1))
    smaller = convex_hull(hull.vertices[chosen])
    if smaller is None:
        return None
    grown = center + (smaller.vertices - center) * (hull.volume / smaller.volume) ** (1 / 3)
    return convex_hull(np.round(grown, DIGITS) + 0.0)


@lru_cache
def directions(count: int) -> Points:
    """(count, 3) unit vectors, spread evenly (a Fibonacci spiral)."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (1 + 5**0.5) * np.arange(count)
    radius = np.sqrt(1 - z**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), z])

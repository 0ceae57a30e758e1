"""Mesh files as rigid bodies: checked, split into convex pieces, and weighed.

Bullet collides convex pieces only. They come from, in this order:

1. the file itself, if it is an OBJ whose groups are all named ``convex_<k>``: a decomposition already;
2. ``<stem>_convex.obj`` beside it, a group for each piece, in the frame and unit of the mesh: the procedural shapes
   have one, and so may any mesh that a user has decomposed (by VHACD, say);
3. CoACD, once.

What was found out about a mesh is kept in the user's cache, under the hash of the content of these files: the pieces,
moved to the body frame (centre of mass and principal axes), and the masses and boxes. In any other frame Bullet wraps
the pieces once more, and then ignores the collision margin it is given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from grasp_perception.cache import cache_folder
from grasp_perception.files import write_atomically
from grasp_perception.transform import Transform
from grasp_sim.objects.convex import (
    DECOMPOSITION,
    as_obj,
    convex_hull,
    decomposition,
    own_pieces,
    pieces_beside,
    read_groups,
)
from grasp_sim.objects.mesh_files import LEAST_VOLUME, SUFFIXES, MeshError, read_content, read_mesh

__all__ = ["SUFFIXES", "MeshBody", "MeshError", "content_id", "load_mesh_body", "mesh_longest_side"]

VERSION = 1
"""Of what is computed below: another number, and what an older program left in the cache is not read."""
OFF_CENTER = 0.1
"""How far the box of given pieces may lie from the mesh's, as a share of its longest side."""


@dataclass(frozen=True, slots=True, eq=False)
class MeshBody:
    """A mesh as a body of density 1, in the file's own unit."""

    visual: Path
    """What it looks like: the file itself."""
    collision: Path
    """An OBJ of one convex group for each piece, in the body frame."""
    mesh_from_body: Transform
    """The body frame: at the centre of mass, along the principal axes."""
    outline: NDArray[np.float64]
    """(N, 3) corners of the hull around all pieces, in the body frame."""
    volume: float
    moments: NDArray[np.float64]
    """(3,) principal moments of inertia at density 1."""
    box_axes: NDArray[np.float64]
    """(3, 3) columns, right-handed: the axes of the oriented bounding box, in the body frame."""
    box_extents: NDArray[np.float64]
    """(3,) of that box, longest first."""
    longest_side: float
    """Of the bounding box along the axes of the file."""


def load_mesh_body(path: Path) -> MeshBody:
    """Read a mesh file, decomposing it if it is not decomposed yet.

    Raises:
        MeshError: The file is missing, unreadable, empty, too large, has vertices that are no numbers, encloses
            no volume, or has holes that cannot be closed; or the pieces beside it are broken or belong elsewhere.
    """
    content, given = _contents(path)
    settings = repr((VERSION, sorted(DECOMPOSITION.items()))).encode()
    key = hashlib.sha256(b"\0".join((settings, given or b"", content))).hexdigest()[:32]
    facts, collision = (cache_folder("convex") / f"{key}_body.{suffix}" for suffix in ("json", "obj"))
    if not (facts.exists() and collision.exists()):
        try:
            found, pieces = _analyse(path, content, given)
        except MeshError:
            raise
        except Exception as error:  # of libraries that it is too odd for
            raise MeshError(
                path, f"cannot be analysed ({type(error).__name__}: {error}): repair it, or leave it out"
            ) from error
        write_atomically(collision, as_obj(pieces))
        write_atomically(facts, json.dumps(found).encode())
    try:
        known = json.loads(facts.read_bytes())
        return MeshBody(
            visual=path,
            collision=collision,
            mesh_from_body=Transform(np.array(known["axes"]), np.array(known["center"])),
            outline=np.array(known["outline"]),
            volume=known["volume"],
            moments=np.array(known["moments"]),
            box_axes=np.array(known["box_axes"]),
            box_extents=np.array(known["box_extents"]),
            longest_side=known["longest_side"],
        )
    except (ValueError, KeyError) as error:
        raise MeshError(path, f"what the cache knows of it is damaged: delete {facts} and try again") from error


def mesh_longest_side(path: Path) -> float:
    """Longest side of a mesh's bounding box along the axes of its file, in its unit (Jacquard's measure of size).

    Raises:
        MeshError: As `load_mesh_body`.
    """
    return load_mesh_body(path).longest_side


def content_id(path: Path) -> str:
    """32 hexadecimal digits that name a mesh by its content, and by that of the pieces beside it.

    Raises:
        MeshError: A file cannot be read.
    """
    content, given = _contents(path)
    return hashlib.sha256(content if given is None else content + b"\0" + given).hexdigest()[:32]


def _contents(path: Path) -> tuple[bytes, bytes | None]:
    """Of a mesh file, and of the pieces beside it if there are any."""
    beside = pieces_beside(path)
    return read_content(path), read_content(beside) if beside.is_file() else None


def _analyse(path: Path, content: bytes, given: bytes | None) -> tuple[dict[str, Any], list[trimesh.Trimesh]]:
    """What `MeshBody` says, for JSON, and the pieces in the body frame."""
    mesh = read_mesh(path)
    longest = float(mesh.extents.max())
    pieces = own_pieces(path, content)
    if pieces is None and given is not None:
        pieces = _given_pieces(pieces_beside(path), given, mesh)
    if pieces is None:
        _refuse_sheets(path, mesh.vertices, longest)
    watertight = bool(mesh.is_watertight and mesh.volume > 0)
    if pieces is None:
        if not watertight:
            raise MeshError(
                path,
                "the surface is not closed, or is inside out, and the holes have no simple rims: repair the mesh, "
                f"or put its convex pieces beside it as {pieces_beside(path).name}",
            )
        pieces = decomposition(path, content, mesh)
    hulls = [hull for hull in map(convex_hull, pieces) if hull is not None]
    if not hulls:
        raise MeshError(path, "encloses no volume: it is a flat sheet, a line or a point; give it thickness")
    _refuse_sheets(path, np.concatenate([hull.vertices for hull in hulls]), longest)
    volume, center, inertia = _weigh([mesh] if watertight else hulls)
    moments, axes = np.linalg.eigh(inertia)
    if np.linalg.det(axes) < 0:
        axes[:, 2] = -axes[:, 2]
    for hull in hulls:
        hull.vertices = (hull.vertices - center) @ axes
    around = convex_hull(np.concatenate([hull.vertices for hull in hulls]))
    assert around is not None
    box_axes, box_extents = _box(around)
    found = {
        "axes": axes.tolist(),
        "center": center.tolist(),
        "outline": around.vertices.tolist(),
        "volume": volume,
        "moments": moments.tolist(),
        "box_axes": box_axes.tolist(),
        "box_extents": box_extents.tolist(),
        "longest_side": longest,
    }
    return found, hulls


def _given_pieces(path: Path, content: bytes, mesh: trimesh.Trimesh) -> tuple[NDArray[np.float64], ...]:
    pieces = tuple(read_groups(path, content).values())
    if not pieces:
        raise MeshError(path, "has no faces: it should hold the convex pieces, a group (o or g) for each")
    points = np.concatenate(pieces)
    if not np.isfinite(points).all():
        raise MeshError(path, "has vertices that are not finite numbers: make the pieces again")
    box = np.array([points.min(axis=0), points.max(axis=0)])
    if (np.abs(box - mesh.bounds) > OFF_CENTER * mesh.extents.max()).any():
        there, here = (f"{_point(low)} to {_point(high)}" for low, high in (box, mesh.bounds))
        raise MeshError(path, f"its pieces reach from {there}, the mesh from {here}: they need its frame and unit")
    return pieces


def _point(values: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"


def _refuse_sheets(path: Path, vertices: NDArray[np.float64], longest: float) -> None:
    hull = convex_hull(vertices)
    if hull is None or hull.volume < LEAST_VOLUME * longest**3:
        raise MeshError(path, "encloses no volume: it is a flat sheet, a line or a point; give it thickness")


def _box(hull: trimesh.Trimesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Axes of the oriented bounding box as columns (3, 3), right-handed, and its extents (3,), longest first."""
    box_from_points, extents = trimesh.bounds.oriented_bounds(hull)
    order = np.argsort(-extents, kind="stable")
    axes = box_from_points[:3, :3].T[:, order]
    if np.linalg.det(axes) < 0:
        axes[:, 2] = -axes[:, 2]
    return axes, extents[order]


def _weigh(solids: list[trimesh.Trimesh]) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Volume, centre of mass and inertia about it, of solids of density 1 together."""
    volumes = np.array([solid.volume for solid in solids])
    centers = np.array([solid.center_mass for solid in solids])
    center = volumes @ centers / volumes.sum()
    inertia = np.zeros((3, 3))
    for solid, volume, own in zip(solids, volumes, centers):
        offset = own - center
        inertia += solid.moment_inertia + volume * (offset @ offset * np.eye(3) - np.outer(offset, offset))
    return float(volumes.sum()), center, inertia

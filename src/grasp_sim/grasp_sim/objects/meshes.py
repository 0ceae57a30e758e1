"""Mesh files as rigid bodies: checked, split into convex pieces, and weighed.

Bullet collides convex pieces only. An OBJ whose groups are named ``convex_<k>`` is a decomposition
already and its pieces are used as they are; any other mesh is decomposed by CoACD once.

The pieces are kept in the user's cache, under the hash of the file's content and of the settings,
moved to the body frame: centre of mass and principal axes. In any other frame Bullet wraps the
pieces once more, and then ignores the collision margin it is given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.cache import cache_folder, write_atomically

SUFFIXES = (".obj", ".stl", ".ply")
DECOMPOSITION = {"threshold": 0.05, "max_convex_hull": 16, "resolution": 1000, "mcts_iterations": 60, "seed": 0}
"""CoACD's settings; coarse ones, 1 to 15 s for everyday meshes."""
LEAST_VOLUME = 1e-6
"""Of the hull, as a share of the cube over its longest extent: below it the mesh is a sheet or a line."""


class MeshError(ValueError):
    """A mesh file cannot become an object; the message names the file, the reason and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class MeshBody:
    """A mesh as a body of density 1, in the file's own frame and unit."""

    visual: Path
    """What it looks like: the file itself."""
    collision: Path
    """An OBJ of one convex group for each piece, in the body frame."""
    mesh_from_body: Transform
    """The body frame: at the centre of mass, along the principal axes."""
    vertices: NDArray[np.float64]
    """(N, 3) of all pieces, in the body frame."""
    volume: float
    moments: NDArray[np.float64]
    """(3,) principal moments of inertia at density 1."""


def load_mesh_body(path: Path) -> MeshBody:
    """Read a mesh file, decomposing it if it is not decomposed yet.

    Raises:
        MeshError: The file is missing, unreadable, empty, has vertices that are no numbers, encloses
            no volume, or has holes that cannot be closed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MeshError(path, f"cannot be read: {error.strerror}") from error
    mesh = _read(path, content)
    pieces = _given_pieces(content) if path.suffix.lower() == ".obj" else None
    watertight = bool(mesh.is_watertight and mesh.volume > 0)
    if pieces is None:
        if not watertight:
            raise MeshError(
                path, "the surface is not closed, or is inside out, and the holes have no simple rims: repair the mesh"
            )
        pieces = _decomposition(path, content, mesh)
    hulls = [hull for hull in map(_hull, pieces) if hull is not None]
    if not hulls:
        raise MeshError(path, "no convex piece of it encloses a volume: repair or thicken it")
    volume, center, inertia = _weigh([mesh] if watertight else hulls)
    moments, axes = np.linalg.eigh(inertia)
    if np.linalg.det(axes) < 0:
        axes[:, 2] = -axes[:, 2]
    for hull in hulls:
        hull.vertices = (hull.vertices - center) @ axes
    collision = cache_folder("convex") / f"{_key(content)}_body.obj"
    if not collision.exists():
        write_atomically(collision, _as_obj(hulls))
    vertices = np.concatenate([hull.vertices for hull in hulls])
    return MeshBody(path, collision, Transform(axes, center), vertices, volume, moments)


def _read(path: Path, content: bytes) -> trimesh.Trimesh:
    if path.suffix.lower() not in SUFFIXES:
        raise MeshError(path, f"is not a mesh file; these are read: {', '.join(SUFFIXES)}")
    if not content:
        raise MeshError(path, "the file is empty")
    try:
        mesh = trimesh.load(path, force="mesh", process=False, skip_materials=True)
    except Exception as error:  # each of trimesh's readers has its own ways to fail
        raise MeshError(path, f"cannot be read as {path.suffix}: {type(error).__name__}: {error}") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.vertices) == 0 or len(mesh.faces) == 0:
        raise MeshError(path, "has no faces: it may be a point cloud, or its export failed")
    bad = int((~np.isfinite(mesh.vertices)).any(axis=1).sum())
    if bad:
        raise MeshError(path, f"{bad} of {len(mesh.vertices)} vertices are not finite numbers: export it again")
    mesh.merge_vertices()
    if not mesh.is_watertight:
        mesh = _without_holes(mesh)
    longest = float(mesh.extents.max())
    hull = _hull(mesh.vertices)
    if hull is None or hull.volume < LEAST_VOLUME * longest**3:
        raise MeshError(path, "encloses no volume: it is a flat sheet, a line or a point; give it thickness")
    return mesh


def _without_holes(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh with every hole that has a simple rim covered by a fan of triangles about the rim's middle."""
    edges = mesh.edges
    _, inverse, counts = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True, return_counts=True)
    rim = edges[counts[inverse.ravel()] == 1]
    following = {int(b): int(a) for a, b in rim}  # against the sense of the faces beside it
    if len(following) != len(rim):  # rims that cross: nothing simple to cover
        return mesh
    vertices, faces = list(mesh.vertices), list(mesh.faces)
    while following:
        first = next(iter(following))
        loop = [first]
        while (step := following.pop(loop[-1], None)) is not None and step != first:
            loop.append(step)
        if len(loop) < 3:
            continue
        vertices.append(mesh.vertices[loop].mean(axis=0))
        faces += [np.array([a, b, len(vertices) - 1]) for a, b in zip(loop, [*loop[1:], first])]
    covered = trimesh.Trimesh(vertices, faces, process=False)
    return covered if covered.is_watertight else mesh


def _given_pieces(content: bytes) -> tuple[NDArray[np.float64], ...] | None:
    """Vertices of each group of an OBJ of ``convex_<k>`` groups; None if it is not such a file."""
    vertices: list[list[float]] = []
    groups: list[set[int]] = []
    for line in content.decode("utf-8", errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "o":
            if not words[-1].startswith("convex_"):
                return None
            groups.append(set())
        elif words[0] == "f":
            if not groups:
                return None
            indices = (int(word.split("/")[0]) for word in words[1:])
            groups[-1].update(index - 1 if index > 0 else len(vertices) + index for index in indices)
    table = np.array(vertices)
    pieces = tuple(table[sorted(group)] for group in groups if group)
    return pieces or None


def _decomposition(path: Path, content: bytes, mesh: trimesh.Trimesh) -> tuple[NDArray[np.float64], ...]:
    """Vertices of each convex piece of a mesh, from the cache or made now."""
    target = cache_folder("convex") / f"{_key(content)}.obj"
    if not target.exists():
        import coacd  # loads slowly, and most worlds never need it

        coacd.set_log_level("error")
        try:
            parts = coacd.run_coacd(coacd.Mesh(mesh.vertices, mesh.faces), **DECOMPOSITION)
        except Exception as error:
            raise MeshError(path, f"cannot be split into convex pieces: {error}; repair or simplify it") from error
        hulls = [hull for hull in (_hull(np.asarray(vertices)) for vertices, _ in parts) if hull is not None]
        write_atomically(target, _as_obj(hulls))
    pieces = _given_pieces(target.read_bytes())
    if pieces is None:
        raise MeshError(path, f"its decomposition in the cache is damaged: delete {target} and try again")
    return pieces


def _key(content: bytes) -> str:
    return hashlib.sha256(content + repr(sorted(DECOMPOSITION.items())).encode()).hexdigest()[:32]


def _hull(vertices: NDArray[np.float64]) -> trimesh.Trimesh | None:
    """The convex hull of points, or None if they enclose nothing."""
    try:
        hull = trimesh.convex.convex_hull(vertices)
    except Exception:  # qhull: fewer than four points, or all of them in one plane
        return None
    return hull if hull.volume > 0 else None


def _as_obj(hulls: list[trimesh.Trimesh]) -> bytes:
    lines: list[str] = []
    offset = 1
    for index, hull in enumerate(hulls):
        lines.append(f"o convex_{index}")
        lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in hull.vertices]
        lines += [f"f {a} {b} {c}" for a, b, c in hull.faces + offset]
        offset += len(hull.vertices)
    return ("\n".join(lines) + "\n").encode()


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

"""Reading mesh files that may be broken, huge or open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh

SUFFIXES = (".obj", ".stl", ".ply")
LEAST_VOLUME = 1e-6
"""Of the hull, as a share of the cube over its longest side: below it the mesh is a sheet or a line."""
MOST_FACES = 1_000_000
MOST_BYTES = 256 * 2**20


class MeshError(ValueError):
    """A mesh file cannot become an object; the message names the file, the reason and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[MeshError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)  # or it cannot come back from another process


def read_content(path: Path) -> bytes:
    """The bytes of a mesh file.

    Raises:
        MeshError: It is not a mesh file by its name, cannot be read, is empty or larger than `MOST_BYTES`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise MeshError(path, f"is not a mesh file; these are read: {', '.join(SUFFIXES)}")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise MeshError(
                path, f"the file has {size / 2**20:.0f} MB, {MOST_BYTES // 2**20} are the most: simplify the mesh"
            )
        content = path.read_bytes()
    except OSError as error:
        raise MeshError(path, f"cannot be read: {error.strerror}") from error
    if not content:
        raise MeshError(path, "the file is empty")
    return content


def read_mesh(path: Path) -> trimesh.Trimesh:
    """The surface of a mesh file, in its own frame and unit; holes with simple rims are closed.

    Raises:
        MeshError: The file is unreadable, has no faces or more than `MOST_FACES`, or has vertices that are no numbers.
    """
    try:
        mesh = trimesh.load(path, force="mesh", process=False, skip_materials=True)
    except Exception as error:  # each of trimesh's readers has its own ways to fail
        raise MeshError(path, f"cannot be read as {path.suffix}: {type(error).__name__}: {error}") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.vertices) == 0 or len(mesh.faces) == 0:
        raise MeshError(path, "has no faces: it may be a point cloud, or its export failed")
    if len(mesh.faces) > MOST_FACES:
        raise MeshError(path, f"has {len(mesh.faces)} faces, {MOST_FACES} are the most: simplify it (20000 are plenty)")
    bad = int((~np.isfinite(mesh.vertices)).any(axis=1).sum())
    if bad:
        raise MeshError(path, f"{bad} of {len(mesh.vertices)} vertices are not finite numbers: export it again")
    mesh.merge_vertices()
    return mesh if mesh.is_watertight else _without_holes(mesh)


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

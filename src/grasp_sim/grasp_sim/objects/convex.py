"""Convex pieces of a solid: hulls, the OBJ files that hold them, and CoACD's decompositions.

A file of pieces is an OBJ with a group for each piece. Ours are called ``convex_<k>``, as VHACD calls them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from grasp_perception.cache import cache_folder
from grasp_perception.files import write_atomically
from grasp_sim.objects.mesh_files import MeshError

DECOMPOSITION = {"threshold": 0.05, "max_convex_hull": 16, "resolution": 1000, "mcts_iterations": 60, "seed": 0}
"""CoACD's settings; coarse ones, 1 to 40 s a mesh."""
MOST_FACES = 20_000
"""Of a mesh that CoACD is given; finer ones are simplified for it first."""
SIMPLER = 2e-3
"""How far a surface may move when it is simplified, as a share of the longest side."""


def convex_hull(points: NDArray[np.float64]) -> trimesh.Trimesh | None:
    """The convex hull of points (N, 3), its faces outwards; None if they enclose nothing."""
    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):  # fewer than four points, or all of them in one plane
        return None
    if not hull.volume > 0:
        return None
    order = np.full(len(points), -1)
    order[hull.vertices] = np.arange(len(hull.vertices))
    vertices, faces = points[hull.vertices], order[hull.simplices]
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    inwards = (np.cross(b - a, c - a) * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inwards] = faces[inwards, ::-1]
    return trimesh.Trimesh(vertices, faces, process=False)


def as_obj(solids: Iterable[trimesh.Trimesh], digits: str = ".9g") -> bytes:
    """An OBJ file of one ``convex_<k>`` group for each solid."""
    lines: list[str] = []
    offset = 1
    for index, solid in enumerate(solids):
        lines.append(f"o convex_{index}")
        lines += [f"v {x:{digits}} {y:{digits}} {z:{digits}}" for x, y, z in solid.vertices.tolist()]
        lines += [f"f {a} {b} {c}" for a, b, c in (solid.faces + offset).tolist()]
        offset += len(solid.vertices)
    return ("\n".join(lines) + "\n").encode()


def read_groups(path: Path, content: bytes) -> dict[str, NDArray[np.float64]]:
    """Vertices (N, 3) of each group (``o`` or ``g``) of an OBJ file, those without faces left out.

    Raises:
        MeshError: A line is broken, or a face names a vertex that is not there.
    """
    vertices: list[list[float]] = []
    groups: dict[str, set[int]] = {}
    current: set[int] | None = None
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0] not in ("v", "f", "o", "g"):
            continue
        try:
            if words[0] == "v":
                vertices.append([float(words[1]), float(words[2]), float(words[3])])
            elif words[0] == "f":
                indices = [int(word.split("/")[0]) for word in words[1:]]
                if current is None:
                    current = groups.setdefault("", set())
                current.update(index - 1 if index > 0 else len(vertices) + index for index in indices)
            else:
                current = groups.setdefault(" ".join(words[1:]), set())
        except (ValueError, IndexError) as error:
            raise MeshError(path, f"line {number} is broken ('{line[:60]}'): {error}") from error
    used = {name: sorted(group) for name, group in groups.items() if group}
    if any(group[0] < 0 or group[-1] >= len(vertices) for group in used.values()):
        raise MeshError(path, f"a face names a vertex that is not among its {len(vertices)}: export it again")
    table = np.array(vertices)
    return {name: table[group] for name, group in used.items()}


def own_pieces(path: Path, content: bytes) -> tuple[NDArray[np.float64], ...] | None:
    """Pieces of an OBJ whose every group is named ``convex_<k>``: a decomposition already; None of any other."""
    if path.suffix.lower() != ".obj" or b"convex_" not in content:
        return None
    groups = read_groups(path, content)
    return tuple(groups.values()) if all(name.startswith("convex_") for name in groups) else None


def pieces_beside(path: Path) -> Path:
    """Where the convex pieces of a mesh file lie, if they are known: ``<stem>_convex.obj`` in its folder."""
    return path.with_name(f"{path.stem}_convex.obj")


def decomposition(path: Path, content: bytes, mesh: trimesh.Trimesh) -> tuple[NDArray[np.float64], ...]:
    """Pieces of a closed mesh by CoACD, from the user's cache (by content and settings) or made now.

    Raises:
        MeshError: CoACD gives up, or its file in the cache is damaged.
    """
    key = hashlib.sha256(content + repr(sorted(DECOMPOSITION.items())).encode()).hexdigest()[:32]
    target = cache_folder("convex") / f"{key}.obj"
    if not target.exists():
        import coacd  # loads slowly, and most worlds never need it

        coacd.set_log_level("error")
        simple = _simplified(mesh)
        try:
            parts = coacd.run_coacd(coacd.Mesh(simple.vertices, simple.faces), **DECOMPOSITION)
        except Exception as error:
            raise MeshError(path, f"cannot be split into convex pieces: {error}; repair or simplify it") from error
        hulls = [hull for hull in (convex_hull(np.asarray(vertices)) for vertices, _ in parts) if hull is not None]
        write_atomically(target, as_obj(hulls))
    pieces = own_pieces(target, target.read_bytes())
    if not pieces:
        raise MeshError(path, f"its decomposition in the cache is damaged: delete {target} and try again")
    return pieces


def _simplified(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    if len(mesh.faces) <= MOST_FACES:
        return mesh
    from manifold3d import Manifold, Mesh64

    solid = Manifold(Mesh64(np.ascontiguousarray(mesh.vertices), np.ascontiguousarray(mesh.faces, dtype=np.uint64)))
    if solid.is_empty():  # not an oriented manifold: CoACD rebuilds such a surface by itself
        return mesh
    result = solid.simplify(SIMPLER * float(mesh.extents.max())).to_mesh64()
    return trimesh.Trimesh(result.vert_properties[:, :3], result.tri_verts.astype(np.int64), process=False)

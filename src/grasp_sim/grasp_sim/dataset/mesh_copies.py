"""Copies of the meshes that a dataset is made of, so that its scenes can be built again without their source."""

from __future__ import annotations

from pathlib import Path

import trimesh

from grasp_perception.files import write_atomically
from grasp_sim.objects.convex import as_obj, convex_hull, own_pieces, pieces_beside, read_groups
from grasp_sim.objects.mesh_files import read_content, read_mesh
from grasp_sim.objects.meshes import load_mesh_body


def copy_mesh(path: Path, target: Path) -> Path:
    """Copy a mesh as an OBJ, with its convex pieces beside it unless they are its own groups.

    The pieces are copied, too, when they were found by decomposition: another machine, or another version of
    it, would find others.

    Args:
        path: The mesh, in any format that is read.
        target: The OBJ.

    Raises:
        MeshError: The mesh cannot be used.
    """
    content = read_content(path)
    body = load_mesh_body(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if own_pieces(path, content) is None:
        beside = pieces_beside(path)
        if beside.is_file():
            pieces = beside.read_bytes()
        else:
            groups = read_groups(body.collision, body.collision.read_bytes()).values()
            hulls = (convex_hull(body.mesh_from_body.apply(points)) for points in groups)
            pieces = as_obj(hull for hull in hulls if hull is not None)
        write_atomically(pieces_beside(target), pieces)
    write_atomically(target, content if path.suffix.lower() == ".obj" else _as_plain_obj(read_mesh(path)))
    return target


def _as_plain_obj(mesh: trimesh.Trimesh) -> bytes:
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (mesh.faces + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()

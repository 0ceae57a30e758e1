"""The visible surface of an object as triangles with normals, the same for every renderer.

pyBullet's own spheres and cylinders are coarse, and what it makes of a mesh file depends on its
format, its materials and its normals; so renderers are given this instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.objects.mesh_files import read_mesh
from grasp_sim.objects.model import ObjectModel
from grasp_sim.physics.urdf import Shape

CREASE = np.radians(35.0)
"""Edges sharper than this look sharp; others are what is left of a round surface."""
SECTIONS = 128
"""Of a cylinder."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles in the frame of the object's body, metres."""

    vertices: NDArray[np.float32]
    """(N, 3); along creases a point has several."""
    normals: NDArray[np.float32]
    """(N, 3) unit, outwards."""
    faces: NDArray[np.int32]
    """(M, 3) counter-clockwise from outside."""

    def stl(self) -> bytes:
        """As a binary STL file, which knows no normals but those of the triangles."""
        triangles = np.zeros(
            len(self.faces), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")]
        )
        corners = self.vertices[self.faces]
        triangles["corners"] = corners
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        triangles["normal"] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
        return b"\0" * 80 + np.uint32(len(triangles)).tobytes() + triangles.tobytes()

    def obj(self) -> bytes:
        """As an OBJ file without materials."""
        rows, count = 3 * len(self.vertices), len(self.faces)
        points = ("v %.7g %.7g %.7g\n" * (rows // 3)) % tuple(self.vertices.ravel().tolist())
        normals = ("vn %.4g %.4g %.4g\n" * (rows // 3)) % tuple(self.normals.ravel().tolist())
        corners = np.repeat(self.faces.ravel() + 1, 2)
        return (points + normals + ("f %d//%d %d//%d %d//%d\n" * count) % tuple(corners.tolist())).encode()


def surface_of(model: ObjectModel) -> Surface:
    """Everything visible of an object.

    Raises:
        MeshError: A mesh file that it is made of cannot be read any more.
        ValueError: Nothing of it is visible.
    """
    meshes = [_placed(shape) for shape in model.shapes if shape.visible]
    if not meshes:
        raise ValueError(f"object '{model.name}' has no visible shape: there is nothing to render")
    smooth = [trimesh.graph.smooth_shade(mesh, angle=CREASE) for mesh in meshes]
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in smooth[:-1])])
    return Surface(
        np.concatenate([mesh.vertices for mesh in smooth]).astype(np.float32),
        np.concatenate([mesh.vertex_normals for mesh in smooth]).astype(np.float32),
        np.concatenate([mesh.faces + offset for mesh, offset in zip(smooth, offsets)]).astype(np.int32),
    )


def _placed(shape: Shape) -> trimesh.Trimesh:
    """The triangles of a shape, in the frame of its link."""
    if shape.kind == "mesh":
        mesh = read_mesh(Path(shape.file))
        mesh.apply_scale(shape.size)
    elif shape.kind == "box":
        mesh = trimesh.creation.box(shape.size)
    elif shape.kind == "cylinder":
        mesh = trimesh.creation.cylinder(*shape.size, sections=SECTIONS)
    else:
        mesh = trimesh.creation.icosphere(subdivisions=5, radius=shape.size[0])
    mesh.apply_transform(Transform.from_rpy(shape.rpy, shape.xyz).matrix())
    return mesh

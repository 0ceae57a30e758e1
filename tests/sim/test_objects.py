"""The catalogue, and mesh files, good and broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from grasp_planning.gripper import Gripper
from grasp_sim.objects.catalogue import (
    MASS_RANGE,
    UNUSABLE,
    ObjectCatalogue,
    UnknownObjectError,
    random_object_names,
    scale_to_gripper,
)
from grasp_sim.objects.meshes import MeshError, load_mesh_body


def test_names(catalogue: ObjectCatalogue) -> None:
    assert len(catalogue.names) == 18 + 1000 - len(UNUSABLE)
    assert len(set(catalogue.names)) == len(catalogue.names)
    assert {"cube_small", "capsule_large", "random_000", "random_999"} <= set(catalogue.names)


@pytest.mark.parametrize("index", sorted(UNUSABLE))
def test_unusable_shapes_are_told_with_the_reason(catalogue: ObjectCatalogue, index: int) -> None:
    assert f"random_{index:03d}" not in catalogue.names
    with pytest.raises(UnknownObjectError, match=UNUSABLE[index]):
        catalogue.load(f"random_{index:03d}")


@pytest.mark.parametrize(
    ("name", "hint"), [("cube_smal", "cube_small"), ("random_1000", "random_100"), ("teapot", "paths to")]
)
def test_unknown_names_get_close_ones(catalogue: ObjectCatalogue, name: str, hint: str) -> None:
    with pytest.raises(UnknownObjectError, match=f"no object '{name}'.*{hint}"):
        catalogue.load(name)


def test_primitives_suit_the_gripper(catalogue: ObjectCatalogue) -> None:
    np.testing.assert_allclose(catalogue.load("cube_large").extents, 0.024)
    np.testing.assert_allclose(catalogue.load("bar_small").extents, [0.048, 0.012, 0.012])
    np.testing.assert_allclose(catalogue.load("capsule_medium").extents, [0.0396, 0.018, 0.018])
    cube = catalogue.load("cube_large")
    assert cube.mass == MASS_RANGE[0]  # 14 g by its volume
    np.testing.assert_allclose(np.diag(cube.inertia), cube.mass * 0.024**2 / 6)


def test_the_scale_rule(description_gripper: Gripper) -> None:
    # The middle extent becomes 0.8 of the opening, unless the longest would exceed three openings.
    assert scale_to_gripper(np.array([0.12, 0.08, 0.02]), description_gripper) * 0.08 == pytest.approx(0.024)
    assert scale_to_gripper(np.array([1.0, 0.1, 0.1]), description_gripper) * 1.0 == pytest.approx(0.09)


@pytest.fixture
def description_gripper(catalogue: ObjectCatalogue) -> Gripper:
    return catalogue.gripper


@pytest.mark.parametrize("name", ["random_000", "random_176", "random_235", "random_510", "random_999"])
def test_random_shapes_are_scaled_weighed_and_possible(catalogue: ObjectCatalogue, name: str) -> None:
    model = catalogue.load(name)
    assert (np.diff(model.extents) <= 1e-12).all()
    assert model.extents[1] == pytest.approx(0.024) or model.extents[0] == pytest.approx(0.09)
    assert model.extents[1] <= 0.0241 and model.extents[0] <= 0.0901
    assert MASS_RANGE[0] <= model.mass <= MASS_RANGE[1]
    moments = np.linalg.eigvalsh(model.inertia)
    assert moments[0] > 0 and moments[2] <= moments[0] + moments[1]
    np.testing.assert_allclose(np.ptp(model.outline, axis=0), model.extents, rtol=1e-6)
    assert catalogue.load(name) is model


def test_drawing_names_is_deterministic_and_bounded() -> None:
    first = random_object_names(20, np.random.default_rng(4))
    assert first == random_object_names(20, np.random.default_rng(4))
    assert len(set(first)) == 20
    with pytest.raises(ValueError, match="995 random shapes"):
        random_object_names(996, np.random.default_rng(0))


def test_a_concave_mesh_is_decomposed_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = _bracket()
    assert shape.volume == pytest.approx(6.0)
    path = tmp_path / "bracket.stl"
    shape.export(path)
    body = load_mesh_body(path)
    assert body.volume == pytest.approx(shape.volume, rel=1e-4)
    np.testing.assert_allclose(body.mesh_from_body.translation, shape.center_mass, atol=1e-4)
    pieces = body.collision.read_text().count("o convex_")
    assert pieces >= 2
    assert body.collision.is_relative_to(cache)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("decomposed again")

    monkeypatch.setattr("coacd.run_coacd", never)
    assert load_mesh_body(path).collision.read_text().count("o convex_") == pieces
    assert not list(cache.rglob(".*"))  # no temporary file is left


def _bracket() -> trimesh.Trimesh:
    """An L of 4 x 3 x 1 with arms one wide."""
    corners = np.array([(0, 0), (4, 0), (4, 1), (1, 1), (1, 3), (0, 3)], dtype=float)
    caps = np.array([(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)])
    sides = [face for i in range(6) for face in ((i, (i + 1) % 6, i + 6), ((i + 1) % 6, (i + 1) % 6 + 6, i + 6))]
    vertices = np.concatenate([np.c_[corners, np.zeros(6)], np.c_[corners, np.ones(6)]])
    return trimesh.Trimesh(vertices, np.concatenate([caps[:, ::-1], caps + 6, sides]))


def test_the_size_in_the_world_does_not_depend_on_the_files_unit(tmp_path: Path, catalogue: ObjectCatalogue) -> None:
    extents = []
    for unit in (1.0, 1000.0):
        path = tmp_path / f"box_{unit:.0f}.ply"
        trimesh.creation.box((0.05 * unit, 0.03 * unit, 0.02 * unit)).export(path)
        extents.append(catalogue.load(str(path)).extents)
    np.testing.assert_allclose(extents[0], extents[1], rtol=1e-3)
    np.testing.assert_allclose(extents[0], [0.04, 0.024, 0.016], rtol=1e-3)


def test_a_hole_is_closed(tmp_path: Path) -> None:
    cube = trimesh.creation.box((1.0, 1.0, 1.0))
    cube.update_faces(np.abs(cube.face_normals[:, 2] - 1.0) > 0.1)  # without its top
    assert len(cube.faces) == 10
    path = tmp_path / "open.obj"
    cube.export(path)
    body = load_mesh_body(path)
    assert body.volume == pytest.approx(1.0, rel=1e-3)


def test_a_surface_that_cannot_be_closed_is_refused(tmp_path: Path) -> None:
    cube = trimesh.creation.box((1.0, 1.0, 1.0))
    fin = np.array([[0.0, 0.0, -0.5], [0.0, 0.5, -0.5], [0.0, 0.25, 0.4]])
    fins = [[8, 9, 10], [8, 9, 3]]  # two of them on one edge, which has no simple rim
    path = tmp_path / "fins.obj"
    trimesh.Trimesh(np.concatenate([cube.vertices, fin]), np.concatenate([cube.faces, fins]), process=False).export(
        path
    )
    with pytest.raises(MeshError, match=r"the surface is not closed.*repair the mesh"):
        load_mesh_body(path)


BROKEN = {
    "empty.obj": (b"", "the file is empty"),
    "points.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no faces|cannot be read"),
    "nan.obj": (b"v 0 0 0\nv nan 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\n", "1 of 4 vertices are not finite"),
    "flat.obj": (b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3\nf 1 3 4\n", "encloses no volume"),
    "garbage.stl": (b"this is not a mesh at all", "cannot be read as .stl|has no faces"),
    "cut.ply": (b"ply\nformat ascii 1.0\nelement vertex 8\n", "cannot be read as .ply|has no faces"),
    "notes.txt": (b"hello", "is not a mesh file"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_files_are_named_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MeshError, match=reason) as error:
        load_mesh_body(path)
    assert str(path) in str(error.value)


def test_a_missing_file_and_a_sheet(tmp_path: Path, catalogue: ObjectCatalogue) -> None:
    with pytest.raises(MeshError, match="No such file"):
        catalogue.load(str(tmp_path / "none.obj"))
    sheet = tmp_path / "sheet.obj"
    trimesh.creation.box((1.0, 1.0, 0.01)).export(sheet)
    with pytest.raises(MeshError, match="is a sheet"):
        catalogue.load(str(sheet))

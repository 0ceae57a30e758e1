"""Mesh files that are large, open or decomposed already, and what is kept of them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import trimesh

from grasp_sim.objects import convex, mesh_files
from grasp_sim.objects.convex import as_obj, convex_hull, pieces_beside, read_groups
from grasp_sim.objects.meshes import MeshError, content_id, load_mesh_body, mesh_longest_side
from grasp_sim.objects.model import object_from_mesh


@pytest.fixture
def never_decomposed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("decomposed")

    monkeypatch.setattr("coacd.run_coacd", never)


@pytest.fixture
def bar(tmp_path: Path) -> Path:
    """A bar of 4 x 2 x 1 with its pieces beside it: two halves."""
    path = tmp_path / "bar.stl"
    trimesh.creation.box((4, 2, 1)).export(path)
    halves = [trimesh.creation.box((2, 2, 1)).apply_translation((x, 0, 0)) for x in (-1, 1)]
    pieces_beside(path).write_bytes(as_obj(halves))
    return path


def test_pieces_beside_a_mesh_are_used(bar: Path, never_decomposed: None) -> None:
    body = load_mesh_body(bar)
    assert body.collision.read_text().count("o convex_") == 2
    assert body.volume == pytest.approx(8.0)
    np.testing.assert_allclose(sorted(body.moments), sorted(8 / 12 * np.array([5, 17, 20])))
    np.testing.assert_allclose(body.box_extents, [4, 2, 1], atol=1e-9)
    assert body.longest_side == mesh_longest_side(bar) == pytest.approx(4.0)
    np.testing.assert_allclose(np.ptp(body.outline @ body.box_axes, axis=0), [4, 2, 1], atol=1e-9)


def test_pieces_of_another_program_are_used_too(tmp_path: Path, never_decomposed: None) -> None:
    path = tmp_path / "cube.obj"
    trimesh.creation.box((1, 1, 1)).export(path)
    text = as_obj([trimesh.creation.box((1, 1, 1))]).decode().replace("o convex_0", "g hull 1 of 1")
    pieces_beside(path).write_text(text)
    assert load_mesh_body(path).volume == pytest.approx(1.0)


def test_an_open_mesh_with_pieces_is_weighed_by_them(tmp_path: Path, never_decomposed: None) -> None:
    path = tmp_path / "soup.obj"
    soup = trimesh.creation.box((1, 1, 1))
    trimesh.Trimesh(soup.triangles[[0, 2, 5, 7, 9]].reshape(-1, 3), np.arange(15).reshape(5, 3)).export(path)
    pieces_beside(path).write_bytes(as_obj([trimesh.creation.box((1, 1, 1))]))
    assert load_mesh_body(path).volume == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (b"", r"bar_convex.obj: the file is empty"),
        (b"o convex_0\nv 0 0 0\n", "bar_convex.obj: has no faces"),
        (b"o convex_0\nv 0 0 zero\n", r"bar_convex.obj: line 2 is broken \('v 0 0 zero'\)"),
        (b"o convex_0\nv 0 0 0\nf 1 2 3\n", "bar_convex.obj: a face names a vertex that is not among its 1"),
        (b"o c\nv 0 0 nan\nv 0 0 1\nv 1 0 0\nf 1 2 3\n", "bar_convex.obj: has vertices that are not finite"),
        (as_obj([trimesh.creation.box((40, 20, 10))]), r"reach from \(-20, -10, -5\) to .* frame and unit"),
        (as_obj([trimesh.creation.box((4, 2, 1)).apply_translation((1, 0, 0))]), "frame and unit"),
    ],
)
def test_wrong_pieces_are_told(bar: Path, pieces: bytes, message: str) -> None:
    pieces_beside(bar).write_bytes(pieces)
    with pytest.raises(MeshError, match=message):
        load_mesh_body(bar)


def test_the_id_names_the_content_of_mesh_and_pieces(bar: Path) -> None:
    first = content_id(bar)
    assert len(first) == 32 and int(first, 16) >= 0
    copy = bar.with_name("copy.stl")
    copy.write_bytes(bar.read_bytes())
    alone = content_id(copy)
    assert alone != first
    pieces_beside(copy).write_bytes(pieces_beside(bar).read_bytes())
    assert content_id(copy) == first
    with pytest.raises(MeshError, match="No such file"):
        content_id(bar.with_name("none.stl"))


def test_what_is_known_of_a_mesh_is_kept(bar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_mesh_body(bar)

    def never(path: Path) -> trimesh.Trimesh:
        raise AssertionError("read again")

    monkeypatch.setattr("grasp_sim.objects.meshes.read_mesh", never)
    again = load_mesh_body(bar)
    assert again.volume == first.volume and again.collision == first.collision
    np.testing.assert_array_equal(again.outline, first.outline)
    np.testing.assert_array_equal(again.mesh_from_body.rotation, first.mesh_from_body.rotation)
    facts = first.collision.with_suffix(".json")
    facts.write_text("{")
    with pytest.raises(MeshError, match="the cache knows of it is damaged: delete"):
        load_mesh_body(bar)
    facts.unlink()


def test_pieces_that_the_cache_has_lost_are_made_again(bar: Path) -> None:
    collision = load_mesh_body(bar).collision
    pieces = collision.read_bytes()
    collision.unlink()
    assert load_mesh_body(bar).collision.read_bytes() == pieces


def test_too_many_faces_or_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ball.stl"
    trimesh.creation.icosphere(subdivisions=2).export(path)
    monkeypatch.setattr(mesh_files, "MOST_FACES", 100)
    with pytest.raises(MeshError, match="has 320 faces, 100 are the most: simplify it"):
        load_mesh_body(path)
    monkeypatch.setattr(mesh_files, "MOST_BYTES", 1000)
    with pytest.raises(MeshError, match="are the most: simplify the mesh"):
        load_mesh_body(path)


def test_a_fine_mesh_is_simplified_for_its_decomposition_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ball = trimesh.creation.icosphere(subdivisions=4)
    path = tmp_path / "ball.ply"
    ball.export(path)
    monkeypatch.setattr(convex, "MOST_FACES", 1000)
    given = []

    def one_hull(mesh: object, **_: object) -> list[tuple[np.ndarray, np.ndarray]]:
        given.append(mesh)
        return [(ball.vertices, ball.faces)]

    monkeypatch.setattr("coacd.run_coacd", one_hull)
    monkeypatch.setattr("coacd.Mesh", lambda vertices, faces: len(faces))
    body = load_mesh_body(path)
    assert len(given) == 1 and given[0] < len(ball.faces) == 5120
    assert body.volume == pytest.approx(ball.volume, rel=1e-6)


def test_an_infinite_vertex_and_a_face_without_vertices(tmp_path: Path) -> None:
    path = tmp_path / "inf.obj"
    path.write_text("v 0 0 0\nv inf 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\n")
    with pytest.raises(MeshError, match="1 of 4 vertices are not finite"):
        load_mesh_body(path)
    path = tmp_path / "index.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n")
    with pytest.raises(MeshError, match="cannot be read"):
        load_mesh_body(path)


def test_mesh_errors_come_back_from_other_processes() -> None:
    error = pickle.loads(pickle.dumps(MeshError(Path("a.obj"), "is broken")))
    assert isinstance(error, MeshError)
    assert (str(error), error.path, error.reason) == ("a.obj: is broken", Path("a.obj"), "is broken")


def test_hulls() -> None:
    points = np.random.default_rng(0).normal(size=(200, 3))
    hull = convex_hull(points)
    assert hull is not None and hull.is_watertight and hull.is_winding_consistent
    assert hull.volume == pytest.approx(trimesh.convex.convex_hull(points).volume)
    assert convex_hull(points[:3]) is None
    assert convex_hull(points * (1, 1, 0)) is None


def test_groups_of_an_obj() -> None:
    text = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\no a\nf 1/1 2/2 3/3\no b\nf -1 -2 -3\no none\n"
    groups = read_groups(Path("x.obj"), text)
    assert list(groups) == ["a", "b"]
    np.testing.assert_array_equal(groups["b"], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_an_object_of_any_size(bar: Path) -> None:
    model = object_from_mesh("bar", bar, scale=0.1, mass=0.5)
    np.testing.assert_allclose(model.extents, [0.4, 0.2, 0.1])
    assert model.mass == 0.5
    np.testing.assert_allclose(np.linalg.eigvalsh(model.inertia), 0.5 / 12 * np.array([0.05, 0.17, 0.2]))
    np.testing.assert_allclose(np.ptp(model.outline, axis=0), model.extents)
    in_millimetres = object_from_mesh("bar", bar, scale=0.001, mass=0.5)
    np.testing.assert_allclose(in_millimetres.extents, model.extents / 100)


@pytest.mark.parametrize(("scale", "mass"), [(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (1.0, 0.0), (1.0, np.inf)])
def test_sizes_and_masses_are_positive(bar: Path, scale: float, mass: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        object_from_mesh("bar", bar, scale=scale, mass=mass)


def test_a_mesh_that_a_library_fails_on_is_named(tmp_path: Path) -> None:
    path = tmp_path / "grain.obj"
    trimesh.creation.box((1e-7, 1e-7, 1e-7)).export(path, digits=12)
    with pytest.raises(
        MeshError, match=r"grain.obj.* cannot be analysed \(TypeError: .*\): repair it, or leave it out"
    ):
        load_mesh_body(path)

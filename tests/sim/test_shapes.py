"""The generator of shapes: closed, distinct, repeatable, and well filled by their convex pieces."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import trimesh
from manifold3d import CrossSection, Manifold, Mesh64, OpType

from grasp_sim.objects.shapes import FAMILIES, GeneratedShape, families, generate, generator
from grasp_sim.objects.shapes.blocks import ball, box, cylinder, drill, limb, scoop, turn
from grasp_sim.objects.shapes.finished import MOST_CORNERS, MOST_PIECES, finish
from grasp_sim.objects.shapes.outlines import convex_regions, disc, rectangle
from grasp_sim.objects.shapes.part import Part, Unsuitable, clip, faces, join
from grasp_sim.objects.shapes.revolving import revolved, shell
from grasp_sim.objects.shapes.sections import ring, tapered
from grasp_sim.objects.shapes.sweeping import swept

LEAST_OVERLAP = {"bowl": 0.78, "spring": 0.85, "cut": 0.82}
"""Intersection of mesh and pieces over their union, of any shape; 0.9 for the other families."""


def solid(mesh: trimesh.Trimesh) -> Manifold:
    return Manifold(Mesh64(np.array(mesh.vertices), np.array(mesh.faces, dtype=np.uint64)))


def overlap(shape: GeneratedShape) -> float:
    whole = solid(shape.mesh)
    pieces = Manifold.batch_boolean([solid(piece) for piece in shape.pieces], OpType.Add)
    common = (whole ^ pieces).volume()
    return common / (whole.volume() + pieces.volume() - common)


def test_there_are_many_families() -> None:
    assert len(FAMILIES) == len(set(FAMILIES)) == 44


@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_are_closed_and_well_filled_by_few_convex_pieces(family: str) -> None:
    seen = set()
    for number in range(3):
        shape = generate(family, generator(family, 11, number))
        mesh = shape.mesh
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0
        assert np.isfinite(mesh.vertices).all()
        assert mesh.extents.max() == pytest.approx(1.0, abs=3e-6)
        np.testing.assert_allclose(mesh.bounds.mean(axis=0), 0.0, atol=2e-6)
        assert 1 <= len(shape.pieces) <= MOST_PIECES
        for piece in shape.pieces:
            assert 4 <= len(piece.vertices) <= MOST_CORNERS
            assert piece.is_watertight and piece.volume > 0
            heights = (
                piece.face_normals @ piece.vertices.T
                - (piece.face_normals * piece.triangles[:, 0]).sum(axis=1)[:, None]
            )
            assert heights.max() < 1e-4
        assert overlap(shape) > LEAST_OVERLAP.get(family, 0.9)
        seen.add(hashlib.sha256(shape.mesh_obj()).hexdigest())
    assert len(seen) == 3


def test_the_same_seed_gives_the_same_bytes_whatever_was_made_before() -> None:
    for family in ("mug", "cut", "spring", "slotted_plate"):
        first = generate(family, generator(family, 2, 5))
        generate(family, generator(family, 2, 6))
        again = generate(family, generator(family, 2, 5))
        assert first.mesh_obj() == again.mesh_obj() and first.pieces_obj() == again.pieces_obj()
        assert first.mesh_obj() != generate(family, generator(family, 3, 5)).mesh_obj()


def test_written_shapes_are_what_was_checked() -> None:
    shape = generate("mug", generator("mug", 0, 0))
    read = trimesh.load(trimesh.util.wrap_as_stream(shape.mesh_obj()), file_type="obj", process=False)
    np.testing.assert_array_equal(read.vertices, shape.mesh.vertices)
    np.testing.assert_array_equal(read.faces, shape.mesh.faces)
    assert shape.pieces_obj().count(b"o convex_") == len(shape.pieces)


@pytest.mark.slow
def test_thousands_of_shapes_are_distinct() -> None:
    hashes = {
        hashlib.sha256(generate(family, generator(family, 0, number)).mesh_obj()).hexdigest()
        for family in FAMILIES
        for number in range(50)
    }
    assert len(hashes) == 50 * len(FAMILIES)


def test_an_unknown_family_and_one_that_never_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError, match="teapot"):
        generate("teapot", np.random.default_rng(0))

    def never(rng: np.random.Generator) -> Part:
        raise Unsuitable("always")

    monkeypatch.setitem(families.MAKERS, "mug", never)
    with pytest.raises(RuntimeError, match="100 draws of 'mug'"):
        generate("mug", np.random.default_rng(0))


def volume(part: Part) -> float:
    return float(part.solid.volume())


def piece_volume(part: Part) -> float:
    return float(Manifold.batch_boolean([Manifold.hull_points(piece) for piece in part.pieces], OpType.Add).volume())


def test_blocks_have_the_volumes_of_their_formulas() -> None:
    cases = [
        (box(1, 2, 3), 6.0),
        (cylinder(1.0, 2.0), 2 * np.pi),
        (cylinder(1.0, 3.0, top=0.0001), np.pi),
        (ball(1.0, 2.0, 3.0), 8 * np.pi),
        (limb((0, 0, 0), (0, 0, 2), 1.0, 1.0), np.pi * (2 + 4 / 3)),
    ]
    for part, expected in cases:
        assert volume(part) == pytest.approx(expected, rel=0.03)
        assert piece_volume(part) == pytest.approx(expected, rel=0.03)


def test_moving_and_stretching_moves_solid_and_pieces_alike() -> None:
    part = box(1, 1, 1).stretched(2, 1, 1).moved((5.0, 0.0, 0.0), turn(np.pi / 2, axes="z"))
    np.testing.assert_allclose(np.array(part.solid.bounding_box()), [4.5, -1, -0.5, 5.5, 1, 0.5], atol=1e-9)
    np.testing.assert_allclose(
        [part.pieces[0].min(axis=0), part.pieces[0].max(axis=0)], [[4.5, -1, -0.5], [5.5, 1, 0.5]]
    )


def test_a_hull_is_clipped_by_a_plane() -> None:
    cube = box(2, 2, 2).pieces[0]
    assert len(faces(cube)) == 6
    half = clip(cube, np.array([1.0, 0.0, 0.0, 0.0]))
    assert half is not None
    np.testing.assert_allclose([half.min(axis=0), half.max(axis=0)], [[-1, -1, -1], [0, 1, 1]])
    assert clip(cube, np.array([1.0, 0.0, 0.0, 2.0])) is None
    assert clip(cube, np.array([1.0, 0.0, 0.0, -2.0])) is cube
    corner = clip(cube, np.array([1.0, 1.0, 1.0, 2.0]) / 3**0.5)  # the tetrahedron at a corner, edges of 1
    assert corner is not None and Manifold.hull_points(corner).volume() == pytest.approx(1 / 6)


def test_cutting_cuts_the_pieces_too() -> None:
    bored = box(2, 2, 1).without(drill(0.5, 3.0))
    assert volume(bored) == pytest.approx(4 - np.pi / 4, rel=1e-2)
    assert piece_volume(bored) == pytest.approx(4 - np.pi / 4, rel=1e-2)
    assert len(bored.pieces) == 8  # one for each side of the drill
    apart = box(1, 1, 1).without(box(1, 1, 1).moved((3.0, 0.0, 0.0)))
    assert len(apart.pieces) == 1
    scooped = box(2, 2, 2).without(scoop(0.5).moved((0.0, 0.0, 1.0)))
    assert piece_volume(scooped) == pytest.approx(8 - 2 / 3 * np.pi / 8, rel=2e-2)


def test_outlines_are_split_into_few_convex_regions() -> None:
    ell = rectangle(2, 2) - rectangle(2, 2).translate((1, 1))
    regions = convex_regions(ell)
    assert len(regions) == 2
    plate = rectangle(4, 2) - disc(0.5, 8)
    regions = convex_regions(plate)
    assert 4 <= len(regions) <= 8
    assert sum(CrossSection.hull_points(region).area() for region in regions) == pytest.approx(plate.area(), rel=0.02)


def test_revolving_a_profile() -> None:
    cone = revolved(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 3.0)]))
    assert len(cone.pieces) == 1
    assert volume(cone) == pytest.approx(np.pi, rel=0.01) and piece_volume(cone) == pytest.approx(np.pi, rel=0.01)
    hourglass = revolved(np.array([(0.0, 0.0), (1.0, 0.0), (0.2, 1.0), (1.0, 2.0), (0.0, 2.0)]))
    assert len(hourglass.pieces) == 2
    assert piece_volume(hourglass) == pytest.approx(volume(hourglass), rel=0.01)


def test_a_shell_has_a_cavity_in_its_pieces_too() -> None:
    outer, inner = np.array([(1.0, 0.0), (1.0, 2.0)]), np.array([(0.8, 0.2), (0.8, 2.0)])
    pot = shell(outer, inner, floor=True)
    expected = np.pi * (2 - 0.64 * 1.8)
    assert volume(pot) == pytest.approx(expected, rel=0.01)
    assert piece_volume(pot) == pytest.approx(expected, rel=0.03)
    air = Manifold.sphere(0.3).translate((0.0, 0.0, 1.0))
    assert all((Manifold.hull_points(piece) ^ air).volume() == 0 for piece in pot.pieces)
    sleeve = shell(outer, np.array([(0.8, 0.0), (0.8, 2.0)]), floor=False)
    assert volume(sleeve) == pytest.approx(np.pi * 0.36 * 2, rel=0.01)


def test_a_tube_that_touches_itself_or_bends_too_tightly_is_refused() -> None:
    angles = np.linspace(0, np.pi, 30)
    bend = np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])
    tube = swept(bend, tapered(2.0, (0.0, 0.3, 0.3), (1.0, 0.3, 0.3)), up=(0, 0, 1))
    assert volume(tube) == pytest.approx(np.pi**2 * 0.09, rel=0.02)  # Pappus
    assert piece_volume(tube) == pytest.approx(np.pi**2 * 0.09, rel=0.03)
    with pytest.raises(Unsuitable, match="bend"):
        swept(bend, tapered(2.0, (0.0, 1.1, 1.1), (1.0, 1.1, 1.1)), up=(0, 0, 1))
    loops = np.linspace(0, 4 * np.pi, 60)
    coil = np.column_stack([np.cos(loops), np.sin(loops), 0.02 * loops])
    with pytest.raises(Unsuitable, match="touches itself"):
        swept(coil, tapered(2.0, (0.0, 0.2, 0.2), (1.0, 0.2, 0.2)), up=(0, 0, 1))


def test_rings_have_the_area_of_their_curves() -> None:
    for corners in (12, 20, 44):
        x, y = ring(corners).T
        assert 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) == pytest.approx(np.pi, rel=1e-3)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (join(box(1, 1, 1), box(1, 1, 1).moved((3.0, 0.0, 0.0))), "several bodies"),
        (box(1, 1, 1).without(box(3, 3, 3)), "nothing is left"),
        (box(1, 1, 0.01), "too thin"),
        (join(*(box(1, 1, 1).moved((0.5 * k, 0.0, 0.0)) for k in range(30))), "30 pieces"),
    ],
    ids=["apart", "nothing", "thin", "many"],
)
def test_what_cannot_become_a_shape_is_refused(part: Part, reason: str) -> None:
    with pytest.raises(Unsuitable, match=reason):
        finish(part)

"""Maps drawn from rectangles, against values that were worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.draw import polygon

from grasp_learning.labels.label_maps import LabelSettings, bins_of, label_maps
from grasp_learning.rectangles import GraspRectangles

SHAPE = (41, 61)
LEVEL = GraspRectangles([(30.0, 20.0, 0.0, 30.0, 8.0)])  # its middle: columns 25 to 35, rows 16 to 24


def settings(**given: Any) -> LabelSettings:
    return LabelSettings(**({"bins": 1, "quality": "binary"} | given))


def test_binary_maps_are_the_middle_third() -> None:
    maps = label_maps(LEVEL, SHAPE, settings())
    expected = np.zeros((1, *SHAPE), dtype=np.float32)
    expected[0, 16:25, 25:36] = 1.0
    np.testing.assert_array_equal(maps.quality, expected)
    np.testing.assert_allclose(maps.width[expected > 0], 0.2)  # 30 of 150 px
    assert maps.width[expected == 0].max() == 0.0
    assert maps.cos.min() == maps.cos.max() == 1.0 and not maps.sin.any()
    assert maps.stacked().shape == (4, 1, *SHAPE)


def test_a_share_of_one_is_the_whole_rectangle() -> None:
    assert label_maps(LEVEL, SHAPE, settings(share=1.0)).quality.sum() == 31 * 9


@pytest.mark.parametrize(
    ("sigma", "edge", "corner"),
    [(2.0, 0.6065, 0.3679), (1.0, 0.3679, 0.1353), (0.5, 0.1353, 0.0183), (0.25, 0.0183, 3e-4)],
)
def test_the_dropoff_of_the_authors_program(sigma: float, edge: float, corner: float) -> None:
    quality = label_maps(LEVEL, SHAPE, settings(quality="strong", sigma=sigma)).quality[0]
    assert quality[20, 30] == 1.0
    np.testing.assert_allclose([quality[20, 25], quality[20, 35], quality[16, 30], quality[24, 30]], edge, atol=1e-4)
    np.testing.assert_allclose([quality[16, 25], quality[24, 35]], corner, atol=1e-4)


def test_that_dropoff_is_not_turned_with_the_rectangle() -> None:
    turned = GraspRectangles([(30.0, 20.0, np.radians(30), 30.0, 8.0)])
    quality = label_maps(turned, SHAPE, settings(quality="strong")).quality[0]
    rows, columns = np.nonzero(quality)
    x = 2 * (columns - columns.min()) / np.ptp(columns) - 1
    y = 2 * (rows - rows.min()) / np.ptp(rows) - 1
    np.testing.assert_allclose(quality[rows, columns], np.exp(-(x**2 + y**2) / 2), rtol=1e-6)


def test_the_dropoff_of_equation_7_is_a_gaussian_of_the_distance() -> None:
    turned = GraspRectangles([(30.0, 20.0, np.radians(30), 30.0, 8.0)])
    quality = label_maps(turned, SHAPE, settings(quality="strong", dropoff="pixels", sigma=3.0)).quality[0]
    rows, columns = np.nonzero(quality)
    distance = np.hypot(columns - 30.0, rows - 20.0)
    np.testing.assert_allclose(quality[rows, columns], np.exp(-(distance**2) / 18), rtol=1e-6)
    assert len(rows) == pytest.approx(10 * 8, abs=12)


def test_pixels_are_those_of_the_rasteriser_of_the_authors_program() -> None:
    rng = np.random.default_rng(5)
    low, high = (-5.0, -5.0, -np.pi / 2, 1.0, 1.0), (66.0, 46.0, np.pi / 2, 60.0, 30.0)
    rectangles = GraspRectangles(rng.uniform(low, high, (200, 5)))
    filled = 0
    for values in rectangles.values:
        one = GraspRectangles([values])
        middle = GraspRectangles([(*values[:3], values[3] / 3, values[4])])
        expected = np.zeros(SHAPE, bool)
        expected[polygon(middle.corners[0, :, 1], middle.corners[0, :, 0], SHAPE)] = True
        np.testing.assert_array_equal(label_maps(one, SHAPE, settings()).quality[0] > 0, expected)
        filled += int(expected.sum())
    assert filled > 10_000


def test_soft_maps_have_a_floor_in_the_middle_and_nowhere_else() -> None:
    soft = label_maps(LEVEL, SHAPE, settings(quality="soft")).quality
    strong = label_maps(LEVEL, SHAPE, settings(quality="strong")).quality
    inside = strong > 0
    np.testing.assert_array_equal(soft[inside], np.maximum(strong[inside], np.float32(0.9)))
    assert soft[~inside].max() == 0.0 and soft.max() == 1.0


def test_bins_begin_at_minus_90_degrees() -> None:
    degrees = np.array([-90.0, -31.0, -30.0, 0.0, 29.0, 31.0, 89.9])
    assert bins_of(np.radians(degrees), 3).tolist() == [0, 0, 1, 1, 1, 2, 2]
    grasps = GraspRectangles([(30.0, 20.0, angle, 30.0, 8.0) for angle in np.radians([-80.0, 10.0, 80.0])])
    maps = label_maps(grasps, SHAPE, settings(bins=3))
    for index, angle in enumerate(np.radians([-80.0, 10.0, 80.0])):
        assert maps.quality[index, 20, 30] == 1.0
        assert maps.cos[index, 20, 30] == pytest.approx(np.cos(2 * angle))
        assert maps.sin[index, 20, 30] == pytest.approx(np.sin(2 * angle), abs=1e-6)


@pytest.mark.parametrize(
    ("overlap", "left", "middle"), [("smallest width", 30, 24), ("largest width", 30, 30), ("best quality", 30, 24)]
)
def test_which_grasp_counts_where_two_overlap(overlap: str, left: float, middle: float) -> None:
    both = GraspRectangles([(30.0, 20.0, 0.1, 30.0, 8.0), (33.0, 20.0, -0.1, 24.0, 8.0)])
    angle = {30: 0.1, 24: -0.1}
    for grasps in (both, both[np.array([1, 0])]):
        maps = label_maps(grasps, SHAPE, settings(quality="strong", overlap=overlap))
        assert maps.width[0, 20, 25] == pytest.approx(left / 150)  # the first alone
        assert maps.width[0, 20, 33] == pytest.approx(middle / 150)  # the second's centre
        assert maps.sin[0, 20, 25] == pytest.approx(np.sin(2 * angle[left]))
        assert maps.sin[0, 20, 33] == pytest.approx(np.sin(2 * angle[middle]))
        assert maps.cos[0, 20, 33] == pytest.approx(np.cos(0.2))
        assert maps.quality[0, 20, 30] == maps.quality[0, 20, 33] == 1.0  # the best of both, whoever gives the width


def test_of_a_grasp_for_several_jaws_the_smallest_is_drawn() -> None:
    sizes = GraspRectangles([(30.0, 20.0, 0.0, 30.0, size) for size in (16.0, 8.0, 24.0)])
    other = GraspRectangles([(30.0, 8.0, 0.0, 24.0, 12.0)])
    grasps = GraspRectangles.concatenate([sizes, other])
    smallest = label_maps(GraspRectangles.concatenate([LEVEL, other]), SHAPE, settings())
    np.testing.assert_array_equal(label_maps(grasps, SHAPE, settings()).stacked(), smallest.stacked())
    assert grasps.with_smallest_jaws().heights.tolist() == [8.0, 12.0]
    assert label_maps(sizes, SHAPE, settings(jaws="all")).quality.sum() == 25 * 11


def test_what_leaves_the_image_is_cut_off() -> None:
    maps = label_maps(GraspRectangles([(0.0, 0.0, 0.0, 30.0, 8.0), (500.0, 500.0, 0.0, 30.0, 8.0)]), SHAPE, settings())
    assert maps.quality.sum() == 6 * 5


def test_a_gaussian_that_the_border_cuts_off_is_greatest_in_the_middle_of_what_is_left() -> None:
    cut = GraspRectangles([(0.0, 20.0, 0.0, 30.0, 8.0)])
    row = label_maps(cut, SHAPE, settings(quality="strong", sigma=0.5)).quality[0, 20, :7]
    assert row == pytest.approx(np.exp([-2.0, -0.72, -0.08, -0.08, -0.72, -2.0, -np.inf]), abs=1e-6)
    row = label_maps(cut, SHAPE, settings(quality="strong", dropoff="pixels", sigma=2.0)).quality[0, 20, :7]
    assert row == pytest.approx([*np.exp(-(np.arange(6) ** 2) / 8), 0.0], abs=1e-6)  # equation 7 knows no box


def test_an_image_without_grasps() -> None:
    maps = label_maps(GraspRectangles.empty(), SHAPE, settings(bins=3))
    assert not maps.quality.any() and not maps.width.any() and not maps.sin.any() and maps.cos.min() == 1.0


def test_a_wide_grasp_counts_as_one() -> None:
    maps = label_maps(GraspRectangles([(30.0, 20.0, 0.0, 400.0, 8.0)]), SHAPE, settings())
    assert maps.width.max() == 1.0

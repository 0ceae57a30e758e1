"""Overlap of rectangles: exact, in pixels, and the metric made of it."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_learning.evaluation.overlap import angle_differences, iou_matrix, raster_iou_matrix
from grasp_learning.evaluation.rectangle_metric import RectangleScores, best_iou
from grasp_learning.rectangles import GraspRectangles


def rectangles(*values: tuple[float, float, float, float, float]) -> GraspRectangles:
    return GraspRectangles(np.array(values))


def test_overlap_is_exact() -> None:
    one = rectangles((50, 50, 0, 40, 20))
    others = rectangles(
        (50, 50, 0, 40, 20),  # itself
        (70, 50, 0, 40, 20),  # half of it
        (50, 50, np.pi / 2, 20, 40),  # itself, named otherwise
        (50, 50, np.pi / 2, 40, 20),  # a cross
        (50, 50, np.pi / 4, 20, 20),  # a square on its corner: an octagon cut off at top and bottom
        (200, 50, 0, 40, 20),
    )
    diagonal = 10 * np.sqrt(2)
    cut = 400 - 2 * (diagonal - 10) ** 2
    expected = [1.0, 400 / 1200, 1.0, 400 / 1200, cut / (800 + 400 - cut), 0.0]
    np.testing.assert_allclose(iou_matrix(one, others)[0], expected, atol=1e-12)
    np.testing.assert_allclose(iou_matrix(others, one)[:, 0], expected, atol=1e-12)


def test_pixels_count_almost_the_same_in_the_middle_and_too_much_at_the_border() -> None:
    rng = np.random.default_rng(0)
    values = np.column_stack(
        [rng.uniform(120, 200, (2, 200)).T, rng.uniform(-1.5, 1.5, 200), *rng.uniform(30, 90, (2, 200))]
    )
    first, second = GraspRectangles(values[:100]), GraspRectangles(values[100:])
    assert np.abs(iou_matrix(first, second) - raster_iou_matrix(first, second)).max() < 0.02
    corner = rectangles((3, 60, 0, 60, 20))  # 27 px of it lie left of the image
    inside = rectangles((25, 60, 0, 60, 20))  # 5 px
    assert iou_matrix(corner, inside)[0, 0] == pytest.approx(38 / 82)
    assert raster_iou_matrix(corner, inside)[0, 0] == pytest.approx(34 / 56)  # columns 0 to 33 of 0 to 55


def test_angles_wrap_at_half_a_turn() -> None:
    one = rectangles((0, 0, np.radians(80), 1, 1))
    others = rectangles(*((0.0, 0.0, float(np.radians(degrees)), 1.0, 1.0) for degrees in (80, -80, 60, -10)))
    np.testing.assert_allclose(np.degrees(angle_differences(one, others)[0]), [0, 20, 20, 90], atol=1e-9)


def test_another_angle_does_not_count() -> None:
    annotated = rectangles((50, 50, 0, 40, 20))
    assert best_iou(rectangles((50, 50, np.radians(30), 40, 20)), annotated) > 0.5
    assert best_iou(rectangles((50, 50, np.radians(31), 40, 20)), annotated) == 0.0
    assert best_iou(rectangles((50, 50, np.radians(31), 40, 20)), annotated, legacy_raster=True) == 0.0
    assert best_iou(GraspRectangles.empty(), annotated) == best_iou(annotated, GraspRectangles.empty()) == 0.0


def test_scores() -> None:
    perfect = RectangleScores.of([1.0] * 10)
    assert perfect.average == 1.0 and perfect.success(0.75).successes == 10
    half = RectangleScores.of([0.5] * 4)
    assert half.average == pytest.approx(51 / 101) and half.average_ci95 == pytest.approx([51 / 101] * 2)
    mixed = RectangleScores.of([0.0, 0.2, 0.3, 0.8])
    assert [mixed.success(threshold).successes for threshold in (0.25, 0.3, 0.5, 0.75)] == [2, 2, 1, 1]
    assert mixed.average == pytest.approx((1 + 21 + 31 + 81) / 404)
    half_width = 1.96 * np.std([1 / 101, 21 / 101, 31 / 101, 81 / 101], ddof=1) / 2
    assert mixed.average_ci95 == pytest.approx(
        (max(0.0, mixed.average - half_width), mixed.average + half_width), abs=1e-4
    )
    assert RectangleScores.of([0.5]).average_ci95 == (0.0, 1.0)  # one image says nothing of others

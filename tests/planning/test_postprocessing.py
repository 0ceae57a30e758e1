"""Grasps read from maps."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.grasps import GraspRectangle


def maps(peaks: list[tuple[int, int, int, float, float, float]], bins: int = 3) -> GraspMapArrays:
    """Maps with peaks (bin, row, column, quality, angle in degrees, width)."""
    quality, cos, sin, width = (np.zeros((bins, 60, 80), dtype=np.float32) for _ in range(4))
    rows, columns = np.mgrid[:60, :80]
    for index, row, column, height, degrees, share in peaks:
        bump = height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)
        near = bump > quality[index]
        quality[index][near] = bump[near]
        cos[index][near], sin[index][near] = np.cos(2 * np.radians(degrees)), np.sin(2 * np.radians(degrees))
        width[index][near] = share
    return GraspMapArrays(quality, cos, sin, width)


def test_the_best_grasp_is_the_greatest_quality_of_all_bins() -> None:
    (best,) = Postprocessing().grasps(maps([(0, 20, 30, 0.6, -70, 0.2), (2, 40, 50, 0.9, 75, 0.4)]))
    assert (best.x, best.y) == (50, 40)
    assert np.degrees(best.angle) == pytest.approx(75, abs=1e-3)
    assert best.width == pytest.approx(60) and best.height == pytest.approx(30)
    assert best.quality == pytest.approx(0.9)


@pytest.mark.parametrize("degrees", [-90, -89.9, -45, 0, 45, 89.9])
def test_angles_come_back(degrees: float) -> None:
    (best,) = Postprocessing().grasps(maps([(0, 20, 30, 1.0, degrees, 0.2)]))
    assert (np.degrees(best.angle) - degrees + 90) % 180 - 90 == pytest.approx(0, abs=1e-3)


def test_smoothing_does_not_break_angles_where_they_wrap() -> None:
    drawn = maps([(0, 30, 37, 1.0, 89, 0.2), (0, 30, 43, 0.9, -89, 0.2)], bins=1)
    (best,) = Postprocessing(angle_sigma=4.0).grasps(drawn)
    assert abs(abs(np.degrees(best.angle)) - 90) < 2


def test_several_grasps_keep_apart_in_place_or_angle() -> None:
    drawn = maps(
        [(0, 20, 20, 0.9, -80, 0.2), (1, 20, 22, 0.8, 0, 0.3), (2, 20, 23, 0.7, 85, 0.3), (1, 45, 60, 0.5, 10, 0.1)]
    )
    settings = Postprocessing(distance=8, min_quality=0.1)
    found = settings.grasps(drawn, 10)
    assert [(grasp.x, grasp.y) for grasp in found] == [(20, 20), (22, 20), (60, 45)]  # 85 and -80 degrees are near
    assert [round(grasp.quality, 3) for grasp in found] == [0.9, 0.8, 0.5]
    assert settings.grasps(drawn, 2) == found[:2] and settings.grasps(drawn, 1) == found[:1]


def test_beside_is_a_matter_of_pixels_of_the_maps() -> None:
    grasps = [GraspRectangle(x, 0.0, 0.0, 5.0, 2.5, 0.5) for x in (0.0, 9.0, 18.0)]
    settings = Postprocessing(distance=8)
    for scale, kept in ((1.0, 3), (2.0, 2), (0.5, 3), (3.0, 1)):
        assert len(settings.distinct(grasps, 3, scale)) == kept


@pytest.mark.parametrize("count", [1, 5])
def test_smoothing_moves_no_grasp_to_where_none_may_be(count: int) -> None:
    drawn = maps([(0, 20, 28, 1.0, 0, 0.2), (0, 20, 31, 1.0, 0, 0.2)], bins=1)
    allowed = np.zeros((60, 80), dtype=np.bool_)
    allowed[:, [28, 31]] = True
    found = Postprocessing(quality_sigma=2.0, min_quality=0.1).grasps(drawn, count, allowed)
    everywhere = Postprocessing(quality_sigma=2.0).grasps(drawn)
    assert everywhere[0].x in (29, 30)
    assert found[0].x in (28, 31)
    assert found[0].quality == pytest.approx(everywhere[0].quality, abs=0.05)  # of the whole map, smoothed


def test_widths_are_shares_of_the_scale_and_never_beyond_it() -> None:
    (best,) = Postprocessing(width_scale=100.0, jaw_share=0.25).grasps(maps([(0, 20, 30, 1.0, 0, 1.7)]))
    assert best.width == 100 and best.height == 25
    (closed,) = Postprocessing().grasps(maps([(0, 20, 30, 1.0, 0, -0.2)]))
    assert closed.width == 0.0


def test_no_peak_is_high_enough() -> None:
    drawn = maps([(0, 20, 30, 0.3, 0, 0.2)])
    assert Postprocessing(min_quality=0.4).grasps(drawn) == Postprocessing(min_quality=0.4).grasps(drawn, 5) == []


def test_a_plateau_is_one_grasp() -> None:
    """As where a network is sure of itself."""
    drawn = maps([(1, 30, 40, 1.4, 20, 0.3)])
    np.minimum(drawn.quality, 1, out=drawn.quality)
    assert np.count_nonzero(drawn.quality == 1) > 9
    (best,) = Postprocessing(min_quality=0.5).grasps(drawn, count=5)
    assert best.quality == 1 and abs(best.x - 40) < 4 and abs(best.y - 30) < 4

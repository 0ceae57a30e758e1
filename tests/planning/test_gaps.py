"""Gaps in masks are closed by their width."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion

from grasp_planning.gaps import close_gaps


@pytest.mark.parametrize("width", [1.0, 4.0, 9.5, 25.0])
def test_it_is_the_closing_by_a_disc(width: float) -> None:
    """As a morphological closing computes it, on a plane without borders."""
    mask = np.random.default_rng(3).random((60, 80)) < 0.02
    reach = width / 2
    radius = int(reach)
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = rows**2 + columns**2 <= reach**2
    margin = radius + 2
    grown = binary_dilation(np.pad(mask, margin), disc)
    expected = binary_erosion(grown, disc)[margin:-margin, margin:-margin]
    np.testing.assert_array_equal(close_gaps(mask, width), expected)


@pytest.mark.parametrize(("gap", "closes"), [(10, True), (11, False)])
def test_a_gap_closes_that_is_no_wider(gap: int, closes: bool) -> None:
    mask = np.zeros((80, 80), bool)
    mask[:, 20:30] = mask[:, 30 + gap : 40 + gap] = True
    assert close_gaps(mask, 10.0)[40, 30 : 30 + gap].all() == closes


def test_nothing_is_joined_to_the_border() -> None:
    mask = np.zeros((40, 60), bool)
    mask[15:25, 4:20] = True
    np.testing.assert_array_equal(close_gaps(mask, 20.0), mask)


def test_an_empty_mask_stays_empty() -> None:
    assert not close_gaps(np.zeros((5, 7), bool), 3.0).any()

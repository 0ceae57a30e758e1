from __future__ import annotations

from dataclasses import replace

import numpy as np

from grasp_planning.grasps import GraspRectangle
from grasp_planning.overlay import BEST, OTHER, SURROUNDINGS, color_depth, draw_close_up, draw_overlay

RECTANGLE = GraspRectangle(300.0, 200.0, 0.0, 60.0, 20.0, 0.87)


def reddish(image, color):
    return np.abs(image.astype(int) - color).max(axis=-1) < 20


def test_best_grasp_is_where_it_is(see):
    frame = see()
    image = draw_overlay(frame, [RECTANGLE])
    best = reddish(image, BEST)
    assert best[200, 275] and best[200, 325]  # on the opening
    assert best[193, 270] and best[207, 330]  # on the jaws
    assert not best[185, 270] and not best[200, 250]
    assert np.array_equal(image[300:], frame.color[300:])
    assert not np.array_equal(image, frame.color)


def test_others_are_fainter_and_below(see):
    other = replace(RECTANGLE, y=260.0)
    image = draw_overlay(see(), [RECTANGLE, other])
    assert not reddish(image, BEST)[245:275].any()
    assert np.abs(image[260, 285].astype(int) - OTHER).max() < 120
    both = draw_overlay(see(), [RECTANGLE, RECTANGLE])
    assert reddish(both, BEST)[200, 275]


def test_a_close_up_shows_the_grasp_in_the_middle(see):
    picture = draw_close_up(see(), RECTANGLE, 360)
    assert picture.shape == (360, 360, 3)
    rows, columns = np.nonzero(reddish(picture, BEST))
    opening, jaw = 360 / SURROUNDINGS, 360 / SURROUNDINGS / 3  # a jaw is a third of the opening long
    np.testing.assert_allclose([columns.min(), columns.max()], [180 - opening / 2, 180 + opening / 2], atol=3)
    np.testing.assert_allclose([rows.min(), rows.max()], [180 - jaw / 2, 180 + jaw / 2], atol=3)


def test_a_close_up_stays_in_the_image(see):
    rows, columns = np.nonzero(reddish(draw_close_up(see(), replace(RECTANGLE, x=638.0, y=1.0), 360), BEST))
    np.testing.assert_allclose([rows.max(), columns.min()], [24, 297], atol=3)


def test_caption_and_edge_of_the_image(see):
    image = draw_overlay(see(), [replace(RECTANGLE, x=636.0, y=2.0)], caption="word " * 100)
    assert image.shape == (480, 640, 3)
    assert (image[470:] != see().color[470:]).any()


def test_depth_stands_in_for_colour(see, rendering):
    frame = see(rendering.Box(0, 0, 0, (0.05, 0.05, 0.05)))
    black = replace(frame, color=np.zeros_like(frame.color))
    image = draw_overlay(black, [])
    assert image[240, 320].sum() > image[50, 50].sum()  # near is bright
    depth = frame.depth.copy()
    depth[:10] = np.nan
    assert (color_depth(depth)[:10] == 0).all()
    assert (color_depth(np.full_like(depth, np.nan)) == 0).all()

"""The contact sheet, the statistics page and the index of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from grasp_learning.rectangles import GraspRectangles
from grasp_sim.dataset.contact_sheet import (
    CAPTION,
    COLUMNS,
    GAP,
    TILE,
    contact_sheet,
    distinct,
    draw_grasp,
    short,
    some,
    tile,
)
from grasp_sim.dataset.index import DatasetIndexError, Header, Index, read_index, write_index
from grasp_sim.dataset.settings import Recipe
from grasp_sim.dataset.statistics import statistics
from grasp_sim.dataset.statistics_page import statistics_page

GRASP = np.array([64.0, 64.0, 0.0, 40.0, 20.0])


def test_jaws_are_darker_and_thicker_than_openings() -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    draw_grasp(picture, GraspRectangles(GRASP[None]).corners[0], 0.0)
    jaw, opening = picture[64, 82:87], picture[52:57, 64]
    assert jaw.max(axis=1).min() < 160  # dark red
    assert opening.max(axis=1).min() == 255  # light red
    assert (jaw.sum(axis=1) < 700).sum() > (opening.sum(axis=1) < 700).sum()


def test_tiles_show_the_object_and_its_grasps() -> None:
    color = np.full((256, 256, 3), 255, np.uint8)
    mask = np.zeros((256, 256), bool)
    mask[100:140, 30:60] = True
    color[mask] = (10, 200, 10)
    bare = tile(color, mask, GraspRectangles.empty())
    assert bare.shape == (TILE, TILE, 3)
    green = (bare == (10, 200, 10)).all(axis=2)
    assert 0.4 < green.mean() < 0.8
    assert not green[[0, -1]].any() and not green[:, [0, -1]].any()
    grasped = tile(color, mask, GraspRectangles(np.array([[45.0, 120.0, 0.0, 60.0, 10.0]])))
    assert (grasped != tile(color, mask, GraspRectangles.empty())).any()
    assert tile(color, np.zeros_like(mask), GraspRectangles.empty()).shape == (TILE, TILE, 3)


def test_the_sheet_is_a_grid() -> None:
    black = np.zeros((TILE, TILE, 3), np.uint8)
    sheet = contact_sheet([(black, f"scene {i}") for i in range(COLUMNS + 2)])
    assert sheet.shape == (2 * (TILE + CAPTION) + GAP, COLUMNS * (TILE + GAP) + GAP, 3)
    assert (sheet == 0).all(axis=2).sum() == (COLUMNS + 2) * TILE * TILE
    assert contact_sheet([(black, "one")]).shape[1] == TILE + 2 * GAP


def test_a_long_name_keeps_its_number():
    assert short("bent_superquadric_7_00012") == "bent_superquadric_7_00012"
    assert short("swept_superquadric_17_00012") == "swept_superquad..17_00012"


def test_each_grasp_counts_once_with_its_largest_jaw() -> None:
    rows = np.array([[*GRASP[:4], jaw] for jaw in (5, 10, 20)] + [[1.0, 2.0, 0.1, 30.0, 5.0]])
    assert distinct(GraspRectangles(rows)).heights.tolist() == [20.0, 5.0]
    assert len(distinct(GraspRectangles.empty())) == 0
    many = GraspRectangles(np.tile(GRASP, (50, 1)) + np.arange(50)[:, None] * [1, 0, 0, 0, 0])
    assert some(many, 6).centers[[0, -1], 0].tolist() == [64.0, 113.0]
    assert len(some(many, 6)) == 6


def test_an_index_comes_back_as_it_was(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = small_recipe()
    write_index(tmp_path, Index.of(recipe, []))
    assert read_index(tmp_path).header == Header.of(recipe)
    path = tmp_path / "index.jsonl"
    path.write_text(path.read_text() + '{"object": "x"}\n')
    with pytest.raises(DatasetIndexError, match=r"index\.jsonl:2: object: String should match"):
        read_index(tmp_path)
    path.write_text('{"format": "grasp-dataset", "version": 1}\n')
    with pytest.raises(
        DatasetIndexError, match=r"index\.jsonl: a dataset of version 1, not 2: theta in its annotations"
    ):
        read_index(tmp_path)
    path.write_text('{"format": "something-else"}\n')
    with pytest.raises(DatasetIndexError, match=r"index\.jsonl:1: "):
        read_index(tmp_path)
    with pytest.raises(DatasetIndexError, match="cannot be read: No such file"):
        read_index(tmp_path / "nowhere")


def test_the_page_of_nothing_is_a_page(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    index = Index.of(small_recipe(keep_failures=False), [])
    rejected = [{"name": "<b>", "reason": "5 < 6 & so on"}]
    facts = statistics(tmp_path, index, rejected)
    assert (facts["grasps"], facts["failures"], facts["rejected"]) == (0, None, 1)
    page = statistics_page(index.header, facts, rejected, b"")
    assert "<td>&lt;b&gt;</td><td>5 &lt; 6 &amp; so on</td>" in page
    assert "Failed candidates were not kept" in page
    opened: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attributes: object) -> None:
            if tag not in ("meta", "img", "br", "line", "rect"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in ("line", "rect"):
                assert opened.pop() == tag

    Tags().feed(page)
    assert not opened

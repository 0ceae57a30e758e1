"""Turned and mirrored scenes: all eight ways that keep pixels on pixels."""

from __future__ import annotations

import dataclasses

import numpy as np

from grasp_learning.rectangles import GraspRectangles
from grasp_learning.training.packed import PackedScene


def turned(scene: PackedScene, quarters: int, mirrored: bool) -> PackedScene:
    """A scene mirrored left to right, if so, and then turned by quarters, counter-clockwise as seen.

    A camera that is turned about its axis sees the same grasps, so this costs no truth but that of a tilted camera,
    whose ground is nearer below than above.
    """
    color, depth, values = scene.color, scene.depth, scene.grasps.values.copy()
    last = depth.shape[0] - 1
    if mirrored:
        color, depth = color[:, ::-1], depth[:, ::-1]
        values[:, 0], values[:, 2] = last - values[:, 0], -values[:, 2]
    for _ in range(quarters % 4):
        x, y = values[:, 0].copy(), values[:, 1].copy()
        values[:, 0], values[:, 1], values[:, 2] = y, last - x, values[:, 2] - np.pi / 2
    color, depth = np.rot90(color, quarters), np.rot90(depth, quarters)
    return dataclasses.replace(
        scene,
        color=np.ascontiguousarray(color),
        depth=np.ascontiguousarray(depth),
        grasps=GraspRectangles(values),
    )

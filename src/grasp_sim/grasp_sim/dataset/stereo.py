"""Depth from two views of a scene under a projected pattern, as the Jacquard data was made (section III-B).

The left camera is the scene's own. The right one stands beside it along its x axis; its principal
point is shifted so that the farthest point of the scene has a disparity near zero, and both views
are wider than the image by what the matcher cannot do at the border. So the matcher searches a
range no larger than the scene is deep.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from typing_extensions import Self

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.configuration import Configuration
from grasp_perception.transform import Transform

STEPS = 16
"""Of the matcher's disparities to a pixel; also what the number of disparities must be a multiple of."""
WEAK = 1.0
"""Mean square of a slope of brightness, in grey values, below which there is nothing to refine by."""
SLACK = 2
"""px of disparity searched beyond the scene on either side."""
SLOPE, JUMP = 2, 32
"""Cost, for each pixel of the block, of a disparity that changes by one and by more between neighbours. OpenCV's
usual 8 for the former turns slopes into stairs: 1.7 mm of error on Jacquard's ground instead of 0.9."""


class StereoSettings(Configuration):
    """A stereo camera with a projector, and its matcher."""

    baseline: float = Field(default=0.08, gt=0)
    """m from the left camera to the right one."""
    projector: float = 0.04
    """m from the left camera to the projector, towards the right one."""
    noise: float = Field(default=0.01, ge=0, le=0.5)
    """Standard deviation of the brightness of a pixel, of [0, 1]."""
    block: int = Field(default=7, ge=3, le=21)
    """px: side of the matched block; odd."""
    uniqueness: int = Field(default=10, ge=0, le=100)
    """% by which the best match must be better than the next."""
    consistency: float = Field(default=1.0, ge=0)
    """px by which left-to-right and right-to-left may differ."""
    speckle: int = Field(default=150, ge=0)
    """px: islands of disparity smaller than this are discarded."""
    refinements: int = Field(default=1, ge=0, le=5)
    """Steps of least squares by which disparities are made finer than the matcher's sixteenths of a pixel."""

    @field_validator("block")
    @classmethod
    def _has_a_middle(cls, block: int) -> int:
        if block % 2 == 0:
            raise ValueError("a block is an odd number of pixels wide, so that it has a middle")
        return block


@dataclass(frozen=True, slots=True)
class StereoRig:
    """The two cameras for one scene."""

    camera: CameraIntrinsics
    """Of the scene's image."""
    left: CameraIntrinsics
    """Of the left view: the same, with columns added at either side."""
    right: CameraIntrinsics
    """Of the right view, of the same size."""
    projector: CameraIntrinsics
    """Of the projector's image, which is wider still: everything that either camera sees is lit."""
    baseline: float
    """m."""
    offset: float
    """m from the left camera to the projector."""
    shift: int
    """px that are missing in the disparities between the two views."""
    disparities: int
    """px that are searched."""
    margin: int
    """Columns added on the left."""

    @classmethod
    def for_range(cls, camera: CameraIntrinsics, settings: StereoSettings, nearest: float, farthest: float) -> Self:
        """For what lies between two depths, m."""
        if not 0 < nearest <= farthest:
            raise ValueError(f"a depth range must be positive and ordered, got {nearest} to {farthest} m")
        product = camera.fx * settings.baseline
        shift = max(int(product / farthest) - SLACK, 0)
        disparities = STEPS * int(np.ceil((product / nearest - shift + SLACK) / STEPS))
        border = settings.block
        margin = disparities + border
        k, width = camera, camera.width + margin + border
        left = CameraIntrinsics(k.fx, k.fy, k.cx + margin, k.cy, width, k.height)
        right = CameraIntrinsics(k.fx, k.fy, k.cx + margin + shift, k.cy, width, k.height)
        offsets = (-settings.projector, settings.baseline - settings.projector)  # of the cameras from the projector
        columns = [camera.fx * offsets[i] / z - (0, shift)[i] for i in (0, 1) for z in (nearest, farthest)]
        before, after = int(np.ceil(max(0, -min(columns)))), int(np.ceil(max(0, max(columns))))
        projector = CameraIntrinsics(k.fx, k.fy, left.cx + before, k.cy, width + before + after, k.height)
        return cls(camera, left, right, projector, settings.baseline, settings.projector, shift, disparities, margin)

    def right_pose(self, world_from_left: Transform) -> Transform:
        """world_from_right."""
        return world_from_left @ Transform(np.eye(3), np.array([self.baseline, 0.0, 0.0]))

    def projector_pose(self, world_from_left: Transform) -> Transform:
        """world_from_projector."""
        return world_from_left @ Transform(np.eye(3), np.array([self.offset, 0.0, 0.0]))


def stereo_depth(
    left: NDArray[np.uint8], right: NDArray[np.uint8], rig: StereoRig, settings: StereoSettings
) -> NDArray[np.float32]:
    """Match two views semi-globally.

    Args:
        left: (H, W') grey view of `rig.left`.
        right: (H, W') grey view of `rig.right`.
        rig: The cameras.
        settings: Of the matcher.

    Returns:
        (H, W) depth along the optical axis in the scene's camera, m; NaN where there is no match that is unique,
        the same in both directions, and part of a patch.
    """
    area = settings.block**2
    matcher = cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=rig.disparities,
        blockSize=settings.block,
        P1=SLOPE * area,
        P2=JUMP * area,
        disp12MaxDiff=int(settings.consistency),
        preFilterCap=63,
        uniquenessRatio=settings.uniqueness,
        speckleWindowSize=settings.speckle,
        speckleRange=1,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
    )
    raw = matcher.compute(left, right)
    disparity = raw.astype(np.float32) / STEPS
    for _ in range(settings.refinements):
        disparity = _refined(disparity, left, right, settings.block)
    inside = np.s_[:, rig.margin : rig.margin + rig.camera.width]
    total = disparity[inside] + rig.shift
    with np.errstate(divide="ignore"):
        depth = np.float32(rig.camera.fx * rig.baseline) / total
    depth[(raw[inside] < 0) | (total <= 0)] = np.nan
    return depth


def _refined(
    disparity: NDArray[np.float32], left: NDArray[np.uint8], right: NDArray[np.uint8], block: int
) -> NDArray[np.float32]:
    """Disparities (H, W) moved by the least squares of brightness over blocks (Lucas and Kanade), at most half a px."""
    height, width = disparity.shape
    columns = np.arange(width, dtype=np.float32) - disparity
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], disparity.shape)
    moved = cv2.remap(right, columns, np.ascontiguousarray(rows), cv2.INTER_LINEAR).astype(np.float32)
    slope = cv2.Sobel(moved, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    size = (block + 2, block + 2)
    error = cv2.boxFilter((left - moved) * slope, -1, size)
    weight = cv2.boxFilter(slope * slope, -1, size)
    return disparity - np.clip(error / (weight + WEAK), -0.5, 0.5)

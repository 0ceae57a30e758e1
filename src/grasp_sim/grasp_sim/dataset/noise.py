"""What real depth cameras do to depth, as options; none of it is on by default.

The noise that varies smoothly over the image and the one that scales the whole of it are Dex-Net
2.0's (section IV-B: a Gaussian process, and a gamma-distributed factor).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.configuration import Configuration


class SmoothNoise(Configuration):
    """Gaussian noise of a coarse grid, interpolated: neighbours err alike."""

    sigma: float = Field(gt=0, le=0.1)
    """Standard deviation on the grid, m."""
    grid: float = Field(default=8.0, ge=1)
    """px from one point of the grid to the next: the correlation length."""


class GammaNoise(Configuration):
    """One factor for the whole image, gamma-distributed about 1: an error of calibration."""

    shape: float = Field(default=1000.0, gt=1)
    """The factor's standard deviation is 1 / sqrt(shape)."""


class EdgeLoss(Configuration):
    """No depth beside jumps of depth, where a camera sees two things at once."""

    jump: float = Field(default=0.01, gt=0)
    """m between neighbours that count as a jump."""
    width: int = Field(default=2, ge=1, le=20)
    """px lost on either side."""
    probability: float = Field(default=0.8, gt=0, le=1)
    """That a stretch of an edge is lost."""


class GrazingLoss(Configuration):
    """No depth where the surface turns away from the camera."""

    angle: float = Field(default=1.3, gt=0, lt=np.pi / 2)
    """rad between the ray and the surface's normal at which half of the pixels are lost."""
    softness: float = Field(default=0.05, gt=0)
    """rad over which the share of lost pixels rises from a quarter to a half."""


class Quantization(Configuration):
    """Depth in steps; give either of them."""

    step: float = Field(default=0.0, ge=0)
    """m, everywhere the same; 0.001 for cameras that answer in millimetres."""
    disparity: float = Field(default=0.0, ge=0)
    """1/m: the step of 1/z, as of a stereo camera; a step of z is z^2 times as large."""


class DepthNoise(Configuration):
    """A model of a depth camera's errors, applied in the order of the fields."""

    smooth: SmoothNoise | None = None
    gamma: GammaNoise | None = None
    edges: EdgeLoss | None = None
    grazing: GrazingLoss | None = None
    quantization: Quantization | None = None

    def apply(
        self, depth: NDArray[np.float32], camera: CameraIntrinsics, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Depth as such a camera measures it.

        Args:
            depth: (H, W) along the optical axis, m; NaN where there is none.
            camera: Intrinsics of the image, for the angle at which surfaces are seen.
            rng: Where the errors come from; what is off draws nothing.

        Returns:
            (H, W) m, NaN where there was none or it was lost.

        Raises:
            ValueError: The image is not of the camera's size.
        """
        if depth.shape != (camera.height, camera.width):
            raise ValueError(
                f"the depth image is {depth.shape[1]}x{depth.shape[0]}, the intrinsics are of a "
                f"{camera.width}x{camera.height} image"
            )
        measured = depth.astype(np.float32, copy=True)
        if self.smooth:
            measured += _smooth_field(depth.shape, self.smooth.grid, rng) * np.float32(self.smooth.sigma)
        if self.gamma:
            measured *= np.float32(rng.gamma(self.gamma.shape, 1 / self.gamma.shape))
        lost = np.zeros(depth.shape, dtype=np.bool_)
        if self.edges:
            lost |= _near_jumps(depth, self.edges, rng)
        if self.grazing:
            lost |= _grazing(depth, camera, self.grazing, rng)
        measured[lost | (measured <= 0)] = np.nan
        if self.quantization and self.quantization.disparity:
            step = np.float32(self.quantization.disparity)
            measured = (1 / (np.maximum(np.rint(1 / measured / step), 1) * step)).astype(np.float32)
        if self.quantization and self.quantization.step:
            step = np.float32(self.quantization.step)
            measured = np.rint(measured / step) * step
        return measured


def _smooth_field(shape: tuple[int, ...], grid: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) of standard deviation 1 at the points of the grid, bicubic between them."""
    height, width = shape
    coarse = rng.standard_normal((max(round(height / grid), 1), max(round(width / grid), 1)), dtype=np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _near_jumps(depth: NDArray[np.float32], edges: EdgeLoss, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(H, W) true beside jumps of depth; lost in stretches about as long as they are wide."""
    filled = np.nan_to_num(depth, nan=0.0)
    jumps = np.zeros(depth.shape, dtype=np.uint8)
    across, down = np.abs(np.diff(filled, axis=1)) > edges.jump, np.abs(np.diff(filled, axis=0)) > edges.jump
    jumps[:, 1:] |= across
    jumps[:, :-1] |= across
    jumps[1:] |= down
    jumps[:-1] |= down
    beside = cv2.dilate(jumps, np.ones((2 * edges.width - 1, 2 * edges.width - 1), dtype=np.uint8)) > 0
    if edges.probability == 1:
        return beside
    size = (-(-depth.shape[0] // (2 * edges.width)), -(-depth.shape[1] // (2 * edges.width)))
    draws = rng.random(size, dtype=np.float32)
    stretches = cv2.resize(draws, depth.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return beside & (stretches < edges.probability)


def _grazing(
    depth: NDArray[np.float32], camera: CameraIntrinsics, grazing: GrazingLoss, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(H, W) true where pixels are lost by the angle at which the surface is seen."""
    with np.errstate(divide="ignore", invalid="ignore"):  # where the depth is no depth
        log = np.log(depth)
    slope_x, slope_y = _least_slope(log, 1) * np.float32(camera.fx), _least_slope(log, 0) * np.float32(camera.fy)
    x = ((np.arange(camera.width) - camera.cx) / camera.fx).astype(np.float32)
    y = ((np.arange(camera.height) - camera.cy) / camera.fy).astype(np.float32)[:, None]
    # The normal of z(x, y), with x, y the ray's slopes: (z_x, z_y, -(1 + x z_x + y z_y)) / z; the ray: (x, y, 1).
    third = 1 + x * slope_x + y * slope_y
    cosine = 1 / np.sqrt((slope_x**2 + slope_y**2 + third**2) * (1 + x**2 + y**2))
    angle = np.arccos(np.clip(cosine, 0, 1))
    share = 1 / (1 + np.exp(np.log(3.0) * (grazing.angle - angle) / grazing.softness))
    return rng.random(depth.shape, dtype=np.float32) < share


def _least_slope(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Difference to the neighbour before or after, whichever is smaller: a jump is no slope."""
    steps = np.diff(values, axis=axis)
    first = np.concatenate([np.take(steps, [0], axis), steps], axis)
    last = np.concatenate([steps, np.take(steps, [-1], axis)], axis)
    return np.where(np.abs(first) < np.abs(last), first, last)

"""Grasp maps drawn from annotated rectangles: binary, soft and strong (Prew et al. 2022, section IV-C)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grasp_learning.labels.covered_pixels import CoveredPixels, covered_pixels
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.configuration import Configuration


class LabelSettings(Configuration):
    """How rectangles become maps."""

    quality: Literal["binary", "soft", "strong"] = "strong"
    """binary: 1 in the middle of a rectangle (Morrison et al. 2018). strong: a Gaussian about its centre (equation 7).
    soft: the same, but nowhere in the middle below `floor` (equation 6)."""
    dropoff: Literal["box", "pixels"] = "box"
    """box: what the authors' program does. The distance is measured in halves of the axis-aligned box around the
    middle of the rectangle, as far as it lies in the image, and `sigma` divides its square:
    ``exp(-(x^2 + y^2) / sigma)``. So contours are ellipses along the image's axes, however the rectangle is turned,
    and large rectangles fall off slower.
    pixels: what equation 7 says. ``exp(-d^2 / (2 sigma^2))`` with d the distance from the centre, px of the maps."""
    sigma: float = Field(default=2.0, gt=0)
    floor: float = Field(default=0.9, ge=0, le=1)
    """Of soft maps."""
    share: float = Field(default=1.0 / 3.0, gt=0, le=1)
    """Of the opening that counts as the middle; the jaw size counts whole."""
    jaws: Literal["smallest", "all"] = "smallest"
    """Which rectangles of a grasp that works with several jaw sizes are drawn: the middle of a wide jaw's reaches to
    where a narrow one finds nothing. The paper and its authors' program take the smallest."""
    bins: int = Field(default=3, ge=1)
    """Ranges of angle with maps of their own, the first from -90 degrees (equation 5)."""
    overlap: Literal["smallest width", "largest width", "best quality"] = "best quality"
    """Which grasp gives angle and width where several cover a pixel of one bin; at a tie, the earlier one."""
    width_scale: float = Field(default=150.0, gt=0)
    """px of the maps that a width of 1 stands for; wider grasps count as 1."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelMaps:
    """Ground truth of one image, (bins, H, W) float32 each; where no grasp is, quality and width are 0."""

    quality: NDArray[np.float32]
    cos: NDArray[np.float32]
    """Of twice the angle; 1 where no grasp is."""
    sin: NDArray[np.float32]
    """Of twice the angle; 0 where no grasp is."""
    width: NDArray[np.float32]
    """Share of `LabelSettings.width_scale`."""

    def stacked(self) -> NDArray[np.float32]:
        """(4, bins, H, W) quality, cos, sin, width."""
        return np.stack([self.quality, self.cos, self.sin, self.width])


def label_maps(grasps: GraspRectangles, shape: tuple[int, ...], settings: LabelSettings) -> LabelMaps:
    """Draw the maps of one image.

    Args:
        grasps: Those that work, px of the maps. Parts outside are cut off.
        shape: (H, W) of the maps.
        settings: How.
    """
    if settings.jaws == "smallest":
        grasps = grasps.with_smallest_jaws()
    size = (settings.bins, *shape)
    pixels = covered_pixels(grasps, shape, settings.share)
    bins = bins_of(grasps.angles, settings.bins)[pixels.grasp]
    places = np.ravel_multi_index((bins, pixels.row, pixels.column), size)
    quality = _quality(pixels, settings)

    # Of assignments to one place numpy keeps the last: what is to win comes last.
    best = np.zeros(np.prod(size), dtype=np.float32)
    order = np.argsort(quality, kind="stable")
    best[places[order]] = quality[order]

    widths = np.minimum(grasps.widths / settings.width_scale, 1.0)
    rank = {"smallest width": -widths[pixels.grasp], "largest width": widths[pixels.grasp], "best quality": quality}
    order = np.lexsort((-pixels.grasp, rank[settings.overlap]))
    chosen, of = places[order], pixels.grasp[order]
    cos, sin, width = (np.full(best.shape, empty, dtype=np.float32) for empty in (1.0, 0.0, 0.0))
    cos[chosen] = np.cos(2 * grasps.angles)[of]
    sin[chosen] = np.sin(2 * grasps.angles)[of]
    width[chosen] = widths[of]
    return LabelMaps(*(values.reshape(size) for values in (best, cos, sin, width)))


def bins_of(angles: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    """(N,) the bin of each angle of a closing axis, rad; the first bin begins at -90 degrees."""
    turn = (angles + np.pi / 2) % np.pi
    return np.minimum((bins * turn / np.pi).astype(np.intp), bins - 1)


def _quality(pixels: CoveredPixels, settings: LabelSettings) -> NDArray[np.float32]:
    """(P,) of each grasp at each pixel that it covers."""
    if settings.quality == "binary":
        return np.ones(len(pixels.grasp), dtype=np.float32)
    if settings.dropoff == "box":
        exponent = (pixels.box**2).sum(axis=1) / settings.sigma
    else:
        exponent = (pixels.offset**2).sum(axis=1) / (2 * settings.sigma**2)
    quality = np.exp(-exponent)
    if settings.quality == "soft":
        quality = np.maximum(quality, settings.floor)
    return quality.astype(np.float32)

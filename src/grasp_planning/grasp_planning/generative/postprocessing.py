"""Grasps from the maps that a network draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grasp_perception.configuration import Configuration
from grasp_planning.grasps import GraspRectangle, wrap_half_turn


@dataclass(frozen=True, slots=True, eq=False)
class GraspMapArrays:
    """What a network says of one image, (N, H, W) each; see `grasp_planning.networks.GraspMaps`."""

    quality: NDArray[np.float32]
    cos: NDArray[np.float32]
    sin: NDArray[np.float32]
    width: NDArray[np.float32]

    @property
    def best_quality(self) -> NDArray[np.float32]:
        """(H, W) over all bins."""
        return self.quality.max(axis=0)


class Postprocessing(Configuration):
    """How grasps are read from maps. Stored in the card of the weights."""

    quality_sigma: float = Field(default=0.0, ge=0)
    """px by which the quality is smoothed first; binary maps are flat and need it (2)."""
    angle_sigma: float = Field(default=0.0, ge=0)
    """px by which cosine and sine are smoothed, never the angle itself, which wraps."""
    width_sigma: float = Field(default=0.0, ge=0)
    """px"""
    width_scale: float = Field(default=150.0, gt=0)
    """px that a width of 1 stands for; the labels' own."""
    jaw_share: float = Field(default=0.5, gt=0)
    """Jaw size as a share of the opening ("half jaw")."""
    distance: int = Field(default=8, ge=1)
    """px: grasps nearer to a better one, and at about its angle, are not given."""
    angle: float = Field(default=np.radians(30.0), gt=0)
    """rad"""
    min_quality: float = Field(default=0.0, ge=0)
    """Of a peak; lower ones are no grasps."""

    def grasps(
        self, maps: GraspMapArrays, count: int = 1, allowed: NDArray[np.bool_] | None = None
    ) -> list[GraspRectangle]:
        """The best grasps, px of the maps, best first.

        For one grasp it is the greatest quality of all bins and pixels; for more, the local maxima of each bin, less
        those beside a better one (non-maximum suppression).

        Args:
            maps: What a network says.
            count: At most so many.
            allowed: (H, W) where a grasp's centre may lie, elsewhere the smoothed quality counts as 0; None =
                everywhere.
        """
        quality = _smooth(maps.quality, self.quality_sigma)
        if allowed is not None:
            quality = np.where(allowed, quality, np.float32(0))
        smooth = GraspMapArrays(
            quality=quality,
            cos=_smooth(maps.cos, self.angle_sigma),
            sin=_smooth(maps.sin, self.angle_sigma),
            width=_smooth(maps.width, self.width_sigma),
        )
        if count == 1:
            places = np.array([np.unravel_index(int(smooth.quality.argmax()), smooth.quality.shape)])
        else:
            places = self._peaks(smooth.quality)
        places = places[smooth.quality[tuple(places.T)] >= self.min_quality]
        return self.distinct((self._grasp(smooth, *place) for place in places.tolist()), count)

    def distinct(self, grasps: Iterable[GraspRectangle], count: int, scale: float = 1.0) -> list[GraspRectangle]:
        """The first grasps of those given, best first, none of which lies beside an earlier one.

        Args:
            grasps: Best first.
            count: At most so many.
            scale: Pixels in which the grasps are given, in one of the maps.
        """
        chosen: list[GraspRectangle] = []
        for grasp in grasps:
            if len(chosen) == count:
                break
            if not any(self._beside(grasp, other, scale) for other in chosen):
                chosen.append(grasp)
        return chosen

    def _grasp(self, maps: GraspMapArrays, bin_: int, row: int, column: int) -> GraspRectangle:
        at = bin_, row, column
        opening = float(np.clip(maps.width[at], 0.0, 1.0)) * self.width_scale
        return GraspRectangle(
            x=float(column),
            y=float(row),
            angle=wrap_half_turn(float(np.arctan2(maps.sin[at], maps.cos[at])) / 2),
            width=opening,
            height=self.jaw_share * opening,
            quality=float(maps.quality[at]),
        )

    def _peaks(self, quality: NDArray[np.float32]) -> NDArray[np.intp]:
        """(P, 3) bin, row, column of the local maxima, best first."""
        around = np.ones((2 * self.distance + 1, 2 * self.distance + 1), np.uint8)
        greatest = np.stack([cv2.dilate(values, around) for values in quality])
        places = np.argwhere((quality == greatest) & (quality > self.min_quality))
        return places[np.argsort(-quality[tuple(places.T)], kind="stable")]

    def _beside(self, one: GraspRectangle, other: GraspRectangle, scale: float) -> bool:
        turn = abs(one.angle - other.angle) % np.pi
        near = np.hypot(one.x - other.x, one.y - other.y) < self.distance * scale
        return bool(near and min(turn, np.pi - turn) < self.angle)


def _smooth(maps: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """(N, H, W) each blurred by a Gaussian."""
    if sigma == 0.0:
        return maps
    return np.stack([cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for values in maps])

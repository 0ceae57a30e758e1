"""The rectangle metric: whether a predicted grasp overlaps an annotated one at about its angle (Jiang et al. 2011)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_learning.evaluation.overlap import angle_differences, iou_matrix, raster_iou_matrix
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.success_rate import Z_95, SuccessRate

THRESHOLDS = (0.25, 0.30, 0.40, 0.50, 0.75)
ALL_THRESHOLDS = np.linspace(0.0, 1.0, 101)
"""Those that the average is over; the first counts every prediction."""
ANGLE = np.radians(30.0)
"""Between closing axes, modulo half a turn; at most this."""


def best_iou(predicted: GraspRectangles, annotated: GraspRectangles, *, legacy_raster: bool = False) -> float:
    """The greatest overlap of any prediction with any annotation at about its angle; 0 without such a pair.

    Args:
        predicted: For one image, px. The metric is usually asked of the best prediction alone.
        annotated: For the same image, px.
        legacy_raster: Count pixels, as published evaluators do; see `raster_iou_matrix`.
    """
    if not len(predicted) or not len(annotated):
        return 0.0
    overlap = (raster_iou_matrix if legacy_raster else iou_matrix)(predicted, annotated)
    close = angle_differences(predicted, annotated) <= ANGLE + 1e-9
    return float(np.where(close, overlap, 0.0).max())


@dataclass(frozen=True, slots=True, eq=False)
class RectangleScores:
    """The metric over the images of a test set."""

    overlaps: NDArray[np.float64]
    """(S,) the `best_iou` of each image."""

    @classmethod
    def of(cls, overlaps: Sequence[float]) -> RectangleScores:
        """From one number an image."""
        return cls(np.asarray(overlaps, dtype=np.float64))

    def success(self, threshold: float) -> SuccessRate:
        """Images whose overlap is at least a threshold in [0, 1]; at 0 all of them."""
        return SuccessRate(int(np.count_nonzero(self.overlaps >= threshold)), len(self.overlaps))

    @property
    def average(self) -> float:
        """IoU-Avg: the mean of the success rates at 101 thresholds from 0 to 1 (Prew et al. 2022, table II)."""
        return float(self._shares.mean())

    @property
    def average_ci95(self) -> tuple[float, float]:
        """95 % interval of IoU-Avg, a mean over images: by their standard error."""
        half = Z_95 * float(self._shares.std(ddof=1)) / np.sqrt(len(self._shares)) if len(self._shares) > 1 else 1.0
        return max(0.0, self.average - half), min(1.0, self.average + half)

    @property
    def _shares(self) -> NDArray[np.float64]:
        """(S,) at how many of the 101 thresholds each image counts as a success."""
        return np.searchsorted(ALL_THRESHOLDS, self.overlaps, side="right") / len(ALL_THRESHOLDS)

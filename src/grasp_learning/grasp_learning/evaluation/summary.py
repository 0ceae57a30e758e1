"""Scores as they stand in cards and in the answers of `grasp eval`."""

from __future__ import annotations

from typing import Any

from grasp_learning.evaluation.rectangle_metric import THRESHOLDS, RectangleScores


def rectangle_summary(scores: RectangleScores) -> dict[str, Any]:
    """Success rates by threshold in percent, with 95 % intervals, and IoU-Avg."""
    rates = {f"{100 * threshold:.0f}": scores.success(threshold) for threshold in THRESHOLDS}
    return {
        "scenes": len(scores.overlaps),
        "iou": {name: round(rate.rate, 4) for name, rate in rates.items()},
        "ci95": {name: [round(bound, 4) for bound in rate.ci95] for name, rate in rates.items()},
        "iou_avg": round(scores.average, 4),
    }

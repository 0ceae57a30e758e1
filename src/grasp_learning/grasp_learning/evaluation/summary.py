"""Scores as they stand in cards and in the answers of `grasp eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grasp_learning.datasets.jacquard import DepthKind
from grasp_learning.datasets.splits import Part
from grasp_learning.evaluation.evaluate import Evaluation
from grasp_learning.evaluation.rectangle_metric import THRESHOLDS, RectangleScores


def rectangle_summary(scores: RectangleScores) -> dict[str, Any]:
    """Success rates by threshold in percent, with 95 % intervals, and IoU-Avg."""
    rates = {f"{100 * threshold:.0f}": scores.success(threshold) for threshold in THRESHOLDS}
    intervals = {**{name: rate.ci95 for name, rate in rates.items()}, "iou_avg": scores.average_ci95}
    return {
        "scenes": len(scores.overlaps),
        "iou": {name: round(rate.rate, 4) for name, rate in rates.items()},
        "ci95": {name: [round(bound, 4) for bound in interval] for name, interval in intervals.items()},
        "iou_avg": round(scores.average, 4),
    }


def evaluation_row(
    weights: Path,
    dataset: Path,
    part: Part,
    found: Evaluation,
    sgt: dict[str, Any] | None,
    *,
    depth: DepthKind,
    fit_jaws: bool = False,
    legacy_raster: bool = False,
) -> dict[str, Any]:
    """A row of a table such as Prew et al.'s (2022) II; `grasp eval --json` writes it.

    Args:
        weights: That were asked.
        dataset: Its root.
        part: Of its splits.
        found: What they made of it.
        sgt: What simulated trials say, as `grasp sgt --json` writes it; None if there were none.
        depth: Which depth images were shown.
        fit_jaws: Whether the grasps were fitted to the depth image.
        legacy_raster: Whether overlaps were counted in pixels.
    """
    return {
        "weights": str(weights),
        "dataset": str(dataset),
        "split": part,
        "depth": depth,
        "fit_jaws": fit_jaws,
        "overlap": "raster" if legacy_raster else "exact",
        **rectangle_summary(found.scores),
        "sgt": sgt,
        "milliseconds": found.milliseconds,
        "runner": found.runner,
    }

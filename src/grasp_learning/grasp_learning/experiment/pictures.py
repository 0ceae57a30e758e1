"""Pictures of an experiment: tables as charts, and good and bad predictions."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.evaluation.evaluate import Evaluation
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.files import write_atomically

COLORS = {"binary": "#8a94a6", "soft": "#e0a030", "strong": "#2f6db5"}
OTHER_COLORS = ("#2a7f4f", "#a0459a", "#c0392b", "#57b8c9")
TRUTH, PREDICTION = "#35c46a", "#ff40a0"
MARK: dict[str, Any] = {"fmt": "o", "markersize": 7, "capsize": 3, "linewidth": 1.6}
"""No bars: their lengths would lie, as the axes do not begin at nought."""
GOOD, BAD = "#2a7f4f", "#c0392b"
SUCCESS = "success"
COLUMNS = 6
ANNOTATIONS = 12
"""At most so many are drawn."""
MARGIN = 0.35
"""Around the grasps, in their extent."""


def draw_chart(path: Path, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of a table as a chart: a panel for each measure, a group for each network, a mark for each of its maps.

    Whiskers are 95 % intervals over the scenes of all seeds. Dots are seeds.

    Args:
        path: PNG to write.
        title: Of the picture.
        rows: As they stand in ``report.json``; those that were not run leave a gap.
    """
    measured = [row for row in rows if row["results"]]
    thresholds = [name for name in ("25", "50", "75") if name in measured[0]["results"]["iou"]]
    tried = any(row["results"]["sgt"] for row in measured)
    panels = [*(f"IoU {threshold} %" for threshold in thresholds), "IoU-Avg", *(["SGT"] if tried else [])]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    kinds = list(dict.fromkeys(_kind(row, rows) for row in rows))
    figure = Figure(figsize=(max(2.9 * len(panels), 1.1 * len(networks) * len(panels)), 3.6), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    colors = [COLORS.get(kind, OTHER_COLORS[number % len(OTHER_COLORS)]) for number, kind in enumerate(kinds)]
    width = 0.8 / len(kinds)
    for axis, panel in zip(axes, panels):
        low = 1.0
        for row in measured:
            value = _value(row["results"], panel)
            if value is None:
                continue
            kind = kinds.index(_kind(row, rows))
            x = networks.index(row["network"]) + (kind - (len(kinds) - 1) / 2) * width
            low = min(low, _mark(axis, x, width, value, colors[kind]))
        axis.set_title(panel, fontsize=11)
        axis.set_xticks(range(len(networks)), networks, fontsize=9)
        axis.set_xlim(-0.5, len(networks) - 0.5)
        axis.set_ylim(max(0.0, np.floor(10 * low - 0.5) / 10) * 100, 100)
        axis.yaxis.grid(True, color="#dddddd", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("%")
    handles = [axes[0].errorbar(0, np.nan, yerr=1, **MARK, color=color) for color in colors]
    figure.legend(handles, kinds, loc="outside lower center", ncols=len(kinds), frameon=False)
    figure.suptitle(title, fontsize=12, x=0.01, ha="left")
    _save(figure, path)


def draw_sheet(path: Path, title: str, scenes: JacquardDataset, found: Evaluation, phases: Mapping[str, str]) -> None:
    """The best predictions above, the worst below: by trials where there were any, and by overlap.

    Args:
        path: PNG to write.
        title: Of the picture.
        scenes: That were predicted.
        found: The predictions, and how much each overlaps.
        phases: How trials ended, by scene; if there are any, only scenes that were tried are shown.
    """
    overlaps = dict(zip(found.grasps, found.scores.overlaps.tolist()))
    ranked = sorted(phases or overlaps, key=lambda scene: (phases.get(scene) == SUCCESS, overlaps[scene]))
    worst = ranked[: min(COLUMNS, len(ranked) // 2)]
    best = ranked[len(worst) :][-COLUMNS:][::-1]
    figure = Figure(figsize=(2.4 * COLUMNS, 5.9), layout="constrained")
    for axis in (axes := figure.subplots(2, COLUMNS)).ravel():
        axis.set_axis_off()
    for line, chosen in zip(axes, (best, worst)):
        for axis, scene in zip(line, chosen):
            _show(axis, scenes.scene(scene), GraspRectangles.of([found.grasps[scene]]))
            phase = phases.get(scene)
            good = overlaps[scene] >= 0.25 if phase is None else phase == SUCCESS
            name = f"{scene[:10]}…" if len(scene) > 11 else scene
            note = "" if phase is None else f", {phase.replace('_', ' ')}"
            axis.set_title(f"{name}: IoU {overlaps[scene]:.0%}{note}", fontsize=8, color=GOOD if good else BAD)
    figure.suptitle(
        f"{title}: best above, worst below; green annotated, pink predicted", fontsize=11, x=0.01, ha="left"
    )
    _save(figure, path)


def _mark(axis: Axes, x: float, width: float, value: dict[str, Any], color: str) -> float:
    """Draw one, and return where it or its whisker ends below."""
    mean, (low, high) = value["mean"], value["ci95"]
    whisker = 100 * np.array([[max(mean - low, 0.0)], [max(high - mean, 0.0)]])
    axis.errorbar(x, 100 * mean, yerr=whisker, **MARK, color=color)
    if len(value["values"]) > 1:
        places = x + np.linspace(-0.2, 0.2, len(value["values"])) * width
        axis.plot(places, 100 * np.array(value["values"]), ".", color="#222222", markersize=4)
    return float(min(low, *value["values"]))


def _value(results: dict[str, Any], panel: str) -> dict[str, Any] | None:
    if panel == "IoU-Avg" or panel == "SGT":
        value: dict[str, Any] | None = results[{"IoU-Avg": "iou_avg", "SGT": "sgt"}[panel]]
        return value
    threshold: dict[str, Any] = results["iou"][panel.split()[1]]
    return threshold


def _kind(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """The map, with its drop-off where the table has the same map with several."""
    dropoffs = {other["drop-off"] for other in rows if other["map"] == row["map"]}
    return row["map"] if len(dropoffs) == 1 else f"{row['map']} {row['drop-off']}"


def _show(axis: Axes, scene: DatasetScene, predicted: GraspRectangles) -> None:
    """The part of an image with its grasps."""
    places = np.linspace(0, len(scene.grasps) - 1, min(ANNOTATIONS, len(scene.grasps))).round().astype(int)
    annotated = scene.grasps.corners[places]
    left, top, side = _box(np.concatenate([scene.grasps.corners, predicted.corners]), scene.color.shape)
    axis.imshow(scene.color)
    axis.set_xlim(left - 0.5, left + side - 0.5)
    axis.set_ylim(top + side - 0.5, top - 0.5)
    for corners in annotated:
        axis.plot(*np.vstack([corners, corners[:1]]).T, color=TRUTH, linewidth=0.6, alpha=0.7)
    for corners in predicted.corners:  # the first edge is the opening: the jaws are the thick ones
        axis.plot(*np.vstack([corners, corners[:1]]).T, color=PREDICTION, linewidth=1.0)
        for jaw in (corners[[1, 2]], corners[[3, 0]]):
            axis.plot(*jaw.T, color=PREDICTION, linewidth=2.6)


def _box(corners: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[float, float, float]:
    """Left, top and side of a square around rectangles (N, 4, 2), as far as the image goes, px."""
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    side = float(np.clip((high - low).max() * (1 + 2 * MARGIN), 16, min(shape[:2])))
    left, top = (
        float(np.clip(middle - side / 2, 0, most - side))
        for middle, most in zip((low + high) / 2, (shape[1], shape[0]))
    )
    return left, top, side


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_atomically(path, content.getvalue())

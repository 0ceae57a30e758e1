"""Pictures of picks: one of each, and one of all."""

from __future__ import annotations

from math import ceil
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from grasp_bringup.demo.session import PickRecord, Tracking
from grasp_planning.success_rate import SuccessRate

PANELS = {
    "grasp": "what the camera saw, and the grasp",
    "closed": "fingers closed",
    "lifted": "lifted",
    "released": "released",
}
GOOD, BAD, MUTED = "#2a7f4f", "#c0392b", "#888888"


def draw_pick(record: PickRecord, number: int, path: Path) -> None:
    """One pick from look to release, side by side.

    Args:
        record: The pick.
        number: Of the pick in its demo, from 1.
        path: PNG to write.
    """
    count = len(PANELS) + (record.tracking is not None)
    figure = Figure(figsize=(4 * count, 3.5), layout="constrained")
    axes = figure.subplots(1, count)
    for axis, (name, title) in zip(axes, PANELS.items()):
        _show(axis, record, name)
        axis.set_title(title, fontsize=11)
    if record.tracking is not None:
        _show_track(axes[-1], record.tracking)
    figure.suptitle(_headline(record, number), color=_color(record), fontsize=13, x=0.01, ha="left")
    _save(figure, path)


def draw_summary(records: list[PickRecord], title: str, path: Path) -> None:
    """All picks in a grid: the grasp on what the camera saw, framed by how it ended."""
    columns = min(5, len(records))
    rows = ceil(len(records) / columns)
    figure = Figure(figsize=(3.2 * columns, 2.7 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(records) :]:
        axis.set_axis_off()
    for number, (axis, record) in enumerate(zip(axes, records), 1):
        _show(axis, record, "grasp")
        axis.set_title(_headline(record, number), fontsize=8, color=_color(record), loc="left")
        for spine in axis.spines.values():
            spine.set(visible=True, color=_color(record), linewidth=2.5)
    rate = SuccessRate(sum(record.success and record.in_bin for record in records), len(records))
    figure.suptitle(f"{title}: {rate}", fontsize=12, x=0.01, ha="left")
    _save(figure, path)


def _show(axis: Axes, record: PickRecord, name: str) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    if name in record.pictures:
        axis.imshow(record.pictures[name])
        return
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.text(0.5, 0.5, "not reached", ha="center", va="center", color=MUTED, transform=axis.transAxes)


def _show_track(axis: Axes, tracking: Tracking) -> None:
    """Where the grasp was seen, image by image, from above as the robot looks: x up, y to the left."""
    sights = tracking.sights
    axis.set_title(f"the grasp in {len(sights)} images, {tracking.hz:.0f} a second", fontsize=11)
    if not sights:
        return
    x, y = [sight.x * 1e3 for sight in sights], [sight.y * 1e3 for sight in sights]
    age = [sight.time - sights[0].time for sight in sights]
    axis.plot(y, x, color=MUTED, linewidth=0.8, zorder=1)
    dots = axis.scatter(y, x, c=age, cmap="viridis", s=28, zorder=2)
    axis.figure.colorbar(dots, ax=axis, label="s", fraction=0.05)
    axis.set_aspect("equal", adjustable="datalim")
    axis.invert_xaxis()
    axis.margins(0.15)
    axis.set_xlabel("y (mm)", fontsize=9)
    axis.set_ylabel("x (mm)", fontsize=9)
    axis.tick_params(labelsize=8)


def _headline(record: PickRecord, number: int) -> str:
    ending = record.outcome.name if not record.failed_stage else f"{record.outcome.name} in {record.failed_stage}"
    return f"{number}. {record.object or 'no object'}: {ending.replace('_', ' ').lower()}"


def _color(record: PickRecord) -> str:
    return GOOD if record.success and record.in_bin else BAD


def _save(figure: Figure, path: Path) -> None:
    """Write the file whole or not at all."""
    temporary = path.with_suffix(".tmp.png")
    FigureCanvasAgg(figure)
    figure.savefig(temporary, dpi=90)
    temporary.replace(path)

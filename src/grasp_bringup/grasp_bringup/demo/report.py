"""The report of a demo: `report.json` and a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from grasp_bringup.demo.session import PickRecord, Tracking
from grasp_planning.success_rate import SuccessRate


def report(
    records: list[PickRecord], *, asked: int, arm: str, camera: str, planner: str, motion: str, seed: int
) -> dict[str, Any]:
    """The content of `report.json`; a pick counts as a success if it says so and the object is in the bin."""
    rate = SuccessRate(sum(record.success and record.in_bin for record in records), len(records))
    return {
        "arm": arm,
        "camera": camera,
        "planner": planner,
        "motion": motion,
        "seed": seed,
        "asked": asked,
        "picks": [
            {
                "object": record.object,
                "outcome": record.outcome.name,
                "message": record.message,
                "failed_stage": record.failed_stage,
                "success": record.success,
                "gripper_success": record.gripper_success,
                "in_bin": record.in_bin,
                "seconds": round(record.seconds, 3),
                "stage_seconds": {stage: round(seconds, 3) for stage, seconds in record.stage_seconds.items()},
                "tracking": None if record.tracking is None else _tracking(record.tracking),
            }
            for record in records
        ],
        "success_rate": rate.rate,
        "ci95": list(rate.ci95),
    }


def _tracking(tracking: Tracking) -> dict[str, Any]:
    return {
        "images": tracking.images,
        "misses": tracking.misses,
        "corrections": tracking.corrections,
        "hz": round(tracking.hz, 2),
        "pushed": round(tracking.pushed, 4),
    }


def tables(records: list[PickRecord]) -> list[Table]:
    """What a person wants to see at the end: the picks, and where their time went."""
    picks = Table(title="Picks", title_justify="left")
    for column in ("#", "object", "outcome", "in the bin", "robot s", "wall s"):
        picks.add_column(column, justify="left" if column in ("object", "outcome") else "right")
    for number, record in enumerate(records, 1):
        good = record.success and record.in_bin
        outcome = record.outcome.name if not record.failed_stage else f"{record.outcome.name} in {record.failed_stage}"
        picks.add_row(
            str(number),
            escape(record.object),
            f"[{'green' if good else 'red'}]{outcome}[/]",
            "yes" if record.in_bin else "no",
            f"{sum(record.stage_seconds.values()):.1f}",
            f"{record.seconds:.1f}",
        )
    times = Table(title="Median time of each stage, by the robot's clock", title_justify="left")
    times.add_column("stage")
    times.add_column("s", justify="right")
    for stage in dict.fromkeys(stage for record in records for stage in record.stage_seconds):
        seconds = [record.stage_seconds[stage] for record in records if stage in record.stage_seconds]
        times.add_row(stage, f"{np.median(seconds):.2f}")
    followed = [(number, record.tracking) for number, record in enumerate(records, 1) if record.tracking is not None]
    if not followed:
        return [picks, times]
    tracking = Table(title="Following the object", title_justify="left")
    for column in ("#", "moved by (mm)", "images", "without it", "corrections", "images/s"):
        tracking.add_column(column, justify="right")
    for number, one in followed:
        numbers = (number, f"{one.pushed * 1e3:.0f}", one.images, one.misses, one.corrections, f"{one.hz:.1f}")
        tracking.add_row(*map(str, numbers))
    return [picks, tracking, times]

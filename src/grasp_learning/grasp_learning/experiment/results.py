"""What was measured: a file for each run, and what the seeds of a row add up to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grasp_learning.experiment.runs import Run
from grasp_learning.experiment.settings import EvaluationSet
from grasp_perception.files import write_json
from grasp_planning.success_rate import SuccessRate

EVALUATION = "eval.json"
"""In a run's folder: by name of the test set, what ``grasp eval --json`` writes, and what the test set was."""


def write_result(run: Run, test: EvaluationSet, scenes: str, row: dict[str, Any]) -> None:
    """Keep what was measured, beside what was on other test sets.

    Args:
        run: That was asked.
        test: What it was asked.
        scenes: As `scenes_digest` says of the test set.
        row: What came of it.
    """
    content = {**_content(run), test.name: {"test": test.model_dump(mode="json"), "scenes_sha256": scenes, **row}}
    write_json(run.folder / EVALUATION, content)


def read_results(run: Run, tests: Sequence[EvaluationSet], digests: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What was measured of a run, by test set; what was measured on a set that is now another is left out.

    Args:
        run: That was asked.
        tests: What the sets are now.
        digests: As `scenes_digest` says of them, by name; of a set that is not among them any scenes count.
    """
    content = _content(run)
    return {
        test.name: {key: value for key, value in content[test.name].items() if key != "test"}
        for test in tests
        if test.name in content
        and EvaluationSet.model_validate(content[test.name]["test"]) == test
        and digests.get(test.name) in (None, content[test.name]["scenes_sha256"])
    }


def _content(run: Run) -> dict[str, Any]:
    file = run.folder / EVALUATION
    content: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return content


def summarised(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the seeds of a row say together.

    Args:
        rows: Of one test set, one a seed, as ``grasp eval --json`` writes them; not empty.

    Returns:
        For each IoU threshold in percent, for IoU-Avg and for SGT the mean over seeds, the values, their spread, and
        the 95 % interval over the scenes of all seeds.
    """
    tried = [row["sgt"] for row in rows if row["sgt"] is not None]
    return {
        "scenes": rows[0]["scenes"],
        "iou": {
            threshold: _proportion(
                [SuccessRate(round(row["iou"][threshold] * row["scenes"]), row["scenes"]) for row in rows]
            )
            for threshold in rows[0]["iou"]
        },
        "iou_avg": _mean([row["iou_avg"] for row in rows], [row["ci95"]["iou_avg"] for row in rows]),
        "sgt": _proportion([SuccessRate(sgt["successes"], sgt["trials"]) for sgt in tried]) if tried else None,
        "milliseconds": float(np.median([row["milliseconds"]["median"] for row in rows])),
    }


def _number(values: Sequence[float]) -> dict[str, Any]:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "spread": spread, "values": list(values)}


def _mean(values: Sequence[float], intervals: Sequence[Sequence[float]]) -> dict[str, Any]:
    numbers = _number(values)
    half = float(np.linalg.norm([(high - low) / 2 for low, high in intervals])) / len(values)
    return {**numbers, "ci95": [numbers["mean"] - half, numbers["mean"] + half]}


def _proportion(rates: Sequence[SuccessRate]) -> dict[str, Any]:
    pooled = SuccessRate(sum(rate.successes for rate in rates), sum(rate.trials for rate in rates))
    return {**_number([rate.rate for rate in rates]), "ci95": list(pooled.ci95)}

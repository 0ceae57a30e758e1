"""What verdicts add up to."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from grasp_learning.datasets.annotation_file import theta_degrees
from grasp_planning.success_rate import SuccessRate
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.verdict import FAILURES, INVALID, NOT_JUDGED, JudgedScene, Problem

COLUMNS = ("scene", "object", "phase", "message", "line", "x", "y", "theta_deg", "opening", "jaw_size", "seconds")
"""Of the CSV file."""


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """The scenes of one object."""

    object: str
    name: str
    """Of its mesh, where it came from."""
    rate: SuccessRate
    failures: dict[str, int]


class Report:
    """The verdicts on all scenes of an exam.

    Attributes:
        scenes: In the index's order.
        problems: By line: of the submission, and of the scenes whose grasp could not be tried.
        seconds: That the judging took.
    """

    def __init__(
        self, exam: Exam, scenes: Iterable[JudgedScene], problems: Iterable[Problem] = (), seconds: float = 0.0
    ) -> None:
        """Put verdicts in order, however they came."""
        order = {id_: number for number, id_ in enumerate(exam.scenes)}
        self._names = {record.object: record.name for record in exam}
        self.scenes = sorted(scenes, key=lambda scene: order[scene.id])
        self.seconds = seconds
        untried = [
            Problem(scene.line, f"scene {scene.id}: {scene.message}")
            for scene in self.scenes
            if scene.phase in (INVALID, NOT_JUDGED)
        ]
        self.problems = sorted([*problems, *untried], key=lambda problem: problem.line or 0)

    @property
    def rate(self) -> SuccessRate:
        """Over all scenes: one without a prediction is a failure.

        Raises:
            ValueError: No scene was judged.
        """
        return SuccessRate(sum(scene.success for scene in self.scenes), len(self.scenes))

    @property
    def failures(self) -> dict[str, int]:
        """How many scenes failed in each phase; phases in their order, those without a failure left out."""
        return count_failures(self.scenes)

    @property
    def objects(self) -> list[ObjectScore]:
        """The objects, worst first."""
        groups: dict[str, list[JudgedScene]] = {}
        for scene in self.scenes:
            groups.setdefault(scene.object, []).append(scene)
        scores = [
            ObjectScore(
                name,
                self._names[name],
                SuccessRate(sum(scene.success for scene in group), len(group)),
                count_failures(group),
            )
            for name, group in groups.items()
        ]
        return sorted(scores, key=lambda score: (score.rate.rate, -score.rate.trials, score.object))

    def summary(self) -> dict[str, Any]:
        """What `--json` writes."""
        rate = self.rate
        return {
            "trials": rate.trials,
            "successes": rate.successes,
            "success_rate": rate.rate,
            "ci95": list(rate.ci95),
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
            "trials_per_second": round(rate.trials / self.seconds, 3) if self.seconds > 0 else None,
            "objects": [
                {
                    "object": score.object,
                    "name": score.name,
                    "trials": score.rate.trials,
                    "successes": score.rate.successes,
                    "failures": score.failures,
                }
                for score in self.objects
            ],
            "problems": [asdict(problem) for problem in self.problems],
        }


def count_failures(scenes: Iterable[JudgedScene]) -> dict[str, int]:
    """How many scenes failed in each phase, in the phases' order."""
    counts = Counter(scene.phase for scene in scenes)
    return {phase: counts[phase] for phase in FAILURES if counts[phase]}


def as_csv(scenes: Iterable[JudgedScene]) -> str:
    """Verdicts as a table, one scene a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for scene in scenes:
        rectangle = [f"{value:.6g}" for value in rectangle_content(scene).values()] or [""] * 5
        line = "" if scene.line is None else scene.line
        writer.writerow([scene.id, scene.object, scene.phase, scene.message, line, *rectangle, f"{scene.seconds:.3f}"])
    return text.getvalue()


def scene_content(scene: JudgedScene) -> dict[str, Any]:
    """A verdict as JSON."""
    return {
        "scene": scene.id,
        "object": scene.object,
        "phase": scene.phase,
        "message": scene.message,
        "line": scene.line,
        "rectangle": rectangle_content(scene) or None,
        "seconds": round(scene.seconds, 4),
    }


def rectangle_content(scene: JudgedScene) -> dict[str, float]:
    """The rectangle as in a submission: pixels and degrees; nothing without a prediction."""
    if scene.rectangle is None:
        return {}
    rectangle = scene.rectangle
    values = (rectangle.x, rectangle.y, theta_degrees(rectangle.angle), rectangle.width, rectangle.height)
    return dict(zip(("x", "y", "theta_deg", "opening", "jaw_size"), values))

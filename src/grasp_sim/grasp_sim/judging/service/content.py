"""What the service's answers hold."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from grasp_learning.datasets.splits import Part
from grasp_planning.success_rate import SuccessRate
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.service.jobs import Job, JobQueue
from grasp_sim.judging.service.limits import Limits
from grasp_sim.judging.verdict import MEANINGS


def dataset_content(exams: dict[Part | None, Exam], limits: Limits) -> dict[str, Any]:
    """The dataset as JSON: which parts it has, how it judges, what the service takes on."""
    whole = exams[None]
    return {
        "name": whole.root.resolve().name,
        "scenes": len(whole),
        "objects": len({record.object for record in whole}),
        "parts": [{"name": part or "all", "scenes": len(exam)} for part, exam in exams.items()],
        "gripper": {"name": whole.gripper.name, "max_opening": whole.gripper.max_opening, "jaw": whole.jaw},
        "phases": MEANINGS,
        "limits": {"queue": limits.queue, "upload": limits.upload, "keep": limits.keep},
    }


def job_content(queue: JobQueue, job: Job) -> dict[str, Any]:
    """A job as JSON, without its verdicts."""
    phases = queue.phases_of(job)
    judged = sum(phases.values())
    rate = SuccessRate(phases["success"], judged) if judged else None
    return {
        "id": job.id,
        "label": job.label,
        "state": job.state.value,
        "ahead": queue.ahead_of(job),
        "error": job.error,
        "part": job.exam.part or "all",
        "approach": job.approach,
        "created": datetime.fromtimestamp(job.created, timezone.utc).isoformat(timespec="seconds"),
        "total": len(job.exam),
        "judged": judged,
        "successes": phases["success"],
        "success_rate": None if rate is None else rate.rate,
        "ci95": None if rate is None else list(rate.ci95),
        "phases": {phase: phases[phase] for phase in MEANINGS if phases[phase]},
        "skipped_lines": len(job.problems),
        "seconds": round(job.seconds, 2),
    }

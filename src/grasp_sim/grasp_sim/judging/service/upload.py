"""A submission that was uploaded, checked before it costs anything."""

from __future__ import annotations

from typing import Any

from grasp_learning.datasets.submission import Submission, parse_submission
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.judge import check_submission
from grasp_sim.judging.service.limits import Limits
from grasp_sim.judging.verdict import Problem

LINE = 16
"""Bytes that a line has on average, at least: reading costs memory by the line. Those of a submission have 40 or so."""
SHOWN = 160
"""Characters of a bad line in an answer."""


class BadUploadError(ValueError):
    """An upload is refused.

    Attributes:
        status: Of the HTTP answer.
        lines: The first bad lines: line, text, reason.
        total: How many bad lines there are.
    """

    def __init__(self, message: str, lines: list[dict[str, Any]] | None = None, total: int = 0, status: int = 422):
        super().__init__(message)
        self.lines, self.total, self.status = lines or [], total, status


def read_upload(content: bytes, exam: Exam, limits: Limits, *, skip: bool) -> tuple[Submission, list[Problem]]:
    """Read an uploaded submission.

    Args:
        content: Of the file.
        exam: What it is to be judged on.
        limits: Of its size.
        skip: Whether bad lines are left out instead of refused.

    Returns:
        The submission, and the problems that were passed over.

    Raises:
        BadUploadError: It is too large, no text, has bad lines, too many of them to be left out, or no grasp for any
            scene of the exam.
    """
    if len(content) > limits.upload:
        raise BadUploadError(f"the upload is larger than {limits.upload / 1e6:g} MB", status=413)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadUploadError(f"this is no text file: line {line} is not UTF-8") from error
    lines = text.splitlines()
    if len(lines) > limits.upload // LINE:
        raise BadUploadError(f"the upload has more than {limits.upload // LINE} lines", status=413)
    submission = parse_submission(text)
    problems = check_submission(exam, submission)
    if problems and (not skip or len(problems) > limits.skipped):
        named = [
            {"line": problem.line, "text": lines[problem.line - 1][:SHOWN], "reason": problem.message}
            for problem in problems[: limits.lines]
            if problem.line is not None
        ]
        what = "1 line is wrong" if len(problems) == 1 else f"{len(problems)} lines are wrong"
        why = f", and {limits.skipped} can be left out" if skip else ""
        raise BadUploadError(f"{what}{why}; nothing was judged", named, len(problems))
    if not any(scene in exam.scenes for scene in submission.grasps):
        where = "this dataset" if exam.part is None else f"the {exam.part} part of this dataset"
        raise BadUploadError(f"the file has no grasp for any scene of {where}")
    return submission, problems

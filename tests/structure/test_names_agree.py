"""What is named in several places has the same names in all of them."""

from __future__ import annotations

import re
from pathlib import Path

from grasp_execution.pick.stage import Stage
from grasp_msgs.msg import Outcome as OutcomeMessage
from grasp_msgs.srv import EvaluateGrasp
from grasp_perception.outcomes import Outcome
from grasp_sim.trials.outcome import TrialPhase


def test_outcomes_are_those_of_the_message(repository: Path) -> None:
    definition = (repository / "src/grasp_msgs/msg/Outcome.msg").read_text()
    constants = dict(re.findall(r"^int32 ([A-Z_]+) = (\d+)", definition, re.MULTILINE))
    assert {outcome.name: str(outcome.value) for outcome in Outcome} == constants
    assert all(getattr(OutcomeMessage, outcome.name) == outcome for outcome in Outcome)


def test_outcomes_are_documented(repository: Path) -> None:
    page = (repository / "docs/interfaces.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", page, re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(outcome.value, outcome.name) for outcome in Outcome]


def test_stages_are_those_of_the_action(repository: Path) -> None:
    head = (repository / "src/grasp_msgs/action/Pick.action").read_text().split("\n\n")[0]
    named = re.findall(r"\b[a-z_]+\b(?=[,.])", head.replace("#", " ").split(":", 1)[1])
    assert named == [stage.value for stage in Stage]


def test_phases_of_a_trial_are_those_of_the_service() -> None:
    response = EvaluateGrasp.Response
    assert all(getattr(response, phase.name) == phase.value for phase in TrialPhase)

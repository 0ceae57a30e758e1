"""What verdicts add up to, and their pictures."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from grasp_planning.grasps import GraspRectangle
from grasp_sim.judging import pictures
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.pictures import (
    BAD,
    GOOD,
    SHEET,
    choose_failures,
    crop_box,
    draw_failures,
    draw_scene,
)
from grasp_sim.judging.report import COLUMNS, Report, as_csv
from grasp_sim.judging.verdict import FAILURES, MEANINGS, JudgedScene, Problem

GRASP = GraspRectangle(120.5, 100.25, math.radians(-30.0), 40.0, 10.0)


def judged(exam: Exam, phases: list[str]) -> list[JudgedScene]:
    return [
        JudgedScene(record.id, record.object, phase, f"it was {phase}", None if phase == "no_prediction" else 2 * n,
                    None if phase == "no_prediction" else GRASP, 0.5)
        for n, (record, phase) in enumerate(zip(exam, phases), 1)
    ]  # fmt: skip


def test_the_summary_is_what_json_writes(exam: Exam) -> None:
    scenes = judged(exam, ["success", "success", "lift", "no_prediction", "invalid", "lift"])
    problems = [Problem(40, "the dataset has no scene 'x'"), Problem(3, "bad")]
    report = Report(exam, reversed(scenes), problems, seconds=3.0)
    summary = report.summary()
    assert list(summary) == [
        "trials", "successes", "success_rate", "ci95", "failures", "seconds", "trials_per_second",
        "objects", "problems",
    ]  # fmt: skip
    assert (summary["trials"], summary["successes"], summary["trials_per_second"]) == (6, 2, 2.0)
    assert summary["success_rate"] == pytest.approx(1 / 3)
    assert summary["ci95"] == pytest.approx([0.0968, 0.7000], abs=1e-4)
    assert summary["failures"] == {"no_prediction": 1, "invalid": 1, "lift": 2}
    assert list(summary["failures"]) == [phase for phase in FAILURES if phase in summary["failures"]]
    assert [problem["line"] for problem in summary["problems"]] == [3, 10, 40]
    assert summary["problems"][1]["message"] == f"scene {scenes[4].id}: it was invalid"
    assert [scene.id for scene in report.scenes] == list(exam.scenes)


def test_objects_are_listed_worst_first(exam: Exam) -> None:
    report = Report(exam, judged(exam, ["success", "success", "lift", "success", "close", "approach"]))
    assert [(score.rate.successes, score.rate.trials) for score in report.objects] == [(0, 2), (1, 2), (2, 2)]
    assert report.objects[0].failures == {"approach": 1, "close": 1}
    records = list(exam)
    assert report.objects[0].object == records[4].object
    assert report.objects[0].name == records[4].name


def test_the_table_has_the_rectangle_as_it_was_submitted(exam: Exam) -> None:
    scenes = judged(exam, ["success", "no_prediction"])
    rows = list(csv.DictReader(io.StringIO(as_csv(scenes))))
    assert tuple(rows[0]) == COLUMNS
    assert [rows[0][name] for name in ("x", "y", "theta_deg", "opening", "jaw_size")] == [
        "120.5", "100.25", "-30", "40", "10",
    ]  # fmt: skip
    assert (rows[1]["phase"], rows[1]["x"], rows[1]["line"]) == ("no_prediction", "", "")


def test_a_quarter_of_a_turn_is_written_as_the_original_writes_it(exam: Exam) -> None:
    (scene,) = judged(exam, ["success"])
    upright = replace(scene, rectangle=replace(GRASP, angle=-math.pi / 2))
    assert next(csv.DictReader(io.StringIO(as_csv([upright]))))["theta_deg"] == "90"


def test_a_phase_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'flew' is no phase; there are: success, no_prediction"):
        JudgedScene("0_x", "x", "flew", "")
    assert set(MEANINGS) == {"success", *FAILURES}


def test_the_crop_holds_the_rectangle_and_lies_in_the_image() -> None:
    for x, y in ((5.0, 5.0), (250.0, 130.0), (128.0, 128.0)):
        column, row, side = crop_box(replace(GRASP, x=x, y=y), 256, 200)
        assert 0 <= column <= x <= column + side <= 256
        assert 0 <= row <= min(y, 200) and row + side <= 200
    assert crop_box(replace(GRASP, width=1e9), 256, 200)[2] == 200


@pytest.mark.parametrize(("phase", "color"), [("success", GOOD), ("lift", BAD)])
def test_the_rectangle_is_drawn_where_it_is(phase: str, color: tuple[int, int, int]) -> None:
    image = np.full((256, 256, 3), 200, np.uint8)
    scene = JudgedScene("0_x", "x", phase, "", 2, GRASP)
    picture = draw_scene(image, scene, 400)
    assert picture.shape == (400, 400, 3)
    column, row, side = crop_box(GRASP, 256, 256)
    drawn = np.argwhere((picture == color).all(axis=2))[:, ::-1]
    centre = (drawn.min(axis=0) + drawn.max(axis=0)) / 2
    expected = (np.array([GRASP.x - column, GRASP.y - row]) + 0.5) * 400 / side - 0.5
    assert np.abs(centre - expected).max() < 1.5
    span = np.ptp(GRASP.corners, axis=0) * 400 / side
    assert np.abs(np.ptp(drawn, axis=0) - span).max() < 8


@pytest.mark.parametrize("change", [{"x": -5.0}, {"y": 1e15}, {"width": 1e15}, {"width": -1e300}, {"height": 1e300}])
def test_any_rectangle_can_be_drawn(change: dict[str, float]) -> None:
    image = np.full((256, 256, 3), 200, np.uint8)
    scene = JudgedScene("0_x", "x", "invalid", "", 2, replace(GRASP, **change))
    assert draw_scene(image, scene, 100).shape == (100, 100, 3)


def test_failures_of_all_phases_are_shown(exam: Exam) -> None:
    scenes = judged(exam, ["lift", "success", "lift", "lift", "invalid", "no_prediction"])
    assert [scene.phase for scene in choose_failures(scenes, 3)] == ["lift", "invalid", "no_prediction"]
    assert len(choose_failures(scenes, 100)) == 5


def test_a_sheet_of_very_many_pictures_is_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_ROWS", 2)
    scene, picture = JudgedScene("0_x", "x", "lift", "it slipped"), np.zeros((8, 8, 3), np.uint8)
    shapes = [pictures.contact_sheet([picture] * number, [scene] * number).shape for number in (10, 11)]
    assert shapes == [(670, 1450, 3), (670, 1740, 3)]


def test_pictures_of_failures_are_written_and_old_ones_are_gone(exam: Exam, tmp_path: Path) -> None:
    scenes = judged(exam, ["lift", "success", "lift", "place", "invalid", "no_prediction"])
    (tmp_path / "failure_lift_0_old.jpg").write_bytes(b"old")
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    files = draw_failures(exam, scenes, tmp_path, 3)
    assert [file.name for file in files] == [
        *(f"failure_{scenes[index].phase}_{scenes[index].id}.jpg" for index in (0, 3, 4)),
        SHEET,
    ]
    assert sorted(tmp_path.iterdir()) == sorted([*files, tmp_path / "mine.jpg"])
    sheet = cv2.imread(str(files[-1]))
    assert sheet.shape[1] > 2 * sheet.shape[0] > 500
    assert draw_failures(exam, scenes[1:2], tmp_path, 3) == []
    assert [file.name for file in tmp_path.iterdir()] == ["mine.jpg"]

"""Verdicts: the same whatever the number of workers and the order, and nothing else lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grasp_bringup.cli import experiment
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.submission import Submission, SubmittedGrasp, parse_submission
from grasp_planning.grasps import GraspRectangle
from grasp_sim.judging import judge as judging
from grasp_sim.judging.exam import Exam, JudgingError
from grasp_sim.judging.judge import check_submission, judge
from grasp_sim.judging.verdict import INVALID, NO_PREDICTION, NOT_JUDGED, JudgedScene
from grasp_sim.judging.workers import Killed, in_processes

Grasps = dict[str, GraspRectangle]


def submission(grasps: Grasps) -> Submission:
    lines = {scene: SubmittedGrasp(grasp, 2 * number) for number, (scene, grasp) in enumerate(grasps.items(), 1)}
    return Submission(lines, [])


def verdicts(exam: Exam | Path, grasps: Grasps, **options: object) -> dict[str, JudgedScene]:
    return {scene.id: scene for scene in judge(exam, submission(grasps), **options)}  # type: ignore[arg-type]


def outcomes(scenes: dict[str, JudgedScene]) -> dict[str, tuple[str, str]]:
    return {id_: (scene.phase, scene.message) for id_, scene in scenes.items()}


def test_some_scenes_of_an_exam_as_experiments_try_them(exam: Exam, annotated: Grasps) -> None:
    chosen = dict(list(annotated.items())[1:6:2])
    done: list[int] = []
    tried = experiment._Simulated().tried(exam.root, chosen, done.append)
    whole = verdicts(exam, annotated)
    assert tried.phases == {scene: whole[scene].phase for scene in exam.scenes if scene in chosen}
    assert tried.summary["trials"] == 3 and done == [1, 2, 3] and tried.summary["failures"] == {}
    assert len(exam) == 6
    with pytest.raises(JudgingError, match="has no scene 0_nobody"):
        exam.only(["0_nobody"])


def test_what_the_factory_found_good_is_judged_good(exam: Exam, annotated: Grasps) -> None:
    judged = verdicts(exam, annotated, workers=2, approach="check")
    assert {scene.phase for scene in judged.values()} == {"success"}
    assert list(sorted(judged)) == sorted(exam.scenes)
    assert all(scene.line is not None and scene.seconds > 0 for scene in judged.values())


def test_outcomes_depend_neither_on_the_workers_nor_on_the_order(exam: Exam, annotated: Grasps) -> None:
    askew = {id_: replace(grasp, x=grasp.x + 2.0, angle=grasp.angle + 0.3) for id_, grasp in annotated.items()}
    one = verdicts(exam, askew, workers=1)
    two = verdicts(exam, dict(reversed(askew.items())), workers=2)
    assert outcomes(one) == outcomes(two)
    half = dict(list(askew.items())[::2])
    assert {id_: outcomes(one)[id_] for id_ in half} == {
        id_: outcome for id_, outcome in outcomes(verdicts(exam, half, workers=2)).items() if id_ in half
    }


def test_a_scene_without_a_prediction_is_a_failure(exam: Exam, annotated: Grasps) -> None:
    scenes = list(annotated)
    judged = verdicts(exam, {scenes[0]: annotated[scenes[0]]}, workers=1, approach="check")
    assert list(judged)[-1] == scenes[0]  # what is known to fail counts from the beginning
    assert len(judged) == len(exam)
    assert [judged[id_].phase for id_ in scenes[1:]] == [NO_PREDICTION] * (len(scenes) - 1)
    assert judged[scenes[0]].success and not judged[scenes[1]].success
    assert judged[scenes[1]].line is None and judged[scenes[1]].rectangle is None


def test_wide_fingers_do_not_run_into_the_ground(exam: Exam, dataset: Path) -> None:
    """What the factory found good with jaws of 6 cm holds with them."""
    scenes = JacquardDataset(dataset)
    wide = {
        id_: [grasp for grasp in scenes.grasps(index) if abs(grasp.height - 0.06 * 493.5 / 1.5) < 0.02]
        for index, id_ in enumerate(scenes.ids)
    }
    assert sum(map(len, wide.values())) > 30
    for turn in range(max(map(len, wide.values()))):
        chosen = {id_: grasps[turn] for id_, grasps in wide.items() if turn < len(grasps)}
        judged = verdicts(exam, chosen, workers=1, approach="check", jaw=0.06)
        assert all(judged[id_].success for id_ in chosen), [judged[id_].message for id_ in chosen]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x": -30.0}, "lies outside the 256x256 image"),
        ({"y": 256.0}, "lies outside the 256x256 image"),
        ({"width": -5.0}, "the opening must be positive, got -5 px"),
        ({"width": 0.0}, "the opening must be positive"),
        ({"width": 1e-17}, "the opening must be positive, got 1e-17 px"),
        ({"width": 60.0}, "wider than the gripper's"),
        ({"width": 1e12}, "wider than the gripper's"),
    ],
)
def test_a_rectangle_that_cannot_be_tried_is_invalid(
    exam: Exam, annotated: Grasps, change: dict[str, float], reason: str
) -> None:
    scene = next(iter(annotated))
    judged = verdicts(exam, {scene: replace(annotated[scene], **change)}, workers=1)[scene]
    assert judged.phase == INVALID
    assert reason in judged.message
    assert judged.line == 2


def test_no_depth_at_the_centre_is_invalid(dataset: Path, annotated: Grasps, tmp_path: Path) -> None:
    from grasp_learning.datasets.jacquard import write_depth
    from grasp_perception.image_files import read_raw_depth

    copy = Path(shutil.copytree(dataset, tmp_path / "copy"))
    exam = Exam(copy)
    scene, grasp = next(iter(annotated.items()))
    path = exam.files(exam.scenes[scene]).perfect_depth
    depth = read_raw_depth(path).copy()
    depth[round(grasp.y) - 2 : round(grasp.y) + 3, round(grasp.x) - 2 : round(grasp.x) + 3] = -1
    write_depth(path, depth)
    judged = verdicts(exam, {scene: grasp}, workers=1)[scene]
    assert judged.phase == INVALID
    assert "no depth" in judged.message


def test_broken_scenes_are_reported_and_lose_nothing_else(dataset: Path, annotated: Grasps, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(dataset, tmp_path / "copy"))
    exam = Exam(copy)
    scenes = list(exam.scenes)
    exam.files(exam.scenes[scenes[0]]).perfect_depth.unlink()
    exam.files(exam.scenes[scenes[1]]).perfect_depth.write_bytes(b"II*\0 not really")
    broken = exam.scenes[scenes[2]].object
    (copy / "meshes" / f"{broken}.obj").write_text("v 0 0 0\n")
    judged = verdicts(exam, annotated, workers=2, approach="check")
    lost = [id_ for id_, record in exam.scenes.items() if id_ in scenes[:2] or record.object == broken]
    assert [id_ for id_ in scenes if judged[id_].phase == NOT_JUDGED] == lost
    assert "perfect_depth.tiff" in judged[scenes[0]].message
    assert f"{broken}.obj" in judged[scenes[2]].message
    assert all(judged[id_].success for id_ in scenes if id_ not in lost)


def test_only_the_scenes_of_a_part_are_judged(dataset: Path, annotated: Grasps) -> None:
    exam = Exam(dataset, "test")
    assert 0 < len(exam) < len(annotated)
    judged = verdicts(exam, annotated, workers=1, approach="check")
    assert sorted(judged) == sorted(exam.scenes)
    assert check_submission(exam, submission(annotated)) == []  # of other parts, but not unknown
    objects = {part: {record.object for record in Exam(dataset, part)} for part in exam.parts}
    assert set(objects) == {"train", "validation", "test"}
    assert sum(map(len, objects.values())) == len(set.union(*objects.values())) == 3


def test_unknown_scenes_and_bad_lines_are_reported_with_their_lines(exam: Exam) -> None:
    known = next(iter(exam.scenes))
    text = f"0_nobody\n1;2;3;4;5\n{known}\n1;2;3;4\n1_nobody\n1;2;3;4;5\n"
    problems = check_submission(exam, parse_submission(text))
    assert [problem.line for problem in problems] == [2, 4, 6]
    assert problems[0].located("file.txt") == "file.txt:2: the dataset has no scene '0_nobody'"
    assert "5 fields" in problems[1].message


def test_a_dataset_without_meshes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgingError, match=r"no index\.jsonl: grasps are judged by trying them on .* meshes"):
        Exam(tmp_path)
    with pytest.raises(JudgingError, match="there is no folder"):
        Exam(tmp_path / "nowhere")


def test_a_dataset_without_splits_has_no_parts(dataset: Path, tmp_path: Path) -> None:
    shutil.copy(dataset / "index.jsonl", tmp_path)
    exam = Exam(tmp_path)
    assert exam.parts == ()
    with pytest.raises(DatasetError, match="no splits are stored there"):
        exam.with_part("test")


def test_splits_of_another_dataset_are_refused(dataset: Path, tmp_path: Path) -> None:
    lines = (dataset / "index.jsonl").read_text().splitlines()
    (tmp_path / "index.jsonl").write_text("\n".join(lines[:2]) + "\n")
    shutil.copy(dataset / "splits.json", tmp_path)
    with pytest.raises(DatasetError, match="of other data"):
        Exam(tmp_path, "test")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"workers": 0}, "at least one worker"),
        ({"approach": "guess"}, "there is no approach 'guess'; there are: simulate, check"),
        ({"jaw": 0.0}, "a jaw of 0.0 m"),
        ({"jaw": 0.5}, "a jaw of 0.5 m"),
    ],
)
def test_wrong_arguments_are_refused_at_once(exam: Exam, options: dict[str, object], reason: str) -> None:
    with pytest.raises(JudgingError, match=reason):
        judge(exam, submission({}), **options)  # type: ignore[arg-type]


@pytest.fixture
def double_or_die() -> Callable[[tuple[int, str]], int]:
    """Twice a number; where a file is named, its process is killed unless the file exists, "always" never does."""

    # Pickled by value, because it has no name: workers cannot import this module.
    def function(task: tuple[int, str]) -> int:
        number, marker = task
        if marker and not Path(marker).exists():
            if marker != "always":
                Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * number

    return function


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_kills_its_process_is_given_up_alone(
    double_or_die: Callable[[tuple[int, str]], int], workers: int
) -> None:
    results = list(in_processes(double_or_die, [(n, "always" if n == 3 else "") for n in range(8)], workers))
    assert [result for result in results if isinstance(result, Killed)] == [Killed((3, "always"))]
    assert sorted(r for r in results if not isinstance(r, Killed)) == [2 * n for n in range(8) if n != 3]


def test_a_process_that_is_killed_once_loses_nothing(
    double_or_die: Callable[[tuple[int, str]], int], tmp_path: Path
) -> None:
    results = list(in_processes(double_or_die, [(n, str(tmp_path / "x") if n == 3 else "") for n in range(8)], 2))
    assert sorted(results) == [2 * n for n in range(8)]  # type: ignore[type-var]


def test_a_trial_that_kills_its_process_costs_its_scene_only(
    exam: Exam, annotated: Grasps, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = list(annotated)[2]
    honest = judging._try

    def deadly(trial: judging._Trial) -> JudgedScene:
        if trial.record.id == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(trial)

    monkeypatch.setattr(judging, "_try", deadly)
    judged = verdicts(exam, annotated, workers=2, approach="check")
    assert judged[victim].phase == NOT_JUDGED
    assert "ended the process" in judged[victim].message
    assert all(scene.success for id_, scene in judged.items() if id_ != victim)


def test_stopping_in_the_middle_frees_the_workers(exam: Exam, annotated: Grasps) -> None:
    running = judge(exam, submission(annotated), workers=2, approach="check")
    first = next(running)
    running.close()
    assert first.id in annotated
    assert outcomes(verdicts(exam, annotated, workers=2, approach="check"))[first.id] == ("success", first.message)


def test_an_index_line_that_is_wrong_is_named(dataset: Path, tmp_path: Path) -> None:
    from grasp_sim.dataset.index import DatasetIndexError

    lines = (dataset / "index.jsonl").read_text().splitlines()
    record = json.loads(lines[2]) | {"mass": -1}
    (tmp_path / "index.jsonl").write_text("\n".join([*lines[:2], json.dumps(record), *lines[3:]]) + "\n")
    with pytest.raises(DatasetIndexError, match=r"index\.jsonl:3: mass"):
        Exam(tmp_path)
    (tmp_path / "index.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetIndexError, match=r"index\.jsonl: not a text file"):
        Exam(tmp_path)

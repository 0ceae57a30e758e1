"""Annotated grasps that are tried again a little aside."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from grasp_bringup.cli.app import application
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.robustness import ROBUSTNESS_FILE, Robustness, Uncertainty
from grasp_perception.camera import CameraIntrinsics
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.line_file import FolderError, LineFile
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.robustness import PARTIAL, missed_by, try_aside
from grasp_sim.judging.workers import Killed

EXACT = Uncertainty(trials=1, position=0, angle=0, opening=0)
USUAL = Uncertainty(trials=2)


@pytest.fixture
def own(dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(dataset, tmp_path / "own"))


@pytest.fixture(scope="module")
def tried(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(dataset, tmp_path_factory.mktemp("tried") / "own"))
    try_aside(Exam(root), USUAL, workers=2)
    return root


def test_a_grasp_that_is_not_missed_holds_as_it_did(own: Path) -> None:
    found = try_aside(Exam(own), EXACT, workers=1)
    scenes = JacquardDataset(own)
    assert found.scenes == len(scenes) and found.killed == ()
    assert found.held == {1: sum(len(scenes.grasps(index)) for index in range(len(scenes)))}


def test_the_farther_aside_the_fewer_hold(own: Path, tried: Path) -> None:
    near = try_aside(Exam(tried), USUAL)
    far = try_aside(Exam(own), Uncertainty(trials=2, position=0.02, angle=0.6), workers=2)
    assert near.held.total() == far.held.total()
    assert near.held[2] / near.held.total() > 0.5 > far.held[2] / far.held.total()


def test_a_grasp_is_tried_once_for_all_its_jaws(tried: Path) -> None:
    scenes, robustness = JacquardDataset(tried), Robustness(tried)
    for index, scene in enumerate(scenes.ids):
        grasps = scenes.grasps(index)
        shares = robustness.shares(scene, len(grasps))
        _, grasp_of = np.unique(grasps.values[:, :4], axis=0, return_inverse=True)
        of_grasp = [set(shares[grasp_of.ravel() == grasp]) for grasp in range(grasp_of.max() + 1)]
        assert {len(values) for values in of_grasp} == {1}
    robust = JacquardDataset(tried, min_robustness=1.0)
    assert 0 < sum(len(robust.grasps(i)) for i in range(6)) < sum(len(scenes.grasps(i)) for i in range(6))


def test_interrupted_it_goes_on_to_the_same_bytes(own: Path, tried: Path) -> None:
    whole = (tried / ROBUSTNESS_FILE).read_bytes()
    assert not (tried / PARTIAL).exists()

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        try_aside(Exam(own), USUAL, workers=1, progress=stop)
    with (own / PARTIAL).open("ab") as file:
        file.write(b'{"scene": "torn')
    assert len((own / PARTIAL).read_bytes().split(b"\n")) == 4  # the header, two scenes, what was torn
    told: list[tuple[int, int]] = []
    try_aside(Exam(own), USUAL, workers=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    assert (own / ROBUSTNESS_FILE).read_bytes() == whole and not (own / PARTIAL).exists()


def test_what_was_killed_is_tried_again_after_an_interruption(
    own: Path, tried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill_the_first(function, tasks, workers):
        yield from (Killed(task) if number == 0 else function(task) for number, task in enumerate(tasks))

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("grasp_sim.judging.robustness.in_processes", kill_the_first)
        with pytest.raises(KeyboardInterrupt):
            try_aside(Exam(own), USUAL, workers=1, progress=stop)
    told: list[int] = []
    assert try_aside(Exam(own), USUAL, workers=1, progress=lambda done, of: told.append(done)).killed == ()
    assert told == [1, 2, 3, 4, 5, 6]
    assert (own / ROBUSTNESS_FILE).read_bytes() == (tried / ROBUSTNESS_FILE).read_bytes()


def test_one_dataset_has_one_uncertainty(tried: Path) -> None:
    with pytest.raises(FolderError, match=r"robustness.jsonl tells of trials with .*trials=2.*: use those, or delete"):
        try_aside(Exam(tried), Uncertainty(trials=3))
    with LineFile(tried / PARTIAL), pytest.raises(FolderError, match="another run is writing into"):
        LineFile(tried / PARTIAL)
    (tried / PARTIAL).unlink()


def test_how_far_a_grasp_is_missed(repository: Path) -> None:
    camera = CameraIntrinsics(width=100, height=100, fx=500.0, fy=500.0, cx=50.0, cy=50.0)
    gripper = Gripper.load(repository / "config/grippers/jacquard.yaml")
    depth = np.full((100, 100), 1.0, np.float32)
    depth[:, 50:] = 0.5  # a metre is 500 px to the left, 1000 px to the right
    values = np.array([[20.0, 30.0, 0.3, 40.0], [70.0, 30.0, 0.3, 40.0], [70.0, 30.0, 0.3, 40.0]])
    errors = np.array([[1.0, -2.0, 1.0, 1.0], [1.0, -2.0, 0.0, 100.0], [0.0, 0.0, 0.0, -100.0]])
    missed = missed_by(values, errors, Uncertainty(position=0.002, angle=0.1, opening=0.004), depth, camera, gripper)
    np.testing.assert_allclose(
        missed.values,
        [[21.0, 28.0, 0.4, 42.0, 10.0], [72.0, 26.0, 0.3, 100.0, 20.0], [70.0, 30.0, 0.3, 5.0, 20.0]],
        atol=1e-9,
    )


def test_a_gripper_opens_no_wider_where_it_comes_down(repository: Path) -> None:
    depth = np.full((60, 80), 1.0, dtype=np.float32)
    depth[:, 40:] = 2.0
    depth[0] = np.nan
    camera = CameraIntrinsics(1000.0, 1000.0, 39.5, 29.5, 80, 60)
    gripper = Gripper.load(repository / "config/grippers/jacquard.yaml")  # opens 10 cm
    values = np.array(
        [[39.0, 30.0, 0.0, 90.0], [41.0, 30.0, 0.0, 40.0], [39.0, 1.0, 0.0, 90.0], [39.0, 1.0, 0.0, 90.0]]
    )
    errors = np.zeros((4, 4))
    errors[:, :2] = [[2, 0], [-2, 0], [0, -1], [0, -9]]
    missed = missed_by(values, errors, Uncertainty(position=0.001), depth, camera, gripper)
    np.testing.assert_allclose(missed.values[:, 3], [50.0, 40.0, 90.0, 90.0])


def test_the_command(own: Path, tmp_path: Path) -> None:
    def run(root: Path, trials: int) -> Result:
        words = ["data", "robustness", str(root), "--trials", str(trials), "--workers", "2"]
        return CliRunner(env={"COLUMNS": "160"}).invoke(application(" ".join(words[:2])), words)

    done = run(own, 1)
    assert done.exit_code == 0, done.output
    assert "6 scenes" in done.output and "held in … of 1 trials" in done.output
    again = run(own, 1)
    assert (again.exit_code, again.stdout) == (0, done.stdout)
    other = run(own, 2)
    assert other.exit_code == 2 and "delete that file" in other.output
    nothing = run(tmp_path / "nothing", 1)
    assert nothing.exit_code == 2 and "there is no folder" in nothing.output
    wrong = CliRunner().invoke(application("data robustness"), ["data", "robustness", str(own), "--position", "inf"])
    assert wrong.exit_code == 2 and "position: Input should be a finite number, got inf" in wrong.output


@pytest.mark.parametrize("name", ["meshes/{0.object}.obj", "*/{0.object}/{0.id}_perfect_depth.tiff"])
def test_a_file_that_is_missing_is_named(own: Path, name: str) -> None:
    (path,) = own.glob(name.format(next(iter(Exam(own)))))
    path.unlink()
    words = ["data", "robustness", str(own), "--trials", "1", "--workers", "1"]
    result = CliRunner(env={"COLUMNS": "300"}).invoke(application("data robustness"), words)
    assert result.exit_code == 2 and path.name in result.output

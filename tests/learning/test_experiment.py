"""`grasp experiment`: rows trained, evaluated and reported, also in parts."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
import yaml
from matplotlib.figure import Figure
from typer.testing import CliRunner

from grasp_bringup.cli import experiment as experiment_command
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.datasets.submission import read_submission
from grasp_learning.evaluation.evaluate import Choice
from grasp_learning.experiment import pictures
from grasp_learning.experiment.perform import Tried, perform
from grasp_learning.experiment.pictures import draw_chart
from grasp_learning.experiment.report import told, write_report
from grasp_learning.experiment.results import EVALUATION, summarised
from grasp_learning.experiment.runs import Experiment
from grasp_learning.progress import Tell, unwatched
from grasp_learning.training.errors import RunError
from grasp_learning.training.lesson import VALIDATION, Lesson
from grasp_learning.training.run import WEIGHTS
from grasp_perception.configuration import ConfigurationError
from grasp_perception.files import held
from grasp_planning.generative import hardware
from grasp_planning.grasps import GraspRectangle


@pytest.fixture
def config(small_training: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two rows, of which one was not asked for with a second seed."""
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "cache"))
    content = {
        "title": "Two maps",
        "base": small_training.name,
        "overrides": ["optimization.epochs=1", "optimization.batch=7", "optimization.augmentation=false"],
        "tests": [{"name": "bars", "root": str(bars), "sgt": 2}],
        "rows": {"binary": ["labels.quality=binary"], "strong": []},
        "tables": [{"name": "II", "title": "maps", "rows": ["binary", "strong"], "chart": True}],
    }
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def edit(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    return path


class Bench:
    """Stands for simulated trials: the first scene of each call succeeds."""

    def __init__(self, interrupted_at: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self._interrupted_at = interrupted_at

    def fitted(self, root: Path) -> Choice:
        return lambda scene, grasps: grasps[-1]

    def tried(self, root: Path, grasps: Mapping[str, GraspRectangle], progress: Callable[[int], None]) -> Tried:
        if len(self.calls) == self._interrupted_at:
            raise KeyboardInterrupt
        self.calls.append(list(grasps))
        phases = {scene: "lift" if number else "success" for number, scene in enumerate(grasps)}
        progress(len(phases))
        return Tried({"trials": len(phases), "successes": 1, "success_rate": 1 / len(phases)}, phases)


def go(experiment: Experiment, bench: Bench, *only: str) -> list[str]:
    """Perform it, and say what was done."""
    done: list[str] = []

    def watch(doing: str) -> AbstractContextManager[Tell]:
        done.append(doing)
        return unwatched(doing)

    cache = experiment.folder.parent / "cache"
    perform(experiment, trials=bench, cache=cache, command="a test", watch=watch, only=only, device="cpu")
    return done


def invoke(*words: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(experiment_command.command)
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, " ".join(result.output.split())


def test_an_empty_test_set_is_told_before_anything_is_trained(config: Path, bars: Path, tmp_path: Path) -> None:
    root = tmp_path / "without"
    shutil.copytree(bars, root)
    ObjectSplits.create(JacquardDataset(bars).objects, (0.8, 0.2, 0.0), seed=1).save(root / SPLITS_FILE)
    experiment = Experiment(edit(config, tests=[{"name": "none", "root": str(root)}]), tmp_path / "out")
    with pytest.raises(DatasetError, match=r"the test set 'none': the test part of .*without has no scene"):
        go(experiment, Bench())
    assert not (tmp_path / "out").exists()


def test_an_interrupted_experiment_goes_on_and_reports(config: Path, bars: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    experiment = Experiment(config, out)
    first = Bench(interrupted_at=1)
    with pytest.raises(KeyboardInterrupt):
        go(experiment, first)
    weights = {row: out / row / "seed0" / WEIGHTS for row in ("binary", "strong")}
    whole = {row: file.stat().st_mtime_ns for row, file in weights.items()}  # both are trained
    assert not (out / "strong/seed0" / EVALUATION).exists()
    told_so_far = json.loads((out / "report.json").read_text())
    assert told_so_far["runs"] == {"all": 2, "done": 1}
    text = (out / "report.md").read_text()
    assert text.startswith("# Two maps\n\n1 of 2 runs done. ") and "| strong | strong | 0.5 | not run yet |" in text

    second = Bench()
    assert go(experiment, second) == [f"strong, seed 0 (2 of 2): {doing} bars" for doing in ("predicting", "trying")]
    assert {row: file.stat().st_mtime_ns for row, file in weights.items()} == whole
    ids = JacquardDataset(bars).part("test").ids
    assert first.calls == second.calls == [[ids[0], ids[2]]]  # two of three, evenly spread
    assert go(experiment, second) == [] and len(second.calls) == 1

    results = json.loads((out / "strong/seed0" / EVALUATION).read_text())["bars"]
    assert results["split"] == "test" and results["scenes"] == 3 and results["sgt"]["successes"] == 1
    assert set(read_submission(out / "strong/seed0/bars.txt").grasps) == set(ids)
    content = json.loads((out / "report.json").read_text())
    binary, strong = content["tables"][0]["tests"]["bars"]
    assert (binary["map"], binary["drop-off"], strong["map"], strong["drop-off"]) == ("binary", None, "strong", "0.5")
    assert strong["measured"] == strong["seeds"] == [0]
    assert strong["results"]["iou"]["25"]["mean"] == pytest.approx(results["iou"]["25"], abs=1e-4)
    assert strong["results"]["iou"]["25"]["ci95"] == pytest.approx(results["ci95"]["25"], abs=1e-4)
    assert strong["results"]["sgt"]["mean"] == 0.5 and strong["results"]["sgt"]["spread"] is None
    text = (out / "report.md").read_text()
    assert "2 of 2 runs done" in text and "| 1 of 1 |" in text and "50.0 [9.5, 90.5] |" in text
    assert "![maps](II_bars.png)" in text and "seed0/bars.png)" in text
    for picture in (out / "II_bars.png", out / "binary/seed0/bars.png", out / "strong/seed0/bars.png"):
        assert min(cv2.imread(str(picture)).shape[:2]) > 300


def test_a_test_set_may_take_grasps_for_which_there_is_room(config: Path, bars: Path, tmp_path: Path) -> None:
    own, fitted = ({"name": name, "root": str(bars), "fit_jaws": name == "fitted"} for name in ("own", "fitted"))
    experiment = Experiment(edit(config, tests=[own, fitted]), tmp_path / "out")
    go(experiment, Bench(), "strong")
    folder = tmp_path / "out/strong/seed0"
    best, last = (read_submission(folder / f"{name}.txt").grasps for name in ("own", "fitted"))
    assert best.keys() == last.keys() and all(best[scene] != last[scene] for scene in best)


def test_what_was_measured_on_another_test_set_does_not_count(config: Path, bars: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pieces = ("preparing", "training", "validating", "predicting bars", "trying bars")
    assert go(Experiment(config, out), Bench(), "strong") == [f"strong, seed 0 (1 of 1): {doing}" for doing in pieces]
    assert not (out / "binary").exists()
    sets = [{"name": "bars", "root": str(bars), "sgt": 2}, {"name": "stereo", "root": str(bars), "depth": "stereo"}]
    assert go(Experiment(edit(config, tests=sets), out), Bench(), "strong") == [
        "strong, seed 0 (1 of 1): predicting stereo"
    ]
    # What was measured while another set was left out stays.
    assert go(Experiment(edit(config, tests=sets[1:]), out), Bench(), "strong") == []
    assert go(Experiment(edit(config, tests=[{"name": "new", "root": str(bars)}]), out), Bench(), "strong") == [
        "strong, seed 0 (1 of 1): predicting new"
    ]
    assert go(Experiment(edit(config, tests=sets), out), Bench(), "strong") == []
    sets[0]["sgt"] = 0
    content = write_report(Experiment(edit(config, tests=sets), out))
    _, strong = content["tables"][0]["tests"]["bars"]
    assert strong["measured"] == [] and content["runs"]["done"] == 0
    edit(config, overrides=["optimization.epochs=2"])
    with pytest.raises(RunError, match=r"strong/seed0 holds a run with other settings"):
        go(Experiment(config, out), Bench(), "strong")
    with pytest.raises(RunError, match=r"strong/seed0 holds a run with other settings"):
        write_report(Experiment(config, out))


def test_datasets_that_were_split_anew(config: Path, bars: Path, tmp_path: Path) -> None:
    test, learn = tmp_path / "test", tmp_path / "learn"
    names = JacquardDataset(bars).objects
    for root, chosen, shares in ((test, names[:6], (0.0, 0.0, 1.0)), (learn, names[6:], (0.8, 0.2, 0.0))):
        for name in chosen:
            shutil.copytree(bars / name, root / name)
        ObjectSplits.create(chosen, shares, seed=1).save(root / SPLITS_FILE)
    sets = [{"name": "bars", "root": str(test)}]
    overrides = [*yaml.safe_load(config.read_text())["overrides"], f"data=[{{root: {learn}}}]"]
    experiment = Experiment(edit(config, tests=sets, overrides=overrides), tmp_path / "out")
    go(experiment, Bench(), "strong")
    assert go(experiment, Bench(), "strong") == []
    ObjectSplits.create(names[:6], (0.0, 0.5, 0.5), seed=1).save(test / SPLITS_FILE)
    assert go(experiment, Bench(), "strong") == ["strong, seed 0 (1 of 1): predicting bars"]  # of those that are left
    ObjectSplits.create(names[6:], (0.8, 0.2, 0.0), seed=2).save(learn / SPLITS_FILE)
    with pytest.raises(RunError, match=r"strong/seed0 holds a run that was begun on other scenes"):
        go(experiment, Bench(), "strong")


def test_a_report_holds_rows_of_the_same_scenes_only(config: Path, bars: Path, tmp_path: Path) -> None:
    test, out = tmp_path / "test", tmp_path / "out"
    shutil.copytree(bars, test)
    sets = [{"name": "bars", "root": str(test)}]
    experiment = Experiment(edit(config, tests=sets), out)
    go(experiment, Bench())
    annotations = JacquardDataset(test).part("test").scenes[0].grasps
    annotations.write_text(annotations.read_text().replace(";", ";0", 1))  # made anew
    go(experiment, Bench(), "strong")
    for content in (json.loads((out / "report.json").read_text()), write_report(experiment)):
        assert [row["measured"] for row in content["tables"][0]["tests"]["bars"]] == [[], [0]]
        assert content["mixed"] == []
    shutil.rmtree(test)  # there is nothing to compare with
    content = write_report(experiment)
    assert [row["measured"] for row in content["tables"][0]["tests"]["bars"]] == [[0], [0]]
    assert content["mixed"] == ["bars"]
    text = (out / "report.md").read_text()
    assert "Not all of these were measured on the same scenes" in text and "![maps](II_bars.png)" in text
    write_report(Experiment(edit(config, tests=[{**sets[0], "part": "validation"}]), out))
    assert (out / "II_bars.png").is_file() and "II_bars.png" not in (out / "report.md").read_text()


def test_a_training_that_diverges_does_not_keep_the_others_from_theirs(
    config: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(edit(config, tests=[{"name": "bars", "root": str(bars)}]), tmp_path / "out")
    step = Lesson.validation_step

    def diverged(lesson: Lesson, batch: Any, index: int) -> Any:
        if lesson.settings.name == "binary":
            return lesson.log(VALIDATION, float("nan"), batch_size=1)
        return step(lesson, batch, index)

    monkeypatch.setattr(Lesson, "validation_step", diverged)
    with pytest.raises(RunError, match=r"^binary, seed 0: the training diverged: after epoch 1 .* is not a number"):
        go(experiment, Bench())
    content = json.loads((tmp_path / "out/report.json").read_text())
    assert [row["measured"] for row in content["tables"][0]["tests"]["bars"]] == [[], [0]]


def test_processes_share_the_runs(config: Path, bars: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with held(out / "binary/seed0"):
        code, output = invoke("--config", edit(config, tests=[{"name": "bars", "root": str(bars)}]), "--out", out)
    assert code == 0 and "1 of 2 runs done" in output and "Left to another process: binary, seed 0" in output
    assert (out / "strong/seed0" / WEIGHTS).is_file() and not (out / "binary/seed0" / WEIGHTS).exists()


def row(scenes: int, hits: int, average: float, successes: int, trials: int) -> dict[str, Any]:
    return {
        "scenes": scenes,
        "iou": {"25": round(hits / scenes, 4)},
        "iou_avg": average,
        "ci95": {"iou_avg": [average - 0.03, average + 0.03]},
        "sgt": {"successes": successes, "trials": trials},
        "milliseconds": {"median": 20.0},
    }


def test_seeds_are_pooled() -> None:
    found = summarised([row(300, 270, 0.6, 80, 100), row(300, 251, 0.64, 90, 100)])
    assert found["iou"]["25"]["mean"] == pytest.approx(521 / 600)
    assert found["iou"]["25"]["ci95"] == pytest.approx((0.8389, 0.8931), abs=1e-4)  # Wilson's of 521 of 600
    assert found["iou_avg"]["mean"] == pytest.approx(0.62)
    half = 0.03 / 2**0.5  # of twice the scenes
    assert found["iou_avg"]["ci95"] == pytest.approx([0.62 - half, 0.62 + half])
    assert found["iou_avg"]["spread"] == pytest.approx(0.02 * 2**0.5)
    assert found["sgt"]["values"] == [0.8, 0.9] and found["sgt"]["mean"] == pytest.approx(0.85)
    assert told(found["sgt"]) == "85.0 [79.4, 89.3] ± 7.1"
    assert told(found["iou_avg"]) == "62.0 [59.9, 64.1] ± 2.8" and told(None) == ""


def test_rows_without_results_leave_a_gap_among_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    save = pictures._save
    monkeypatch.setattr(pictures, "_save", lambda figure, path: (drawn.append(figure), save(figure, path)))
    results = summarised([row(300, 270, 0.6, 80, 100), row(300, 251, 0.64, 90, 100)])
    rows = [
        {"network": network, "map": kind, "drop-off": None, "results": None if kind == "soft" else results}
        for network in ("ggcnn2", "unet")
        for kind in ("binary", "soft", "strong")
    ]
    draw_chart(tmp_path / "bars.png", "two networks", rows)
    assert cv2.imread(str(tmp_path / "bars.png")).shape[1] > 800
    axes = {axis.get_title(): axis for axis in drawn[0].axes}
    assert list(axes) == ["IoU 25 %", "IoU-Avg", "SGT"]
    for title, value in (("IoU 25 %", results["iou"]["25"]), ("IoU-Avg", results["iou_avg"]), ("SGT", results["sgt"])):
        marks = [bars for bars in axes[title].containers if np.isfinite(np.asarray(bars[0].get_ydata(), float)).all()]
        assert [bars[0].get_xdata()[0] for bars in marks] == pytest.approx(
            [-0.8 / 3, 0.8 / 3, 1 - 0.8 / 3, 1 + 0.8 / 3]
        )
        for bars in marks:
            (whisker,) = bars[2]
            assert whisker.get_segments()[0][:, 1] == pytest.approx(np.multiply(100, value["ci95"]))
            assert bars[0].get_ydata()[0] == pytest.approx(100 * value["mean"])


def test_seeds_and_tables(config: Path, tmp_path: Path) -> None:
    tables = [
        {"name": "I", "title": "one", "rows": ["strong"], "seeds": [4]},
        {"name": "II", "title": "two", "rows": ["binary", "strong"], "seeds": [4, 5]},
    ]
    experiment = Experiment(edit(config, tables=tables), tmp_path / "out")
    assert [str(run) for run in experiment.runs] == [
        "binary, seed 4",
        "strong, seed 4",
        "binary, seed 5",
        "strong, seed 5",
    ]
    assert [str(run) for run in experiment.only(["I"])] == ["strong, seed 4"]
    assert [str(run) for run in experiment.only(["binary", "I"])] == [
        "binary, seed 4",
        "strong, seed 4",
        "binary, seed 5",
    ]
    last = experiment.runs[-1]
    assert last.folder == tmp_path / "out/strong/seed5" and last.settings.seed == 5 and last.settings.name == "strong"
    assert last.settings.optimization.epochs == 1
    longer = Experiment(config, tmp_path / "out", ["optimization.epochs=3", "labels.quality=strong"])
    assert {run.settings.optimization.epochs for run in longer.runs} == {3}
    assert longer.of_row("binary")[0].settings.labels.quality == "binary"  # a row's own counts more
    content = write_report(experiment)
    assert [table["tests"]["bars"][-1]["seeds"] for table in content["tables"]] == [[4], [4, 5]]
    assert (tmp_path / "out/report.md").read_text().count("not run yet") == 3


def test_a_row_may_be_named_like_a_number(config: Path, tmp_path: Path) -> None:
    rows = {"0.5": [], "on": []}
    tables = [{"name": "II", "title": "two", "rows": list(rows)}]
    experiment = Experiment(edit(config, rows=rows, tables=tables), tmp_path / "out")
    assert [run.settings.name for run in experiment.runs] == ["0.5", "on"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rows": {"binary": ["labels.qualty=binary"], "strong": []}}, r"row 'binary': .*labels\.qualty: Extra inputs"),
        ({"rows": {"binary": ["binary"], "strong": []}}, "row 'binary': an override is FIELD=VALUE"),
        ({"rows": {"binary": []}}, "a table has the row 'strong', which is not among the rows"),
        ({"rows": {"binary": [], "strong": [], "soft": []}}, "the row 'soft' stands in no table"),
        ({"rows": {"../binary": [], "binary": [], "strong": []}}, "String should match pattern"),
        ({"base": "nothing.yaml"}, r"cannot read .*nothing\.yaml"),
        ({"tests": [{"name": "a", "root": "b"}] * 2}, "two of the tests have the same name"),
        ({"tables": [{"name": "strong", "title": "", "rows": ["strong", "binary"]}]}, "have the name 'strong'"),
        ({"color": "red"}, r"experiment\.yaml: color: Extra inputs are not permitted"),
    ],
)
def test_experiments_that_make_no_sense(config: Path, tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Experiment(edit(config, **changes), tmp_path / "out")


def test_a_test_set_that_was_trained_on(config: Path, bars: Path, tmp_path: Path) -> None:
    for part in ("train", "validation"):
        experiment = Experiment(
            edit(config, tests=[{"name": "seen", "root": str(bars), "part": part}]), tmp_path / "out"
        )
        with pytest.raises(
            DatasetError,
            match=rf"the test set 'seen', the {part} part of .*, has \d+ objects that networks are trained",
        ):
            go(experiment, Bench())
    assert not (tmp_path / "out").exists()


def test_the_command(config: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--config", config, "--out", tmp_path / "out")
    code, output = invoke(*words, "--report")
    assert code == 0 and "0 of 2 runs done" in output and (tmp_path / "out/report.md").is_file()
    (tmp_path / "file").touch()
    code, output = invoke("--config", config, "--out", tmp_path / "file", "--report")
    assert code == 2 and f"cannot read or write {tmp_path / 'file'}: File exists" in output
    code, output = invoke(*words)
    assert code == 2 and "has no index.jsonl: grasps are judged by trying them on the scenes' meshes" in output
    edit(config, tests=[{"name": "bars", "root": str(bars)}])
    code, output = invoke(*words, "--only", "strog")
    assert code == 2 and "has no row 'strog'; its rows are: binary, strong; its tables: II" in output
    code, output = invoke(*words, "--set", "optimization.epochs=0")
    assert code == 2 and "row 'binary': " in output and "optimization.epochs: Input should be greater" in output
    with monkeypatch.context() as patch:
        patch.setattr(hardware, "has_gpu", lambda: False)
        code, output = invoke(*words, "--only", "strong", "--device", "cuda")
    assert code == 2 and "torch finds no GPU" in output and not (tmp_path / "out/strong").exists()
    code, output = invoke(*words, "--only", "strong", "--device", "cpu")
    assert code == 0 and "1 of 2 runs done" in output and "1 of 1" in output
    assert yaml.safe_load((tmp_path / "out/strong/seed0/weights.yaml").read_text())["training"]["epochs"] == 1


def test_the_papers_tables_are_complete(repository: Path, tmp_path: Path) -> None:
    losses = Experiment(repository / "config/experiments/gaussian_losses.yaml", tmp_path)
    made = [run.settings for run in losses.runs]
    assert {settings.network for settings in made} == {"ggcnn2"} and {settings.loss.kind for settings in made} == {
        "mse"
    }
    maps = [(s.labels.quality, s.labels.sigma if s.labels.quality != "binary" else 0) for s in made]
    kinds = {(s.loss.positional, s.labels.bins, *drawn) for s, drawn in zip(made, maps, strict=True)}
    drawn = [("binary", 0), ("soft", 2), *(("strong", sigma) for sigma in (2, 1, 0.5, 0.25))]
    assert kinds == {(positional, bins, *kind) for positional in (True, False) for bins in (1, 3) for kind in drawn}
    assert len(made) == 24
    networks = Experiment(repository / "config/experiments/gaussian_maps.yaml", tmp_path)
    made = [run.settings for run in networks.runs]
    kinds = {(s.network, s.labels.quality, s.seed) for s in made}
    names = ("ggcnn2", "grconvnet", "unet")
    assert kinds == set(itertools.product(names, ("binary", "soft", "strong"), range(3))) and len(made) == 27
    assert all(s.loss.positional and s.labels.bins == 3 for s in made)
    assert {s.loss.kind for s in made if s.network == "grconvnet"} == {"smooth l1"}

"""`grasp train` and `grasp eval`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from grasp_bringup.cli import eval as eval_command
from grasp_bringup.cli import train as train_command
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.datasets.submission import read_submission
from grasp_learning.evaluation.evaluate import examine
from grasp_learning.evaluation.rectangle_metric import best_iou
from grasp_learning.rectangles import GraspRectangles
from grasp_learning.training.lesson import Lesson
from grasp_planning.generative import hardware
from grasp_planning.generative.card import read_card
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.weights import save_weights
from grasp_planning.networks import build


def invoke(module: object, *words: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(module.command)  # type: ignore[attr-defined]
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network that has learnt nothing."""
    torch.manual_seed(0)
    path = tmp_path / "fresh.safetensors"
    settings = {"preprocessing": Preprocessing(size=96), "postprocessing": Postprocessing(width_scale=48.0)}
    facts = {"purpose": "a test", "data": {}, "training": {}, "metrics": {}, "date": "2026-01-01"}
    save_weights(path, build("ggcnn2", in_channels=4, bins=3), **settings, **facts)
    return path


def test_eval_prints_a_row_and_writes_what_machines_read(
    weights: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "cache"))
    out, predictions = tmp_path / "new/eval.json", tmp_path / "other/predictions.txt"
    words = ("--weights", weights, "--dataset", bars, "--json", out, "--predictions", predictions)
    monkeypatch.setenv("COLUMNS", "200")
    code, output = invoke(eval_command, *words)
    result = json.loads(out.read_text())
    for name, rate in (*result["iou"].items(), ("iou_avg", result["iou_avg"])):
        low, high = result["ci95"][name]
        assert code == 0 and f"{rate:.2%} " in output and f"{low:.1%} to {high:.1%} " in output
    assert {*result["iou"], "iou_avg"} == {"25", "30", "40", "50", "75", "iou_avg"} == set(result["ci95"])
    assert result["ci95"]["iou_avg"][0] <= result["iou_avg"] <= result["ci95"]["iou_avg"][1]
    assert result["split"] == "test" and result["scenes"] == 3 and result["sgt"] is None
    assert 0.0099 <= result["iou_avg"] <= 1.0 and result["milliseconds"]["median"] > 0
    assert set(read_submission(predictions).grasps) == set(JacquardDataset(bars).part("test").ids)
    (exported,) = (tmp_path / "cache/networks").glob("*.xml")
    assert (result["depth"], result["fit_jaws"], result["overlap"]) == ("perfect", False, "exact")
    other = ("--split", "train", "--legacy-raster", "--depth", "stereo", "--json", out)
    assert invoke(eval_command, *words[:4], *other)[0] == 0
    otherwise = json.loads(out.read_text())
    assert (otherwise["depth"], otherwise["fit_jaws"], otherwise["overlap"]) == ("stereo", False, "raster")
    assert list((tmp_path / "cache/networks").glob("*.xml")) == [exported]  # once
    assert invoke(eval_command, *words[:4], "--card", "bars")[0] == 0
    noted = read_card(weights)[0].metrics["bars"]
    assert noted["iou"] == result["iou"] and str(tmp_path) not in str(noted)
    assert (noted["depth"], noted["fit_jaws"], noted["overlap"]) == ("perfect", False, "exact")
    code, output = invoke(eval_command, *words[:4], "--card", "validation")
    assert code == 2 and "by this name stands what the training measured" in output


def test_the_raster_is_that_of_the_network(bars: Path) -> None:
    """As published evaluators have it, which scale the annotations to the network's image."""
    scenes = JacquardDataset(bars)
    postprocessing = Postprocessing(width_scale=24.0)
    half = Preprocessing(size=len(scenes[0].depth) // 2)

    class Fixed:
        """Says the same of all images: the middle, at 45 degrees."""

        description = "a test"

        def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
            shape = (1, *tensor.shape[1:])
            quality = np.zeros(shape, np.float32)
            quality[0, shape[1] // 2, shape[2] // 2] = 1.0
            return GraspMapArrays(quality, np.zeros(shape, np.float32), *2 * (np.ones(shape, np.float32),))

    found = examine(Fixed(), half, postprocessing, scenes, legacy_raster=True)
    middle = GraspRectangles([(24.0, 24.0, np.pi / 4, 24.0, 12.0)])
    expected = []
    for scene in scenes:
        values = scene.grasps.values.copy()
        values[:, :2] = (values[:, :2] + 0.5) / 2 - 0.5
        values[:, 3:] /= 2
        expected.append(best_iou(middle, GraspRectangles(values), legacy_raster=True))
    assert found.scores.overlaps.tolist() == expected and max(expected) > 0
    exact = examine(Fixed(), half, postprocessing, scenes).scores.overlaps
    assert not np.allclose(found.scores.overlaps, exact, atol=1e-3)


def test_bad_input_of_eval(weights: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "has_gpu", lambda: False)
    code, output = invoke(eval_command, "--weights", weights, "--dataset", bars, "--device", "cuda")
    assert code == 2 and "torch finds no GPU: use the device 'cpu' or 'auto'" in output
    code, output = invoke(eval_command, "--weights", tmp_path / "no.safetensors", "--dataset", bars)
    assert code == 2 and "no.safetensors is missing: weights are a .safetensors file with its card" in output
    code, output = invoke(eval_command, "--weights", weights, "--dataset", tmp_path)
    assert code == 2 and "no scene of a Jacquard dataset" in output
    code, output = invoke(eval_command, "--weights", weights, "--dataset", bars, "--predictions", weights / "x.txt")
    assert code == 2 and f"cannot write {weights}: " in output and "IoU-Avg" in output
    other = tmp_path / "predictions.txt"
    words = ("--json", weights / "x.json", "--predictions", other)
    code, output = invoke(eval_command, "--weights", weights, "--dataset", bars, *words)
    assert code == 2 and f"cannot write {weights}: " in output and len(read_submission(other).grasps) == 3
    shutil.copytree(bars, tmp_path / "bars")
    ObjectSplits.create(JacquardDataset(bars).objects, (0.8, 0.2, 0.0), seed=1).save(tmp_path / "bars" / SPLITS_FILE)
    code, output = invoke(eval_command, "--weights", weights, "--dataset", tmp_path / "bars")
    assert code == 2 and "bars: this part has no scene to ask the network about; draw other splits" in output
    code, output = invoke(eval_command, "--weights", weights, "--dataset", bars, "--sgt")
    assert code == 2 and "has no index.jsonl: grasps are judged by trying them on the scenes' meshes" in output
    assert invoke(eval_command, "--weights", weights, "--dataset", bars, "--fit-jaws") == (code, output)


def test_train_to_its_end(small_training: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "argv", ["grasp", "train", "--config", "small.yaml"])
    words = ("--config", small_training, "--set", "optimization.epochs=2", "--out", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(Lesson, "validation_step", interrupted)
        code, output = invoke(train_command, *words, "--tensorboard")
    assert code == 1 and "Interrupted; the same command goes on from the last whole epoch." in output
    assert not (tmp_path / "out/small/weights.safetensors").exists()
    code, output = invoke(train_command, *words, "--tensorboard")
    card, _ = read_card(tmp_path / "out/small/weights.safetensors")
    scores = card.metrics["validation"]
    assert code == 0 and f"epochs │ 2, best {card.training['best_epoch']}" in output
    for threshold, rate in scores["iou"].items():
        low, high = scores["ci95"][threshold]
        assert f"validation, IoU over {threshold} % │ {rate:.1%} ({low:.1%} to {high:.1%})" in output
    assert f"validation, IoU-Avg │ {scores['iou_avg']:.1%}" in output
    assert card.training["command"] == "grasp train --config small.yaml"
    assert list((tmp_path / "out/small/tensorboard").glob("events.*"))
    assert (tmp_path / "out/small/pictures/epoch_001.png").is_file()
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert invoke(train_command, *words) == (0, output)  # it is finished
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.is_file()} == files


def interrupted(lesson: Lesson, batch: object, index: int) -> None:
    """In place of a validation step."""
    raise KeyboardInterrupt


def test_bad_input_of_train(small_training: Path, tmp_path: Path) -> None:
    code, output = invoke(train_command, "--config", small_training, "--set", "optimization.batch=0")
    assert code == 2 and "optimization.batch: Input should be greater than or equal to 1" in output
    code, output = invoke(
        train_command, "--config", small_training, "--set", "data=[{root: nowhere}]", "--out", tmp_path
    )
    assert code == 2 and "nowhere: no such folder" in output
    (tmp_path / "file").touch()
    code, output = invoke(train_command, "--config", small_training, "--out", tmp_path / "file")
    assert code == 2 and f"cannot read or write {tmp_path / 'file'}" in output and "Not a directory" in output

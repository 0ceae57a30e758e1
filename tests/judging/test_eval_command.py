"""`grasp eval --sgt` and `--fit-jaws`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from typer.testing import CliRunner

from grasp_bringup.cli.app import application
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.labels.label_maps import LabelSettings, label_maps
from grasp_learning.prepared import in_network, prepared
from grasp_learning.rectangles import GraspRectangles
from grasp_planning.generative.card import read_card
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.weights import save_weights
from grasp_planning.grasps import GraspRectangle
from grasp_planning.networks import build

PREPROCESSING = Preprocessing(size=128)
WIDTH_SCALE = 64.0


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "some.safetensors"
    facts = {"purpose": "a test", "data": {}, "training": {}, "metrics": {}, "date": "2026-01-01"}
    reading = Postprocessing(width_scale=WIDTH_SCALE)
    network = build("ggcnn2", in_channels=4, bins=3)
    save_weights(path, network, preprocessing=PREPROCESSING, postprocessing=reading, **facts)
    return path


class Knows:
    """Says of the scenes of a part, in turn, the grasps that it was given."""

    description = "a memory"

    def __init__(self, scenes: JacquardDataset, grasps: dict[str, GraspRectangle]) -> None:
        self._maps: Iterator[GraspMapArrays] = (self._of(scene, grasps[scene.id]) for scene in scenes)

    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        return next(self._maps)

    def _of(self, scene, grasp: GraspRectangle) -> GraspMapArrays:
        pixels = in_network(GraspRectangles.of([grasp]), prepared(scene, PREPROCESSING))
        maps = label_maps(pixels, (128, 128), LabelSettings(width_scale=WIDTH_SCALE))
        return GraspMapArrays(maps.quality, maps.cos, maps.sin, maps.width)


def test_eval_tries_grasps_and_fits_their_jaws(
    dataset: Path,
    annotated: dict[str, GraspRectangle],
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Grasps with a finger on the object."""
    root = tmp_path / "dataset"
    shutil.copytree(dataset, root)
    ObjectSplits.create(JacquardDataset(root).objects, (0.0, 0.0, 1.0), seed=0).save(root / SPLITS_FILE)
    off = {id_: aside(grasp) for id_, grasp in annotated.items()}
    card = read_card(weights)[0]
    monkeypatch.setattr(
        "grasp_learning.evaluation.evaluate.open_runner", lambda *_: (Knows(JacquardDataset(root), off), card)
    )

    found = {}
    for name, extra in {"as said": (), "fitted": ("--fit-jaws",)}.items():
        out, predictions = tmp_path / f"{name}.json", tmp_path / f"{name}.txt"
        words = ("--weights", weights, "--dataset", root, "--json", out, "--predictions", predictions, "--card", name)
        result = run("eval", *words, "--sgt", *extra)
        assert result.exit_code == 0, result.output
        content = json.loads(out.read_text())
        found[name] = content["sgt"]["successes"]
        assert (content["fit_jaws"], content["sgt"]["trials"]) == (bool(extra), 6)
        assert f"{content['sgt']['success_rate']:.2%}" in result.output
        noted = read_card(weights)[0].metrics[name]
        assert (noted["sgt"]["successes"], noted["fit_jaws"]) == (found[name], bool(extra))

        again = tmp_path / "again.json"  # what the file of predictions is worth
        assert run("sgt", "--dataset", root, "--predictions", predictions, "--json", again).exit_code == 0
        assert json.loads(again.read_text())["failures"] == content["sgt"]["failures"]
    assert found == {"as said": 2, "fitted": 5}


def run(command: str, *words: object) -> Result:
    return CliRunner().invoke(application(command), [command, *map(str, words)], env={"COLUMNS": "160"})


def aside(grasp: GraspRectangle) -> GraspRectangle:
    """Narrower, and to one side along the closing axis."""
    x, y = np.array([grasp.x, grasp.y]) + 0.15 * grasp.width * grasp.axis
    return replace(grasp, x=x, y=y, width=0.7 * grasp.width)

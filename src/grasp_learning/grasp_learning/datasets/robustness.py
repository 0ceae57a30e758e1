"""How robust the annotated grasps of a dataset are: in how many trials they held though they were missed a little.

``robustness.jsonl`` in the dataset's folder: what was done, then a line for each scene with a number for each line of
its annotations. `grasp data robustness` writes it; see `grasp_sim.judging.robustness`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from grasp_learning.datasets.errors import DatasetError
from grasp_perception.configuration import Configuration, reasons

ROBUSTNESS_FILE = "robustness.jsonl"


class Uncertainty(Configuration):
    """By how much a grasp is missed in each trial: standard deviations of normal distributions."""

    trials: int = Field(default=4, ge=1)
    """Of each grasp."""
    position: float = Field(default=0.0015, ge=0)
    """m, of the centre along both axes of the image."""
    angle: float = Field(default=0.1, ge=0)
    """rad"""
    opening: float = Field(default=0.003, ge=0)
    """m"""


class RobustnessHeader(Configuration):
    """The first line."""

    format: Literal["grasp-robustness"] = "grasp-robustness"
    version: Literal[2] = 2
    """1 took the opening for too wide where the gripper came down on something farther away."""
    uncertainty: Uncertainty
    jaw: float = Field(gt=0)
    """m; the size of jaw that was tried."""


class SceneRobustness(Configuration):
    """Any other line."""

    scene: str
    held: tuple[int, ...]
    """Trials that held, of each line of the scene's annotations."""


Line = TypeVar("Line", bound=Configuration)


class Robustness:
    """Of the annotations of a whole dataset.

    Attributes:
        header: What was done.
        held: By the ids of scenes: the trials that held, of each line of a scene's annotations.
    """

    def __init__(self, root: Path) -> None:
        """Read it.

        Raises:
            DatasetError: The grasps have not been tried, or not all of them, or a line is wrong.
        """
        self.path = root / ROBUSTNESS_FILE
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise DatasetError(
                f"{self.path}: {error.strerror}; `grasp data robustness {root}` tries the grasps of a dataset that "
                "this project made"
            ) from error
        except UnicodeDecodeError as error:
            raise DatasetError(f"{self.path}: not a text file: {error}") from error
        self.header = self._parsed(RobustnessHeader, lines[0] if lines else "", 1)
        self.held = {
            (scene := self._parsed(SceneRobustness, line, number)).scene: scene.held
            for number, line in enumerate(lines[1:], 2)
        }

    def shares(self, scene: str, count: int) -> NDArray[np.float64]:
        """(N,) of the trials of each line of a scene's annotations, those that held.

        Args:
            scene: Its id.
            count: Lines that its annotations have.

        Raises:
            DatasetError: The scene was not tried, or when it had other annotations.
        """
        held = self.held.get(scene)
        if held is None or len(held) != count:
            tried = (
                "was not tried" if held is None else f"had {len(held)} annotations when they were tried, not {count}"
            )
            raise DatasetError(f"{self.path}: the scene {scene} {tried}: delete that file and try them again")
        return np.array(held, dtype=np.float64) / self.header.uncertainty.trials

    def _parsed(self, kind: type[Line], line: str, number: int) -> Line:
        try:
            return kind.model_validate_json(line)
        except ValidationError as error:
            raise DatasetError(f"{self.path}:{number}: {reasons(error, 'the line')}") from error

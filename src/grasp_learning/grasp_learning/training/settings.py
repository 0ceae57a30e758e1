"""What a training run is: a YAML file, every field of which the command line may override."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator
from typing_extensions import Self

from grasp_learning.datasets.jacquard import DepthKind
from grasp_learning.labels.label_maps import LabelSettings
from grasp_learning.training.losses import LossSettings
from grasp_perception.configuration import Configuration, ConfigurationError, reasons
from grasp_planning.generative.postprocessing import Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.networks import NETWORKS


class DataSource(Configuration):
    """A dataset with stored splits."""

    root: Path
    depth: DepthKind = "perfect"
    min_robustness: float = Field(default=0.0, ge=0, le=1)
    """Of the grasps that are learned: the share of trials in which one holds though it is missed a little. Above 0 the
    dataset's grasps must have been tried so (`grasp data robustness`)."""


class Optimization(Configuration):
    """How weights are found."""

    epochs: int = Field(default=50, ge=1)
    """At most."""
    batch: int = Field(default=8, ge=1)
    """Scenes of a step; several GPUs share them."""
    rate: float = Field(default=0.002, gt=0)
    """Adam's: at first with `plateau`, at its greatest with `one cycle`."""
    schedule: Literal["plateau", "one cycle"] = "plateau"
    """plateau: the rate decays where the validation loss stands still (Prew et al. 2022). one cycle: it rises for a
    tenth of `epochs` and falls to nothing by their end (Smith and Topin 2019); better where epochs are few."""
    decay: float = Field(default=0.3, gt=0, lt=1)
    """The rate's, at a plateau."""
    patience: int = Field(default=1, ge=0)
    """Epochs without a better validation loss before the rate decays."""
    decays: int = Field(default=3, ge=0)
    """After so many the training ends at the next plateau."""
    threshold: float = Field(default=1e-4, ge=0)
    """Share of the validation loss by which a better one is better."""
    augmentation: bool = False
    """Whether each scene is turned by quarters and mirrored at random."""


class TrainingSettings(Configuration):
    """One training run."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Of the folder of its results, and of the weights."""
    purpose: str = "experiments"
    """What the weights are for, in a sentence; goes into their card."""
    network: Literal["ggcnn", "ggcnn2", "grconvnet", "unet"]
    data: tuple[DataSource, ...] = Field(min_length=1)
    """Their parts are put together; objects of one must not stand in another part of the next."""
    preprocessing: Preprocessing = Preprocessing()
    labels: LabelSettings = LabelSettings()
    loss: LossSettings = LossSettings()
    postprocessing: Postprocessing = Postprocessing()
    """But for its `width_scale`, which is the labels'."""
    optimization: Optimization = Optimization()
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 where the processor or the GPU calculates with it, float32 elsewhere."""
    half: bool = False
    """Whether weights are stored as numbers of 16 bit; what the card says of them is then true of the rounded ones."""
    workers: int = Field(default=1, ge=0)
    """Processes that read and draw labels ahead of the training; 0 for none."""
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _the_network_takes_the_size(self) -> Self:
        multiple, size = NETWORKS[self.network].multiple, self.preprocessing.size
        if size % multiple:
            raise ValueError(f"preprocessing.size: {self.network} takes multiples of {multiple} px, not {size}")
        return self

    @property
    def reading(self) -> Postprocessing:
        """How grasps are read from maps that are drawn as the labels are."""
        return self.postprocessing.model_copy(update={"width_scale": self.labels.width_scale})

    @classmethod
    def read(cls, path: Path, overrides: list[str]) -> TrainingSettings:
        """From a file, with fields replaced.

        Args:
            path: YAML.
            overrides: ``field.of.field=VALUE``, the value in YAML.

        Raises:
            ConfigurationError: The file or an override is wrong.
        """
        try:
            content = yaml.safe_load(path.read_text())
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from error
        if not isinstance(content, dict):
            raise ConfigurationError(f"{path} holds no fields")
        for override in overrides:
            _replace(content, override)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ConfigurationError(f"{path}: {reasons(error)}") from error


def _replace(content: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals:
        raise ConfigurationError(f"an override is FIELD=VALUE, such as optimization.batch=16, not '{override}'")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the value of '{override}' is not YAML: {error}") from error
    *folders, field = path.split(".")
    for name in folders:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            raise ConfigurationError(f"'{override}': {name} has no fields")
    content[field] = value

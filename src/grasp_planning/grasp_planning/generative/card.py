"""The card of trained weights: what they are, how they were made and how good they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, model_validator
from typing_extensions import Self

from grasp_perception.configuration import Configuration
from grasp_perception.files import write_atomically
from grasp_planning.generative.postprocessing import Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing


class WeightsError(ValueError):
    """Weights that cannot be used; the message names the file and the reason."""


class _LearnedLabels(BaseModel):
    bins: int
    width_scale: float


class _Learned(BaseModel):
    """Of the settings of a training what its weights are of no use without."""

    network: str
    preprocessing: Preprocessing
    labels: _LearnedLabels


class WeightsCard(Configuration):
    """What weights are, how they were made and how good they are."""

    format: Literal["grasp-network"] = "grasp-network"
    version: Literal[1] = 1
    network: Literal["ggcnn", "ggcnn2", "grconvnet", "unet"]
    bins: int = Field(ge=1)
    preprocessing: Preprocessing
    postprocessing: Postprocessing
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Of the weights' file."""
    purpose: str
    """What they are for, in a sentence."""
    data: dict[str, Any]
    """Datasets, their recipes, numbers of scenes and objects of each part."""
    training: dict[str, Any]
    """All settings, the command, and how long it took."""
    metrics: dict[str, Any]
    """On validation and test objects, with 95 % intervals."""
    date: str

    @model_validator(mode="after")
    def _is_what_was_learned(self) -> Self:
        """Numbers that were fed and read otherwise in the training are wrong without looking so."""
        if "settings" not in self.training:
            return self
        learned = _Learned.model_validate(self.training["settings"])
        said = {"network": self.network, "bins": self.bins, "width_scale": self.postprocessing.width_scale}
        was = {"network": learned.network, **dict(learned.labels)}
        said |= {f"preprocessing.{name}": value for name, value in self.preprocessing}
        was |= {f"preprocessing.{name}": value for name, value in learned.preprocessing}
        for name, value in said.items():
            if value != was[name]:
                raise ValueError(f"{name} is {value}, and in training.settings, which is how they learned, {was[name]}")
        return self


def card_path(weights: Path) -> Path:
    """Where the card of a file of weights lies."""
    return weights.with_suffix(".yaml")


def write_card(weights: Path, card: WeightsCard) -> None:
    """Put a card beside a file of weights, in place of one that is there."""
    text = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    write_atomically(card_path(weights), text.encode())


def read_card(weights: Path) -> tuple[WeightsCard, bytes]:
    """The card of a file of weights, and the file's content.

    Raises:
        WeightsError: The file or its card is missing, or they do not belong together.
        ConfigurationError: The card is wrong.
    """
    card = card_path(weights)
    for file in (weights, card):
        if not file.is_file():
            raise WeightsError(f"{file} is missing: weights are a .safetensors file with its card, a .yaml, beside it")
    about = WeightsCard.load(card)
    content = weights.read_bytes()
    if hashlib.sha256(content).hexdigest() != about.sha256:
        raise WeightsError(f"{weights} is not the file that {card} describes: their SHA-256 differ")
    return about, content

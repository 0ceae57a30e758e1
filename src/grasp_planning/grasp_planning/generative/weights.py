"""Trained weights: ``<name>.safetensors``, and the card beside it, ``<name>.yaml``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from grasp_perception.files import write_atomically
from grasp_planning.generative.card import WeightsCard, WeightsError, card_path, read_card, write_card
from grasp_planning.networks import GraspNetwork, build


def save_weights(path: Path, network: GraspNetwork, *, half: bool = False, **card: Any) -> WeightsCard:
    """Write weights and their card.

    Args:
        path: ``<name>.safetensors``.
        network: Its weights are stored.
        half: Store numbers of 16 bit.
        card: The fields of `WeightsCard`, but for those that the network and the file tell.
    """
    state = {name: values.detach().cpu().contiguous() for name, values in network.state_dict().items()}
    if half:
        state = {name: values.half() if values.is_floating_point() else values for name, values in state.items()}
    content = safetensors.torch.save(state)
    told = {"network": network.name, "bins": network.bins, "sha256": hashlib.sha256(content).hexdigest()}
    full = WeightsCard.model_validate(told | card)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    write_card(path, full)
    return full


def load_weights(path: Path) -> tuple[GraspNetwork, WeightsCard]:
    """The network, ready to be asked, and its card.

    Raises:
        WeightsError: The file or its card is missing, they do not belong together, or not all values are finite.
        ConfigurationError: The card is wrong.
    """
    about, content = read_card(path)
    network = build(about.network, in_channels=about.preprocessing.in_channels, bins=about.bins)
    size = about.preprocessing.size
    if size % network.multiple:
        raise WeightsError(
            f"{card_path(path)} has images of {size} px, and '{about.network}' takes multiples of {network.multiple} px"
        )
    try:
        state = safetensors.torch.load(content)
        network.load_state_dict({name: _like(values, network, name) for name, values in state.items()})
    except (RuntimeError, safetensors.SafetensorError, KeyError) as error:
        raise WeightsError(
            f"{path} does not hold the weights of '{about.network}' with {about.preprocessing.in_channels} channels "
            f"and {about.bins} bins, which is what its card says: {error}"
        ) from error
    require_finite(network.state_dict(), str(path))
    return network.eval(), about


def require_finite(state: Mapping[str, torch.Tensor], where: str) -> None:
    """Raise WeightsError if a value is not finite.

    Args:
        state: Values by name.
        where: They are, for the message.
    """
    for name, values in state.items():
        if not torch.isfinite(values).all():
            raise WeightsError(f"{where}: '{name}' holds values that are not finite")


def _like(values: torch.Tensor, network: GraspNetwork, name: str) -> torch.Tensor:
    """The stored values in the type that the network calculates with."""
    return values.to(network.state_dict()[name].dtype)

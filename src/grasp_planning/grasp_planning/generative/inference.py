"""Who asks a network: OpenVINO on a processor, torch on a GPU. Both say the same, within what their numbers hold."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from grasp_planning.generative.card import WeightsCard, read_card
from grasp_planning.generative.hardware import DeviceError, has_driver, has_gpu
from grasp_planning.generative.postprocessing import GraspMapArrays

Device = Literal["auto", "cpu", "cuda"]
_LOG = logging.getLogger(__name__)


class NetworkRunner(Protocol):
    """A network with its weights, ready to be asked.

    Attributes:
        description: What calculates, and with which numbers.
    """

    description: str

    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """Maps of one image (C, S, S)."""


def open_runner(weights: Path, device: Device = "auto") -> tuple[NetworkRunner, WeightsCard]:
    """Load weights for asking.

    Args:
        weights: ``<name>.safetensors``, its card beside it.
        device: auto takes a GPU where there is NVIDIA's driver, and torch finds one; torch is not asked elsewhere.

    Raises:
        WeightsError: The weights or their card are missing or wrong.
        ConfigurationError: The card is wrong.
        DeviceError: There is no GPU, and one was asked for.
    """
    card, _ = read_card(weights)
    runner: NetworkRunner
    if (device == "cuda" or (device == "auto" and has_driver())) and has_gpu():
        runner = TorchRunner(weights)
    elif device == "cuda":
        raise DeviceError("torch finds no GPU: use the device 'cpu' or 'auto'")
    else:
        from grasp_planning.generative.openvino_runner import OpenVINORunner  # training, which imports this, does not

        runner = OpenVINORunner(weights, card)
    _LOG.info("%s of %s: %s", card.network, weights, runner.description)
    return runner, card


class TorchRunner:
    """On the GPU, in float32."""

    def __init__(self, weights: Path) -> None:
        import torch

        from grasp_planning.generative.weights import load_weights

        network, _ = load_weights(weights)
        self._torch = torch
        self._network = network.to("cuda", memory_format=torch.channels_last)
        self.description = f"torch {torch.__version__} on {torch.cuda.get_device_name()}, float32"

    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """See `NetworkRunner`."""
        torch = self._torch
        with torch.inference_mode():
            maps = self._network(torch.from_numpy(tensor[None]).to("cuda", memory_format=torch.channels_last))
            return GraspMapArrays(*(values[0].float().cpu().numpy() for values in maps))

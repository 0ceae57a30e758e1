"""Who asks a network: OpenVINO on a processor, torch on a GPU. Both say the same, within what their numbers hold."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grasp_planning.generative.card import WeightsCard, read_card
from grasp_planning.generative.hardware import Device, takes_gpu
from grasp_planning.generative.postprocessing import GraspMapArrays

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
        device: See `takes_gpu`.

    Raises:
        WeightsError: The weights or their card are missing or wrong.
        ConfigurationError: The card is wrong.
        DeviceError: There is no GPU, and one was asked for.
    """
    card, _ = read_card(weights)
    runner: NetworkRunner
    if takes_gpu(device):
        from grasp_planning.generative.torch_runner import TorchRunner  # to import torch takes seconds
        from grasp_planning.generative.weights import load_weights

        runner = TorchRunner(load_weights(weights)[0], "cuda")
    else:
        from grasp_planning.generative.openvino_runner import OpenVINORunner  # training, which imports this, does not

        runner = OpenVINORunner(weights, card)
    _LOG.info("%s of %s: %s", card.network, weights, runner.description)
    return runner, card

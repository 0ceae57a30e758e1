"""A network that is being trained, asked like one that is finished."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from grasp_planning.generative.postprocessing import GraspMapArrays


class ModuleRunner:
    """A torch module where it is; see `grasp_planning.generative.inference.NetworkRunner`."""

    description = "torch, in training"

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        self._network, self._device = network, device

    @torch.inference_mode()
    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """Maps of one image (C, S, S)."""
        training = self._network.training
        self._network.eval()
        image = torch.from_numpy(tensor[None]).to(self._device, memory_format=torch.channels_last)
        arrays = [values[0].float().cpu().numpy() for values in self._network(image)]
        self._network.train(training)
        return GraspMapArrays(*arrays)

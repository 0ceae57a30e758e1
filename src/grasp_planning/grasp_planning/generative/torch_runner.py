"""Networks in torch: on a GPU, and while they are trained."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from grasp_planning.generative.postprocessing import GraspMapArrays


class TorchRunner:
    """In float32; a GPU's convolutions round to 10 bits (TF32) where torch lets them, as it does by default."""

    def __init__(self, network: torch.nn.Module, device: str | torch.device) -> None:
        """Ask a network on a device, to which it is moved."""
        self._device = torch.device(device)
        self._network = network.to(self._device, memory_format=torch.channels_last)
        name = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "the CPU"
        self.description = f"torch {torch.__version__} on {name}, float32"

    @torch.inference_mode()
    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """Maps of one image (C, S, S), as without dropout; see `grasp_planning.generative.inference.NetworkRunner`."""
        training = self._network.training
        self._network.eval()
        image = torch.from_numpy(tensor[None]).to(self._device, memory_format=torch.channels_last)
        arrays = [values[0].float().cpu().numpy() for values in self._network(image)]
        self._network.train(training)
        return GraspMapArrays(*arrays)

"""Who asks a network: OpenVINO on a processor, torch on a GPU. Both say the same, within what their numbers hold."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from grasp_perception.cache import cache_folder
from grasp_planning.generative.card import WeightsCard, read_card
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
        device: auto takes a GPU where torch finds one.

    Raises:
        WeightsError: The weights or their card are missing or wrong.
        ValueError: There is no GPU, and one was asked for.
    """
    card, _ = read_card(weights)
    runner: NetworkRunner
    if device != "cpu" and _has_gpu():
        runner = TorchRunner(weights)
    elif device == "cuda":
        raise ValueError("torch finds no GPU: use the device 'cpu' or 'auto'")
    else:
        runner = OpenVINORunner(weights, card)
    _LOG.info("%s of %s: %s", card.network, weights, runner.description)
    return runner, card


class OpenVINORunner:
    """On the processor, in bfloat16 where it has instructions for it (AMX), else in float32."""

    def __init__(self, weights: Path, card: WeightsCard, threads: int | None = None) -> None:
        core = ov.Core()
        precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") and has_amx() else "f32"
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads or len(os.sched_getaffinity(0)),
        }
        self._request = core.compile_model(_exported(weights, card), "CPU", options).create_infer_request()
        self.description = f"OpenVINO {ov.__version__.split('-')[0]} on the CPU, {precision}"

    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """See `NetworkRunner`."""
        self._request.infer([tensor[None]])
        outputs = self._request.model_outputs
        return GraspMapArrays(*(self._request.get_tensor(port).data[0].copy() for port in outputs))


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


def _exported(weights: Path, card: WeightsCard) -> Path:
    """The network in OpenVINO's format: exported once, and found again by the content of the weights."""
    name = f"{card.sha256[:16]}-{card.preprocessing.size}-{ov.__version__.split('-')[0]}"
    file = cache_folder("networks") / f"{name}.xml"
    if not file.is_file():
        import torch

        from grasp_planning.generative.weights import load_weights

        network, _ = load_weights(weights)
        size = card.preprocessing.size
        shape = [1, card.preprocessing.in_channels, size, size]
        model = ov.convert_model(network, example_input=torch.zeros(shape), input=shape)
        part = file.with_name(f".{name}.{os.getpid()}.xml")
        ov.save_model(model, part, compress_to_fp16=False)
        part.with_suffix(".bin").replace(file.with_suffix(".bin"))
        part.replace(file)
    return file


def _has_gpu() -> bool:
    """Without importing torch, which takes seconds, where the driver is not even there."""
    if not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return torch.cuda.is_available()


def has_amx() -> bool:
    """Whether this processor has instructions for bfloat16 that are faster than float32."""
    cpu = Path("/proc/cpuinfo")
    return cpu.is_file() and "amx_bf16" in cpu.read_text()

"""Networks on the processor, by OpenVINO."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from grasp_perception.cache import cache_folder
from grasp_planning.generative.card import WeightsCard
from grasp_planning.generative.hardware import has_bfloat16
from grasp_planning.generative.postprocessing import GraspMapArrays

EXPORT = 3
"""Counts the ways in which networks have been exported; what was exported in another way is not found."""


class OpenVINORunner:
    """In bfloat16 where the processor has instructions for it (AMX, AVX-512 BF16), else in float32."""

    def __init__(self, weights: Path, card: WeightsCard, threads: int | None = None) -> None:
        """Export the weights, if that was not done before, and compile them for this processor.

        Args:
            weights: ``<name>.safetensors``.
            card: Theirs.
            threads: To calculate with; as many as there are processors if None.

        Raises:
            WeightsError: The weights are not what their card says.
            OSError: They cannot be exported to the user's cache.
        """
        core = ov.Core()
        precision = "bf16" if has_bfloat16() else "f32"
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads or len(os.sched_getaffinity(0)),
        }
        file = _export_file(card)
        if not file.is_file():
            _export(weights, card, file)
        try:
            compiled = core.compile_model(file, "CPU", options)
        except RuntimeError:  # its other file is lost or was cut off
            _export(weights, card, file)
            compiled = core.compile_model(file, "CPU", options)
        self._request = compiled.create_infer_request()
        self.description = f"OpenVINO {ov.__version__.split('-')[0]} on the CPU, {precision}"

    def __call__(self, tensor: NDArray[np.float32]) -> GraspMapArrays:
        """Maps of one image (C, S, S); see `grasp_planning.generative.inference.NetworkRunner`."""
        self._request.infer([tensor[None]])
        outputs = self._request.model_outputs
        return GraspMapArrays(*(self._request.get_tensor(port).data[0].copy() for port in outputs))


def _export_file(card: WeightsCard) -> Path:
    """Of a network in OpenVINO's format: found again by the weights' content and their use."""
    size, channels = card.preprocessing.size, card.preprocessing.in_channels
    version = ov.__version__.split("-")[0]
    name = f"{card.sha256[:16]}-{card.network}-{card.bins}-{channels}x{size}-{version}-{EXPORT}"
    return cache_folder("networks") / f"{name}.xml"


def _export(weights: Path, card: WeightsCard, file: Path) -> None:
    """Write a network in that format: its ``.bin``, and last the ``.xml``, without which there is no export."""
    import torch

    from grasp_planning.generative.weights import load_weights

    network, _ = load_weights(weights)
    shape = [1, card.preprocessing.in_channels, card.preprocessing.size, card.preprocessing.size]
    model = ov.convert_model(network.for_inference(), example_input=torch.zeros(shape), input=shape)
    part = file.with_name(f".{file.stem}.{os.getpid()}.xml")
    try:
        ov.save_model(model, part, compress_to_fp16=False)
        part.with_suffix(".bin").replace(file.with_suffix(".bin"))
        part.replace(file)
    finally:
        for left in (part, part.with_suffix(".bin")):
            left.unlink(missing_ok=True)

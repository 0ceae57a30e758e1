"""What this machine calculates with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
DRIVER = Path("/proc/driver/nvidia")
PROCESSOR = Path("/proc/cpuinfo")


class DeviceError(ValueError):
    """What was asked to calculate is not there; the message says what is."""


def has_bfloat16() -> bool:
    """Whether this processor calculates with bfloat16 (AMX, AVX-512 BF16): about twice as fast as with float32."""
    known = PROCESSOR.read_text() if PROCESSOR.is_file() else ""
    return "amx_bf16" in known or "avx512_bf16" in known


def has_driver() -> bool:
    """Whether NVIDIA's driver is seen at its usual place. Under WSL it is not, and there may be a GPU all the same."""
    return DRIVER.exists()


def has_gpu() -> bool:
    """Whether torch can use a GPU; to import torch takes seconds."""
    import torch

    return torch.cuda.is_available()


def takes_gpu(device: Device) -> bool:
    """Whether networks are asked on a GPU.

    Args:
        device: auto takes one where there is NVIDIA's driver, and torch finds one; torch is not asked elsewhere.

    Raises:
        DeviceError: There is none, and it was asked for.
    """
    if device == "cuda" and not has_gpu():
        raise DeviceError("torch finds no GPU: use the device 'cpu' or 'auto'")
    return device == "cuda" or (device == "auto" and has_driver() and has_gpu())

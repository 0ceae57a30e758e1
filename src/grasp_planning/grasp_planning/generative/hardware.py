"""What this machine calculates with."""

from __future__ import annotations

from pathlib import Path

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

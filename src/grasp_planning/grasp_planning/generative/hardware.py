"""What this machine calculates with."""

from __future__ import annotations

from pathlib import Path


class DeviceError(ValueError):
    """What was asked to calculate is not there; the message says what is."""


def has_amx() -> bool:
    """Whether this processor has instructions for bfloat16 that are faster than float32."""
    cpu = Path("/proc/cpuinfo")
    return cpu.is_file() and "amx_bf16" in cpu.read_text()


def has_gpu() -> bool:
    """Whether torch can use a GPU; torch, which takes seconds, is not imported where the driver is not even there."""
    if not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return torch.cuda.is_available()

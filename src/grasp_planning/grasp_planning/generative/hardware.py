"""What this machine calculates with."""

from __future__ import annotations

from pathlib import Path


class DeviceError(ValueError):
    """What was asked to calculate is not there; the message says what is."""


def has_bfloat16() -> bool:
    """Whether this processor calculates with bfloat16 (AMX, AVX-512 BF16): about twice as fast as with float32."""
    cpu = Path("/proc/cpuinfo")
    known = cpu.read_text() if cpu.is_file() else ""
    return "amx_bf16" in known or "avx512_bf16" in known


def has_gpu() -> bool:
    """Whether torch can use a GPU; torch, which takes seconds, is not imported where the driver is not even there."""
    if not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return torch.cuda.is_available()

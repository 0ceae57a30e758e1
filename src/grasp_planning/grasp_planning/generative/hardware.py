"""What this machine calculates with."""

from __future__ import annotations

from pathlib import Path


class DeviceError(ValueError):
    """What was asked to calculate is not there; the message says what is."""


def has_amx() -> bool:
    """Whether this processor multiplies matrices of bfloat16 (AMX): many times faster than float32."""
    return "amx_bf16" in _processor()


def has_bfloat16() -> bool:
    """Whether this processor calculates with bfloat16 at all: networks are asked about twice as fast as in float32."""
    return has_amx() or "avx512_bf16" in _processor()


def _processor() -> str:
    """What the system knows of it."""
    cpu = Path("/proc/cpuinfo")
    return cpu.read_text() if cpu.is_file() else ""


def has_gpu() -> bool:
    """Whether torch can use a GPU; torch, which takes seconds, is not imported where the driver is not even there."""
    if not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return torch.cuda.is_available()

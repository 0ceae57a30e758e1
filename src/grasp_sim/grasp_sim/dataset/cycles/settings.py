"""How Cycles renders."""

from __future__ import annotations

from pydantic import Field

from grasp_perception.configuration import Configuration


class CyclesSettings(Configuration):
    """Quality against time."""

    samples: int = Field(default=16, ge=1, le=4096)
    """Paths for each pixel of the photograph, which is denoised."""
    pattern_samples: int = Field(default=8, ge=1, le=4096)
    """Paths for each pixel of the views under the pattern, whose noise stays, as a sensor's would."""
    threads: int = Field(default=0, ge=0)
    """Of the renderer; 0 for all cores."""
    timeout: float = Field(default=600.0, gt=0)
    """s for one scene."""

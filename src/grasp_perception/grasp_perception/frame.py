"""One look of an RGB-D camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics


@dataclass(frozen=True, slots=True, eq=False)
class RGBDFrame:
    """Colour and depth of the same pixels at the same moment."""

    color: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    depth: NDArray[np.float32]
    """(H, W) distance along the optical axis, metres; NaN where the camera saw nothing."""
    intrinsics: CameraIntrinsics
    """Of both images."""
    stamp: float = 0.0
    """Seconds; of the ROS clock if the frame came from ROS."""
    frame_id: str = ""
    """Name of the optical frame."""

    def __post_init__(self) -> None:
        size = (self.intrinsics.height, self.intrinsics.width)
        if self.depth.shape != size or self.depth.dtype != np.float32:
            raise ValueError(f"depth must be float32 of shape {size}, got {self.depth.dtype} {self.depth.shape}")
        if self.color.shape != (*size, 3) or self.color.dtype != np.uint8:
            raise ValueError(f"color must be uint8 of shape {(*size, 3)}, got {self.color.dtype} {self.color.shape}")

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(H, W) True where the depth was measured."""
        return np.isfinite(self.depth)

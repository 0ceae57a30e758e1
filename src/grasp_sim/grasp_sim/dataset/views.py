"""What a renderer gives of a scene; the images of the data are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig
from grasp_sim.objects.model import ObjectModel


@dataclass(frozen=True, slots=True, eq=False)
class SceneViews:
    """A photograph of a scene, and the stereo camera's two views of it under the pattern."""

    color: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    depth: NDArray[np.float32]
    """(H, W) along the optical axis, m."""
    mask: NDArray[np.bool_]
    """(H, W) where the object is seen."""
    left: NDArray[np.float32] | None = None
    """(H, W') brightness in [0, 1] as `StereoRig.left` sees it; None without a rig."""
    right: NDArray[np.float32] | None = None
    """(H, W') as `StereoRig.right` sees it."""


class ViewSource(Protocol):
    """Renders scenes, one after another.

    Attributes:
        name: Of the renderer.
    """

    name: str

    def take(self, record: SceneRecord, model: ObjectModel, rig: StereoRig | None) -> SceneViews:
        """The views of a scene.

        Args:
            record: The scene.
            model: Its object, as scaled there.
            rig: The stereo camera; None to leave its views out.
        """

    def close(self) -> None:
        """Free everything; more than once does no harm."""

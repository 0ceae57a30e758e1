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
class Photograph:
    """A scene as its camera sees it."""

    color: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    depth: NDArray[np.float32]
    """(H, W) along the optical axis, m."""
    mask: NDArray[np.bool_]
    """(H, W) where the object is seen."""


@dataclass(frozen=True, slots=True, eq=False)
class StereoPair:
    """A scene under the pattern, as the stereo camera sees it."""

    left: NDArray[np.float32]
    """(H, W') brightness in [0, 1] as `StereoRig.left` sees it."""
    right: NDArray[np.float32]
    """(H, W') as `StereoRig.right` sees it."""


class ViewSource(Protocol):
    """Renders scenes, one after another.

    Attributes:
        name: Of the renderer.
    """

    name: str

    def photograph(self, record: SceneRecord, model: ObjectModel) -> Photograph:
        """A scene as its camera sees it.

        Args:
            record: The scene.
            model: Its object, as scaled there.
        """

    def pair(self, record: SceneRecord, model: ObjectModel, rig: StereoRig) -> StereoPair:
        """The same scene under the pattern of a stereo camera."""

    def close(self) -> None:
        """Free everything; more than once does no harm."""

"""The images of a scene: colour, depth, depth from stereo, and the object's mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from grasp_sim.closable import Closable
from grasp_sim.dataset.cycles.client import CyclesViews
from grasp_sim.dataset.cycles.settings import CyclesSettings
from grasp_sim.dataset.ground import ground_depth
from grasp_sim.dataset.rasterized import RasterizedViews
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig, StereoSettings, stereo_depth
from grasp_sim.dataset.views import ViewSource
from grasp_sim.objects.model import ObjectModel
from grasp_sim.rendering.object_views import NEAREST

SceneRendererName = Literal["auto", "egl", "tiny", "cycles"]
STREAM = 0x57E0
"""Which of the random streams of a scene's seed is for the stereo camera's noise."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneImages:
    """What the camera of a scene sees."""

    color: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    depth: NDArray[np.float32]
    """(H, W) along the optical axis, m; exact, and valid everywhere."""
    stereo_depth: NDArray[np.float32] | None
    """(H, W) m, NaN where stereo found nothing; None if it was not asked for."""
    mask: NDArray[np.bool_]
    """(H, W) where the object is seen."""


class SceneRenderer(Closable):
    """Makes the images of any number of scenes, one after another.

    Attributes:
        name: "egl", "tiny" or "cycles".
    """

    def __init__(
        self,
        renderer: SceneRendererName = "auto",
        stereo: StereoSettings | None = None,
        cycles: CyclesSettings | None = None,
    ) -> None:
        """Choose a renderer.

        Args:
            renderer: pyBullet's "egl" or "tiny", "auto" for "egl" where it works, or Blender's "cycles".
            stereo: The stereo camera.
            cycles: Quality against time, of "cycles" only.

        Raises:
            ValueError: There is no such renderer.
            CyclesMissingError: Blender is not installed.
        """
        if renderer not in get_args(SceneRendererName):
            raise ValueError(f"there is no renderer '{renderer}'; there are: {', '.join(get_args(SceneRendererName))}")
        self.stereo = stereo or StereoSettings()
        self._source: ViewSource
        if renderer == "cycles":
            self._source = CyclesViews(cycles)
        else:
            self._source = RasterizedViews(renderer)
        self.name = self._source.name

    def render(self, record: SceneRecord, model: ObjectModel, *, stereo: bool = True) -> SceneImages:
        """The images of a scene.

        Args:
            record: The scene; its seed decides all that is random about its looks.
            model: Its object, as scaled there.
            stereo: Whether to make depth from stereo, which takes most of the time.

        Raises:
            SkyError: The camera sees past the ground.
            CyclesError: Blender failed.
        """
        photo = self._source.photograph(record, model)
        depth = self.stereo_depth(record, model) if stereo else None
        return SceneImages(photo.color, photo.depth, depth, photo.mask)

    def stereo_depth(self, record: SceneRecord, model: ObjectModel) -> NDArray[np.float32]:
        """(H, W) what the stereo camera measures of a scene, m, NaN where it found nothing; see `render`."""
        rig = stereo_rig(record, model, self.stereo)
        pair = self._source.pair(record, model, rig)
        rng = np.random.default_rng((record.seed, STREAM))
        left, right = (_exposed(view, self.stereo.noise, rng) for view in (pair.left, pair.right))
        return stereo_depth(left, right, rig, self.stereo)

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        self._source.close()


def stereo_rig(record: SceneRecord, model: ObjectModel, settings: StereoSettings) -> StereoRig:
    """The stereo camera for the depths that occur in a scene."""
    pose, camera = record.world_from_camera.transform, record.camera
    ground = ground_depth(camera, pose)
    outline = pose.inverse().apply(record.world_from_object.transform.apply(model.outline))
    nearest = max(min(float(ground.min()), float(outline[:, 2].min())), NEAREST)
    return StereoRig.for_range(camera, settings, nearest, float(ground.max()))


def _exposed(view: NDArray[np.float32], noise: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A view as a camera's sensor takes it, 8 bit."""
    grey = 255 * view
    if noise:
        grey += np.float32(255 * noise) * rng.standard_normal(view.shape, dtype=np.float32)
    return np.clip(grey, 0, 255, out=grey).astype(np.uint8)

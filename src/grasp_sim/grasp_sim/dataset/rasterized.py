"""Views of a scene by pyBullet: the object rendered, the ground, the shadow and the pattern computed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.ground import WHITE, Ground, ground_depth
from grasp_sim.dataset.lighting import Lighting, ShadowMap
from grasp_sim.dataset.pattern import light, random_dots
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig
from grasp_sim.dataset.views import Photograph, StereoPair
from grasp_sim.objects.model import ObjectModel
from grasp_sim.rendering.object_views import AMBIENT, ObjectViews
from grasp_sim.rendering.renderer import RendererName, resolve
from grasp_sim.rendering.surface import Surface, surface_of

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601)."""
EXPOSURE = 0.97
"""Of the photograph: ground that faces the lamp comes out almost white."""


class RasterizedViews:
    """Renders scenes with pyBullet.

    The photograph is always the software renderer's, which shades round surfaces as such and gives the same
    bytes everywhere. The stereo camera's views, of which only the depth is used, are the given renderer's.

    Attributes:
        name: "egl" or "tiny".
    """

    def __init__(self, renderer: RendererName = "auto") -> None:
        self.name: str = resolve(renderer)
        self._views = ObjectViews("tiny")
        self._depths = ObjectViews("egl") if self.name == "egl" else self._views
        self._surface: tuple[ObjectModel, Surface] | None = None

    def photograph(self, record: SceneRecord, model: ObjectModel) -> Photograph:
        """See `ViewSource`."""
        ground, lighting = Ground.of(record), Lighting.of(record)
        pose, camera = record.world_from_camera.transform, record.camera
        depth = ground_depth(camera, pose)
        self._show(self._views, record, model)
        shadows = ShadowMap(self._views, lighting)

        view = self._views.view(pose, camera, lighting.direction)
        mask = view.depth < depth
        depth[mask] = view.depth[mask]
        hidden = shadows.on_ground(camera, pose)
        lit = EXPOSURE * lighting.on_ground * (1 - hidden * (1 - lighting.in_shadow))
        grey = np.minimum(ground.brightness(camera, pose) * lit, 255).astype(np.uint8)
        color = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
        if mask.any():
            color[mask] = _shaded(view.color, mask, depth, record, shadows, lighting)
        return Photograph(color, depth, mask)

    def pair(self, record: SceneRecord, model: ObjectModel, rig: StereoRig) -> StereoPair:
        """See `ViewSource`."""
        pose = record.world_from_camera.transform
        self._show(self._depths, record, model)
        blocker = self._depths.view(rig.projector_pose(pose), rig.projector).depth if rig.offset else None
        albedo = float(np.dot(LUMA, record.color))
        return StereoPair(
            self._under_pattern(rig, rig.left, pose, -rig.offset, albedo, blocker),
            self._under_pattern(rig, rig.right, rig.right_pose(pose), rig.baseline - rig.offset, albedo, blocker),
        )

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        self._views.close()
        self._depths.close()

    def _show(self, views: ObjectViews, record: SceneRecord, model: ObjectModel) -> None:
        if self._surface is None or self._surface[0] is not model:  # often the next scene is of the same object
            self._surface = (model, surface_of(model))
        views.show(self._surface[1], model.body_pose(record.world_from_object.transform), record.color)

    def _under_pattern(
        self,
        rig: StereoRig,
        camera: CameraIntrinsics,
        pose: Transform,
        offset: float,
        albedo: float,
        blocker: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """(H, W) a view; its camera stands `offset` m beside the projector, and the object's grey is `albedo`."""
        view, depth = self._depths.view(pose, camera), ground_depth(camera, pose)
        mask = view.depth < depth
        depth[mask] = view.depth[mask]
        brightness = np.full(depth.shape, WHITE, dtype=np.float32)
        brightness[mask] = albedo
        columns = np.arange(camera.width, dtype=np.float32) + np.float32(rig.projector.cx - camera.cx)
        columns = columns + np.float32(camera.fx * offset) / depth
        return light(depth, brightness, random_dots(rig.projector.width, rig.projector.height), columns, blocker)


def _shaded(
    color: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    depth: NDArray[np.float32],
    record: SceneRecord,
    shadows: ShadowMap,
    lighting: Lighting,
) -> NDArray[np.uint8]:
    """(N, 3) the object's pixels with its shadow on itself; what faces away from the lamp is dark already."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    window = np.s_[y : y + height, x : x + width]
    camera = record.camera.crop(x, y, width, height)
    hidden = shadows.on_object(camera, record.world_from_camera.transform, depth[window])[mask[window]]
    lit = color[mask].astype(np.float32)
    least = np.minimum(lit, np.float32(255 * AMBIENT) * np.array(record.color, dtype=np.float32))
    return np.maximum(lit * (1 - hidden * np.float32(1 - lighting.in_shadow))[:, None], least).astype(np.uint8)

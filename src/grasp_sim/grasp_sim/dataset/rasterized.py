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
from grasp_sim.dataset.views import SceneViews
from grasp_sim.objects.model import ObjectModel
from grasp_sim.rendering.object_views import ObjectViews
from grasp_sim.rendering.renderer import RendererName

STREAM = 1
"""Which of the random streams of a scene's seed is for its looks."""


class RasterizedViews:
    """Renders scenes with pyBullet, by OpenGL or in software.

    Attributes:
        name: "egl" or "tiny".
    """

    def __init__(self, renderer: RendererName = "auto") -> None:
        self._views = ObjectViews(renderer)
        self.name = self._views.name

    def take(self, record: SceneRecord, model: ObjectModel, rig: StereoRig | None, projector: float) -> SceneViews:
        """See `ViewSource`."""
        rng = np.random.default_rng((record.seed, STREAM))
        ground, lighting = Ground.draw(rng), Lighting.draw(rng)
        pose, camera = record.world_from_camera.transform, record.camera
        depth = ground_depth(camera, pose)
        world_from_object = record.world_from_object.transform
        self._views.show(model, world_from_object, record.color)
        shadows = ShadowMap(self._views, lighting, model.bounds(world_from_object))

        view = self._views.view(pose, camera, lighting.direction)
        mask = view.depth < depth
        depth[mask] = view.depth[mask]
        hidden = shadows.on_ground(camera, pose)
        grey = ground.brightness(camera, pose) * (lighting.on_ground * (1 - hidden * (1 - lighting.in_shadow)))
        color = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
        color[mask] = _shaded(view.color, view.depth, mask, camera, pose, shadows, lighting)
        left, right = self._pattern(rig, pose, projector) if rig else (None, None)
        return SceneViews(color, depth, mask, left, right)

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        self._views.close()

    def _pattern(
        self, rig: StereoRig, pose: Transform, projector: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        # The projector has the left camera's intrinsics: what the left camera sees, it lights.
        source = pose @ Transform(np.eye(3), np.array([projector, 0.0, 0.0]))
        blocker = self._views.view(source, rig.left).depth if projector else None
        pattern = random_dots(rig.left.width, rig.left.height)
        return (
            self._under_pattern(rig.left, pose, -projector, pattern, blocker, 0),
            self._under_pattern(
                rig.right, rig.right_pose(pose), rig.baseline - projector, pattern, blocker, -rig.shift
            ),
        )

    def _under_pattern(
        self,
        camera: CameraIntrinsics,
        pose: Transform,
        offset: float,
        pattern: NDArray[np.uint8],
        blocker: NDArray[np.float32] | None,
        first: int,
    ) -> NDArray[np.float32]:
        """(H, W) a view; the camera stands `offset` m beside the projector, and its first column is `first` there."""
        view, depth = self._views.view(pose, camera), ground_depth(camera, pose)
        mask = view.depth < depth
        depth[mask] = view.depth[mask]
        brightness = np.full(depth.shape, WHITE, dtype=np.float32)
        brightness[mask] = cv2.cvtColor(view.color, cv2.COLOR_RGB2GRAY)[mask] / np.float32(255)
        columns = np.arange(first, first + camera.width, dtype=np.float32) + np.float32(camera.fx * offset) / depth
        return light(depth, brightness, pattern, columns, blocker)


def _shaded(
    color: NDArray[np.uint8],
    depth: NDArray[np.float32],
    mask: NDArray[np.bool_],
    camera: CameraIntrinsics,
    pose: Transform,
    shadows: ShadowMap,
    lighting: Lighting,
) -> NDArray[np.uint8]:
    """(N, 3) the object's pixels with its shadow on itself."""
    rows, columns = np.nonzero(mask)
    points = pose.apply(camera.deproject(np.column_stack([columns, rows]), depth[mask]))
    hidden = shadows.on_points(points)
    return (color[mask] * (1 - hidden * (1 - lighting.in_shadow))[:, None]).astype(np.uint8)

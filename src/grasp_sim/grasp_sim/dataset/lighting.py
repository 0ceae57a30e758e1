"""The lamp of a scene, and the shadows in its light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.ground import pixels_to_ground
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.rendering.object_views import AMBIENT, DIFFUSE, ObjectView, ObjectViews

STREAM = 0x1A39
"""Which of the random streams of a scene's seed is the lamp's."""
SLANT = (0.15, 0.8)
"""Of the light from the vertical, rad."""
DISTANCE = 4.0
"""m of the lamp from the object."""
RESOLUTION = 384
"""px of the shadow map along the object's greatest extent."""
SOFTNESS = 0.008
"""Half width of the shadow's edge, as a share of the object's extent. A lamp is no point."""
FAR = 1e3
"""m: where there is no object."""
BIAS = 0.003
"""m by which a point must be farther than what the lamp sees, to be in the shadow: an object casts none on itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Lighting:
    """A lamp above the object, and light from everywhere."""

    direction: NDArray[np.float64]
    """(3,) unit, from the object to the lamp, world frame."""

    @classmethod
    def of(cls, record: SceneRecord) -> Self:
        """A scene's, from anywhere in a cone above."""
        rng = np.random.default_rng((record.seed, STREAM))
        slant, azimuth = rng.uniform((SLANT[0], 0.0), (SLANT[1], 2 * np.pi))
        level = np.sin(slant)
        return cls(np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.cos(slant)]))

    @property
    def on_ground(self) -> float:
        """Lit ground against ground that faces the lamp."""
        return AMBIENT + DIFFUSE * float(self.direction[2])

    @property
    def in_shadow(self) -> float:
        """What is in the shadow, as a share of the same in the light."""
        return AMBIENT / self.on_ground


class ShadowMap:
    """What the lamp sees of the object."""

    def __init__(self, views: ObjectViews, lighting: Lighting) -> None:
        """Of the object that is shown."""
        bounds = views.bounds
        middle, extent = bounds.mean(axis=0), float(np.linalg.norm(np.diff(bounds, axis=0)))
        z = -lighting.direction
        x = np.cross([0.0, 1.0, 0.0], z)
        x /= np.linalg.norm(x)
        self._pose = Transform.from_axes(x, z, middle + DISTANCE * lighting.direction)
        focal = RESOLUTION * DISTANCE / extent
        side = RESOLUTION + RESOLUTION // 4
        self._camera = CameraIntrinsics(focal, focal, side / 2, side / 2, side, side)
        self._view: ObjectView = views.view(self._pose, self._camera)
        sigma = SOFTNESS * RESOLUTION
        # A texel holds the farthest of its neighbourhood, or slanted surfaces would throw stripes on themselves.
        self._blocker = cv2.dilate(np.minimum(self._view.depth, FAR), np.ones((3, 3), dtype=np.uint8))
        self._shade = cv2.GaussianBlur(np.isfinite(self._view.depth).astype(np.float32), (0, 0), sigma)

    def on_ground(self, camera: CameraIntrinsics, world_from_camera: Transform) -> NDArray[np.float32]:
        """(H, W) how much of the lamp is hidden from the ground at each pixel, [0, 1]."""
        rotation, origin = self._pose.rotation.T, self._pose.inverse().translation
        light_from_ground = self._camera.matrix @ np.column_stack([rotation[:, 0], rotation[:, 1], origin])
        return cv2.warpPerspective(
            self._shade,
            light_from_ground @ pixels_to_ground(camera, world_from_camera),
            (camera.width, camera.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )

    def on_object(
        self, camera: CameraIntrinsics, world_from_camera: Transform, depth: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(H, W) how much of the lamp is hidden from what is seen at each pixel, at a depth (H, W), [0, 1]."""
        to_light = self._pose.inverse() @ world_from_camera
        x = ((np.arange(camera.width) - camera.cx) / camera.fx).astype(np.float32) * depth
        y = ((np.arange(camera.height) - camera.cy) / camera.fy).astype(np.float32)[:, None] * depth
        rotation, translation = to_light.rotation.astype(np.float32), to_light.translation.astype(np.float32)
        right, down, away = (row[0] * x + row[1] * y + row[2] * depth + t for row, t in zip(rotation, translation))
        focal, middle = np.float32(self._camera.fx), np.float32(self._camera.cx)
        nearest = cv2.remap(
            self._blocker,
            focal * right / away + middle,
            focal * down / away + middle,
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=FAR,
        )
        return cv2.blur((nearest < away - BIAS).astype(np.float32), (3, 3))

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
from grasp_sim.rendering.object_views import AMBIENT, DIFFUSE, ObjectView, ObjectViews

SLANT = (0.15, 0.8)
"""Of the light from the vertical, rad."""
DISTANCE = 4.0
"""m of the lamp from the object."""
RESOLUTION = 384
"""px of the shadow map along the object's greatest extent."""
SOFTNESS = 0.008
"""Half width of the shadow's edge, as a share of the object's extent. A lamp is no point."""
BIAS = 0.003
"""m by which a point must be farther than what the lamp sees, to be in the shadow: an object casts none on itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Lighting:
    """A lamp above the object, and light from everywhere."""

    direction: NDArray[np.float64]
    """(3,) unit, from the object to the lamp, world frame."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """From anywhere in a cone above."""
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

    def __init__(self, views: ObjectViews, lighting: Lighting, bounds: NDArray[np.float64]) -> None:
        """Take it.

        Args:
            views: They show the object.
            lighting: Where the lamp is.
            bounds: (2, 3) of the object, world frame.
        """
        middle, extent = bounds.mean(axis=0), float(np.linalg.norm(np.diff(bounds, axis=0)))
        z = -lighting.direction
        x = np.cross([0.0, 1.0, 0.0], z)
        x /= np.linalg.norm(x)
        self._pose = Transform(np.column_stack([x, np.cross(z, x), z]), middle + DISTANCE * lighting.direction)
        focal = RESOLUTION * DISTANCE / extent
        side = RESOLUTION + RESOLUTION // 4
        self._camera = CameraIntrinsics(focal, focal, side / 2, side / 2, side, side)
        self._view: ObjectView = views.view(self._pose, self._camera)
        sigma = SOFTNESS * RESOLUTION
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

    def on_points(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """(N,) how much of the lamp is hidden from points (N, 3) of the object, [0, 1]."""
        seen = self._pose.inverse().apply(points)
        pixels = self._camera.project(seen)
        low = np.floor(pixels).astype(int)
        share = pixels - low
        hidden = np.zeros(len(points), dtype=np.float32)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            column, row = (np.clip(low[:, i] + d, 0, self._camera.width - 1) for i, d in ((0, dx), (1, dy)))
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            hidden += weight * (self._view.depth[row, column] < seen[:, 2] - BIAS)
        return hidden

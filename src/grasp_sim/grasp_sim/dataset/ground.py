"""The ground of a scene: the plane z = 0, white, with a texture like plaster's or paper's.

It is not rendered but computed: a plane's depth is known at every pixel, and its texture is a
homography away. So it has no edge and no depth buffer's error, and costs nothing to load.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.scene import SceneRecord

STREAM = 0x6EED
"""Which of the random streams of a scene's seed is the ground's."""
TEXELS = 1024
TILE = 0.8
"""m that one copy of the texture covers."""
OCTAVES = ((4, 0.008), (16, 0.008), (64, 0.01), (256, 0.014), (1024, 0.014))
"""Cells across the tile, and their standard deviation of brightness."""
WHITE = 0.95
"""Mean brightness of the texture."""
STRETCH = 3
"""The finer octaves are longer along one side than along the other, as fibres are."""


class SkyError(ValueError):
    """The camera sees past the ground."""


def ground_depth(camera: CameraIntrinsics, world_from_camera: Transform) -> NDArray[np.float32]:
    """(H, W) distance of the ground along the optical axis, metres.

    Raises:
        SkyError: At some pixel there is no ground.
    """
    return (1.0 / _inverse_depth(camera, world_from_camera)).astype(np.float32)


def _inverse_depth(camera: CameraIntrinsics, world_from_camera: Transform) -> NDArray[np.float64]:
    """(H, W) 1/z: affine in the pixel, for a plane."""
    height = world_from_camera.translation[2]
    rows = world_from_camera.rotation[2]
    x = (np.arange(camera.width) - camera.cx) / camera.fx
    y = (np.arange(camera.height) - camera.cy) / camera.fy
    across, down = -rows[0] / height * x, -(rows[1] * y + rows[2]) / height
    if height <= 0 or across.min() + down.min() <= 0:
        raise SkyError(
            f"a camera at height {height:.3f} m sees past the ground z = 0 in its {camera.width}x{camera.height} "
            "image: mount it above the ground and tilt it down"
        )
    return down[:, None] + across


def pixels_to_ground(camera: CameraIntrinsics, world_from_camera: Transform) -> NDArray[np.float64]:
    """(3, 3) homography from pixels (x, y, 1) to points (X, Y, 1) of the ground."""
    rotation, origin = world_from_camera.rotation, world_from_camera.translation
    rays = np.array(
        [
            origin[0] * rotation[2] - origin[2] * rotation[0],
            origin[1] * rotation[2] - origin[2] * rotation[1],
            rotation[2],
        ]
    )
    return rays @ np.linalg.inv(camera.matrix)


@dataclass(frozen=True, slots=True)
class Ground:
    """How the texture of one scene lies."""

    angle: float
    """rad."""
    shift: tuple[float, float]
    """In copies of the texture, [0, 1)."""

    @classmethod
    def of(cls, record: SceneRecord) -> Self:
        """A scene's, turned and moved at random (section III-A)."""
        rng = np.random.default_rng((record.seed, STREAM))
        angle, x, y = rng.uniform(0.0, (2 * np.pi, 1.0, 1.0))
        return cls(float(angle), (float(x), float(y)))

    @property
    def tile_from_ground(self) -> NDArray[np.float64]:
        """(3, 3) from metres (X, Y, 1) to copies of the texture (u, v, 1); v points down in the texture."""
        c, s = np.cos(self.angle) / TILE, np.sin(self.angle) / TILE
        return np.array([[c, -s, self.shift[0]], [s, c, self.shift[1]], [0.0, 0.0, 1.0]])

    def brightness(self, camera: CameraIntrinsics, world_from_camera: Transform) -> NDArray[np.uint8]:
        """(H, W) reflected share of the light, 255 for all of it."""
        footprint = -world_from_camera.translation[2] / world_from_camera.rotation[2, 2] / camera.fx
        level = int(np.clip(np.floor(np.log2(footprint / (TILE / TEXELS)) + 0.5), 0, 5))
        texture = texture_pyramid()[level]
        scale = np.diag([len(texture), len(texture), 1.0])
        return cv2.warpPerspective(
            texture,
            scale @ self.tile_from_ground @ pixels_to_ground(camera, world_from_camera),
            (camera.width, camera.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_WRAP,
        )


@functools.cache
def texture_pyramid() -> tuple[NDArray[np.uint8], ...]:
    """The texture, (N, N), seamless; each level half as large as the one before."""
    rng = np.random.default_rng(1)
    texture = np.full((TEXELS, TEXELS), WHITE, dtype=np.float32)
    for cells, deviation in OCTAVES:
        across = cells if cells < 64 else max(cells // STRETCH, 1)
        noise = rng.standard_normal((cells, across)).astype(np.float32)
        border = 4  # enough for the interpolation to be seamless
        padded = np.pad(noise, border, mode="wrap")
        scale = np.array([TEXELS / across, TEXELS / cells])
        size = tuple(int(n) for n in np.round(scale * np.array(padded.shape[::-1])))
        fine = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
        left, top = (int(n) for n in np.round(border * scale))
        texture += deviation * fine[top : top + TEXELS, left : left + TEXELS]
    levels = [texture]
    while len(levels) < 6:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return tuple(np.clip(level * 255, 0, 255).astype(np.uint8) for level in levels)

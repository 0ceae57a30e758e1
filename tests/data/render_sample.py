"""Render boxes and spheres on a table, as a structured-light camera sees them.

Run as a script it writes the sample beside it (`python tests/data/render_sample.py`), which has the properties
of a Primesense image of a real table: 640x480, float32 metres, f = 525 px, 0.7 m away, leaning by 12.6 degrees,
noise that grows with the square of the distance (Khoshelham and Elberink 2012), and zeros where the projector
does not reach beside an object, on a few single pixels and at a shiny spot.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform

PRIMESENSE = CameraIntrinsics(525.0, 525.0, 319.5, 239.5, 640, 480)
GREEN, RED = (120, 200, 60), (200, 80, 60)


@dataclass(frozen=True)
class Box:
    """Stands on the table, or `lift` above it."""

    x: float
    y: float
    yaw: float
    size: tuple[float, float, float]
    lift: float = 0.0

    def hit(self, origin: NDArray, rays: NDArray) -> NDArray:
        """Distance in units of the rays to the first hit, inf where there is none (slab method)."""
        turn = Transform.from_rpy((0, 0, self.yaw), (self.x, self.y, self.lift + self.size[2] / 2)).inverse()
        half = np.array(self.size) / 2
        start, way = turn.apply(origin), rays @ turn.rotation.T
        with np.errstate(divide="ignore", invalid="ignore"):
            first, second = (-half - start) / way, (half - start) / way
        near = np.minimum(first, second).max(axis=-1)
        far = np.maximum(first, second).min(axis=-1)
        return np.where(near <= far, near, np.inf)


@dataclass(frozen=True)
class Sphere:
    """Lies on the table."""

    x: float
    y: float
    radius: float

    def hit(self, origin: NDArray, rays: NDArray) -> NDArray:
        """Distance in units of the rays to the first hit, inf where there is none."""
        center = np.array([self.x, self.y, self.radius]) - origin
        a, b = (rays**2).sum(axis=-1), rays @ center
        root = b**2 - a * (center @ center - self.radius**2)
        return np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def camera_pose(distance: float = 0.7, tilt: float = 0.0, x: float = 0.0, y: float = 0.0) -> Transform:
    """table_from_camera: looks at (x, y, 0) from `distance`, leaning by `tilt` degrees about the image's x axis.

    The image's x axis is the table's; without tilt the image's y axis is the table's -y.
    """
    lean = np.radians(tilt)
    right, forward = np.array([1.0, 0.0, 0.0]), np.array([0.0, np.sin(lean), -np.cos(lean)])
    rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
    return Transform(rotation, np.array([x, y, 0.0]) - distance * forward)


def render(
    things: list[Box | Sphere], table_from_camera: Transform, intrinsics: CameraIntrinsics = PRIMESENSE
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Planar depth in metres (H, W), and which thing each pixel sees (-1 = table)."""
    columns, rows = np.meshgrid(np.arange(intrinsics.width), np.arange(intrinsics.height))
    rays = intrinsics.deproject(np.stack([columns, rows], axis=-1), np.ones(columns.shape))
    rays = rays @ table_from_camera.rotation.T
    origin = table_from_camera.translation
    table = np.where(rays[..., 2] < 0, -origin[2] / np.minimum(rays[..., 2], -1e-9), np.nan)
    hits = np.stack([table, *(thing.hit(origin, rays) for thing in things)])
    seen = hits.argmin(axis=0)  # rays have z = 1 in the camera frame: distance along them is depth
    return np.take_along_axis(hits, seen[None], axis=0)[0].astype(np.float32), seen - 1


def spoil(depth: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise and holes (0) as of structured light."""
    noisy = depth + rng.normal(0, 1, depth.shape) * 0.0012 * depth**2
    step = np.abs(np.diff(depth, axis=1, prepend=depth[:, :1])) > 0.008
    shadow = cv2.dilate(step.astype(np.uint8), np.ones((1, 5), np.uint8), anchor=(4, 0)) > 0
    noisy[shadow & (rng.random(depth.shape) < 0.8)] = 0
    noisy[rng.random(depth.shape) < 0.002] = 0
    return noisy.astype(np.float32)


def main() -> None:
    """Write the sample."""
    folder = Path(__file__).parent
    box = Box(0.02, -0.01, np.radians(30), (0.034, 0.110, 0.030))
    depth, seen = render([box], camera_pose(0.73, 12.6))
    depth = spoil(depth, np.random.default_rng(0))
    depth[225:230, 335:341] = 0  # a shiny spot
    color = np.where((seen == 0)[..., None], RED, GREEN).astype(np.uint8)
    depth = np.round(depth, 4)  # compresses well, and no camera resolves a tenth of a millimetre
    deflate = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE]
    cv2.imwrite(str(folder / "sample_depth.tiff"), depth, [*deflate, cv2.IMWRITE_TIFF_PREDICTOR, 1])
    cv2.imwrite(str(folder / "sample_color.png"), cv2.cvtColor(color, cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(folder / "sample_segmask.png"), np.where(seen == 0, 255, 0).astype(np.uint8))
    keys = ("fx", "fy", "cx", "cy", "width", "height")
    (folder / "sample_intrinsics.yaml").write_text(
        "\n".join(f"{key}: {getattr(PRIMESENSE, key)}" for key in keys) + "\n"
    )


if __name__ == "__main__":
    main()

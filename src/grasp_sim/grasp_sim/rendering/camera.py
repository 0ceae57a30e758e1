"""A simulated RGB-D camera with the intrinsics of a real one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.extrinsics import CameraMount
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform
from grasp_sim.physics.world import World
from grasp_sim.rendering.renderer import Renderer, RendererName, make_renderer

NEAR = 0.05
FAR = 3.0
EYE_FROM_OPTICAL = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenGL's eye looks along -z, with y up


class SimulatedCamera:
    """Sees a world from where a camera is mounted; aligned colour and depth, without noise.

    Attributes:
        intrinsics: Of both images.
        frame_id: Name of the optical frame.
    """

    def __init__(
        self,
        world: World,
        mount: CameraMount,
        *,
        base_from_parent: Callable[[], Transform] = Transform.identity,
        renderer: RendererName = "auto",
    ) -> None:
        """Mount the camera.

        Args:
            world: What it sees.
            mount: Where it is mounted, and its intrinsics.
            base_from_parent: Where the mount's parent frame is now; the base is the world's origin.
            renderer: See `make_renderer`.
        """
        self._world = world
        self._renderer: Renderer = make_renderer(world, renderer)
        self._parent_from_camera = mount.parent_from_camera
        self._base_from_parent = base_from_parent
        self._least_depth = mount.least_depth
        self.intrinsics = mount.camera_intrinsics
        self.frame_id = mount.camera_frame

    @property
    def base_from_camera(self) -> Transform:
        """Pose of the optical frame now."""
        return self._base_from_parent() @ self._parent_from_camera

    @property
    def renderer(self) -> str:
        """Which renderer is used, "egl" or "tiny"."""
        return self._renderer.name

    def capture(self) -> RGBDFrame:
        """What the camera sees now; its stamp is the world's time.

        Depth is the distance along the optical axis; NaN where there is nothing within `FAR`, or something nearer
        than the camera can measure.
        """
        color, depth = self.view(self.base_from_camera, self.intrinsics)
        depth[depth < self._least_depth] = np.nan
        return RGBDFrame(color, depth, self.intrinsics, self._world.time, self.frame_id)

    def view(
        self, base_from_camera: Transform, intrinsics: CameraIntrinsics
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Colour (H, W, 3) and depth (H, W), metres, from any place and with any intrinsics."""
        view = EYE_FROM_OPTICAL @ base_from_camera.inverse().matrix()
        color, buffer = self._renderer.render(view, projection_matrix(intrinsics), intrinsics.width, intrinsics.height)
        # From the depth buffer's perspective in [0, 1] to planar metres.
        depth = NEAR * FAR / (FAR - (FAR - NEAR) * buffer)
        depth[buffer >= 1.0 - 1e-6] = np.nan
        return color, depth.astype(np.float32)

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()


def projection_matrix(intrinsics: CameraIntrinsics, near: float = NEAR, far: float = FAR) -> NDArray[np.float64]:
    """(4, 4) OpenGL projection of a pinhole camera whose pixel centres are at whole numbers.

    The image spans -0.5 to width - 0.5; that interval goes to [-1, 1], and so do the planes at the
    distances `near` and `far`.
    """
    k = intrinsics
    return np.array(
        [
            [2 * k.fx / k.width, 0.0, 1 - 2 * (k.cx + 0.5) / k.width, 0.0],
            [0.0, 2 * k.fy / k.height, 2 * (k.cy + 0.5) / k.height - 1, 0.0],
            [0.0, 0.0, -(far + near) / (far - near), -2 * far * near / (far - near)],
            [0.0, 0.0, -1.0, 0.0],
        ]
    )

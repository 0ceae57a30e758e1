"""Pictures of one object alone, before nothing.

What is not the object has no depth, so the picture is its own mask, to the pixel and however thin
the object is. Only the window of the image in which the object can be seen is rendered.

One client serves any number of objects, and does not grow: pyBullet's cache of mesh files is off;
between objects the client is reset, which frees their graphics, where removing a body keeps some
(10 kB each); no textures are loaded; and OpenGL, which keeps something for each size of picture, is
asked for few sizes. The surface goes to pyBullet as a file, because its EGL plug-in crashes on
meshes given as arrays; and to the plug-in as STL, because it keeps every OBJ file that it ever read
in a cache of its own, which nothing turns off.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pybullet
from numpy.typing import ArrayLike, NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.objects.model import Color
from grasp_sim.physics.silence import silenced
from grasp_sim.physics.sources import Source
from grasp_sim.physics.urdf import Inertial, Link, Robot, Shape
from grasp_sim.rendering.camera import EYE_FROM_OPTICAL, projection_matrix
from grasp_sim.rendering.renderer import ENGINES, RendererName, connect_with_egl, resolve
from grasp_sim.rendering.surface import Surface

NEAREST = 0.02
"""m: what is closer to the camera is cut away."""
SIZES = {"egl": 128, "tiny": 1}
"""px: sizes of pictures are multiples of this."""
MARGIN = 2
"""px about the outline of the object."""
ROOM = 0.002
"""m before and behind the object that the depth buffer holds."""
AMBIENT, DIFFUSE, SPECULAR = 0.55, 0.5, 0.1
"""Shares of the light; the software renderer's. OpenGL's are built into the plug-in, and much the same."""
TINY_CENTER = (-0.5, 0.5)
"""px, columns and rows: TinyRenderer samples a pixel at a corner of it, not at its centre as OpenGL does."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectView:
    """What a camera sees of an object."""

    depth: NDArray[np.float32]
    """(H, W) along the optical axis, m; infinite where the object is not seen."""
    color: NDArray[np.uint8]
    """(H, W, 3) RGB; black where the object is not seen. Round surfaces look faceted with "egl"."""


class ObjectViews:
    """Shows one object after another to any camera.

    Attributes:
        name: "egl" or "tiny".
    """

    def __init__(self, renderer: RendererName = "auto") -> None:
        self.name = resolve(renderer)
        # An EGL context belongs to the thread that made it; any thread may call this object.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="views")
        self._client = self._thread.submit(self._connect).result()
        self._points: NDArray[np.float64] = np.empty((0, 3))

    def show(self, surface: Surface, world_from_body: Transform, color: Color) -> None:
        """Take another object.

        Raises:
            SourceError: pyBullet cannot load it.
        """
        self._points = world_from_body.apply(surface.vertices)
        self._thread.submit(self._load, surface, world_from_body, color).result()

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3) least and greatest coordinates of the object, world frame."""
        return np.array([self._points.min(axis=0), self._points.max(axis=0)])

    def view(self, world_from_camera: Transform, camera: CameraIntrinsics, light: ArrayLike = (0, 0, 1)) -> ObjectView:
        """The object as a camera sees it, lit from the direction `light` (3,), unit, towards the light."""
        points = world_from_camera.inverse().apply(self._points)
        nearest, farthest = float(points[:, 2].min()) - ROOM, float(points[:, 2].max()) + ROOM
        color = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)
        depth = np.full((camera.height, camera.width), np.inf, dtype=np.float32)
        if farthest <= NEAREST:
            return ObjectView(depth, color)
        left, top, right, bottom = _window(points, camera)
        if left < right and top < bottom:
            width, height = right - left, bottom - top
            multiple = SIZES[self.name]
            window = camera.crop(left, top, -(-width // multiple) * multiple, -(-height // multiple) * multiple)
            request = (world_from_camera, window, max(nearest, NEAREST), farthest, np.asarray(light, dtype=float))
            picture = self._thread.submit(self._picture, *request).result()
            color[top:bottom, left:right], depth[top:bottom, left:right] = (p[:height, :width] for p in picture)
        return ObjectView(depth, color)

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        if self._client >= 0:
            self._thread.submit(self._disconnect).result()
            self._thread.shutdown()

    def _connect(self) -> int:
        if self.name == "egl":
            client = connect_with_egl()
        else:
            with silenced():
                client = pybullet.connect(pybullet.DIRECT)
        return client

    def _disconnect(self) -> None:
        with silenced():
            pybullet.disconnect(physicsClientId=self._client)
        self._client = -1

    def _load(self, surface: Surface, pose: Transform, color: Color) -> None:
        kind, content = ("stl", surface.stl()) if self.name == "egl" else ("obj", surface.obj())
        with tempfile.NamedTemporaryFile(suffix=f".{kind}") as file:
            file.write(content)
            file.flush()
            shape = Shape("mesh", (1.0, 1.0, 1.0), color=color, collides=False, file=file.name)
            link = Link("object", 1.0, (shape,), Inertial(np.zeros(3), np.eye(3)))
            with silenced():
                pybullet.resetSimulation(physicsClientId=self._client)
                pybullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=self._client)
                Source.from_robot(Robot(link.name, (link,), ())).load(self._client, pose, fixed=True)

    def _picture(
        self, pose: Transform, camera: CameraIntrinsics, near: float, far: float, light: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        view = EYE_FROM_OPTICAL @ pose.inverse().matrix()
        if self.name == "tiny":
            camera = replace(camera, cx=camera.cx + TINY_CENTER[0], cy=camera.cy + TINY_CENTER[1])
        _, _, color, buffer, _ = pybullet.getCameraImage(
            camera.width,
            camera.height,
            view.T.ravel().tolist(),
            projection_matrix(camera, near, far).T.ravel().tolist(),
            lightDirection=light.tolist(),
            lightColor=[1.0, 1.0, 1.0],
            lightAmbientCoeff=AMBIENT,
            lightDiffuseCoeff=DIFFUSE,
            lightSpecularCoeff=SPECULAR,
            shadow=0,
            physicsClientId=self._client,
            **ENGINES[self.name],
        )
        shape = (camera.height, camera.width)
        buffer = np.asarray(buffer, dtype=np.float64).reshape(shape)
        depth = (near * far / (far - (far - near) * buffer)).astype(np.float32)
        nothing = buffer >= 1.0 - 1e-6
        depth[nothing] = np.inf
        image = np.asarray(color, dtype=np.uint8).reshape(*shape, 4)[..., :3].copy()
        image[nothing] = 0
        return image, depth


def _window(points: NDArray[np.float64], camera: CameraIntrinsics) -> tuple[int, int, int, int]:
    """First and last + 1 column and row of the part of the image in which points can be seen."""
    if points[:, 2].min() <= NEAREST:  # the object reaches behind the camera: anywhere
        return 0, 0, camera.width, camera.height
    pixels = camera.project(points)
    left, top = np.floor(pixels.min(axis=0)).astype(int) - MARGIN
    right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + MARGIN + 1
    return max(left, 0), max(top, 0), min(right, camera.width), min(bottom, camera.height)

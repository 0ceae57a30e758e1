"""Pictures of a world, by OpenGL (pyBullet's EGL plug-in) or by pyBullet's own software renderer.

A renderer keeps a mirror of the world in a client of its own, because an EGL context belongs to one
thread and to one client: used from another thread the plug-in crashes the process, and with two of
them in one thread the first goes blind. So each EGL renderer has its thread, and the world itself
may be stepped from anywhere. Segmentation is not rendered; the mirror holds what is visible only.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import subprocess
import sys
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import pybullet
from numpy.typing import NDArray

from grasp_sim.physics.bodies import Body
from grasp_sim.physics.silence import silenced
from grasp_sim.physics.sources import Configuration, Copy
from grasp_sim.physics.world import World

logger = logging.getLogger(__name__)

RendererName = Literal["auto", "egl", "tiny"]
LIGHT_DIRECTION = (0.0, 0.0, 1.0)
TEXTURE_SIZE = 2.0
"""m that a texture covers with "egl", laid from above about the base."""
_TEXTURE_FROM_WORLD = np.array(
    [[1 / TEXTURE_SIZE, 0, 0, 0.5], [0, 1 / TEXTURE_SIZE, 0, 0.5], [0, 0, 0, 1], [0, 0, 0, 1]], dtype=float
)
ENGINES: dict[str, dict[str, Any]] = {
    "tiny": {"renderer": pybullet.ER_TINY_RENDERER, "flags": pybullet.ER_NO_SEGMENTATION_MASK},
    # With textures of its own placing the plug-in draws a shadow map of 4096 x 4096 px first, shadows or not.
    "egl": {
        "renderer": pybullet.ER_BULLET_HARDWARE_OPENGL,
        "flags": pybullet.ER_NO_SEGMENTATION_MASK | pybullet.ER_USE_PROJECTIVE_TEXTURE,
        "projectiveTextureView": np.eye(4).ravel().tolist(),
        "projectiveTextureProj": _TEXTURE_FROM_WORLD.T.ravel().tolist(),
    },
}
"""Arguments of pybullet.getCameraImage."""
PROBE = """
import importlib.util, pybullet as p
client = p.connect(p.DIRECT)
plugin = p.loadPlugin(importlib.util.find_spec("eglRenderer").origin, "_eglRendererPlugin")
assert plugin >= 0
p.getCameraImage(16, 16, renderer=p.ER_BULLET_HARDWARE_OPENGL)
print("EGL works")
"""


class Renderer(ABC):
    """Renders one world.

    Attributes:
        name: "egl" or "tiny".
    """

    name: str

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = -1
        self._copies: dict[int, tuple[Body, Copy]] = {}
        self._chatter = 0  # pictures that may still print something

    @abstractmethod
    def render(
        self, view: NDArray[np.float64], projection: NDArray[np.float64], width: int, height: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """A picture of the world as it is now.

        Args:
            view: (4, 4) OpenGL view matrix, world to eye.
            projection: (4, 4) OpenGL projection matrix.
            width: Columns.
            height: Rows.

        Returns:
            (H, W, 3) RGB and the (H, W) depth buffer in [0, 1].
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything; more than once does no harm."""

    def _scene(self) -> list[tuple[Body, Configuration]]:
        return [(body, body.configuration) for body in self._world.bodies]

    def _follow(self, scene: list[tuple[Body, Configuration]]) -> None:
        present = {id(body) for body, _ in scene}
        for key in [key for key in self._copies if key not in present]:
            self._copies.pop(key)[1].remove()
        for body, configuration in scene:
            if id(body) not in self._copies:  # the body is kept with it, so that its id stays taken
                self._chatter = 2
                self._copies[id(body)] = (body, Copy(body.source, self._client))
            self._copies[id(body)][1].follow(configuration)

    def _picture(
        self,
        scene: list[tuple[Body, Configuration]],
        view: NDArray[np.float64],
        projection: NDArray[np.float64],
        size: tuple[int, int],
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        self._follow(scene)
        width, height = size
        with silenced() if self._chatter else contextlib.nullcontext():
            _, _, color, depth, _ = pybullet.getCameraImage(
                width,
                height,
                view.T.ravel().tolist(),
                projection.T.ravel().tolist(),
                lightDirection=LIGHT_DIRECTION,
                shadow=0,
                physicsClientId=self._client,
                **ENGINES[self.name],
            )
        self._chatter = max(0, self._chatter - 1)
        image = np.asarray(color, dtype=np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(image[..., :3]), np.array(depth, dtype=np.float32).reshape(height, width)


class TinyRenderer(Renderer):
    """pyBullet's software renderer: works everywhere."""

    name = "tiny"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        with silenced():
            self._client = pybullet.connect(pybullet.DIRECT)

    def render(
        self, view: NDArray[np.float64], projection: NDArray[np.float64], width: int, height: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        return self._picture(self._scene(), view, projection, (width, height))

    def close(self) -> None:
        if self._client >= 0:
            pybullet.disconnect(physicsClientId=self._client)
            self._client = -1


class EGLRenderer(Renderer):
    """OpenGL without a display."""

    name = "egl"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="egl")
        self._thread.submit(self._connect).result()

    def render(
        self, view: NDArray[np.float64], projection: NDArray[np.float64], width: int, height: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        return self._thread.submit(self._picture, self._scene(), view, projection, (width, height)).result()

    def close(self) -> None:
        if self._client >= 0:
            self._thread.submit(self._disconnect).result()
            self._thread.shutdown()

    def _connect(self) -> None:
        self._client = connect_with_egl()

    def _disconnect(self) -> None:
        with silenced():
            pybullet.disconnect(physicsClientId=self._client)
        self._client = -1


def connect_with_egl() -> int:
    """A pyBullet client that renders by OpenGL; only the thread that made it may use it.

    Raises:
        RuntimeError: The plug-in is missing or does not load.
    """
    specification = importlib.util.find_spec("eglRenderer")
    if specification is None or specification.origin is None:
        raise RuntimeError("this pyBullet comes without its EGL plug-in (module eglRenderer): use renderer 'tiny'")
    with silenced():
        client: int = pybullet.connect(pybullet.DIRECT)
        plugin = pybullet.loadPlugin(specification.origin, "_eglRendererPlugin", physicsClientId=client)
    if plugin < 0:
        raise RuntimeError("pyBullet's EGL plug-in cannot be loaded: install libegl1 and libgl1-mesa-dri")
    return client


@functools.cache
def egl_works() -> bool:
    """Whether the EGL plug-in renders on this machine.

    Tried in a process of its own: where EGL is missing or broken, the plug-in ends the process.
    """
    if importlib.util.find_spec("eglRenderer") is None:
        return False
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return False
    return probe.returncode == 0 and b"EGL works" in probe.stdout


def resolve(name: RendererName) -> Literal["egl", "tiny"]:
    """Which renderer a name means; "auto" is EGL where it works and the software renderer elsewhere."""
    if name == "auto":
        name = "egl" if egl_works() else "tiny"
        logger.info("rendering with %s", "EGL" if name == "egl" else "TinyRenderer: EGL does not work here")
    if name not in ("egl", "tiny"):
        raise ValueError(f"there is no renderer '{name}'; there are: auto, egl, tiny")
    return name


def make_renderer(world: World, name: RendererName = "auto") -> Renderer:
    """The renderer of a name; see `resolve`."""
    return EGLRenderer(world) if resolve(name) == "egl" else TinyRenderer(world)

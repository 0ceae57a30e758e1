"""Views of scenes by Blender's Cycles: one process renders many scenes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

import numpy as np

from grasp_sim.dataset.cycles.installation import cycles_python
from grasp_sim.dataset.cycles.scene_file import write_scene
from grasp_sim.dataset.cycles.settings import CyclesSettings
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig
from grasp_sim.dataset.views import Photograph, StereoPair
from grasp_sim.objects.model import ObjectModel

WORKER = Path(__file__).with_name("worker.py")
START_TIME = 120.0
"""s in which Blender must come up."""
LAST_WORDS = 600
"""Characters of the process's log that an error quotes."""


class CyclesError(RuntimeError):
    """Cycles did not render a scene; the message holds what it said."""


class CyclesViews:
    """Renders scenes in a process with Blender, which is started with the first scene and kept.

    Attributes:
        name: "cycles".
    """

    name = "cycles"

    def __init__(self, settings: CyclesSettings | None = None) -> None:
        """Find Blender.

        Raises:
            CyclesMissingError: It is not installed.
        """
        self.settings = settings or CyclesSettings()
        self._python = cycles_python()
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._log: IO[bytes] | None = None

    def photograph(self, record: SceneRecord, model: ObjectModel) -> Photograph:
        """See `ViewSource`.

        Raises:
            CyclesError: Blender ended, took too long or could not render the scene. The next scene starts it again.
        """
        return Photograph(**self._render(record, model, None))

    def pair(self, record: SceneRecord, model: ObjectModel, rig: StereoRig) -> StereoPair:
        """See `ViewSource`, and `photograph` for errors."""
        return StereoPair(**self._render(record, model, rig))

    def _render(self, record: SceneRecord, model: ObjectModel, rig: StereoRig | None) -> dict[str, Any]:
        """The arrays of a photograph, or of a stereo pair."""
        self._start()
        with tempfile.TemporaryDirectory(prefix="grasp-cycles-") as folder:
            scene = write_scene(Path(folder), record, model, rig, self.settings)
            out = Path(folder, "views.npz")
            answer = self._ask({"scene": str(scene), "out": str(out)}, f"scene {record.id}")
            if "error" in answer:
                raise CyclesError(f"Cycles cannot render scene {record.id}: {answer['error']}")
            with np.load(out) as views:
                return dict(views)

    def close(self) -> None:
        """End the process; more than once does no harm."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
            try:
                process.wait(2.0)  # it ends by itself at the end of its input, unless it is rendering
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        self._answers = queue.Queue()
        self._process = subprocess.Popen(
            [str(self._python), str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=_clean_environment(),
        )
        threading.Thread(target=_read, args=(self._process.stdout, self._answers), daemon=True).start()
        self._answer(START_TIME, "Blender's start")

    def _ask(self, request: dict[str, str], what: str) -> dict[str, Any]:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is dead: there will be no answer either
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return self._answer(self.settings.timeout, what)

    def _answer(self, timeout: float, what: str) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            words = self._last_words()
            if self._process is not None:
                self._process.kill()
            self.close()
            raise CyclesError(f"{what} took longer than {timeout:g} s in Cycles, and was ended{words}") from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:  # the end of its output, or of somebody else's
            words = self._last_words()
            self.close()
            raise CyclesError(
                f"the process that renders with Cycles ({self._python}) ended during {what}; it needs bpy and numpy, "
                f"see requirements/cycles.txt{words}"
            ) from None
        return answer

    def _last_words(self) -> str:
        if self._log is None:
            return ""
        size = self._log.seek(0, 2)
        self._log.seek(max(0, size - LAST_WORDS))
        text = self._log.read().decode(errors="replace").strip()
        return f". Its last words: {text}" if text else ""


def _read(stream: IO[str], answers: queue.Queue[str]) -> None:
    for line in stream:
        answers.put(line)
    answers.put("")


def _clean_environment() -> dict[str, str]:
    """Without this project's paths, of which the other environment must not know."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LD_LIBRARY_PATH"))}

"""Pictures of judged scenes, drawn when somebody looks at them."""

from __future__ import annotations

import threading
from collections import OrderedDict

from grasp_sim.judging.exam import Exam
from grasp_sim.judging.pictures import draw_scene, encode_jpeg, read_color
from grasp_sim.judging.verdict import JudgedScene

SIZES = {"small": 280, "large": 720}
"""px"""


class Gallery:
    """Draws pictures and keeps those that were asked for last."""

    def __init__(self, keep: int) -> None:
        """Keep so many pictures."""
        self._keep = keep
        self._pictures: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def picture(self, job: str, exam: Exam, scene: JudgedScene, size: str) -> bytes:
        """The JPEG file of a scene that was judged in a job, in one of `SIZES`."""
        key = (job, scene.id, size)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        content = encode_jpeg(draw_scene(read_color(exam, scene), scene, SIZES[size]))
        with self._lock:
            self._pictures[key] = content
            while len(self._pictures) > self._keep:
                self._pictures.popitem(last=False)
        return content

    def __len__(self) -> int:
        return len(self._pictures)

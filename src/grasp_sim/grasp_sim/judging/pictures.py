"""Pictures of judged grasps: the rectangle where it was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from textwrap import fill

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from grasp_perception import image_files
from grasp_perception.files import write_atomically
from grasp_perception.image_files import ImageFileError
from grasp_planning.grasps import GraspRectangle
from grasp_planning.overlay import draw_rectangle
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.verdict import JudgedScene

GOOD, BAD = (40, 190, 105), (226, 52, 52)
"""RGB of a grasp that succeeded, and of one that did not."""
MARGIN = 0.9
"""Of a picture, around the rectangle, in its diagonals."""
SMALLEST = 220
"""px of the image that a picture shows at least, of 1024."""
FARTHEST = 1e5
"""px; a file may say anything, and OpenCV draws with 32 bits."""
SHEET = "failures.jpg"
SHEET_COLUMNS = 5
MOST_ROWS = 190
"""Of the sheet: then it gets more columns, because no side of a JPEG has more than 65,500 px."""


def crop_box(rectangle: GraspRectangle, width: int, height: int) -> tuple[int, int, int]:
    """The square of an image that shows a rectangle and what is around it.

    Args:
        rectangle: What to show; its centre is in the image.
        width: Of the image, px.
        height: Of the image, px.

    Returns:
        Column and row of the upper left corner, and the side, px.
    """
    diagonal = float(np.hypot(rectangle.width, rectangle.height))
    least = SMALLEST * min(width, height) / 1024
    side = int(np.clip(diagonal * (1 + 2 * MARGIN), least, min(width, height)))
    column = int(np.clip(rectangle.x - side / 2, 0, width - side))
    row = int(np.clip(rectangle.y - side / 2, 0, height - side))
    return column, row, side


def whole_box(width: int, height: int) -> tuple[int, int, int]:
    """The greatest square in the middle of an image, as `crop_box` gives it."""
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side


def draw_scene(image: NDArray[np.uint8], scene: JudgedScene, size: int = 360) -> NDArray[np.uint8]:
    """What the camera saw around a grasp, and the grasp: thick lines are the jaws, green where it succeeded.

    Args:
        image: (H, W, 3) RGB of the scene.
        scene: Its rectangle is shown from near; all of the image where it has none, or one outside.
        size: Side of the picture, px.

    Returns:
        (size, size, 3) RGB.
    """
    rows, columns = image.shape[:2]
    rectangle = scene.rectangle
    if rectangle is not None and not (0 <= rectangle.x < columns and 0 <= rectangle.y < rows):
        rectangle = None
    column, row, side = whole_box(columns, rows) if rectangle is None else crop_box(rectangle, columns, rows)
    part = np.ascontiguousarray(image[row : row + side, column : column + side])
    picture = cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    picture = np.asarray(picture, dtype=np.uint8)
    if rectangle is not None:
        zoomed = _zoomed(rectangle, column, row, size / side)
        draw_rectangle(picture, zoomed, GOOD if scene.success else BAD, size / 200)
    return picture


def draw_failures(exam: Exam, scenes: Sequence[JudgedScene], folder: Path, limit: int) -> list[Path]:
    """Write pictures of failures, and one sheet of all of them.

    Args:
        exam: Where the scenes are from.
        scenes: Verdicts; successes are passed over. The failures are taken evenly from all phases.
        folder: Where the files go; made if it is not there. Older pictures of failures in it are deleted.
        limit: Greatest number of pictures.

    Returns:
        The files: ``failure_<phase>_<scene>.jpg``, and the sheet last; none where nothing failed.

    Raises:
        OSError: They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = choose_failures(scenes, limit)
    for old in (*folder.glob("failure_*.jpg"), folder / SHEET):
        old.unlink(missing_ok=True)
    pictures = [draw_scene(read_color(exam, scene), scene) for scene in chosen]
    sheets = {f"failure_{scene.phase}_{scene.id}.jpg": ([picture], [scene]) for picture, scene in zip(pictures, chosen)}
    if chosen:
        sheets[SHEET] = (pictures, chosen)
    for name, content in sheets.items():
        write_atomically(folder / name, encode_jpeg(contact_sheet(*content)))
    return [folder / name for name in sheets]


def choose_failures(scenes: Sequence[JudgedScene], limit: int) -> list[JudgedScene]:
    """At most so many failures, of each phase as many as of any other as far as there are any, in their order."""
    groups: dict[str, list[JudgedScene]] = {}
    for scene in scenes:
        if not scene.success:
            groups.setdefault(scene.phase, []).append(scene)
    ranked = [(rank, scene) for group in groups.values() for rank, scene in enumerate(group)]
    chosen = {scene.id for _, scene in sorted(ranked, key=lambda pair: pair[0])[:limit]}
    return [scene for scene in scenes if scene.id in chosen]


def contact_sheet(pictures: Sequence[NDArray[np.uint8]], scenes: Sequence[JudgedScene]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB: pictures in rows, with the phase and the message under each."""
    columns = max(min(SHEET_COLUMNS, len(pictures)), ceil(len(pictures) / MOST_ROWS))
    rows = ceil(len(pictures) / columns)
    figure = Figure(figsize=(2.9 * columns, 3.35 * rows), layout="constrained", dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, picture, scene in zip(axes, pictures, scenes):
        axis.imshow(picture)
        title = f"{scene.phase.replace('_', ' ')}  ·  {scene.id[:14]}…\n{fill(scene.message, 46)}"
        axis.set_title(title, fontsize=7.5, loc="left", y=-0.02, va="top")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def read_color(exam: Exam, scene: JudgedScene) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a scene; grey where the file cannot be read."""
    record = exam.scenes[scene.id]
    try:
        return image_files.read_color(exam.files(record).color)
    except ImageFileError:
        return np.full((record.camera.height, record.camera.width, 3), 128, dtype=np.uint8)


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """A JPEG file of an (H, W, 3) RGB image."""
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _zoomed(rectangle: GraspRectangle, column: int, row: int, scale: float) -> GraspRectangle:
    """A rectangle in a scaled part of its image; pixels' centres are whole numbers in both."""
    return replace(
        rectangle,
        x=(rectangle.x - column + 0.5) * scale - 0.5,
        y=(rectangle.y - row + 0.5) * scale - 0.5,
        width=float(np.clip(rectangle.width * scale, -FARTHEST, FARTHEST)),
        height=float(np.clip(rectangle.height * scale, -FARTHEST, FARTHEST)),
    )

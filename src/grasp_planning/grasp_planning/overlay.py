"""Grasps drawn on what the camera saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_planning.grasps import GraspRectangle

BEST = (255, 64, 160)
"""RGB of the best grasp."""
OTHER = (70, 150, 255)
"""RGB of the others; worse ones are more transparent."""
SURROUNDINGS = 3.0
"""Side of a close-up, as a multiple of the grasp's longer side."""
_INK = (16, 20, 28)
_PAPER = (245, 247, 250)
_SHIFT = 4
_ONE = 1 << _SHIFT
"""OpenCV draws at 1/16 px when told so."""


def draw_overlay(
    frame: RGBDFrame, rectangles: Sequence[GraspRectangle], *, caption: str = "", limit: int = 20
) -> NDArray[np.uint8]:
    """What the camera saw, with the grasps on it.

    Args:
        frame: The frame they were planned on; without a colour image (all black) its depth is shown.
        rectangles: Best first. The jaws are the thick lines, the opening is the thin one.
        caption: One line at the bottom.
        limit: Draw at most this many.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    image = _seen(frame)
    shown = rectangles[:limit]
    scale = max(1.0, image.shape[1] / 640)
    for rank in reversed(range(1, len(shown))):
        faded = image.copy()
        draw_rectangle(faded, shown[rank], OTHER, scale)
        strength = 0.35 + 0.45 * (1 - rank / len(shown))
        cv2.addWeighted(faded, strength, image, 1 - strength, 0, dst=image)
    if shown:
        draw_rectangle(image, shown[0], BEST, 1.6 * scale)
        _label(image, shown[0], f"{shown[0].quality:.2f}", scale)
    if caption:
        _caption(image, caption, scale)
    return image


def draw_close_up(frame: RGBDFrame, rectangle: GraspRectangle, size: int) -> NDArray[np.uint8]:
    """One grasp and what is around it, enlarged.

    Args:
        frame: See `draw_overlay`.
        rectangle: The grasp, px; its centre lies in the image.
        size: Of the picture, px.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    image = _seen(frame)
    side = min(round(SURROUNDINGS * max(rectangle.width, rectangle.height)), *image.shape[:2])
    left, top = (
        int(np.clip(round(middle) - side // 2, 0, extent - side))
        for middle, extent in ((rectangle.x, image.shape[1]), (rectangle.y, image.shape[0]))
    )
    scale = size / side
    picture = cv2.resize(image[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_CUBIC)
    # Pixel centres are at whole numbers, so the image's corner is at -0.5.
    x, y = ((place - start + 0.5) * scale - 0.5 for place, start in ((rectangle.x, left), (rectangle.y, top)))
    larger = replace(rectangle, x=x, y=y, width=rectangle.width * scale, height=rectangle.height * scale)
    draw_rectangle(picture, larger, BEST, max(1.0, size / 300))
    return picture


def _seen(frame: RGBDFrame) -> NDArray[np.uint8]:
    """(H, W, 3) colour, or depth as a picture if there is none."""
    return frame.color.copy() if frame.color.any() else color_depth(frame.depth)


def color_depth(depth: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A depth image as a picture: near is bright, invalid is black.

    Args:
        depth: (H, W) metres, NaN where invalid.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    valid = np.isfinite(depth)
    if not valid.any():
        return np.zeros((*depth.shape, 3), np.uint8)
    near, far = np.percentile(depth[valid], [1, 99])
    level = np.nan_to_num(1 - (depth - near) / max(far - near, 1e-3), nan=0.0)
    picture = cv2.applyColorMap(np.rint(255 * level.clip(0, 1)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    picture[~valid] = 0
    return picture


def draw_rectangle(
    image: NDArray[np.uint8], rectangle: GraspRectangle, color: tuple[int, int, int], scale: float = 1.0
) -> None:
    """Draw one grasp into an image: the jaws are the thick lines, the opening is the thin one.

    Args:
        image: (H, W, 3) uint8 RGB.
        rectangle: The grasp, px.
        color: RGB. There is a dark line below it, so that it can be seen on any ground.
        scale: Of the lines' widths.
    """
    corners = rectangle.corners
    first, second = rectangle.jaw_centers
    jaws = [(corners[0], corners[3]), (corners[1], corners[2])]
    thin, thick = max(1, round(scale)), max(2, round(2.4 * scale))
    for extra, ink in ((2, _INK), (0, color)):
        _line(image, first, second, ink, thin + extra)
        for start, end in jaws:
            _line(image, start, end, ink, thick + extra)
    center = tuple(int(v) for v in np.rint(np.array([rectangle.x, rectangle.y]) * _ONE))
    radius = round(1.6 * scale * _ONE)
    cv2.circle(image, center, radius + _ONE, _INK, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(image, center, radius, color, -1, cv2.LINE_AA, _SHIFT)


def _line(image: NDArray[np.uint8], start: NDArray, end: NDArray, color: tuple[int, int, int], width: int) -> None:
    a, b = (tuple(int(v) for v in np.rint(point * _ONE)) for point in (start, end))
    cv2.line(image, a, b, color, width, cv2.LINE_AA, _SHIFT)


def _label(image: NDArray[np.uint8], rectangle: GraspRectangle, text: str, scale: float) -> None:
    """Beside the grasp, where it covers neither the jaws nor the object between them."""
    size = 0.45 * scale
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    pad = round(4 * scale)
    corners = rectangle.corners
    x = corners[:, 0].max() + 2 * pad
    if x + width + pad > image.shape[1]:
        x = corners[:, 0].min() - 2 * pad - width
    y = float(np.clip(rectangle.y + height / 2, height + pad, image.shape[0] - pad))
    _boxed(image, text, round(max(x, pad)), round(y), size, pad)


def _caption(image: NDArray[np.uint8], text: str, scale: float) -> None:
    size, pad = 0.45 * scale, round(6 * scale)
    widest = image.shape[1] - 4 * pad
    while cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0] > widest and len(text) > 4:
        text = text[:-4] + "..."
    _boxed(image, text, 2 * pad, image.shape[0] - 2 * pad, size, pad)


def _boxed(image: NDArray[np.uint8], text: str, x: int, y: int, size: float, pad: int) -> None:
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    top, bottom = max(0, y - height - pad), min(image.shape[0], y + below + pad // 2)
    left, right = max(0, x - pad), min(image.shape[1], x + width + pad)
    box = image[top:bottom, left:right]
    box[:] = np.rint(0.25 * box + 0.75 * np.array(_INK)).astype(np.uint8)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, _PAPER, 1, cv2.LINE_AA)

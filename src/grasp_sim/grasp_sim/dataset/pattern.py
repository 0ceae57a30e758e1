"""Light that a projector throws on a scene so that a stereo camera finds something to match.

The projector is a pinhole beside the left camera, turned as it is and with its focal length, so a
point is seen in the same row of all three, and columns differ by a disparity. Every pixel of a view
knows its depth; so it knows its place in the projector's image too, and no light is simulated.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

DOT = 1.1
"""px: standard deviation of the blur of the random pattern; dots come out about 3 px wide."""
WIDTHS = 512
"""px: patterns are made in multiples of this, because each scene needs another width."""
DARK = 0.25
"""Brightness of what the projector does not reach, as a share of what it lights."""
HIDDEN = 0.004
"""m by which a point must be farther than what the projector sees there, to be in its shadow."""
NOTHING = 1e3
"""m: farther than everything."""


def random_dots(width: int, height: int) -> NDArray[np.uint8]:
    """(H, W) image of random dots, always the same of a size."""
    return _dots(-(-width // WIDTHS) * WIDTHS, height)[:, :width]


@functools.lru_cache(maxsize=4)
def _dots(width: int, height: int) -> NDArray[np.uint8]:
    dots = (np.random.default_rng(2).random((height, width)) > 0.5).astype(np.float32)
    smooth = cv2.GaussianBlur(dots, (0, 0), DOT) - 0.5
    image = np.clip(0.5 + smooth / (3 * smooth.std()), 0, 1)
    return (255 * image).astype(np.uint8)


def light(
    depth: NDArray[np.float32],
    brightness: NDArray[np.float32],
    pattern: NDArray[np.uint8],
    columns: NDArray[np.float32],
    blocker: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """What a camera sees of a scene under the pattern.

    Args:
        depth: (H, W) of the camera's view, m.
        brightness: (H, W) of the scene in even light, [0, 1].
        pattern: (H, W') image of the projector.
        columns: (H, W) of the projector's image at which each pixel's point stands.
        blocker: (H, W') depth of what stands between projector and ground, as the projector sees it; infinite
            elsewhere. None if the projector is the camera.

    Returns:
        (H, W) in [0, 1].
    """
    rows = np.broadcast_to(np.arange(len(depth), dtype=np.float32)[:, None], depth.shape)
    rows = np.ascontiguousarray(rows)
    lit = cv2.remap(pattern, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.float32) / 255
    if blocker is not None and np.isfinite(blocker).any():
        near = cv2.remap(
            np.minimum(blocker, NOTHING),
            columns,
            rows,
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=NOTHING,
        )
        lit[near < depth - HIDDEN] = 0.0
    return brightness * (DARK + (1 - DARK) * lit)

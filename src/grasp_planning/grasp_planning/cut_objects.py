"""What the image's border cuts off: its other end is unknown, and it may be the robot."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MARGIN = 2
"""px from the border; opening a mask eats the outermost."""
_SEVERED = 0.010
"""Parts of one thing lie at most this far from each other, metres."""


def cut_by_border(labels: NDArray[np.int32], stats: NDArray[np.int32], pixel: float) -> NDArray[np.bool_]:
    """Which things the border cuts off.

    Args:
        labels: (H, W) of the things of a whole image; 0 = the table.
        stats: (L, 5) of each label, as ``cv2.connectedComponentsWithStats`` gives them.
        pixel: Size of one on the table, m.

    Returns:
        (L,) by label. What floats beside something cut counts, too: it is a part of it that a hole in the depth image
        has severed.
    """
    rows, columns = labels.shape
    x, y, w, h = (stats[:, i] for i in (cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT))
    cut = (x <= _MARGIN) | (y <= _MARGIN) | (x + w >= columns - _MARGIN) | (y + h >= rows - _MARGIN)
    cut[0] = False
    if cut.any():
        radius = max(1, round(_SEVERED / pixel))
        beside = cv2.dilate(cut[labels].view(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
        cut[np.unique(labels[beside > 0])] = True
        cut[0] = False
    return cut

"""Gaps in what is seen to stand on a table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def close_gaps(mask: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """A mask with the gaps in it that are no wider than `width`: its closing by a disc.

    By distances, not by a kernel, whose time grows with its area.

    Args:
        mask: (H, W); beyond the image there is nothing.
        width: px, the disc's diameter.

    Returns:
        (H, W), a new array.
    """
    closed = np.zeros(mask.shape, np.bool_)
    left, top, columns, rows = cv2.boundingRect(mask.view(np.uint8))
    if not rows:
        return closed
    window = np.s_[top : top + rows, left : left + columns]
    reach = width / 2
    margin = int(np.ceil(reach)) + 1
    apart = _distance(~np.pad(mask[window], margin))
    near = _distance(apart <= reach) > reach
    closed[window] = near[margin:-margin, margin:-margin]
    return closed


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) how far the nearest pixel is that is not in a mask, px."""
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))

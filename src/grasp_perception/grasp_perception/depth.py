"""Depth images: units, invalid pixels, and filling small holes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def decode_depth(raw: NDArray) -> NDArray[np.float32]:
    """Metres from a depth image as cameras deliver it.

    Args:
        raw: (H, W); an unsigned integer image is in millimetres (16UC1), a floating one in metres
            (32FC1), as in REP 118.

    Returns:
        (H, W) float32 metres, a new array; NaN where nothing was measured (0, negative, NaN, infinite).

    Raises:
        ValueError: The array is not two-dimensional, or is of another type.
    """
    if raw.ndim != 2:
        raise ValueError(f"a depth image has shape (H, W), got {raw.shape}")
    if raw.dtype.kind == "u" and raw.dtype.itemsize == 2:
        depth = raw.astype(np.float32)
        depth /= np.float32(1000)  # exactly rounded, which a product with 0.001 is not
    elif raw.dtype.kind == "f":
        depth = raw.astype(np.float32)
    else:
        raise ValueError(f"a depth image is uint16 in millimetres or floating in metres, got {raw.dtype}")
    # Comparisons with NaN are false, so NaN is caught too.
    depth[~((depth > 0) & (depth < np.inf))] = np.nan
    return depth


def encode_depth(depth: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Millimetres for the wire (16UC1).

    Args:
        depth: (H, W) metres; NaN where nothing was measured.

    Returns:
        (H, W) uint16, rounded; 0 where nothing was measured or the distance exceeds 65.535 m.
    """
    millimetres = np.rint(np.asarray(depth, dtype=np.float32) * np.float32(1000))
    millimetres[~((millimetres > 0) & (millimetres <= np.iinfo(np.uint16).max))] = 0
    return millimetres.astype(np.uint16)


def inpaint_depth(depth: NDArray[np.floating], max_hole: int = 400) -> NDArray[np.float32]:
    """Fill small holes of a depth image from their rims.

    A hole is a set of invalid pixels that touch each other (by sides or corners). Larger holes stay as
    they are: a shiny object may be there, and no rim tells.

    The fill is the harmonic function that takes the rim's values (Laplace's equation, each filled pixel
    the mean of its four neighbours): it continues a plane exactly, and by the maximum principle invents
    nothing nearer or farther than what surrounds the hole.

    Args:
        depth: (H, W) metres, NaN where invalid.
        max_hole: Largest hole that is filled, in pixels of area.

    Returns:
        (H, W) float32 metres, a new array; NaN in holes larger than `max_hole`.

    Raises:
        ValueError: `max_hole` is negative, or the image is not (H, W).
    """
    if max_hole < 0:
        raise ValueError(f"max_hole must be 0 or more pixels, got {max_hole}")
    if depth.ndim != 2:
        raise ValueError(f"a depth image has shape (H, W), got {depth.shape}")
    depth = np.array(depth, dtype=np.float32, order="C")
    invalid = ~np.isfinite(depth)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(invalid.view(np.uint8), connectivity=8)
    small = statistics[:, cv2.CC_STAT_AREA] <= max_hole
    small[0] = False  # label 0 is what was measured
    if invalid.all() or not small.any():
        return depth

    height, width = depth.shape
    flat = depth.reshape(-1)
    pixels = np.flatnonzero(invalid)
    label = labels.reshape(-1)[pixels]
    pixels, label = pixels[small[label]], label[small[label]]
    row, column = np.divmod(pixels, width)
    # (4, M); the image is mirrored at its borders, so that no depth flows through them.
    neighbours = np.stack(
        [
            np.where((row > 0) | (height == 1), pixels - width * (height > 1), pixels + width),
            np.where(row < height - 1, pixels + width, pixels - width * (height > 1)),
            np.where((column > 0) | (width == 1), pixels - (width > 1), pixels + 1),
            np.where(column < width - 1, pixels + 1, pixels - (width > 1)),
        ]
    )
    rim = flat[neighbours]
    lowest = np.full(count, np.inf, np.float32)
    highest = np.full(count, -np.inf, np.float32)
    np.minimum.at(lowest, label, np.fmin.reduce(np.where(np.isnan(rim), np.float32(np.inf), rim)))
    np.maximum.at(highest, label, np.fmax.reduce(np.where(np.isnan(rim), np.float32(-np.inf), rim)))
    lowest, highest = lowest[label], highest[label]

    flat[pixels] = (lowest + highest) / 2
    extent = int(np.minimum(statistics[small, cv2.CC_STAT_WIDTH], statistics[small, cv2.CC_STAT_HEIGHT]).max()) + 1
    _relax(flat, pixels, neighbours, (row + column) % 2 == 0, extent)
    # Over-relaxation may end a hair outside the range that the exact solution keeps.
    flat[pixels] = np.clip(flat[pixels], lowest, highest)
    return depth


def _relax(
    values: NDArray[np.float32],
    unknown: NDArray[np.intp],
    neighbours: NDArray[np.intp],
    even: NDArray[np.bool_],
    extent: int,
) -> None:
    """Solve Laplace's equation in place by red-black successive over-relaxation.

    With the best factor for a square of side `extent`, 2/(1 + sin(pi/extent)), the error falls by
    about exp(-2 pi/extent) a sweep; 2 extent sweeps leave 4e-6 of it (Press et al., Numerical
    Recipes, section 19.5).
    """
    factor = 2 / (1 + np.sin(np.pi / (extent + 1)))
    order = np.argsort(~even, kind="stable")
    unknown, neighbours = unknown[order], neighbours[:, order]
    # A short vector of the unknown, even ones first, and their rim stays in the processor's cache, and has slices.
    places = np.full(values.size, -1, np.int32)
    places[unknown] = np.arange(len(unknown))
    rim = neighbours[places[neighbours] < 0]
    places[rim] = len(unknown) + np.arange(len(rim))
    vector = np.concatenate([values[unknown], values[rim]])
    colours = []
    middle = int(even.sum())
    for half in (slice(0, middle), slice(middle, len(unknown))):
        around = np.ascontiguousarray(places[neighbours[:, half]], dtype=np.intp)
        colours.append((vector[half], around, np.empty(around.shape, np.float32)))
    for _ in range(max(8, 2 * extent)):
        for own, around, gathered in colours:
            np.take(vector, around, out=gathered, mode="clip")  # which other modes copy once more
            own *= np.float32(1 - factor)
            own += np.float32(factor / 4) * gathered.sum(axis=0)
    values[unknown] = vector[: len(unknown)]

"""What a depth image shows without knowing the camera: units, holes, range, noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.depth import decode_depth
from grasp_perception.doctor.finding import Finding, Level

_TOO_NEAR, _TOO_FAR, _FAR_OFF = 0.25, 1.6, 4.0
"""Metres. Table cameras measure from about 0.25 m; beyond 1.6 m a finger is a few pixels wide."""


def check_units(raw: NDArray, stored: bool = True) -> tuple[list[Finding], NDArray[np.float32] | None]:
    """Whether the numbers are what their type says; and the depth in metres, by the unit they seem to have.

    Args:
        raw: (H, W) depth.
        stored: Whether these are the numbers that were stored; those of a frame were converted.
    """
    try:
        depth = decode_depth(raw)
    except ValueError as error:
        remedy = "save the depth as (H, W), uint16 in millimetres or float in metres"
        return [Finding(Level.ERROR, "units", str(error), remedy)], None
    valid = depth[np.isfinite(depth)]
    if not valid.size:
        return [], depth  # the holes are the finding
    median = float(np.median(valid))
    if raw.dtype.kind == "f" and median > 20:
        message = f"floating depth should be in metres, but the median is {median:.0f}: these are millimetres"
        finding = Finding(Level.ERROR, "units", message, "divide by 1000; below, that has been done")
        return [finding], depth / np.float32(1000)
    if raw.dtype.kind == "f" and 1e-5 < median < 0.01:
        message = f"the median depth is {median * 1e3:.2g} mm: metres seem to have been divided by 1000 once too often"
        finding = Finding(Level.ERROR, "units", message, "multiply by 1000; below, that has been done")
        return [finding], depth * np.float32(1000)
    if raw.dtype.kind == "u" and median < 0.02:
        message = f"the median of the integers is {median * 1e3:.0f}; as millimetres that is too near for any camera"
        remedy = "convert metres to millimetres before rounding to integers"
        return [Finding(Level.ERROR, "units", message, remedy)], depth
    if raw.dtype.kind == "u" and median > _FAR_OFF:
        message = f"the median of the integers is {median * 1e3:.0f}; as millimetres that is {median:.1f} m"
        remedy = (
            f"if the camera's depth unit is 0.1 mm, the table is {median / 10:.2f} m away: "
            "multiply by the depth scale to get millimetres"
        )
        return [Finding(Level.ERROR, "units", message, remedy)], depth
    unit = "millimetres" if raw.dtype.kind == "u" else "metres"
    kind = f" ({raw.dtype})" if stored else ""
    return [Finding(Level.OK, "units", f"the depth is in {unit}{kind}")], depth


def check_holes(depth: NDArray[np.float32]) -> list[Finding]:
    """How much of the (H, W) image has no depth, and where."""
    invalid = ~np.isfinite(depth)
    share = float(invalid.mean())
    if share == 1:
        message = "no pixel has a depth: all are 0, negative, NaN or infinite"
        remedy = "is the lens covered, the projector off, or the scene nearer than the camera measures?"
        return [Finding(Level.ERROR, "holes", message, remedy)]
    if share == 0:
        message = (
            "no pixel is without depth, which no depth camera delivers by itself: the image was filled in or rendered. "
            "If filled in, depth beside edges and on shiny things may be invented"
        )
        return [Finding(Level.OK, "holes", message)]
    count, _, statistics, _ = cv2.connectedComponentsWithStats(invalid.view(np.uint8), connectivity=8)
    largest = statistics[1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))]
    x, y, width, height, area = (int(value) for value in largest)
    rows, columns = depth.shape
    central = float(invalid[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4].mean())
    message = (
        f"{share:.1%} of the pixels have no depth, {central:.1%} in the middle of the image ({_counted(count - 1)}); "
        f"the largest is {area} px, {width}x{height} px {_where(x, y, width, height, columns, rows)}"
    )
    if share > 0.3 or central > 0.3:
        level = Level.ERROR
    elif central > 0.05 or share > 0.15:
        level = Level.WARNING
    else:
        return [Finding(Level.OK, "holes", message)]
    if height > 0.6 * rows and (x == 0 or x + width == columns) and width < columns / 3:
        remedy = "a band along one side is what only one eye of a stereo camera sees: leave it out of the region"
    else:
        remedy = (
            "look for shiny, black or transparent things, sunlight, and surfaces nearer than the camera measures; "
            "switch the projector on; average several frames"
        )
    return [Finding(level, "holes", message, remedy)]


def check_range(depth: NDArray[np.float32]) -> list[Finding]:
    """Whether the (H, W) metres are those of a table below a camera."""
    valid = depth[np.isfinite(depth)]
    low, median, high = (float(value) for value in np.percentile(valid, [1, 50, 99]))
    message = (
        f"the median is {median:.3f} m, 98 % lie between {low:.3f} and {high:.3f} m "
        f"(nearest {float(valid.min()):.3f}, farthest {float(valid.max()):.3f})"
    )
    if high - low < 1e-3 and float(np.ptp(valid)) < 2e-3:
        remedy = "the same everywhere is no scene: a test pattern, a covered lens, or an empty rendered table"
        return [Finding(Level.ERROR, "range", message, remedy)]
    if median > _FAR_OFF:
        return [Finding(Level.ERROR, "range", message, "point the camera at the table, and check the depth unit")]
    if median > _TOO_FAR:
        return [Finding(Level.WARNING, "range", message, "bring the camera nearer: depth noise grows with distance²")]
    if median < _TOO_NEAR:
        remedy = "most depth cameras measure nothing nearer than 0.25 m: move it away, and check the depth unit"
        return [Finding(Level.WARNING, "range", message, remedy)]
    return [Finding(Level.OK, "range", message)]


def check_grain(depth: NDArray[np.float32]) -> list[Finding]:
    """Noise from pixel to pixel, and the step between neighbouring depth values."""
    second = depth[:, :-2] - 2 * depth[:, 1:-1] + depth[:, 2:]
    second = second[np.isfinite(second)]
    if second.size < 100:
        return []
    # Of independent noise s the second difference has standard deviation sqrt(6) s; the median sees past edges.
    noise = 1.4826 * float(np.median(np.abs(second))) / np.sqrt(6)
    valid = depth[np.isfinite(depth)]
    median = float(np.median(valid))
    near = np.unique(valid[np.abs(valid - median) < 0.1 * median])
    step = float(np.median(np.diff(near))) if near.size > 1 else 0.0
    if noise < 1e-5 and step < 1e-5:
        message = (
            "there is no noise at all: the image was smoothed or rendered; edges and thin things may be washed out"
        )
        return [Finding(Level.OK, "grain", message)]
    message = f"depth varies by {noise * 1e3:.2g} mm from pixel to pixel and comes in steps of {step * 1e3:.2g} mm"
    if noise > max(0.004, 0.006 * median):
        return [Finding(Level.WARNING, "grain", message, "switch on temporal filtering, or average several frames")]
    if step > max(0.003, 0.004 * median**2):
        remedy = "the depth was stored too coarsely (8 bits? centimetres?): store millimetres in 16 bits"
        return [Finding(Level.WARNING, "grain", message, remedy)]
    return [Finding(Level.OK, "grain", message)]


def _counted(holes: int) -> str:
    return "one hole" if holes == 1 else f"{holes} holes"


def _where(x: int, y: int, width: int, height: int, columns: int, rows: int) -> str:
    """Where a box lies in the image, in words."""
    across = ("left", "", "right")[min(2, int(3 * (x + width / 2) / columns))]
    down = ("top", "", "bottom")[min(2, int(3 * (y + height / 2) / rows))]
    return f"at the {' '.join(filter(None, (down, across)))}" if across or down else "in the middle"

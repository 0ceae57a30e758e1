"""What the colour image tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_perception.doctor.finding import Finding, Level


def check_color(color: NDArray[np.uint8], size: tuple[int, ...]) -> list[Finding]:
    """Size, exposure and content of an (H, W, 3) RGB image that belongs to depth of `size` (H, W)."""
    if color.shape[:2] != tuple(size):
        message = f"the colour image is {color.shape[1]}x{color.shape[0]}, the depth image {size[1]}x{size[0]}"
        remedy = "use the depth that is aligned to colour, in colour's resolution"
        return [Finding(Level.ERROR, "colour", message, remedy)]
    mean = float(color.mean())
    burnt = float((color.min(axis=2) >= 250).mean())
    message = f"mean brightness {mean:.0f} of 255, {burnt:.1%} of the pixels are saturated"
    if mean < 5:
        remedy = "is the lens covered, the light off, or the image empty?"
        return [Finding(Level.WARNING, "colour", f"black: {message}", remedy)]
    if float(color.std(axis=(0, 1)).max()) < 2:
        return [Finding(Level.WARNING, "colour", f"one colour everywhere: {message}", "is the lens covered?")]
    if mean < 40:
        return [Finding(Level.WARNING, "colour", f"dark: {message}", "more light, or a longer exposure")]
    if burnt > 0.25:
        return [Finding(Level.WARNING, "colour", f"over-exposed: {message}", "less light, or a shorter exposure")]
    grey = not (color[..., 0] != color[..., 1]).any() and not (color[..., 1] != color[..., 2]).any()
    return [Finding(Level.OK, "colour", message + ("; it is grey, without colours" if grey else ""))]

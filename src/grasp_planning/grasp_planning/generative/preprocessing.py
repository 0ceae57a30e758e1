"""What a network is shown of an image: one object, used by training, by evaluation and on the robot alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from grasp_perception.configuration import Configuration
from grasp_perception.depth import inpaint_depth
from grasp_planning.grasps import GraspRectangle

CHANNELS = {"depth": 1, "rgb": 3, "rgbd": 4}
TOO_LITTLE = "is the camera too near, or its projector off?"


class ImageError(ValueError):
    """An image that cannot be shown to a network; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedImage:
    """A square of an image as a network sees it, and the way back."""

    color: NDArray[np.uint8]
    """(S, S, 3) RGB."""
    depth: NDArray[np.float32]
    """(S, S) m, without holes."""
    measured: NDArray[np.bool_]
    """(S, S) where the camera measured depth."""
    origin: tuple[int, int]
    """Upper left pixel (x, y) of the square in the image."""
    side: int
    """px of the image: of the square."""

    @property
    def scale(self) -> float:
        """Pixels of the network in one of the image."""
        return len(self.depth) / self.side

    def window(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(S, S) of an (H, W) image of labels, what lies in the square."""
        (left, top), shape = self.origin, self.depth.shape
        part = mask[top : top + self.side, left : left + self.side]
        return part if part.shape == shape else cv2.resize(part, shape, interpolation=cv2.INTER_NEAREST)

    def to_network(self, points: ArrayLike) -> NDArray[np.float64]:
        """(..., 2) pixels (x, y) of the image in the network's; whole numbers are centres of pixels in both."""
        return (np.asarray(points) - self.origin + 0.5) * self.scale - 0.5

    def to_image(self, points: ArrayLike) -> NDArray[np.float64]:
        """(..., 2) pixels (x, y) of the network in the image's."""
        return (np.asarray(points) + 0.5) / self.scale - 0.5 + self.origin

    def grasp_to_image(self, grasp: GraspRectangle) -> GraspRectangle:
        """A grasp in pixels of the network in those of the image."""
        x, y = self.to_image((grasp.x, grasp.y)).tolist()
        return replace(grasp, x=x, y=y, width=grasp.width / self.scale, height=grasp.height / self.scale)


class Preprocessing(Configuration):
    """Crop, fill, resize, normalise (Prew et al. 2022, sections IV-B and IV-D). Stored in the card of the weights."""

    channels: Literal["depth", "rgb", "rgbd"] = "rgbd"
    size: int = Field(default=320, ge=32, le=2048)
    """px: side of what the network sees."""
    crop: int | None = Field(default=None, ge=32)
    """px of the image: side of the square that is cut out; None for the largest one."""
    field: float | None = Field(default=None, gt=0)
    """m: side of that square on the table, as the training data's camera sees it. On a robot as much is cut out,
    however far its camera is; None if it varies, then it is `crop` px there too."""
    level: bool = False
    """Whether the training data's camera looks straight down: then a robot's planner takes the slope of the table,
    as its camera sees it, out of the depth, and lets the table go on where the image is too small."""
    depth_clamp: float = Field(default=1.0, gt=0)
    """m from the mean of the depth beyond which nothing is told apart."""
    depth_scale: float = Field(default=1.0, gt=0)
    """What the network is given for 1 m. More than 1 lets it learn sooner where things are small."""
    min_measured: float = Field(default=0.3, ge=0, le=1)
    """Share of the square in which depth must have been measured."""

    @property
    def in_channels(self) -> int:
        """Channels of the tensor."""
        return CHANNELS[self.channels]

    def prepare(
        self,
        color: NDArray[np.uint8],
        depth: NDArray[np.float32],
        *,
        center: tuple[float, float] | None = None,
        side: int | None = None,
    ) -> PreparedImage:
        """The square of an image that the network is to see.

        Args:
            color: (H, W, 3) RGB.
            depth: (H, W) along the optical axis, m, NaN where nothing was measured.
            center: Pixel (x, y) about which the square is cut out, as far as the image allows; the image's if None.
            side: px of the image, of the square; as `crop` says if None.

        Raises:
            ImageError: The image is smaller than the crop, or too little depth was measured in it.
        """
        height, width = depth.shape
        if color.shape != (height, width, 3):
            raise ImageError(f"colour is {color.shape} and depth {depth.shape}: they are not of the same pixels")
        side = side or self.crop or min(height, width)
        rows, columns = window = self.window((height, width), center, side)
        filled, measured = self._filled(depth[window])
        tone = self._resized(np.ascontiguousarray(color[window]))
        return PreparedImage(tone, filled, measured, (columns.start, rows.start), side)

    def window(self, shape: tuple[int, ...], center: tuple[float, float] | None, side: int) -> tuple[slice, slice]:
        """Rows and columns of a square about a pixel (x, y), or the image's middle, as far as the image allows.

        Raises:
            ImageError: The image is smaller.
        """
        height, width = shape
        if side > min(height, width):
            farther = "" if self.field is None else "move the camera farther from the table, "
            raise ImageError(
                f"the image has {width}x{height} px, and the network is to see {side}x{side} of them: use a larger "
                f"image, {farther}or use weights made for this camera"
            )
        x, y = center or ((width - 1) / 2, (height - 1) / 2)
        left = int(np.clip(round(x - (side - 1) / 2), 0, width - side))
        top = int(np.clip(round(y - (side - 1) / 2), 0, height - side))
        return slice(top, top + side), slice(left, left + side)

    def tensor(self, color: NDArray[np.uint8], depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """(C, S, S) what the network is given: depth first, about its mean, then red, green and blue, about theirs.

        Args:
            color: (S, S, 3) RGB.
            depth: (S, S) m, without holes; it may lack any constant.

        Raises:
            ImageError: The network is shown colour, and there is none.
        """
        if self.channels != "depth" and not color.any():
            raise ImageError("the colour image is missing or black, and the network learned with colour")
        tensor = np.empty((self.in_channels, *depth.shape), dtype=np.float32)
        if self.channels != "rgb":
            near = depth - np.float32(cv2.mean(depth)[0])
            np.clip(near, -self.depth_clamp, self.depth_clamp, out=near)
            np.multiply(near, np.float32(self.depth_scale), out=tensor[0])
        if self.channels != "depth":
            mean = np.float32(sum(cv2.mean(color)) / (3 * 255))
            for shade, values in zip(cv2.split(color), tensor[-3:]):
                np.multiply(shade, np.float32(1 / 255), out=values)
                values -= mean
        return tensor

    def _filled(self, depth: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(S, S) depth without holes, and where it was measured."""
        valid = np.isfinite(depth)
        share = float(valid.mean())
        if share < self.min_measured:
            raise ImageError(
                f"depth was measured in {share:.0%} of the image, {self.min_measured:.0%} are needed: {TOO_LITTLE}"
            )
        if valid.all():
            return self._resized(depth), np.ones((self.size, self.size), dtype=np.bool_)
        # Holes are filled at the network's resolution, where they are small.
        weight = self._resized(valid.astype(np.float32))
        total = self._resized(np.where(valid, depth, np.float32(0)))
        known = weight > 0.25
        if not known.any():
            raise ImageError(
                f"depth was measured in {share:.0%} of the image, and in no place of it densely: {TOO_LITTLE}"
            )
        coarse = np.where(known, total / np.maximum(weight, np.float32(0.25)), np.float32(np.nan))
        return inpaint_depth(coarse, max_hole=coarse.size), weight > 0.5

    def _resized(self, image: NDArray) -> NDArray:
        if image.shape[0] == self.size:
            return image
        smaller = self.size < image.shape[0]
        return cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)

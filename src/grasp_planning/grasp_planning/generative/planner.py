"""Planners that ask a generative network (Morrison et al. 2018; Prew et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grasp_perception.configuration import Configuration
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.table import NoTableError, TablePlane, fit_table
from grasp_planning.generative.card import WeightsError
from grasp_planning.generative.hardware import Device
from grasp_planning.generative.inference import open_runner
from grasp_planning.generative.preprocessing import ImageError, PreparedImage
from grasp_planning.generative.standing import Square, Standing, find_standing
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.gripper import Gripper
from grasp_planning.holes import fill_holes
from grasp_planning.jaw_room import TRIED, JawRoom
from grasp_planning.lifting import lift
from grasp_planning.planner import GraspPlanner, NoGraspFound


class GenerativeOptions(Configuration):
    """Options of the planners that ask a network."""

    weights: Path
    """A .safetensors file, its card beside it."""
    device: Device = "auto"
    min_quality: float | None = Field(default=None, ge=0, le=1)
    """Below it the network sees no grasp; None = as the weights' card says."""
    min_object_height: float = Field(default=0.004, gt=0)
    """m: what stands less above the table is table."""
    skip_cut_objects: bool = True
    """Leave alone what the image's border cuts off, unless it is tracked: it may be the robot."""
    insertion: float = Field(default=0.03, ge=0)
    """m that the tips go past the surface, unless the palm or the table comes first; as in the trials that made the
    training data."""
    clearance: float = Field(default=0.003, ge=0)
    """m between the tips and the table."""
    fit_jaws: bool = True
    """Whether the jaws are moved to where the depth image leaves room for them; grasps without such a place are left
    out. If not, they stand where the network says."""
    finger_clearance: float = Field(default=0.0015, ge=0)
    """m beside a finger on its way, if they are."""
    least_insertion: float = Field(default=0.008, ge=0)
    """m past the surface that are enough if the jaws have no room farther down at any grasp."""
    seed: int = Field(default=0, ge=0)
    """Of the table's fit."""


class GenerativePlanner(GraspPlanner):
    """The best grasps of the maps that a network draws of what the camera saw.

    Squares about what stands on the table are shown to the network, as large on the table as those it was trained on,
    if its card says how large these were. Approach is along the table's normal, whatever the camera's tilt.
    Options are the fields of `GenerativeOptions`.

    Attributes:
        runner: What calculates.
        card: What the weights are.
    """

    needs_weights = True
    network: ClassVar[str]
    """Name of the network; weights of another one are refused."""

    def __init__(self, gripper: Gripper, *, seed: int = 0, **options: Any) -> None:
        super().__init__(gripper)
        self.options = GenerativeOptions(seed=seed, **options)
        self.runner, self.card = open_runner(self.options.weights, self.options.device)
        if self.card.network != self.network:
            raise WeightsError(f"{self.options.weights} are weights of '{self.card.network}', not of '{self.network}'")

    def plan(
        self, frame: RGBDFrame, *, roi: NDArray[np.bool_] | None = None, max_grasps: int = 1, tracked: bool = False
    ) -> list[GraspCandidate]:
        """See `GraspPlanner.plan`."""
        if roi is not None and roi.shape != frame.depth.shape:
            raise ValueError(f"roi is {roi.shape}, the image is {frame.depth.shape}")
        count = max(max_grasps, TRIED) if self.options.fit_jaws else max_grasps
        self.quality_map = drawn = np.zeros(frame.depth.shape, np.float32)
        try:
            table = fit_table(frame, np.random.default_rng(self.options.seed))
            standing = find_standing(
                frame,
                table,
                min_height=self.options.min_object_height,
                opening=self.gripper.max_opening,
                skip_cut=self.options.skip_cut_objects and not tracked,
                roi=roi,
            )
            side = self._side(frame, standing)
            view = _View(frame.color, frame.depth, standing.mask)
            if self.card.preprocessing.level:
                view = view.levelled(standing.ground, standing.table_depth, side)
            found = self._seen(view, standing.squares(side), side, count, drawn)
        except (ImageError, NoTableError) as error:
            raise NoGraspFound(Outcome.BAD_DEPTH, str(error)) from error
        found.sort(key=lambda grasp: -grasp.quality)
        if not found or found[0].quality < self.min_quality:
            best = f"the network's best grasp has a quality of {found[0].quality:.2f}" if found else "there is no peak"
            raise NoGraspFound(Outcome.NO_GRASP, f"{best}, {self.min_quality:.2f} is demanded (option min_quality)")
        good = [grasp for grasp in found if grasp.quality >= self.min_quality]
        scale = side / self.card.preprocessing.size
        return self._lifted(self.card.postprocessing.distinct(good, count, scale), frame, table, max_grasps)

    @property
    def min_quality(self) -> float:
        """Below it the network sees no grasp."""
        wanted = self.options.min_quality
        return self.card.postprocessing.min_quality if wanted is None else wanted

    def _side(self, frame: RGBDFrame, standing: Standing) -> int:
        """Of the square that the network sees, px."""
        preprocessing = self.card.preprocessing
        if preprocessing.field is None:
            return preprocessing.crop or min(frame.depth.shape)
        focal = float(np.sqrt(frame.intrinsics.fx * frame.intrinsics.fy))
        return round(preprocessing.field * focal / standing.table_depth)

    def _seen(
        self, view: _View, squares: list[Square], side: int, count: int, drawn: NDArray[np.float32]
    ) -> list[GraspRectangle]:
        """Grasps in squares, px of the frame, whatever their quality, which is drawn, too.

        Raises:
            ImageError: The image is too small, or there is no grasp and of some square too little depth.
        """
        found: list[GraspRectangle] = []
        errors: list[ImageError] = []
        for square in squares:
            try:
                found += self._in_square(view.limited(square), square.center, side, count, drawn)
            except ImageError as error:
                errors.append(error)
        if errors and not found:
            raise errors[0]
        return found

    def _in_square(
        self, view: _View, center: tuple[float, float], side: int, count: int, drawn: NDArray[np.float32]
    ) -> list[GraspRectangle]:
        """The same in one; none where nothing stands."""
        preprocessing, margin = self.card.preprocessing, view.margin
        center = center[0] + margin, center[1] + margin
        if not view.mask[preprocessing.window(view.mask.shape, center, side)].any():
            return []
        image = preprocessing.prepare(view.color, view.depth, center=center, side=side)
        maps = self.runner(preprocessing.tensor(image.color, image.depth))
        allowed = image.measured & (image.window(view.mask.astype(np.uint8)) > 0)
        _draw(np.where(allowed, maps.best_quality, np.float32(0)), image, margin, drawn)
        postprocessing = self.card.postprocessing.model_copy(update={"min_quality": 0.0})
        grasps = postprocessing.grasps(maps, count, allowed)
        found = [image.grasp_to_image(grasp) for grasp in grasps if grasp.quality > 0 and grasp.width > 0]
        return [replace(grasp, x=grasp.x - margin, y=grasp.y - margin) for grasp in found]

    def _lifted(
        self, rectangles: list[GraspRectangle], frame: RGBDFrame, table: TablePlane, count: int
    ) -> list[GraspCandidate]:
        """Poses of the first of those rectangles for which depth was measured, and there is room.

        If the jaws have room for none of them, they need not go so deep.
        """
        ways: list[Callable[[GraspCandidate], GraspCandidate]] = [lambda candidate: candidate]
        if self.options.fit_jaws:
            room = self._room(frame)
            ways = [room.fit, partial(room.fit, least_insertion=self.options.least_insertion)]
        for way in ways:
            candidates, errors = self._tried(rectangles, frame, table, count, way)
            if candidates:
                return candidates
        best = errors[0]
        raise NoGraspFound(best.outcome, f"none of {len(errors)} grasps can be tried; of the best: {best.message}")

    def _tried(
        self,
        rectangles: list[GraspRectangle],
        frame: RGBDFrame,
        table: TablePlane,
        count: int,
        place: Callable[[GraspCandidate], GraspCandidate],
    ) -> tuple[list[GraspCandidate], list[OutcomeError]]:
        """The first grasps for which depth was measured and that can be placed, and why others cannot."""
        insertion = min(self.options.insertion, 0.8 * self.gripper.finger_length)
        candidates: list[GraspCandidate] = []
        errors: list[OutcomeError] = []
        for rectangle in rectangles:
            if len(candidates) == count:
                break
            try:
                candidate = lift(
                    rectangle,
                    frame,
                    self.gripper,
                    insertion=insertion,
                    approach=-table.normal,
                    table=table,
                    clearance=self.options.clearance,
                )
                candidates.append(place(candidate))
            except OutcomeError as error:
                errors.append(error)
        return candidates, errors

    def _room(self, frame: RGBDFrame) -> JawRoom:
        """Where the jaws have it."""
        depth = fill_holes(frame.depth)
        return JawRoom(depth, frame.intrinsics, self.gripper, clearance=self.options.finger_clearance)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What squares are cut out of."""

    color: NDArray[np.uint8]
    depth: NDArray[np.float32]
    mask: NDArray[np.bool_]
    """Where the centre of a grasp may lie."""
    margin: int = 0
    """px that were put around the frame."""

    def limited(self, square: Square) -> _View:
        """With the mask only where grasps are the square's own."""
        height, width = self.mask.shape
        left, top, right, bottom = np.clip(np.add(square.own, self.margin), 0, [width, height, width, height])
        if (left, top, right, bottom) == (0, 0, width, height):
            return self
        own = np.zeros_like(self.mask)
        part = slice(round(top), round(bottom)), slice(round(left), round(right))
        own[part] = self.mask[part]
        return replace(self, mask=own)

    def levelled(self, ground: NDArray[np.float32], table_depth: float, side: int) -> _View:
        """As a camera sees it that looks straight down on a table that goes on beyond the image.

        Args:
            ground: (H, W) depth of the empty table, m.
            table_depth: Its depth then, m.
            side: Of the squares, px; the view is made large enough for one.
        """
        depth = self.depth - ground + np.float32(table_depth)
        margin = max(0, side - min(depth.shape) + 1) // 2
        if not margin:
            return replace(self, depth=depth)
        color = np.pad(self.color, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
        return _View(color, np.pad(depth, margin, constant_values=table_depth), np.pad(self.mask, margin), margin)


def _draw(quality: NDArray[np.float32], image: PreparedImage, margin: int, whole: NDArray[np.float32]) -> None:
    """Draw the quality in a square into that of the whole frame."""
    side = image.side
    part = cv2.resize(quality, (side, side), interpolation=cv2.INTER_LINEAR)
    left, top = image.origin[0] - margin, image.origin[1] - margin
    part = part[max(0, -top) : whole.shape[0] - top, max(0, -left) : whole.shape[1] - left]
    window = whole[max(0, top) : top + side, max(0, left) : left + side]
    np.maximum(window, part, out=window)


class GGCNN2Planner(GenerativePlanner):
    """GG-CNN2: the smallest."""

    network = "ggcnn2"


class GRConvNetPlanner(GenerativePlanner):
    """GR-ConvNet."""

    network = "grconvnet"


class UNetPlanner(GenerativePlanner):
    """UNet: the largest and, in the paper, the best."""

    network = "unet"

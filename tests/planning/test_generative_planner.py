"""Planners that ask a network: what they show it, and what becomes of its answer. The network here is a stand-in that
finds the highest place of each thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome
from grasp_planning.generative import planner as module
from grasp_planning.generative.planner import GGCNN2Planner
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.weights import save_weights
from grasp_planning.lifting import to_base
from grasp_planning.networks import build
from grasp_planning.planner import NoGraspFound, NoWeights, available_planners, load_planner

REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
ANGLE = 0.4
FACTS: dict[str, Any] = {"data": {}, "training": {}, "metrics": {}, "purpose": "a test", "date": "2026-01-01"}


class HighestPlaces:
    """Quality is the height of a thing's middle over 2 cm; all grasps have one angle and opening."""

    description = "a stand-in"

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def __call__(self, tensor: np.ndarray) -> GraspMapArrays:
        self.shown.append(tensor)
        height = np.median(tensor[0]) - tensor[0]
        _, labels, _, centroids = cv2.connectedComponentsWithStats((height > 0.006).astype(np.uint8))
        quality = np.zeros_like(height)
        for label, (x, y) in enumerate(centroids[1:], 1):
            quality[round(y), round(x)] = np.median(height[labels == label]) / 0.04
        ones = np.ones_like(quality)
        angle = -ANGLE  # seen from above, y points down
        maps = (quality, ones * np.cos(2 * angle), ones * np.sin(2 * angle), ones * 0.5)
        return GraspMapArrays(*(values[None].astype(np.float32) for values in maps))


class AlongTheBar:
    """Five equal grasps, 12 px apart, along a bar that lies along the image's columns."""

    description = "a stand-in"

    def __call__(self, tensor: np.ndarray) -> GraspMapArrays:
        rows, columns = np.nonzero(np.median(tensor[0]) - tensor[0] > 0.006)
        quality = np.zeros_like(tensor)
        quality[0, round(rows.mean()) + 12 * np.arange(-2, 3), round(columns.mean())] = 0.5
        ones = np.ones_like(tensor)
        return GraspMapArrays(quality, ones, 0 * ones, 0.5 * ones)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "ggcnn2.safetensors"
    preprocessing = Preprocessing(channels="depth", size=256, field=0.2)
    postprocessing = Postprocessing(width_scale=50.0, min_quality=0.3)
    network = build("ggcnn2", in_channels=1, bins=1).eval()
    save_weights(path, network, preprocessing=preprocessing, postprocessing=postprocessing, **FACTS)
    return path


@pytest.fixture
def planner(weights: Path, widowx, monkeypatch) -> GGCNN2Planner:
    made = GGCNN2Planner(widowx, weights=weights)
    monkeypatch.setattr(made, "runner", HighestPlaces())
    return made


@pytest.fixture
def scene(see, rendering):
    def make(*places: tuple[float, float], height: float = 0.62, top: float = 0.02, **options: Any) -> RGBDFrame:
        boxes = [rendering.Box(x, y, ANGLE, (0.016, 0.04, top)) for x, y in places]
        pose = rendering.camera_pose(height, options.get("tilt", 0.0), x=0.22)
        return see(*boxes, pose=pose, intrinsics=options.get("intrinsics", REALSENSE), noise=0.0)

    return make


@pytest.mark.parametrize("height", [0.45, 0.62, 0.9])
def test_the_network_sees_as_much_of_the_table_from_any_height(planner, scene, rendering, height: float) -> None:
    frame = scene((0.2, 0.03), height=height, tilt=10.0)
    (grasp,) = planner.plan(frame)
    assert [tensor.shape for tensor in planner.runner.shown] == [(1, 256, 256)]
    base = to_base(grasp, rendering.camera_pose(height, 10.0, x=0.22), "ggcnn2")
    assert base.pose.translation[:2] == pytest.approx([0.2, 0.03], abs=0.002)
    assert base.pose.translation[2] == pytest.approx(planner.options.clearance, abs=0.001)
    # What the network says, and where the camera is tilted, a little more beside what it cannot see.
    assert 0.94 * 0.5 * 50 * 0.2 / 256 < base.width < 0.0225
    assert grasp.quality == pytest.approx(0.5, abs=0.05)


def test_the_quality_map_lies_on_the_frame(planner, scene) -> None:
    frame = scene((0.2, 0.03))
    (grasp,) = planner.plan(frame)
    drawn = planner.quality_map
    assert drawn.shape == frame.depth.shape and drawn.dtype == np.float32
    row, column = np.unravel_index(int(drawn.argmax()), drawn.shape)
    assert (column, row) == pytest.approx((grasp.rectangle.x, grasp.rectangle.y), abs=1.0)


def test_things_that_are_farther_apart_than_the_network_sees(planner, scene) -> None:
    frame = scene((0.2, -0.13), (0.2, 0.13))
    grasps = planner.plan(frame, max_grasps=5)
    assert len(planner.runner.shown) == 2
    assert len(grasps) == 2
    assert abs(grasps[0].rectangle.y - grasps[1].rectangle.y) == pytest.approx(0.26 * 615 / 0.6, rel=0.05)


def test_a_thing_between_two_squares_is_seen_whole(planner, scene) -> None:
    frame = scene((0.2, -0.185), (0.2, 0.0), (0.2, 0.185))  # the outer ones are just less than two squares apart
    grasps = planner.plan(frame, max_grasps=5)
    assert len(planner.runner.shown) == 3
    middle = min(grasps, key=lambda grasp: abs(grasp.rectangle.x - 319.5) + abs(grasp.rectangle.y - 239.5))
    alone = planner.plan(scene((0.2, 0.0)))[0]
    assert len(grasps) == 3
    assert (middle.rectangle.x, middle.rectangle.y) == pytest.approx((alone.rectangle.x, alone.rectangle.y), abs=1.5)


def test_it_looks_only_where_something_stands_and_depth_was_measured(planner, scene) -> None:
    frame = scene((0.06, -0.12), (0.38, 0.12))  # in two corners of the four squares that cover them
    grasps = planner.plan(frame, max_grasps=5)
    assert len(grasps) == len(planner.runner.shown) == 2
    one, other = (np.array([grasp.rectangle.x, grasp.rectangle.y]) for grasp in grasps)
    middle = (one + other) / 2

    def without(*corners: np.ndarray, but: int = 0) -> RGBDFrame:
        """With holes in the squares of some corners, but for some px about these."""
        depth = frame.depth.copy()
        for corner in np.rint(corners):
            toward = np.sign(middle - corner)
            (left, right), (top, bottom) = np.sort([corner - 40 * toward, corner + 160 * toward], axis=0).astype(int).T
            (x, y) = corner.astype(int)
            kept = depth[y - but : y + but, x - but : x + but].copy()
            depth[top:bottom, left:right] = np.nan
            depth[y - but : y + but, x - but : x + but] = kept
        return replace(frame, depth=depth)

    found = planner.plan(without(np.array([one[0], other[1]]), np.array([other[0], one[1]])), max_grasps=5)
    assert [(grasp.rectangle.x, grasp.rectangle.y) for grasp in found] == [
        pytest.approx(tuple(place), abs=0.01) for place in (one, other)
    ]
    (left,) = planner.plan(without(one, but=25), max_grasps=5)
    assert (left.rectangle.x, left.rectangle.y) == pytest.approx(tuple(other), abs=1.0)
    error = refusal(planner, without(one, other, but=25))
    assert error.outcome is Outcome.BAD_DEPTH and "of the image, 30% are needed" in error.message


def test_it_looks_as_often_as_need_be_where_the_card_names_no_square(weights: Path, widowx, monkeypatch, scene) -> None:
    card = yaml.safe_load(weights.with_suffix(".yaml").read_text())
    card["preprocessing"]["field"] = None
    weights.with_suffix(".yaml").write_text(yaml.safe_dump(card))
    planner = GGCNN2Planner(widowx, weights=weights, fit_jaws=False)
    monkeypatch.setattr(planner, "runner", HighestPlaces())
    frame = scene((-0.04, 0.0), (0.48, 0.0))  # 533 px apart, the image has 480 rows
    assert len(planner.plan(frame, max_grasps=5)) == 2
    assert len(planner.runner.shown) == 2


@pytest.mark.parametrize("share", [1.0, 0.5, 1 / 3])
def test_as_many_grasps_at_any_resolution(weights: Path, widowx, monkeypatch, see, rendering, share: float) -> None:
    planner = GGCNN2Planner(widowx, weights=weights, fit_jaws=False)
    monkeypatch.setattr(planner, "runner", AlongTheBar())
    width, height = round(640 * share), round(480 * share)
    intrinsics = CameraIntrinsics(615 * share, 615 * share, (width - 1) / 2, (height - 1) / 2, width, height)
    bar, pose = rendering.Box(0.22, 0.0, 0.0, (0.016, 0.08, 0.02)), rendering.camera_pose(0.62, x=0.22)
    assert len(planner.plan(see(bar, pose=pose, intrinsics=intrinsics, noise=0.0), max_grasps=10)) == 5


def test_only_in_the_region_of_interest(planner, scene) -> None:
    frame = scene((0.2, -0.05), (0.2, 0.05))
    roi = np.zeros(frame.depth.shape, bool)
    roi[:240] = True
    grasps = planner.plan(frame, roi=roi, max_grasps=5)
    assert len(grasps) == 1 and grasps[0].rectangle.y < 240
    assert not planner.quality_map[240:].any()
    with pytest.raises(NoGraspFound, match="NO_OBJECT: nothing stands more than 4 mm above the table in the region"):
        planner.plan(frame, roi=np.zeros_like(roi))


def test_what_the_border_cuts_off_is_left_alone(weights: Path, widowx, monkeypatch, scene) -> None:
    frame = scene((0.2, 0.03), (0.22 + 0.322, 0.0))
    for skip, expected in ((True, 1), (False, 2)):
        planner = GGCNN2Planner(widowx, weights=weights, skip_cut_objects=skip, fit_jaws=False)
        monkeypatch.setattr(planner, "runner", HighestPlaces())
        assert len(planner.plan(frame, max_grasps=5)) == expected


def test_jaws_stand_where_there_is_room(weights: Path, widowx, monkeypatch, scene) -> None:
    frame = scene((0.2, 0.03))
    grasps = {}
    for fit in (False, True):
        planner = GGCNN2Planner(widowx, weights=weights, fit_jaws=fit, finger_clearance=0.004)
        monkeypatch.setattr(planner, "runner", HighestPlaces())
        (grasps[fit],) = planner.plan(frame)
    assert grasps[False].width == pytest.approx(0.5 * 50 * 0.2 / 256, rel=0.06)
    assert grasps[True].width >= 0.016 + 2 * 0.004
    assert grasps[True].quality == grasps[False].quality


def test_where_there_is_none_it_is_no_grasp(planner, scene, monkeypatch) -> None:
    monkeypatch.setattr(planner, "gripper", planner.gripper.model_copy(update={"max_opening": 0.018}))
    error = refusal(planner, scene((0.2, 0.03)))
    assert error.outcome is Outcome.NO_GRASP
    assert "no room for fingers of 6 mm beside the object" in error.message


def test_it_goes_less_deep_if_there_is_room_nowhere_else(planner, see, rendering) -> None:
    def look(*boxes) -> RGBDFrame:
        return see(*boxes, pose=rendering.camera_pose(0.62, x=0.22), intrinsics=REALSENSE, noise=0.0)

    foot, top = ((0.2, 0.03, ANGLE, (width, 0.04, height)) for width, height in ((0.034, 0.006), (0.022, 0.02)))
    hat = rendering.Box(*foot), rendering.Box(*top)
    (raised,) = planner.plan(look(*hat), max_grasps=5)
    assert planner.options.least_insertion <= raised.insertion < 0.02 - 0.005
    bar = rendering.Box(0.2, -0.06, ANGLE, (0.016, 0.04, 0.018))
    (deep,) = planner.plan(look(*hat, bar), max_grasps=5)
    assert deep.insertion == pytest.approx(0.018 - planner.options.clearance, abs=1e-3)


def refusal(planner, frame: RGBDFrame) -> NoGraspFound:
    with pytest.raises(NoGraspFound) as raised:
        planner.plan(frame)
    return raised.value


def test_an_empty_table_is_not_shown_to_the_network(planner, scene) -> None:
    error = refusal(planner, scene())
    assert error.outcome is Outcome.NO_OBJECT and "nothing stands" in error.message
    assert planner.runner.shown == []


def test_a_network_that_sees_no_grasp(planner, scene) -> None:
    error = refusal(planner, scene((0.2, 0.0), top=0.010))
    assert error.outcome is Outcome.NO_GRASP
    assert "the network's best grasp has a quality of 0.2" in error.message
    assert "0.30 is demanded (option min_quality)" in error.message


def test_no_depth(planner, scene) -> None:
    frame = scene((0.2, 0.0))
    blind = RGBDFrame(frame.color, np.full_like(frame.depth, np.nan), frame.intrinsics, 0.0, "camera")
    error = refusal(planner, blind)
    assert error.outcome is Outcome.BAD_DEPTH and "got 0" in error.message


def test_an_image_smaller_than_what_the_network_is_to_see(planner, scene) -> None:
    small = CameraIntrinsics(615.0, 615.0, 79.5, 59.5, 160, 120)
    error = refusal(planner, scene((0.22, 0.0), intrinsics=small))
    assert error.outcome is Outcome.BAD_DEPTH
    assert "the image has 160x120 px, and the network is to see 198x198 of them" in error.message
    assert "move the camera farther from the table" in error.message


def test_a_level_view_is_as_large_as_it_must_be(weights: Path, widowx, monkeypatch, scene) -> None:
    card = yaml.safe_load(weights.with_suffix(".yaml").read_text())
    card["preprocessing"]["level"] = True
    weights.with_suffix(".yaml").write_text(yaml.safe_dump(card))
    planner = GGCNN2Planner(widowx, weights=weights)
    monkeypatch.setattr(planner, "runner", HighestPlaces())
    small = CameraIntrinsics(615.0, 615.0, 79.5, 59.5, 160, 120)
    frame = scene((0.23, 0.01), intrinsics=small, tilt=10.0)
    (grasp,) = planner.plan(frame)
    (tensor,) = planner.runner.shown
    assert abs(np.median(tensor[0, :20]) - np.median(tensor[0, -20:])) < 0.002  # without the table's slope
    drawn = planner.quality_map
    row, column = np.unravel_index(int(drawn.argmax()), drawn.shape)
    assert drawn.shape == (120, 160) and (column, row) == pytest.approx((grasp.rectangle.x, grasp.rectangle.y), abs=1)


def test_found_by_name_with_the_weights_of_the_robot(weights: Path, widowx) -> None:
    assert {"ggcnn2", "grconvnet", "unet"} <= set(available_planners())
    assert load_planner("ggcnn2", widowx, models=weights.parent).card.purpose == "a test"
    assert load_planner("ggcnn2", widowx, {"weights": str(weights), "min_quality": 0.1}).min_quality == 0.1
    with pytest.raises(ValueError, match=r"no\.safetensors is missing: weights are a \.safetensors file"):
        load_planner("unet", widowx, {"weights": weights.with_name("no.safetensors")})
    with pytest.raises(NoWeights, match="planner 'unet' needs trained weights: give it the option weights"):
        load_planner("unet", widowx)
    with pytest.raises(ValueError, match="are weights of 'ggcnn2', not of 'unet'"):
        load_planner("unet", widowx, {"weights": weights})
    with pytest.raises(
        ValueError, match=r"planner 'ggcnn2' does not take these options: glue: Extra inputs are not permitted, got 1$"
    ):
        load_planner("ggcnn2", widowx, {"weights": weights, "glue": 1})
    assert module.GenerativePlanner.needs_weights

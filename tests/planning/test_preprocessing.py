"""What a network is shown of an image."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_planning.generative.preprocessing import ImageError, Preprocessing


def image(height: int = 480, width: int = 640) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    color = np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=-1).astype(np.uint8)
    return color, 0.6 + 0.0001 * columns


def test_the_middle_square_is_cut_out_and_made_smaller() -> None:
    color, depth = image()
    prepared = Preprocessing(size=240).prepare(color, depth)
    assert prepared.color.shape == (240, 240, 3) and prepared.depth.shape == (240, 240)
    assert prepared.origin == (80, 0) and prepared.scale == 0.5
    np.testing.assert_allclose(prepared.to_network((80.5, 0.5)), (0.0, 0.0))
    np.testing.assert_allclose(prepared.depth[0, 0], 0.6 + 0.0001 * 80.5, rtol=1e-6)
    points = np.array([(100.0, 50.0), (560.25, 470.0)])
    np.testing.assert_allclose(prepared.to_image(prepared.to_network(points)), points)


def test_a_crop_follows_its_centre_as_far_as_the_image_goes() -> None:
    color, depth = image()
    settings = Preprocessing(size=200, crop=200)
    assert settings.prepare(color, depth, center=(300.0, 200.0)).origin == (200, 100)
    assert settings.prepare(color, depth, center=(10.0, 470.0)).origin == (0, 280)
    np.testing.assert_array_equal(settings.prepare(color, depth).color, color[140:340, 220:420])
    larger = settings.prepare(color, depth, center=(300.0, 200.0), side=300)
    assert (larger.origin, larger.side, larger.scale) == ((150, 50), 300, 200 / 300)
    mask = np.arange(480 * 640, dtype=np.int32).reshape(480, 640) % 251
    window = larger.window(mask.astype(np.uint8))
    assert window.shape == (200, 200) and window[0, 0] == mask[50, 150]


@pytest.mark.parametrize(("channels", "count"), [("depth", 1), ("rgb", 3), ("rgbd", 4)])
def test_channels_are_about_their_means(channels: str, count: int) -> None:
    settings = Preprocessing(size=240, channels=channels)
    prepared = settings.prepare(*image())
    tensor = settings.tensor(prepared.color, prepared.depth)
    assert tensor.shape == (count, 240, 240) and tensor.dtype == np.float32 and settings.in_channels == count
    if channels != "rgb":
        np.testing.assert_allclose(tensor[0], prepared.depth - prepared.depth.mean(), atol=1e-6)
        shifted = settings.tensor(prepared.color, prepared.depth + 0.3)
        np.testing.assert_allclose(shifted, tensor, atol=1e-6)  # the camera's height does not matter
    if channels != "depth":
        expected = prepared.color / 255 - (prepared.color / 255).mean()
        np.testing.assert_allclose(np.moveaxis(tensor[-3:], 0, 2), expected, atol=1e-6)


def test_depth_is_clamped() -> None:
    color, depth = image()
    depth[:, :200] = 9.0
    settings = Preprocessing(size=240, channels="depth", depth_clamp=0.5)
    prepared = settings.prepare(color, depth)
    tensor = settings.tensor(prepared.color, prepared.depth)
    assert tensor.max() == 0.5 and tensor.min() == -0.5
    larger = settings.model_copy(update={"depth_scale": 20.0}).tensor(prepared.color, prepared.depth)
    np.testing.assert_allclose(larger, 20 * tensor, rtol=1e-6)


def test_holes_are_filled_and_remembered() -> None:
    color, depth = image()
    depth[100:140, 300:330] = np.nan
    prepared = Preprocessing(size=240).prepare(color, depth)
    assert np.isfinite(prepared.depth).all()
    whole = Preprocessing(size=240).prepare(*image())
    np.testing.assert_allclose(prepared.depth, whole.depth, atol=2e-4)  # a plane goes on through its holes
    hole = ~prepared.measured
    assert hole[52:68, 112:123].all() and hole.sum() <= 20 * 15 + 80


def test_colour_that_is_not_there_is_no_colour() -> None:
    _, depth = image(240, 240)
    black = np.zeros((240, 240, 3), np.uint8)
    for channels in ("rgb", "rgbd"):
        with pytest.raises(ImageError, match="the colour image is missing or black, and the network learned with"):
            Preprocessing(size=240, channels=channels).tensor(black, depth)
    assert Preprocessing(size=240, channels="depth").tensor(black, depth).shape == (1, 240, 240)


def test_images_that_cannot_be_shown_are_refused() -> None:
    color, depth = image(200, 300)
    with pytest.raises(ImageError, match="the image has 300x200 px, and the network is to see 320x320 of them"):
        Preprocessing(crop=320).prepare(color, depth)
    with pytest.raises(ImageError, match=r"depth was measured in 0% of the image, 30% are needed"):
        Preprocessing().prepare(color, np.full_like(depth, np.nan))
    sparse = np.full_like(depth, np.nan)
    sparse[::8, ::8] = 0.6
    with pytest.raises(ImageError, match=r"measured in 2% of the image, and in no place of it densely: is the camera"):
        Preprocessing(size=64, min_measured=0.0).prepare(color, sparse)
    with pytest.raises(ImageError, match="they are not of the same pixels"):
        Preprocessing().prepare(color[:100], depth)

"""Noise of depth cameras: each kind's size and place, none by default, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from grasp_perception.camera import CameraIntrinsics
from grasp_sim.dataset.noise import DepthNoise, EdgeLoss, GammaNoise, GrazingLoss, Quantization, SmoothNoise

CAMERA = CameraIntrinsics(400.0, 400.0, 159.5, 119.5, 320, 240)
FLAT = np.full((240, 320), 1.0, np.float32)
EVERYTHING = DepthNoise(
    smooth=SmoothNoise(sigma=0.002),
    gamma=GammaNoise(),
    edges=EdgeLoss(),
    grazing=GrazingLoss(),
    quantization=Quantization(step=0.001),
)


def stepped() -> NDArray[np.float32]:
    depth = FLAT.copy()
    depth[80:160, 100:200] = 0.8
    return depth


def slanted(angle: float) -> NDArray[np.float32]:
    """A plane through the optical axis 1 m away, turned about the image's y axis."""
    x = ((np.arange(320) - CAMERA.cx) / CAMERA.fx).astype(np.float32)
    return np.broadcast_to(1 / (1 + np.float32(np.tan(angle)) * x), (240, 320)).astype(np.float32)


def apply(noise: DepthNoise, depth: NDArray[np.float32], seed: int = 0) -> NDArray[np.float32]:
    return noise.apply(depth, CAMERA, np.random.default_rng(seed))


def test_nothing_is_on_by_default() -> None:
    depth = stepped()
    depth[3, 4] = np.nan
    rng = np.random.default_rng(0)
    measured = DepthNoise().apply(depth, CAMERA, rng)
    np.testing.assert_array_equal(measured, depth)
    assert measured is not depth and rng.random() == np.random.default_rng(0).random()  # nothing was drawn


def test_the_same_seed_gives_the_same_noise_and_leaves_the_image_alone() -> None:
    depth = stepped()
    first, again, other = apply(EVERYTHING, depth), apply(EVERYTHING, depth), apply(EVERYTHING, depth, 1)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    np.testing.assert_array_equal(depth, stepped())
    assert first.dtype == np.float32 and first.shape == depth.shape


def test_smooth_noise_has_its_size_and_its_length() -> None:
    errors = apply(DepthNoise(smooth=SmoothNoise(sigma=0.003, grid=10)), FLAT) - 1.0
    assert errors.std() == pytest.approx(0.003 * 0.8, rel=0.2)  # it is less between the points of the grid
    assert abs(errors.mean()) < 0.0005
    neighbours = np.corrcoef(errors[:, :-1].ravel(), errors[:, 1:].ravel())[0, 1]
    strangers = np.corrcoef(errors[:, :-20].ravel(), errors[:, 20:].ravel())[0, 1]
    assert neighbours > 0.95 and abs(strangers) < 0.1


def test_gamma_noise_is_one_factor() -> None:
    factors = [apply(DepthNoise(gamma=GammaNoise(shape=400)), stepped(), seed) / stepped() for seed in range(200)]
    assert all(np.ptp(factor) < 1e-6 for factor in factors)
    values = np.array([factor[0, 0] for factor in factors])
    assert values.mean() == pytest.approx(1.0, abs=0.01) and values.std() == pytest.approx(0.05, rel=0.15)


def test_edges_are_lost_as_wide_and_as_often_as_asked() -> None:
    all_of_them = np.isnan(apply(DepthNoise(edges=EdgeLoss(width=2, probability=1.0)), stepped()))
    rows = np.flatnonzero(all_of_them[120])
    np.testing.assert_array_equal(rows, [98, 99, 100, 101, 198, 199, 200, 201])
    some = np.isnan(apply(DepthNoise(edges=EdgeLoss(width=2, probability=0.5)), stepped()))
    assert not (some & ~all_of_them).any()
    assert some.sum() / all_of_them.sum() == pytest.approx(0.5, abs=0.1)
    assert not np.isnan(apply(DepthNoise(edges=EdgeLoss(jump=0.3)), stepped())).any()


@pytest.mark.parametrize(("angle", "share"), [(0.0, 0.0), (0.8, 0.0), (1.1, 0.5), (1.3, 0.99)])
def test_grazing_surfaces_are_lost(angle: float, share: float) -> None:
    noise = DepthNoise(grazing=GrazingLoss(angle=1.1, softness=0.05))
    lost = np.isnan(apply(noise, slanted(angle)))[:, 155:165]  # about the axis, where the ray meets the plane so
    assert lost.mean() == pytest.approx(share, abs=0.06)


def test_a_jump_is_no_grazing_surface() -> None:
    assert not np.isnan(apply(DepthNoise(grazing=GrazingLoss()), stepped())).any()


def test_depth_in_fixed_steps() -> None:
    measured = apply(DepthNoise(quantization=Quantization(step=0.005)), slanted(0.5))
    np.testing.assert_allclose(measured / 0.005, np.round(measured / 0.005), atol=1e-3)
    assert np.abs(measured - slanted(0.5)).max() <= 0.0025 + 1e-6


def test_disparity_steps_grow_with_the_square_of_depth() -> None:
    noise = DepthNoise(quantization=Quantization(disparity=0.01))
    for depth in (0.5, 1.0, 2.0):
        ramp = np.linspace(depth, depth * 1.1, FLAT.size, dtype=np.float32).reshape(FLAT.shape)
        values = np.unique(apply(noise, ramp))
        assert np.diff(values)[0] == pytest.approx(0.01 * depth**2, rel=0.1)


def test_what_was_invalid_stays_invalid() -> None:
    depth = stepped()
    depth[::7] = np.nan
    assert np.isnan(apply(EVERYTHING, depth)[::7]).all()


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="depth image is 10x20, the intrinsics are of a 320x240 image"):
        apply(EVERYTHING, np.ones((20, 10), np.float32))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"smooth": {"sigma": -0.001}}, "sigma"),
        ({"gamma": {"shape": 0}}, "shape"),
        ({"edges": {"probability": 1.5}}, "probability"),
        ({"grazing": {"angle": 2.0}}, "angle"),
        ({"quantization": {"step": -1}}, "step"),
        ({"salt": {}}, "salt"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, dict[str, float]], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        DepthNoise.model_validate(values)

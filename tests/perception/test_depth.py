import numpy as np
import pytest

from grasp_perception.depth import decode_depth, encode_depth, inpaint_depth


def plane(height=60, width=80):
    rows, columns = np.mgrid[:height, :width]
    return (0.6 + 0.0004 * columns - 0.0002 * rows).astype(np.float32)


def test_millimetres_become_metres():
    depth = decode_depth(np.array([[0, 1, 700, 65535]], np.uint16))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[np.nan, 0.001, 0.7, 65.535]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_metres_stay_and_every_kind_of_invalid_is_nan(dtype):
    raw = np.array([[0.5, 0.0, -1.0, np.nan, np.inf, -np.inf]]).astype(dtype)
    depth = decode_depth(raw)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(np.isfinite(depth), [[True, False, False, False, False, False]])
    assert depth[0, 0] == 0.5
    assert raw[0, 1] == 0.0, "the input is left alone"


def test_big_endian_millimetres():
    np.testing.assert_allclose(decode_depth(np.array([[700]], ">u2")), [[0.7]], rtol=1e-6)


@pytest.mark.parametrize(
    "raw", [np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.int32), np.zeros((2, 2, 1), np.uint16)]
)
def test_other_arrays_are_refused(raw):
    with pytest.raises(ValueError, match="depth image"):
        decode_depth(raw)


def test_encoding_is_the_inverse_of_decoding():
    raw = np.array([[0, 1, 699, 700, 65535]], np.uint16)
    np.testing.assert_array_equal(encode_depth(decode_depth(raw)), raw)


def test_what_millimetres_cannot_hold_is_invalid_on_the_wire():
    np.testing.assert_array_equal(encode_depth(np.array([[70.0, -1.0, np.nan, np.inf, 0.7006]])), [[0, 0, 0, 0, 701]])


def test_small_hole_on_a_plane_is_filled_exactly():
    truth, depth = plane(), plane()
    depth[20:30, 30:45] = np.nan
    filled = inpaint_depth(depth, max_hole=150)
    np.testing.assert_allclose(filled, truth, atol=5e-6)
    assert np.isnan(depth[25, 35]), "the input is left alone"


def test_hole_larger_than_the_bound_stays():
    depth = plane()
    depth[20:30, 30:45] = np.nan
    depth[40, 50] = np.nan
    filled = inpaint_depth(depth, max_hole=149)
    assert np.isnan(filled[20:30, 30:45]).all()
    assert np.isfinite(filled[40, 50])
    assert np.isnan(filled).sum() == 150


def test_holes_that_touch_at_a_corner_are_one():
    depth = plane()
    depth[10:20, 10:20] = np.nan
    depth[20:30, 20:30] = np.nan
    assert np.isnan(inpaint_depth(depth, max_hole=199)).sum() == 200
    assert np.isfinite(inpaint_depth(depth, max_hole=200)).all()


def test_fill_stays_within_the_range_of_its_own_rim():
    depth = np.full((60, 80), 0.7, np.float32)
    depth[:, 40:] = 0.6
    depth[:, :2] = 3.0  # far away things that no rim touches
    depth[20:35, 33:48] = np.nan
    filled = inpaint_depth(depth)[20:35, 33:48]
    assert filled.min() >= np.float32(0.6) and filled.max() <= np.float32(0.7)
    assert filled[7, 0] > 0.69 and filled[7, -1] < 0.61, "each side continues what it touches"


@pytest.mark.parametrize(
    "window", [np.s_[0:6, 20:30], np.s_[54:60, 20:30], np.s_[20:30, 0:6], np.s_[20:30, 74:80], np.s_[0:4, 0:4]]
)
def test_holes_at_the_border_bring_nothing_in(window):
    truth, depth = plane(), plane()
    depth[window] = np.nan
    filled = inpaint_depth(depth)
    assert np.isfinite(filled).all()
    # One side is unknown: the fill flattens out there, but stays near what it continues.
    assert np.abs(filled - truth).max() < 0.0025
    outside = np.ones(depth.shape, bool)
    outside[window] = False
    np.testing.assert_array_equal(filled[outside], truth[outside])


def test_a_large_hole_beside_a_small_one_does_not_leak_into_it():
    truth, depth = plane(), plane()
    depth[10:50, 40:80] = np.nan
    depth[20:25, 30:39] = np.nan
    filled = inpaint_depth(depth, max_hole=100)
    np.testing.assert_allclose(filled[20:25, 30:39], truth[20:25, 30:39], atol=5e-6)


def test_nothing_to_fill():
    np.testing.assert_array_equal(inpaint_depth(plane()), plane())
    assert np.isnan(inpaint_depth(np.full((4, 5), np.nan, np.float32))).all()
    depth = plane()
    depth[3, 3] = np.nan
    assert np.isnan(inpaint_depth(depth, max_hole=0)[3, 3])


def test_one_row_and_one_column():
    depth = np.array([[0.5, np.nan, np.nan, 0.8]], np.float32)
    np.testing.assert_allclose(inpaint_depth(depth), [[0.5, 0.6, 0.7, 0.8]], atol=1e-3)
    np.testing.assert_allclose(inpaint_depth(depth.T), [[0.5], [0.6], [0.7], [0.8]], atol=1e-3)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="max_hole"):
        inpaint_depth(plane(), max_hole=-1)
    with pytest.raises(ValueError, match="shape"):
        inpaint_depth(np.zeros((2, 2, 1), np.float32))

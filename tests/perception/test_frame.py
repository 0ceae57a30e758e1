import numpy as np
import pytest

from grasp_perception.frame import RGBDFrame


def test_valid_is_where_depth_was_measured(intrinsics):
    depth = np.full((120, 160), 0.5, np.float32)
    depth[3, 4] = np.nan
    frame = RGBDFrame(np.zeros((120, 160, 3), np.uint8), depth, intrinsics)
    assert frame.valid.sum() == 120 * 160 - 1
    assert not frame.valid[3, 4]


@pytest.mark.parametrize(
    ("color", "depth", "reason"),
    [
        (np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160)), "depth must be float32"),
        (np.zeros((120, 160, 3), np.uint8), np.zeros((160, 120), np.float32), "depth must be float32"),
        (np.zeros((120, 160), np.uint8), np.zeros((120, 160), np.float32), "color must be uint8"),
        (np.zeros((120, 160, 3)), np.zeros((120, 160), np.float32), "color must be uint8"),
    ],
)
def test_arrays_that_do_not_fit(intrinsics, color, depth, reason):
    with pytest.raises(ValueError, match=reason):
        RGBDFrame(color, depth, intrinsics)

"""Depth images as TIFF: what we write, others read."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from grasp_learning.datasets.tiff import encode_tiff


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (480, 640), (1024, 1024)])
def test_other_libraries_read_it_bit_for_bit(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(1.5, 0.1, shape).astype(np.float32)
    image[0, 0] = -1
    content = encode_tiff(image)
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert by_opencv.dtype == np.float32
    np.testing.assert_array_equal(by_opencv, image)
    by_pillow = Image.open(io.BytesIO(content))
    assert by_pillow.mode == "F"
    np.testing.assert_array_equal(np.asarray(by_pillow), image)


def test_views_are_written_as_they_look() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)[::-1, ::2]
    again = cv2.imdecode(np.frombuffer(encode_tiff(image), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(again, [[8, 10], [4, 6], [0, 2]])


def test_the_same_image_has_the_same_bytes_and_flat_ones_are_small() -> None:
    image = np.full((1024, 1024), 1.5, np.float32)
    assert encode_tiff(image) == encode_tiff(image.copy())
    assert len(encode_tiff(image)) < 50_000


@pytest.mark.parametrize(
    "image", [np.zeros((2, 2)), np.zeros((2, 2, 1), np.float32), np.zeros((0, 2), np.float32), np.zeros(4, np.float32)]
)
def test_only_a_float32_image_is_taken(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="float32 of shape"):
        encode_tiff(image)

import json
import struct

import cv2
import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.image_files import (
    ImageFileError,
    read_color,
    read_depth,
    read_frame,
    read_intrinsics,
    read_mask,
    read_raw_depth,
)

METRES = np.array([[0.5, 0.0], [0.7, np.nan], [0.6, 0.8]], np.float32)
EXPECTED = np.array([[0.5, np.nan], [0.7, np.nan], [0.6, 0.8]], np.float32)
MILLIMETRES = np.array([[500, 0], [700, 0], [600, 800]], np.uint16)


@pytest.mark.parametrize(
    "name", ["metres.npy", "channel.npy", "double.npy", "millimetres.npy", "d.png", "d.tiff", "d.TIF", "mm.tif"]
)
def test_depth_formats(tmp_path, name):
    path = tmp_path / name
    stored = {"channel.npy": METRES[..., None], "double.npy": METRES.astype(float), "millimetres.npy": MILLIMETRES}
    if path.suffix == ".npy":
        np.save(path, stored.get(name, METRES))
    else:
        cv2.imwrite(str(path), MILLIMETRES if name in ("d.png", "mm.tif") else METRES)
    depth = read_depth(path)
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, EXPECTED, rtol=1e-6)


def test_float_millimetres_are_refused_in_words(tmp_path):
    np.save(tmp_path / "d.npy", METRES * 1000)
    with pytest.raises(ImageFileError, match=r"seems to be in millimetres\. Divide it by 1000"):
        read_depth(tmp_path / "d.npy")
    assert np.nanmax(read_raw_depth(tmp_path / "d.npy")) == 800, "the raw values can still be read"


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 2, 3), np.float32), "one channel"),
        (np.zeros(4, np.float32), "one channel"),
        (np.zeros((0, 4), np.float32), "one channel"),
        (np.full((2, 2), 200, np.uint8), "8 bits"),
        (np.full((2, 2), 700, np.int64), "int64"),
        (np.zeros((2, 2), np.float32), "no pixel has a valid depth"),
    ],
)
def test_arrays_that_are_no_depth(tmp_path, array, reason):
    np.save(tmp_path / "d.npy", array)
    with pytest.raises(ImageFileError, match=reason):
        read_depth(tmp_path / "d.npy")


def test_pictures_that_are_no_depth(tmp_path):
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ImageFileError, match="colour-mapped"):
        read_depth(tmp_path / "c.png")
    (tmp_path / "d.jpg").write_bytes(b"x")
    with pytest.raises(ImageFileError, match=r"one of \.npy, \.png"):
        read_depth(tmp_path / "d.jpg")


@pytest.mark.parametrize("read", [read_depth, read_color, read_mask, read_intrinsics])
def test_missing_and_broken_files(tmp_path, read):
    with pytest.raises(ImageFileError, match="no such file"):
        read(tmp_path / "nothing.npy")
    with pytest.raises(ImageFileError, match="not a file"):
        read(tmp_path)
    for name in ("broken.npy", "broken.png", "empty.png"):
        (tmp_path / name).write_bytes(b"" if name == "empty.png" else b"\x80\x81\x82 no such thing")
        with pytest.raises(ImageFileError, match=name):
            read(tmp_path / name)


@pytest.mark.parametrize("read", [read_depth, read_color, read_mask])
def test_an_image_whose_header_names_an_absurd_size(tmp_path, read):
    tags = {256: 2**30, 257: 1, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 2}  # the width first
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    path = tmp_path / "huge.tiff"
    path.write_bytes(struct.pack("<2sHI2xH", b"II", 42, 10, len(tags)) + entries + bytes(4))
    with pytest.raises(ImageFileError, match=r"huge\.tiff: not an image that OpenCV can decode"):
        read(path)


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "d.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ImageFileError, match="NumPy"):
        read_depth(tmp_path / "d.npy")


def test_color_is_rgb(tmp_path):
    red = np.zeros((2, 3, 3), np.uint8)
    red[..., 0] = 255
    cv2.imwrite(str(tmp_path / "c.png"), red[..., ::-1])
    np.save(tmp_path / "c.npy", red)
    np.testing.assert_array_equal(read_color(tmp_path / "c.png"), red)
    np.testing.assert_array_equal(read_color(tmp_path / "c.npy"), red)
    np.save(tmp_path / "f.npy", red.astype(float))
    with pytest.raises(ImageFileError, match="uint8"):
        read_color(tmp_path / "f.npy")


def test_masks(tmp_path):
    mask = np.array([[0, 255], [1, 0]], np.uint8)
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    np.save(tmp_path / "m.npy", mask.astype(bool))
    opaque = np.zeros((2, 2, 4), np.uint8)
    opaque[..., 3] = 255
    opaque[mask > 0, 1] = 9
    cv2.imwrite(str(tmp_path / "rgba.png"), opaque)
    for name in ("m.png", "m.npy", "rgba.png"):
        read = read_mask(tmp_path / name)
        assert read.dtype == np.bool_
        np.testing.assert_array_equal(read, mask > 0)


PLAIN = {"fx": 525, "fy": 526.5, "cx": 319.5, "cy": 239.5, "width": 640, "height": 480}
CALIBRATION = """
image_width: 640
image_height: 480
camera_name: camera
camera_matrix: {rows: 3, cols: 3, data: [525, 0, 319.5, 0, 526.5, 239.5, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
"""
PRINTED = """
header: {stamp: {sec: 1, nanosec: 0}, frame_id: camera}
height: 480
width: 640
distortion_model: plumb_bob
d: [0.0, 0.0, 0.0, 0.0, 0.0]
k: [525.0, 0.0, 319.5, 0.0, 526.5, 239.5, 0.0, 0.0, 1.0]
---
"""


@pytest.mark.parametrize(
    "text", [json.dumps(PLAIN), json.dumps({"intrinsics": PLAIN, "parent_frame": "base"}), CALIBRATION, PRINTED]
)
def test_intrinsics_layouts(tmp_path, text):
    (tmp_path / "i.yaml").write_text(text)
    assert read_intrinsics(tmp_path / "i.yaml") == CameraIntrinsics(525, 526.5, 319.5, 239.5, 640, 480)


def test_our_camera_file(repository):
    assert read_intrinsics(repository / "config/cameras/widowx.yaml").width == 640


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- 1", "mapping"),
        ("", "mapping"),
        ("{", "YAML"),
        ("intrinsics:", "a mapping .* got None"),
        ("intrinsics: [525, 525]", r"a mapping .* got \[525, 525\]"),
        (json.dumps({**PLAIN, "width": float("inf")}).replace("Infinity", ".inf"), "infinity"),
        (json.dumps({key: value for key, value in PLAIN.items() if key != "cy"}), "lacks 'cy'"),
        (json.dumps({**PLAIN, "fx": 0}), "positive"),
        (json.dumps({**PLAIN, "fx": "wide"}), "could not convert"),
        (json.dumps({**PLAIN, "fx": None}), "fx, fy, cx, cy"),
        (CALIBRATION.replace("525, 0, 319.5, ", ""), "9 numbers"),
        (CALIBRATION.replace("data: [0, 0, 0, 0, 0]", "data: [-0.2, 0.05, 0, 0, 0]"), "distortion that moves pixels"),
        (CALIBRATION.replace("plumb_bob", "magic").replace("[0, 0, 0, 0, 0]", "[1]"), "magic"),
    ],
)
def test_intrinsics_that_cannot_be_used(tmp_path, text, reason):
    (tmp_path / "i.yaml").write_text(text)
    with pytest.raises(ImageFileError, match=reason):
        read_intrinsics(tmp_path / "i.yaml")


def test_frame(tmp_path):
    np.save(tmp_path / "d.npy", METRES)
    cv2.imwrite(str(tmp_path / "c.png"), np.full((3, 2, 3), 7, np.uint8))
    (tmp_path / "i.json").write_text(json.dumps({**PLAIN, "width": 2, "height": 3}))
    frame = read_frame(tmp_path / "d.npy", tmp_path / "i.json", tmp_path / "c.png")
    np.testing.assert_array_equal(frame.depth, EXPECTED)
    assert (frame.color == 7).all()
    assert (read_frame(tmp_path / "d.npy", tmp_path / "i.json").color == 0).all()


def test_frame_of_different_sizes(tmp_path):
    np.save(tmp_path / "d.npy", METRES)
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "i.json").write_text(json.dumps(PLAIN))
    with pytest.raises(ImageFileError, match=r"d\.npy is 2x3, but the intrinsics .* are of 640x480"):
        read_frame(tmp_path / "d.npy", tmp_path / "i.json")
    (tmp_path / "i.json").write_text(json.dumps({**PLAIN, "width": 2, "height": 3}))
    with pytest.raises(ImageFileError, match=r"c\.png is 4x4"):
        read_frame(tmp_path / "d.npy", tmp_path / "i.json", tmp_path / "c.png")

import re

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.doctor import Level, diagnose
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform

LOOKING_DOWN = Transform.from_quaternion((2**-0.5, -(2**-0.5), 0.0, 0.0), (0.2, 0.0, 0.7))


def told(findings, check):
    """The finding of a check; the worst if it found several things."""
    return max((f for f in findings if f.check == check), key=lambda f: list(Level).index(f.level))


def colors(intrinsics, value=120, seed=0):
    noise = np.random.default_rng(seed).integers(-30, 30, (intrinsics.height, intrinsics.width, 3))
    return np.clip(value + noise, 0, 255).astype(np.uint8)


def test_nothing_is_wrong_with_a_good_frame(table_depth, intrinsics):
    depth = table_depth()
    depth[::20, ::20] = np.nan
    frame = RGBDFrame(colors(intrinsics), depth, intrinsics)
    findings = diagnose(frame, base_from_camera=LOOKING_DOWN, table_height=0.0)
    assert [(f.check, f.level) for f in findings] == [
        (check, Level.OK)
        for check in ("units", "holes", "range", "grain", "intrinsics", "table", "mount", "scene", "colour")
    ]
    assert not any(f.remedy for f in findings)
    assert told(findings, "units").message == "the depth is in metres"  # a topic's may have been stored otherwise
    assert "0.2% of the pixels have no depth" in told(findings, "holes").message
    assert "0.700 m above the table and looks at it 0.0° off the vertical" in told(findings, "table").message
    assert re.search("one thing stands on the table, up to 4[01] mm high", told(findings, "scene").message)
    assert "z = 0 mm of the base (expected 0 mm)" in told(findings, "mount").message


def test_the_same_for_stored_millimetres(table_depth, intrinsics):
    raw = np.rint(table_depth() * 1000).astype(np.uint16)
    findings = diagnose(raw, intrinsics, color=colors(intrinsics))
    assert all(f.level is Level.OK for f in findings)
    assert "millimetres (uint16)" in told(findings, "units").message
    assert "steps of 1 mm" in told(findings, "grain").message


@pytest.mark.parametrize(
    ("convert", "message", "remedy"),
    [
        (lambda d: d * 1000, "these are millimetres", "divide by 1000"),
        (lambda d: d / 1000, "divided by 1000 once too often", "multiply by 1000"),
        (lambda d: np.rint(d).astype(np.uint16), "as millimetres that is too near", "before rounding"),
        (lambda d: np.rint(d * 10000).astype(np.uint16), "as millimetres that is 7.0 m", "the table is 0.70 m away"),
        (lambda d: (d * 255).astype(np.uint8), "uint8", "millimetres"),
        (lambda d: np.dstack([d, d, d]), "shape", r"(H, W)"),
    ],
)
def test_units(table_depth, intrinsics, convert, message, remedy):
    finding = diagnose(convert(table_depth()), intrinsics)[0]
    assert (finding.check, finding.level) == ("units", Level.ERROR)
    assert message in finding.message and remedy in finding.remedy


def test_after_wrong_units_the_rest_is_still_examined(table_depth, intrinsics):
    findings = diagnose(table_depth() * 1000, intrinsics)
    assert "0.700 m above" in told(findings, "table").message
    assert told(findings, "range").level is Level.OK


@pytest.mark.parametrize(
    ("window", "level", "where"),
    [
        (np.s_[45:75, 60:100], Level.WARNING, "40x30 px in the middle"),
        (np.s_[:, :28], Level.WARNING, "28x120 px at the left"),
        (np.s_[:70, :], Level.ERROR, "160x70 px at the top"),
        (np.s_[110:, 150:], Level.OK, "10x10 px at the bottom right"),
    ],
)
def test_holes(table_depth, intrinsics, window, level, where):
    depth = table_depth()
    depth[window] = 0
    finding = told(diagnose(depth, intrinsics), "holes")
    assert finding.level is level
    assert where in finding.message
    assert "(one hole)" in finding.message
    assert bool(finding.remedy) == (level is not Level.OK)


def test_a_band_along_the_side_has_its_own_remedy(table_depth, intrinsics):
    depth = table_depth()
    depth[:, :28] = 0
    assert "stereo" in told(diagnose(depth, intrinsics), "holes").remedy


def test_an_image_without_depth(intrinsics):
    for raw in (np.zeros((120, 160), np.uint16), np.full((120, 160), np.nan, np.float32)):
        findings = diagnose(raw, intrinsics)
        assert told(findings, "holes").level is Level.ERROR
        assert "lens covered" in told(findings, "holes").remedy
        assert {f.check for f in findings} == {"holes", "intrinsics"}


def test_an_image_that_was_filled_in(table_depth, intrinsics):
    assert "filled in or rendered" in told(diagnose(table_depth(), intrinsics), "holes").message


@pytest.mark.parametrize(
    ("distance", "level"), [(0.15, Level.WARNING), (0.7, Level.OK), (2.5, Level.WARNING), (6.0, Level.ERROR)]
)
def test_range(table_depth, intrinsics, distance, level):
    finding = told(diagnose(table_depth(distance=distance), intrinsics), "range")
    assert finding.level is level
    assert f"the median is {distance:.3f} m" in finding.message


def test_a_flat_image(intrinsics):
    finding = told(diagnose(np.full((120, 160), 700, np.uint16), intrinsics), "range")
    assert finding.level is Level.ERROR
    assert "the same everywhere" in finding.remedy


def test_noise_and_coarse_steps(table_depth, intrinsics):
    noisy = told(diagnose(table_depth(noise=0.01), intrinsics), "grain")
    assert noisy.level is Level.WARNING and "average" in noisy.remedy
    coarse = np.round(table_depth(tilt=15, noise=0.0) / 0.01) * 0.01
    finding = told(diagnose(coarse.astype(np.float32), intrinsics), "grain")
    assert finding.level is Level.WARNING and "steps of 10 mm" in finding.message and "16 bits" in finding.remedy
    smooth = np.linspace(0.6, 0.7, 160 * 120, dtype=np.float32).reshape(120, 160)
    assert "no noise at all" in told(diagnose(smooth, intrinsics), "grain").message


@pytest.mark.parametrize(
    ("change", "level", "message"),
    [
        ({}, Level.OK, "56° wide and 44° high"),
        ({"cx": 60.0}, Level.WARNING, "12% of the width"),
        ({"cx": 20.0}, Level.ERROR, "principal point"),
        ({"fy": 170.0}, Level.WARNING, "pixels are square"),
        ({"fy": 300.0}, Level.ERROR, "pixels are square"),
        ({"fx": 615.0, "fy": 615.0}, Level.WARNING, "the view is 15° wide"),
        ({"fx": 1.9, "fy": 1.9}, Level.ERROR, "the view is 177° wide"),
        (
            {"width": 320, "height": 240, "cx": 159.5, "cy": 119.5},
            Level.ERROR,
            "320x240 images, the depth image is 160x120",
        ),
    ],
)
def test_intrinsics(table_depth, intrinsics, change, level, message):
    values = {name: getattr(intrinsics, name) for name in ("fx", "fy", "cx", "cy", "width", "height")}
    finding = told(diagnose(table_depth(), CameraIntrinsics(**{**values, **change})), "intrinsics")
    assert finding.level is level
    assert message in finding.message


def test_without_intrinsics_it_says_what_it_left_out(table_depth):
    findings = diagnose(table_depth())
    assert told(findings, "intrinsics").level is Level.WARNING
    assert not any(f.check == "table" for f in findings)


@pytest.mark.parametrize(("tilt", "level"), [(10, Level.OK), (30, Level.WARNING), (55, Level.ERROR)])
def test_tilt(table_depth, intrinsics, tilt, level):
    finding = told(diagnose(table_depth(tilt=tilt), intrinsics), "table")
    assert finding.level is level
    assert f"{tilt}.0° off the vertical" in finding.message


def test_no_table(intrinsics):
    rubble = np.random.default_rng(0).uniform(0.3, 1.5, (120, 160)).astype(np.float32)
    finding = told(diagnose(rubble, intrinsics), "table")
    assert finding.level is Level.ERROR and "no plane stands out" in finding.message


@pytest.mark.parametrize(
    ("pose", "height", "level", "message"),
    [
        (LOOKING_DOWN, 0.02, Level.WARNING, "z = 0 mm of the base (expected 20 mm)"),
        (LOOKING_DOWN, 0.3, Level.ERROR, "expected 300 mm"),
        (LOOKING_DOWN @ Transform.from_rpy((np.radians(4), 0, 0)), 0.0, Level.WARNING, "leans 4.0°"),
        (LOOKING_DOWN @ Transform.from_rpy((np.pi, 0, 0)), 0.0, Level.ERROR, "leans 180.0°"),
    ],
)
def test_mount(table_depth, intrinsics, pose, height, level, message):
    finding = told(diagnose(table_depth(), intrinsics, base_from_camera=pose, table_height=height), "mount")
    assert finding.level is level
    assert message in finding.message


def test_an_empty_table(table_depth, intrinsics):
    finding = told(diagnose(table_depth(box_height=0.0), intrinsics), "scene")
    assert finding.level is Level.WARNING and "nothing that is wholly in view" in finding.message


def test_what_reaches_into_the_view_is_no_object(table_depth, intrinsics):
    depth = table_depth()
    depth[:40, :30] = 0.55
    depth[:, 140:] = 0.9
    finding = told(diagnose(depth, intrinsics), "scene")
    assert re.search("one thing stands on the table, up to 4[01] mm", finding.message)
    assert "one thing reaches into the view from its borders" in finding.message
    assert "12% of the view lies below the table" in finding.message


@pytest.mark.parametrize(
    ("make", "level", "message"),
    [
        (lambda c: colors(c, 0) // 30, Level.WARNING, "black"),
        (lambda c: colors(c, 30), Level.WARNING, "dark"),
        (lambda c: colors(c, 270), Level.WARNING, "over-exposed"),
        (lambda c: np.full((120, 160, 3), 90, np.uint8), Level.WARNING, "one colour everywhere"),
        (lambda c: np.repeat(colors(c)[..., :1], 3, axis=2), Level.OK, "it is grey"),
        (lambda c: np.zeros((60, 80, 3), np.uint8), Level.ERROR, "80x60, the depth image 160x120"),
    ],
)
def test_colour(table_depth, intrinsics, make, level, message):
    finding = told(diagnose(table_depth(), intrinsics, color=make(intrinsics)), "colour")
    assert finding.level is level
    assert message in finding.message


def test_same_image_same_words(table_depth, intrinsics):
    assert diagnose(table_depth(), intrinsics) == diagnose(table_depth(), intrinsics)

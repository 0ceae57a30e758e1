"""The URDF writer, and the WidowX that it writes."""

from __future__ import annotations

import importlib.util
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from grasp_sim.physics.urdf import Link, Shape, to_xml


@pytest.fixture(scope="module")
def generator(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_widowx_urdf", repository / "tools" / "make_widowx_urdf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_urdf_is_what_the_generator_writes(generator: ModuleType) -> None:
    assert generator.URDF.read_text() == to_xml(generator.widowx())


def test_inertia_of_a_box_and_a_cylinder() -> None:
    box = Link("box", 2.0, (Shape("box", (0.1, 0.2, 0.3)),))
    np.testing.assert_allclose(np.diag(box.inertia), 2.0 / 12 * np.array([0.13, 0.10, 0.05]))
    upright = Link("cylinder", 3.0, (Shape("cylinder", (0.1, 0.4)),))
    np.testing.assert_allclose(np.diag(upright.inertia), [3 / 12 * (0.03 + 0.16)] * 2 + [3 / 2 * 0.01])
    lying = Link("cylinder", 3.0, (Shape("cylinder", (0.1, 0.4), rpy=(math.pi / 2, 0.0, 0.0)),))
    np.testing.assert_allclose(np.diag(lying.inertia)[[0, 2, 1]], np.diag(upright.inertia), atol=1e-12)


def test_two_halves_weigh_like_the_whole() -> None:
    whole = Link("whole", 1.5, (Shape("box", (0.2, 0.1, 0.1), (0.3, 0.0, 0.0)),))
    halves = Link(
        "halves", 1.5, (Shape("box", (0.1, 0.1, 0.1), (0.25, 0, 0)), Shape("box", (0.1, 0.1, 0.1), (0.35, 0, 0)))
    )
    np.testing.assert_allclose(halves.center, whole.center)
    np.testing.assert_allclose(halves.inertia, whole.inertia, atol=1e-15)


def test_kinematic_table_and_limits(generator: ModuleType) -> None:
    root = ElementTree.fromstring(generator.URDF.read_text())
    joints = {joint.get("name"): joint for joint in root.iter("joint")}
    table = {  # origin, lower, upper, velocity
        "joint_1": ("0 0 0.125", -2.617, 2.617, 0.785),
        "joint_2": ("0 0 0", -1.571, 1.571, 1.571),
        "joint_3": ("0.04825 0 0.14203", -1.571, 1.571, 1.571),
        "joint_4": ("0 0 0.14203", -1.745, 1.745, 1.571),
        "joint_5": ("0 0 0.0715", -2.617, 2.617, 1.571),
        "gripper_prismatic_joint_1": ("0 0 0", 0.0, 0.015, 0.03),
        "gripper_prismatic_joint_2": ("0 0 0", 0.0, 0.015, 0.03),
    }
    for name, (xyz, lower, upper, velocity) in table.items():
        limit = joints[name].find("limit")
        assert joints[name].find("origin").get("xyz") == xyz
        assert [float(limit.get(key)) for key in ("lower", "upper", "velocity")] == [lower, upper, velocity]
        assert float(limit.get("effort")) > 0
    assert joints["joint_6"].find("origin").get("xyz") == "0 0 0.043"


def test_every_link_has_mass_and_a_possible_inertia(generator: ModuleType) -> None:
    moving = 0.0
    for link in generator.widowx().links:
        moments = np.linalg.eigvalsh(link.inertia)
        assert link.mass > 0 and moments[0] > 0
        assert moments[2] <= moments[0] + moments[1] + 1e-15  # the triangle inequality of real bodies
        moving += link.mass if link.name != "arm_base_link" else 0.0
    assert moving == pytest.approx(1.28, abs=0.05)

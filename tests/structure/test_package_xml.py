"""Every package.xml names what its package imports or launches, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in (REPOSITORY / "src").glob("*/setup.py"))
UNDERLAY = sorted(path.parent for path in (REPOSITORY / "underlay").glob("*/setup.py"))

ROSDEP_KEYS = {  # of modules that are not called like the package they come from
    "coal": "coal",
    "cv2": "python3-opencv",
    "matplotlib": "python3-matplotlib",
    "numpy": "python3-numpy",
    "pinocchio": "pinocchio",
    "pybullet": "python3-pybullet-pip",
    "pybullet_data": "python3-pybullet-pip",
    "pydantic": "python3-pydantic",
    "rich": "python3-rich",
    "scipy": "python3-scipy",
    "shapely": "python3-shapely",
    "skimage": "python3-skimage",
    "tf2_ros": "tf2_ros_py",
    "toppra": "python3-toppra-pip",
    "torch": "python3-pytorch-pip",
    "trimesh": "python3-trimesh-pip",
    "typer": "python3-typer",
    "typing_extensions": "python3-typing-extensions",
    "yaml": "python3-yaml",
}
WITHOUT_KEY = {
    "coacd",
    "fastapi",
    "joblib",
    "lightning",
    "manifold3d",
    "mcap",
    "ompl",
    "openvino",
    "ray",
    "safetensors",
    "uvicorn",
}
"""rosdep knows no key for these: requirements/distribution.txt names them."""
FROM_PIP = {module: key for module, key in ROSDEP_KEYS.items() if key.endswith("-pip")}
"""rosdep would have pip install these, which Ubuntu 24.04 refuses: so distribution.txt names them, too."""


USED_BY_OTHERS = {"psutil", "python-multipart", "tensorboard"}
"""By joblib, fastapi and lightning."""


def imported(package: Path) -> set[str]:
    """Top-level names of the modules that a package's code imports."""
    names: set[str] = set()
    module = package.name.removesuffix("_py")  # as that of tf2_ros_py is called
    for path in (package / module).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {module}


def launched() -> set[str]:
    """Packages whose nodes the launch files start."""
    nodes = [node for path in (REPOSITORY / "launch").glob("*.xml") for node in ET.parse(path).iter("node")]
    return {node.attrib["pkg"] for node in nodes}


@pytest.mark.parametrize("package", PACKAGES + UNDERLAY, ids=lambda path: path.name)
def test_dependencies_are_complete_and_true(package: Path) -> None:
    root = ET.parse(package / "package.xml").getroot()
    declared = {element.text for tag in ("depend", "exec_depend") for element in root.iter(tag)}
    needed = {ROSDEP_KEYS.get(name, name) for name in imported(package) - WITHOUT_KEY}
    if package.name == "grasp_bringup":
        needed |= launched() - {package.name}
    assert declared == needed


def test_what_rosdep_does_not_install_is_in_the_requirements_of_a_distribution() -> None:
    lines = (REPOSITORY / "requirements" / "distribution.txt").read_text().splitlines()
    named = {line.split("#")[0].strip().split(">")[0] for line in lines} - {""}
    used = {name for package in PACKAGES for name in imported(package)} & WITHOUT_KEY
    assert named == used | set(FROM_PIP) - {"pybullet_data"} | {"pydantic", "typer"} | USED_BY_OTHERS


def test_the_way_to_build_skips_the_keys_that_rosdep_leaves_to_pip() -> None:
    page = (REPOSITORY / "docs" / "real_robot.md").read_text()
    (skipped,) = re.findall(r'--skip-keys "([^"]*)"', page)
    assert set(skipped.split()) == set(FROM_PIP.values())


def test_interface_packages_are_declared_by_cmake_and_package_xml_alike() -> None:
    package = REPOSITORY / "src" / "grasp_msgs"
    root = ET.parse(package / "package.xml").getroot()
    declared = {element.text for element in root.iter("depend")}
    listed = (package / "CMakeLists.txt").read_text().split("DEPENDENCIES")[1].split(")")[0].split()
    assert declared == set(listed)

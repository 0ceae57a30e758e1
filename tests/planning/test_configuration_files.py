"""Grippers and work cells."""

from __future__ import annotations

import pytest
import yaml

from grasp_perception.configuration import ConfigurationError
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import Bin, Box, WorkCell


@pytest.mark.parametrize("name", ["widowx", "yumi"])
def test_grippers_of_the_repository(repository, name):
    gripper = Gripper.load(repository / f"config/grippers/{name}.yaml")
    assert gripper.name == name
    assert gripper.max_opening == {"widowx": 0.030, "yumi": 0.050}[name]


def test_workcell_of_the_repository(repository):
    workcell = WorkCell.load(repository / "config/workcells/widowx.yaml")
    assert workcell.table.max[2] == workcell.table_height
    assert workcell.reach.min_radius < workcell.reach.max_radius


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_opening": 0.0}, "max_opening"),
        ({"min_opening": 0.04}, "max_opening 0.03 must be greater than min_opening 0.04"),
        ({"finger_thickness": -1}, "finger_thickness"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_wrong_grippers(tmp_path, widowx, change, message):
    (tmp_path / "gripper.yaml").write_text(yaml.safe_dump(widowx.model_dump(mode="json") | change))
    with pytest.raises(ConfigurationError, match=message):
        Gripper.load(tmp_path / "gripper.yaml")


def test_box_contains_its_faces():
    box = Box(min=(0, 0, 0), max=(1, 1, 1))
    assert box.contains((1, 0, 0.5))
    assert not box.contains((1.001, 0, 0.5))
    with pytest.raises(ValueError, match="must be less than"):
        Box(min=(0, 0, 2), max=(1, 1, 1))


@pytest.mark.parametrize("change", [{"size": (0.16, 0.16, -0.06)}, {"size": (0.16, 0.0, 0.06)}, {"wall": 0.09}])
def test_a_bin_is_hollow(workcell, change):
    with pytest.raises(ValueError, match="leave no room inside a bin"):
        Bin.model_validate(workcell.bin.model_dump() | change)


def test_table_top_is_at_the_table_height(workcell):
    with pytest.raises(ValueError, match=r"the top of the table 0.0 must be at table_height 0.1"):
        WorkCell.model_validate(workcell.model_dump() | {"table_height": 0.1})
    stand = {"name": "stand", "min": (0.4, 0.0, 0.0), "max": (0.45, 0.05, 0.5)}
    assert WorkCell.model_validate(workcell.model_dump() | {"obstacles": [stand]}).obstacles[0].name == "stand"
    for obstacles, words in (
        ([stand, stand], "an obstacle may not be named 'stand', as something else is"),
        ([stand | {"name": "table"}], "may not be named 'table'"),
        ([stand | {"max": (0.4, 0.05, 0.5)}], "every coordinate of min"),
    ):
        with pytest.raises(ValueError, match=words):
            WorkCell.model_validate(workcell.model_dump() | {"obstacles": obstacles})

"""The weights of `models/networks`: each has a card that is true, and picks up what its planner is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_planning.generative.weights import load_weights
from grasp_planning.gripper import Gripper
from grasp_planning.lifting import to_base
from grasp_planning.planner import NoGraspFound, load_planner

MODELS = Path(__file__).resolve().parents[2] / "models/networks"
SHIPPED = sorted(MODELS.glob("*/*.safetensors"))
ROBOTS = sorted(path for path in SHIPPED if (MODELS.parents[1] / f"config/arms/{path.parent.name}.yaml").exists())
REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)


def test_there_are_weights_of_every_network() -> None:
    paper = {
        f"jacquard/{network}_{kind}" for network in ("ggcnn2", "grconvnet") for kind in ("binary", "soft", "strong")
    }
    robot = {f"widowx/{network}" for network in ("ggcnn2", "grconvnet", "unet")}  # planners of these names find them
    there = {str(path.relative_to(MODELS).with_suffix("")) for path in SHIPPED}
    assert there == paper | robot | {"jacquard/unet_strong"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_card_tells_how_they_were_made_and_how_good_they_are(path: Path) -> None:
    network, card = load_weights(path)
    assert all(bool(values.isfinite().all()) for values in network.state_dict().values())
    assert card.network == path.stem.split("_")[0] and card.purpose != "experiments"
    assert card.training["command"].startswith(("grasp train", "grasp experiment"))
    assert card.data["train"]["objects"] > 100 and card.data["recipes"]
    tests = [row for name, row in card.metrics.items() if name != "validation"]
    assert tests and all(row["sgt"]["trials"] >= 100 and row["sgt"]["ci95"][0] > 0.5 for row in tests)
    assert "/" not in card.training["settings"]["data"][0]["root"].replace("data/", "")
    assert path.stat().st_size < 60e6
    settings = card.training["settings"]
    assert card.bins == 3 and settings["loss"]["positional"]
    if path.parent.name == "jacquard":
        assert settings["labels"]["quality"] == path.stem.split("_")[1]
        assert card.data["train"]["scenes"] >= 4000 and card.data["train"]["objects"] >= 2000
        assert sum(row["sgt"]["trials"] for row in tests) >= 1000


@pytest.fixture(params=ROBOTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def planner(request: pytest.FixtureRequest, repository: Path):
    path: Path = request.param
    gripper = Gripper.load(repository / f"config/grippers/{path.parent.name}.yaml")
    return load_planner(path.stem, gripper, {"device": "cpu"}, models=path.parent)


@pytest.mark.parametrize(
    ("x", "y", "angle", "height", "tilt"),
    [
        (0.2, 0.03, 0.0, 0.62, 0.0),
        (0.22, -0.02, 0.7, 0.62, 0.0),
        (0.25, 0.05, -1.2, 0.5, 0.0),
        (0.2, 0.0, 2.0, 0.8, 12.0),
    ],
)
def test_a_bar_is_taken_across(planner, see, rendering, x, y, angle, height, tilt) -> None:
    pose = rendering.camera_pose(height, tilt, x=0.22)
    bar = rendering.Box(x, y, angle, (0.016, 0.06, 0.02))
    frame = see(bar, pose=pose, intrinsics=REALSENSE, noise=0.001, millimetres=True)
    (grasp,) = planner.plan(frame)
    base = to_base(grasp, pose, planner.network)
    along = np.array([-np.sin(angle), np.cos(angle)])
    offset = base.pose.translation[:2] - [x, y]
    assert abs(offset @ [along[1], -along[0]]) < 0.003 and abs(offset @ along) < 0.030
    assert abs(base.pose.rotation[:2, 0] @ along) < np.sin(np.radians(15))
    assert 0.016 < base.width <= planner.gripper.max_opening


def test_an_empty_table_has_no_grasp(planner, see, rendering) -> None:
    pose = rendering.camera_pose(0.62, 0.0, x=0.22)
    with pytest.raises(NoGraspFound, match="NO_OBJECT"):
        planner.plan(see(pose=pose, intrinsics=REALSENSE, noise=0.001, millimetres=True))

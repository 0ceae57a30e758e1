"""Cycles: what the other process is told, what its answers mean, and, where Blender is installed, what it renders."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grasp_perception.extrinsics import Intrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.cycles.client import CyclesError, CyclesViews
from grasp_sim.dataset.cycles.installation import VARIABLE, CyclesMissingError, cycles_python
from grasp_sim.dataset.cycles.scene_file import write_scene
from grasp_sim.dataset.cycles.settings import CyclesSettings
from grasp_sim.dataset.images import SceneRenderer, stereo_rig
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoSettings
from grasp_sim.objects.model import ObjectModel
from grasp_sim.physics.urdf import Shape

StillLife = Callable[..., tuple[SceneRecord, ObjectModel]]
BOX = Shape("box", (0.2, 0.15, 0.08))
PLACE = Transform.from_rpy((0.0, 0.0, 0.5), (0.02, -0.03, 0.04))
SERVE = """
import json, sys, time
import numpy as np
print(json.dumps({"ready": "0"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    scene = json.loads(open(request["scene"]).read())
"""


def installed() -> bool:
    try:
        cycles_python()
    except CyclesMissingError:
        return False
    return True


needs_blender = [
    pytest.mark.slow,
    pytest.mark.skipif(not installed(), reason="Blender is not installed: make cycles"),
]


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a Python script in the place of the Python with Blender; it gets the worker's path as an argument."""

    def install(script: str) -> None:
        program = tmp_path / "python"
        (tmp_path / "script.py").write_text(script)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/script.py" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(program))

    return install


def test_where_python_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert cycles_python() == Path(sys.executable)
    monkeypatch.delenv(VARIABLE)
    python = tmp_path / ".venv-cycles/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "deep/er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep/er")
    assert cycles_python() == python


def test_a_missing_blender_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/python")
    with pytest.raises(CyclesMissingError, match=f"{VARIABLE} is '/nowhere/python', which is no program"):
        SceneRenderer("cycles")
    monkeypatch.delenv(VARIABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("grasp_sim.dataset.cycles.installation.__file__", str(tmp_path / "installation.py"))
    with pytest.raises(CyclesMissingError, match="run `make cycles`"):
        SceneRenderer("cycles")


def test_the_scene_file_says_everything(tmp_path: Path, still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=PLACE, size=128, seed=5)
    settings = CyclesSettings(samples=3, pattern_samples=2, threads=1)
    rig = stereo_rig(record, model, StereoSettings())
    path = write_scene(tmp_path, record, model, rig, settings)
    scene = json.loads(path.read_text())
    assert scene["format"] == "grasp-cycles-scene" and scene["version"] == 1 and scene["seed"] == 5
    np.testing.assert_allclose(scene["world_from_body"], PLACE.matrix(), atol=1e-12)
    assert scene["color"] == [0.8, 0.3, 0.1] and scene["threads"] == 1
    assert np.linalg.norm(scene["light"]["direction"]) == pytest.approx(1.0)
    with np.load(path.parent / scene["mesh"]) as mesh:
        assert mesh["faces"].shape == (12, 3) and mesh["vertices"].shape == mesh["normals"].shape == (24, 3)
    right, left = (np.array(scene["pattern"][side]["world_from_camera"]) for side in ("right", "left"))
    np.testing.assert_allclose((np.linalg.inv(left) @ right)[:3, 3], [0.08, 0.0, 0.0], atol=1e-12)
    image = np.load(path.parent / scene["pattern"]["image"])
    k = scene["pattern"]["projector"]["camera"]
    assert image.shape == (k["height"], k["width"]) and image.dtype == np.uint8
    assert np.load(path.parent / scene["ground"]["texture"]).shape == (1024, 1024)
    assert scene["pattern"]["samples"] == 2 and "photo" not in scene
    scene = json.loads(write_scene(tmp_path, record, model, None, settings).read_text())
    np.testing.assert_allclose(scene["photo"]["world_from_camera"], record.world_from_camera.transform.matrix())
    assert scene["photo"]["camera"] == record.intrinsics.model_dump() and scene["photo"]["samples"] == 3
    assert "pattern" not in scene


def test_one_process_renders_many_scenes(pretend: Callable[[str], None], still_life: StillLife) -> None:
    pretend(
        SERVE
        + """
    k = scene["photo"]["camera"]
    shape = (k["height"], k["width"])
    np.savez(request["out"], color=np.full((*shape, 3), scene["seed"], np.uint8), depth=np.ones(shape, np.float32),
             mask=np.zeros(shape, bool))
    print(json.dumps({"done": request["out"]}), flush=True)
"""
    )
    with SceneRenderer("cycles") as renderer:
        assert renderer.name == "cycles"
        source = renderer._source
        assert isinstance(source, CyclesViews)
        processes = set()
        for seed in (3, 4, 5):
            images = renderer.render(*still_life(BOX, pose=PLACE, size=64, seed=seed), stereo=False)
            assert (images.color == seed).all() and images.depth.shape == (64, 64) and images.stereo_depth is None
            assert source._process is not None
            processes.add(source._process.pid)
        assert len(processes) == 1
    with pytest.raises(OSError):
        os.kill(processes.pop(), 0)  # it is gone


def test_an_error_of_a_scene_leaves_the_process_alive(pretend: Callable[[str], None], still_life: StillLife) -> None:
    pretend(SERVE + "    print(json.dumps({'error': f'no light in {scene[\"seed\"]}'}), flush=True)\n")
    with SceneRenderer("cycles") as renderer:
        for seed in (1, 2):
            with pytest.raises(CyclesError, match=f"scene 0_{'0' * 32}: no light in {seed}"):
                renderer.render(*still_life(BOX, pose=PLACE, size=64, seed=seed), stereo=False)


def test_a_process_that_cannot_start_is_quoted(pretend: Callable[[str], None], still_life: StillLife) -> None:
    pretend("raise SystemExit('No module named bpy')")
    with (
        SceneRenderer("cycles") as renderer,
        pytest.raises(CyclesError, match=r"ended during Blender's start; it needs bpy .* No module named bpy"),
    ):
        renderer.render(*still_life(BOX, pose=PLACE, size=64))


def test_a_process_that_dies_is_started_again(
    pretend: Callable[[str], None], still_life: StillLife, tmp_path: Path
) -> None:
    pretend(
        SERVE
        + f"""
    from pathlib import Path
    mark = Path({str(tmp_path / "died")!r})
    if not mark.exists():
        mark.touch()
        sys.exit("Segmentation fault")
    np.savez(request["out"], color=np.zeros((64, 64, 3), np.uint8), depth=np.ones((64, 64), np.float32),
             mask=np.zeros((64, 64), bool))
    print(json.dumps({{"done": request["out"]}}), flush=True)
"""
    )
    with SceneRenderer("cycles") as renderer:
        with pytest.raises(CyclesError, match=r"ended during scene 0_.*Segmentation fault"):
            renderer.render(*still_life(BOX, pose=PLACE, size=64), stereo=False)
        assert renderer.render(*still_life(BOX, pose=PLACE, size=64), stereo=False).depth[0, 0] == 1.0


def test_a_scene_that_takes_too_long_is_ended(pretend: Callable[[str], None], still_life: StillLife) -> None:
    pretend(SERVE + "    print('rendering', file=sys.stderr, flush=True)\n    time.sleep(60)\n")
    with SceneRenderer("cycles", cycles=CyclesSettings(timeout=0.5)) as renderer:
        with pytest.raises(CyclesError, match=r"took longer than 0\.5 s in Cycles.*rendering"):
            renderer.render(*still_life(BOX, pose=PLACE, size=64), stereo=False)
        assert renderer._source._process is None  # type: ignore[attr-defined]


class TestBlender:
    """What is rendered."""

    pytestmark = needs_blender

    def test_it_sees_what_pybullet_sees(self, still_life: StillLife) -> None:
        record, model = still_life(BOX, pose=PLACE, size=320, seed=3)
        quick = CyclesSettings(samples=4, pattern_samples=4)
        with SceneRenderer("cycles", cycles=quick) as cycles, SceneRenderer("tiny") as tiny:
            photo, picture = cycles.render(record, model), tiny.render(record, model)
        assert (photo.mask & picture.mask).sum() / (photo.mask | picture.mask).sum() > 0.99
        same = photo.mask == picture.mask
        assert np.abs(photo.depth - picture.depth)[same].max() < 1e-3
        assert photo.color.shape == picture.color.shape and photo.color.dtype == np.uint8
        assert photo.color[~photo.mask].mean() > 180
        red, green, blue = photo.color[photo.mask].mean(axis=0)
        assert red > green > blue
        assert photo.stereo_depth is not None
        error = np.abs(photo.stereo_depth - photo.depth)
        assert np.nanmedian(error[~photo.mask]) < 0.005 and np.isnan(error).mean() < 0.1

    def test_other_intrinsics_and_scenes_in_one_process(self, still_life: StillLife) -> None:
        awry = Intrinsics(fx=400.0, fy=500.0, cx=130.25, cy=90.75, width=300, height=200)
        with SceneRenderer("cycles", cycles=CyclesSettings(samples=1)) as cycles, SceneRenderer("tiny") as tiny:
            for seed in (1, 2):
                record, model = still_life(BOX, pose=PLACE, intrinsics=awry, seed=seed)
                photo, picture = (r.render(record, model, stereo=False) for r in (cycles, tiny))
                same = photo.mask == picture.mask
                assert same.mean() > 0.999
                assert np.abs(photo.depth - picture.depth)[same].max() < 1e-3

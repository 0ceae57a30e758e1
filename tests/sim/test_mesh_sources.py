"""Sources of meshes: specs, good and wrong, random access, and the check of all of a source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from grasp_sim.objects.convex import pieces_beside
from grasp_sim.objects.mesh_sources import MeshSourceError, check_meshes, open_source
from grasp_sim.objects.shapes import FAMILIES, generator


def test_the_shapes_of_pybullet_data() -> None:
    source = open_source("pybullet_data")
    assert len(source) == len(set(source.names)) == 995
    assert source.mesh("random_017").name == "017.obj" and source.mesh("random_017").is_file()
    assert source.family("random_017") == "pybullet_data"
    with pytest.raises(KeyError, match="random_168"):
        source.mesh("random_168")


def test_procedural_shapes_take_their_families_in_turn() -> None:
    source = open_source("procedural:100@7")
    assert source.names[0] == f"{FAMILIES[0]}_7_00000"
    assert source.names[len(FAMILIES)] == f"{FAMILIES[0]}_7_00001"
    assert len(set(source.names)) == 100
    assert source.family(source.names[1]) == f"procedural/{FAMILIES[1]}"
    few = open_source("procedural/mug+rock:5")
    assert few.names == ("mug_0_00000", "rock_0_00000", "mug_0_00001", "rock_0_00001", "mug_0_00002")


def test_a_shape_depends_on_its_name_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = open_source("procedural:1000").mesh("rock_0_00003")
    content = first.read_bytes(), pieces_beside(first).read_bytes()
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path))
    made: list[str] = []

    def counted(family: str, seed: int, number: int) -> np.random.Generator:
        made.append(family)
        return generator(family, seed, number)

    monkeypatch.setattr("grasp_sim.objects.shapes.generator", counted)
    source = open_source("procedural/rock:4")
    again = source.mesh("rock_0_00003")
    assert again.is_relative_to(tmp_path) and again != first
    assert (again.read_bytes(), pieces_beside(again).read_bytes()) == content
    assert source.mesh("rock_0_00003") == again
    assert made == ["rock"]  # not the three before it, and not twice
    assert not list(tmp_path.rglob(".*"))  # no temporary file is left


def test_processes_may_race_for_a_shape(tmp_path: Path) -> None:
    script = "from grasp_sim.objects.mesh_sources import open_source; import sys, hashlib\n"
    script += "s = open_source('procedural/cut+mug:6')\n"
    script += "print(hashlib.sha256(b''.join(s.mesh(n).read_bytes() for n in s.names)).hexdigest())"
    environment = {**os.environ, "GRASP_CACHE_DIR": str(tmp_path)}
    running = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = {process.communicate(timeout=60)[0].strip() for process in running}
    assert len(answers) == 1 and len(answers.pop()) == 64
    assert len(list(tmp_path.rglob("*.obj"))) == 12


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    for name in ("b/two.stl", "a.obj", "b/one.PLY"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        trimesh.creation.box((1, 1, 1)).export(path, file_type=path.suffix[1:].lower())
    (tmp_path / "a_convex.obj").write_text("")
    (tmp_path / "readme.txt").write_text("not a mesh")
    source = open_source(str(tmp_path))
    assert source.names == ("a.obj", "b/one.PLY", "b/two.stl")
    assert source.mesh("b/two.stl") == tmp_path / "b/two.stl"
    assert source.family("a.obj") == "folder"
    with pytest.raises(KeyError):
        source.family("c.obj")
    pattern = open_source(f"{tmp_path}/*/*.stl")
    assert pattern.names == ("b/two.stl",)


def test_sources_are_joined(tmp_path: Path) -> None:
    trimesh.creation.box((1, 1, 1)).export(tmp_path / "brick.stl")
    source = open_source(f"procedural/mug:2, {tmp_path},procedural/mug:1@1")
    assert source.names == ("mug_0_00000", "mug_0_00001", "brick.stl", "mug_1_00000")
    assert [source.family(name) for name in source.names[1:3]] == ["procedural/mug", "folder"]
    assert source.mesh("brick.stl") == tmp_path / "brick.stl"
    with pytest.raises(KeyError):
        source.mesh("mug_0_00002")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("procedural", "does not say how many"),
        ("procedural/mug", "does not say how many"),
        ("procedural:0", "the count '0' is not a whole number from 1"),
        ("procedural:many", "the count 'many' is not a whole number"),
        ("procedural:-5", "the count '-5'"),
        ("procedural:5@", "the seed '' is not a whole number"),
        ("procedural:5@x", "the seed 'x' is not a whole number from 0"),
        ("procedural:2000000", "to 1000000"),
        ("procedural/mugs:5", "no family 'mugs'; did you mean mug"),
        ("procedural/qqq:5", "no family 'qqq'; there are bottle, vase"),
        ("procedural/mug+mug:5", "names a family twice"),
        ("procedural/mug:2,procedural/mug+rock:2", "both have a mesh 'mug_0_00000'"),
        ("pybullet_data,", "has an empty part"),
        ("", "has an empty part"),
        ("pybullet", "neither a folder nor a source that is known; a source of meshes is 'pybullet_data'"),
        ("/no/such/*/folder.obj", "holds no mesh files"),
    ],
)
def test_wrong_specs_are_told(spec: str, message: str) -> None:
    with pytest.raises(MeshSourceError, match=message):
        open_source(spec)


def test_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(MeshSourceError, match=r"holds no mesh files \(.obj, .stl, .ply\)"):
        open_source(str(tmp_path))
    path = tmp_path / "notes.txt"
    path.write_text("")
    with pytest.raises(MeshSourceError, match="is a file, not a folder"):
        open_source(str(path))


def test_broken_and_repeated_meshes_are_found(tmp_path: Path) -> None:
    trimesh.creation.box((1, 2, 3)).export(tmp_path / "a_good.stl")
    (tmp_path / "b_copy.stl").write_bytes((tmp_path / "a_good.stl").read_bytes())
    (tmp_path / "c_empty.obj").write_bytes(b"")
    (tmp_path / "d_points.obj").write_bytes(b"v 0 0 0\nv 1 0 0\n")
    source = open_source(f"{tmp_path},procedural/rock:2")
    found = dict(check_meshes(source))
    assert list(found) == list(source.names)
    assert [name for name, reason in found.items() if reason is None] == ["a_good.stl", "rock_0_00000", "rock_0_00001"]
    assert "as 'a_good.stl'" in str(found["b_copy.stl"])
    assert str(found["c_empty.obj"]) == f"{tmp_path / 'c_empty.obj'}: the file is empty"
    assert list(check_meshes(source, ["rock_0_00001"])) == [("rock_0_00001", None)]

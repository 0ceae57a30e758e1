"""Production: whatever happens on the way, the same recipe ends in the same bytes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_sim.dataset import engines, journal, object_job, production
from grasp_sim.dataset.finishing import shared_out
from grasp_sim.dataset.index import read_index
from grasp_sim.dataset.line_file import FolderError
from grasp_sim.dataset.production import DiskFull, NoObjects, Progress, TooFewMeshes, produce
from grasp_sim.dataset.settings import Recipe, SplitShares
from grasp_sim.objects.mesh_sources import MeshSourceError

Recipes = Callable[..., Recipe]

THIRDS = {"train": 0.4, "validation": 0.2, "test": 0.4}


def serial(function: Callable[[Any], Any], jobs: Iterable[Any], workers: int) -> Generator[Any, None, None]:
    yield from map(function, jobs)


def backwards(function: Callable[[Any], Any], jobs: Iterable[Any], workers: int) -> Generator[Any, None, None]:
    yield from map(function, reversed(list(jobs)))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.RUN, "local", serial)


@pytest.fixture(scope="session")
def whole(small_recipe: Recipes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Path]:
    """A dataset made without a break: five objects in shards of two, the last with one scene."""
    recipe = small_recipe(scenes=9, seed=3, objects_per_shard=2, splits=THIRDS)
    out = tmp_path_factory.mktemp("datasets") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.RUN, "local", serial)
        produce(recipe, out)
    return recipe, out


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_dataset_has_jacquards_layout_and_an_index(whole: tuple[Recipe, Path]) -> None:
    recipe, out = whole
    assert sorted(path.name for path in out.iterdir()) == [
        *(f"Jacquard_Dataset_{shard}" for shard in range(3)),
        "contact_sheet.png", "failures", "index.jsonl", "meshes", "rejected.jsonl", "splits.json", "statistics.html",
        "statistics.json",
    ]  # fmt: skip
    assert [len(list((out / f"Jacquard_Dataset_{shard}").iterdir())) for shard in range(3)] == [2, 2, 1]
    index = read_index(out)
    assert index.header.model_dump(exclude={"format", "version"}) == recipe.model_dump()
    dataset = JacquardDataset(out)
    assert dataset.ids == tuple(record.id for record in index.records)
    assert len(dataset) == 9
    for record, position in zip(index.records, range(9)):
        scene = dataset[position]
        assert scene.color.shape == (128, 128, 3)
        assert scene.mask is not None and scene.mask.any()
        jaws = scene.grasps.heights / record.pixels_per_metre
        sizes = np.array(recipe.gripper.jaw_sizes)
        assert np.abs(jaws[:, None] - sizes).min(axis=1, initial=1.0) == pytest.approx(np.zeros(len(jaws)), abs=1e-6)
        widest = 1.005 * recipe.gripper.max_opening * record.camera.fx / np.nanmin(scene.depth)
        assert (scene.grasps.widths <= widest).all()


@pytest.mark.parametrize(
    ("cups", "mugs", "held_out", "parts"),
    [
        (1, 1, (), (2, 0, 0)),  # too few to be shared out
        (2, 1, (), (1, 1, 1)),
        (2, 3, ("mug",), (2, 0, 3)),  # too few cups for as many as there are mugs to stand beside them in the test
        (12, 2, ("mug",), (9, 1, 4)),
        (0, 3, ("mug",), (0, 0, 3)),  # nothing to train on rather than what is held out
    ],
)
def test_families_that_are_held_out_are_never_trained_on(
    cups: int, mugs: int, held_out: tuple[str, ...], parts: tuple[int, int, int]
) -> None:
    families = {f"cup {n}": "cup" for n in range(cups)} | {f"mug {n}": "mug" for n in range(mugs)}
    splits = shared_out(families, SplitShares(held_out=held_out), seed=1)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == parts
    assert not held_out or {name for name in families if name.startswith("mug")} <= set(splits.test)


def test_every_object_stands_in_one_part_of_the_splits(whole: tuple[Recipe, Path]) -> None:
    _, out = whole
    dataset = JacquardDataset(out)
    parts = [set(dataset.part(part).objects) for part in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 5


def test_statistics_count_what_is_there(whole: tuple[Recipe, Path]) -> None:
    _, out = whole
    facts = json.loads((out / "statistics.json").read_text())
    dataset = JacquardDataset(out)
    rows = [dataset.grasps(index).values for index in range(len(dataset))]
    assert facts["annotations"] == sum(map(len, rows))
    assert facts["grasps"] == sum(len({tuple(row[:4]) for row in scene}) for scene in rows)
    assert sum(facts["opening_m"]["histogram"]) == facts["grasps"]
    assert facts["successes"] + sum(facts["failures"].values()) == facts["candidates"] == 9 * 8
    assert facts["families"] == {"pybullet_data": {"grasps": facts["grasps"], "objects": 5, "scenes": 9}}
    page = (out / "statistics.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page  # everything is in it


def test_the_order_in_which_workers_finish_does_not_matter(
    whole: tuple[Recipe, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = whole
    monkeypatch.setitem(engines.RUN, "local", backwards)
    produce(recipe, tmp_path / "other")
    assert digests(tmp_path / "other") == digests(out)


@pytest.mark.parametrize("objects", [1, 3])
@pytest.mark.usefixtures("in_this_process")
def test_an_interrupted_run_goes_on_to_the_same_bytes(whole: tuple[Recipe, Path], tmp_path: Path, objects: int) -> None:
    recipe, out = whole

    def interrupt(progress: Progress) -> None:
        if progress.objects == objects:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        produce(recipe, tmp_path, progress=interrupt)
    assert not (tmp_path / "index.jsonl").exists()
    assert (tmp_path / "Jacquard_Dataset_0").exists() == (objects >= 2)  # shards are whole or not there
    seen: list[Progress] = []
    end = produce(recipe, tmp_path, progress=seen.append)
    assert seen[0].objects == objects
    assert (end.scenes, end.objects, end.rejected) == (9, 5, 0)
    assert digests(tmp_path) == digests(out)


@pytest.mark.usefixtures("in_this_process")
def test_a_torn_journal_and_lost_files_are_made_good(whole: tuple[Recipe, Path], tmp_path: Path) -> None:
    recipe, out = whole

    def interrupt(progress: Progress) -> None:
        if progress.objects == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        produce(recipe, tmp_path, progress=interrupt)
    path = tmp_path / journal.NAME
    path.write_bytes(path.read_bytes()[:-100])  # the machine went down in the middle of the last line
    shutil.rmtree(next((tmp_path / "Jacquard_Dataset_0").iterdir()))
    (tmp_path / "partial" / "7-0123abcd.open").mkdir()
    produce(recipe, tmp_path)
    assert digests(tmp_path) == digests(out)


@pytest.mark.usefixtures("in_this_process")
def test_a_finished_dataset_is_left_alone(whole: tuple[Recipe, Path]) -> None:
    recipe, out = whole
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert produce(recipe, out) == Progress(9, 9, 5, 0, "")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@pytest.mark.usefixtures("in_this_process")
def test_a_full_disk_loses_nothing(whole: tuple[Recipe, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, out = whole
    write, left = object_job.write_mask, [5]

    def full(path: Path, mask: Any) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/cache/shape.obj")
        left[0] -= 1
        write(path, mask)

    monkeypatch.setattr(object_job, "write_mask", full)
    with pytest.raises(DiskFull, match=r"/cache/shape\.obj is full: 4 of 9 scenes are finished.*run the same again"):
        produce(recipe, tmp_path)
    assert not list(tmp_path.rglob("*.open"))
    assert not list(tmp_path.rglob("*.part"))
    left[0] = 1000
    produce(recipe, tmp_path)
    assert digests(tmp_path) == digests(out)


@pytest.mark.usefixtures("in_this_process")
def test_a_disk_that_fills_while_the_journal_is_written(
    whole: tuple[Recipe, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = whole
    add, left = journal.Journal.add, [2]

    def full(self: journal.Journal, entry: journal.Entry) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        add(self, entry)

    monkeypatch.setattr(journal.Journal, "add", full)
    with pytest.raises(DiskFull, match="4 of 9"):
        produce(recipe, tmp_path)
    left[0] = 1000
    produce(recipe, tmp_path)
    assert digests(tmp_path) == digests(out)


@pytest.mark.usefixtures("in_this_process")
def test_another_recipe_is_refused_with_what_differs(whole: tuple[Recipe, Path], small_recipe: Recipes) -> None:
    _, out = whole
    other = small_recipe(scenes=9, seed=4, objects_per_shard=2, splits=THIRDS, candidates={"number": 9})
    with pytest.raises(FolderError) as error:
        produce(other, out)
    assert "seed: 3 there, 4 here; settings.candidates.number: 8 there, 9 here." in str(error.value)


@pytest.mark.usefixtures("in_this_process")
def test_folders_of_others_are_refused(small_recipe: Recipes, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FolderError, match=r"is not empty, and nothing there says that it is a dataset"):
        produce(small_recipe(), tmp_path)
    with pytest.raises(FolderError, match=r"thesis\.tex is a file"):
        produce(small_recipe(), tmp_path / "thesis.tex")
    busy = tmp_path / "busy"
    busy.mkdir()
    with (busy / journal.NAME).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(FolderError, match="another run is writing into"):
            produce(small_recipe(), busy)
    (busy / journal.NAME).write_text('{"something": "else"}\n')
    with pytest.raises(FolderError, match=r"index\.partial\.jsonl:1 is not the header of a dataset"):
        produce(small_recipe(), busy)


@pytest.mark.usefixtures("in_this_process")
def test_sources_that_cannot_do_are_refused(small_recipe: Recipes, tmp_path: Path) -> None:
    with pytest.raises(MeshSourceError, match="nowhere"):
        produce(small_recipe(meshes="nowhere"), tmp_path / "a")
    with pytest.raises(TooFewMeshes, match="has 2 meshes, which give 4 scenes at 2 each, and 5 are wanted"):
        produce(small_recipe(meshes="procedural:2", scenes=5), tmp_path / "b")
    with pytest.raises(MeshSourceError, match=r"splits\.held_out: 'procedural/mug:2' has no family mug, .*cup"):
        held_out = ("procedural/mug", "procedural/cup", "mug")
        produce(small_recipe(meshes="procedural/mug:2", splits={"held_out": held_out}), tmp_path / "c")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def mixed_folder(tmp_path: Path) -> Path:
    """Three good meshes, one of them twice, and three that are broken."""
    import pybullet_data

    folder = tmp_path / "meshes"
    folder.mkdir()
    for index in (0, 1, 2):
        shutil.copy(Path(pybullet_data.getDataPath(), f"random_urdfs/{index:03d}/{index:03d}.obj"), folder)
    shutil.copy(folder / "001.obj", folder / "again.obj")
    (folder / "empty.obj").touch()
    (folder / "flat.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    (folder / "torn.obj").write_text("v 0 0 0\nv 1 0")
    return folder


@pytest.mark.usefixtures("in_this_process")
def test_broken_meshes_are_reported_and_replaced(small_recipe: Recipes, mixed_folder: Path, tmp_path: Path) -> None:
    recipe = small_recipe(meshes=str(mixed_folder), scenes=3, scenes_per_object=1)
    end = produce(recipe, tmp_path / "out")
    assert (end.scenes, end.objects) == (3, 3)
    index = read_index(tmp_path / "out")
    assert {record.name for record in index.records} <= {"000.obj", "001.obj", "002.obj", "again.obj"}
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    rejected = {entry["name"]: entry["reason"] for entry in map(json.loads, lines)}
    assert len(rejected) == end.rejected > 0
    for name in {"empty.obj", "flat.obj", "torn.obj"} & set(rejected):
        assert str(mixed_folder / name) in rejected[name]
    for name in {"001.obj", "again.obj"} & set(rejected):
        assert rejected[name].endswith({"001.obj": "as again.obj", "again.obj": "as 001.obj"}[name])


@pytest.mark.usefixtures("in_this_process")
def test_when_no_meshes_are_left_the_dataset_is_smaller(
    small_recipe: Recipes, mixed_folder: Path, tmp_path: Path
) -> None:
    recipe = small_recipe(meshes=str(mixed_folder), scenes=6, scenes_per_object=1)
    end = produce(recipe, tmp_path / "out")
    assert (end.scenes, end.of, end.objects, end.rejected) == (3, 6, 3, 4)
    assert len(read_index(tmp_path / "out").records) == 3
    assert produce(recipe, tmp_path / "out") == Progress(3, 6, 3, 4, "")


def test_a_worker_that_is_killed_once_is_forgiven(
    whole: tuple[Recipe, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = whole
    killed = tmp_path / "killed"

    def make(job: object_job.ObjectJob) -> journal.Entry:
        if job.position == 1 and not killed.exists():
            killed.touch()
            production.Staging(job.root, job.run).open(job.position)
            os.kill(os.getpid(), signal.SIGKILL)
        return object_job.make_object(job)

    monkeypatch.setattr(production, "make_object", make)
    end = produce(recipe, tmp_path / "out", workers=2)
    assert (end.objects, end.rejected) == (5, 0)
    assert digests(tmp_path / "out") == digests(out)


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_a_mesh_that_always_kills_its_worker_is_reported_and_replaced(
    small_recipe: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: engines.EngineName
) -> None:
    recipe = small_recipe(scenes=2, seed=3, scenes_per_object=1)

    def make(job: object_job.ObjectJob) -> journal.Entry:
        if job.position == 0:
            production.Staging(job.root, job.run).open(job.position)
            os.kill(os.getpid(), signal.SIGKILL)
        return object_job.make_object(job)

    monkeypatch.setattr(production, "make_object", make)
    end = produce(recipe, tmp_path / "out", workers=2, engine=engine)
    assert (end.objects, end.rejected) == (2, 1)
    (line,) = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert "died twice" in json.loads(line)["reason"]
    assert not (tmp_path / "out" / "partial").exists()


@pytest.mark.usefixtures("in_this_process")
def test_scenes_without_grasps_are_drawn_again(
    small_recipe: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe(scenes=4, seed=3, least_grasps=1)
    produce(recipe, tmp_path / "out")
    dataset = JacquardDataset(tmp_path / "out")
    assert min(len(dataset.grasps(index)) for index in range(4)) >= 1
    impossible = small_recipe(meshes="procedural:1", scenes=1, least_grasps=9, scene_tries=2)
    with pytest.raises(NoObjects, match=r"its scene 0 was drawn 2 times .* none had 9 grasps that work"):
        produce(impossible, tmp_path / "none")


@pytest.mark.usefixtures("in_this_process")
def test_noise_is_in_the_stereo_depth_only(small_recipe: Recipes, tmp_path: Path) -> None:
    recipe = small_recipe(noise={"edges": {"width": 2, "probability": 1.0}, "quantization": {"step": 0.01}})
    produce(recipe, tmp_path / "out")
    perfect, sensed = (JacquardDataset(tmp_path / "out", depth)[0].depth for depth in ("perfect", "stereo"))
    assert np.isfinite(perfect).all()
    known = np.isfinite(sensed)
    assert 0.8 < known.mean() < 1
    assert np.abs(sensed - perfect)[known].max() == pytest.approx(0.005, abs=1e-4)
    assert np.abs(sensed / 0.01 - np.rint(sensed / 0.01))[known].max() < 1e-3

"""A whole training run on a small made-up dataset: resumed, and its weights found good on what they were shown."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import lightning
import numpy as np
import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.index_file import INDEX_FILE, VERSION
from grasp_learning.datasets.jacquard import JacquardDataset, write_color, write_depth
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.evaluation.evaluate import evaluate
from grasp_learning.progress import Tell, Watch, unwatched
from grasp_learning.training.callbacks import Telling
from grasp_learning.training.epoch_pictures import COLUMNS, HEADER, EpochPictures
from grasp_learning.training.errors import RunError
from grasp_learning.training.lesson import VALIDATION, Lesson
from grasp_learning.training.packed import pack
from grasp_learning.training.run import CHECKPOINTS, METRICS, SETTINGS, WEIGHTS, calculates_bfloat16, train
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.configuration import ConfigurationError
from grasp_perception.files import held, write_atomically
from grasp_planning.generative.card import WeightsCard, write_card
from grasp_planning.generative.preprocessing import ImageError, Preprocessing
from grasp_planning.generative.weights import load_weights
from grasp_planning.networks import GraspMaps

SIZE, OBJECTS = 96, 20  # of the images of the bars


def run(settings: Path, folder: Path, *overrides: str, watch: Watch = unwatched) -> WeightsCard:
    chosen = TrainingSettings.read(settings, list(overrides))
    return train(chosen, folder, cache=settings.parent / "cache", command="a test", watch=watch)


def test_a_run_learns_and_is_written_down(small_training: Path, bars: Path, tmp_path: Path) -> None:
    card = run(small_training, tmp_path / "run")
    losses = [float(loss) for _, loss in measured(tmp_path / "run")]
    assert len(losses) == card.training["epochs"] and min(losses) < 0.8 * losses[0]
    assert card.training["best_epoch"] == int(np.argmin(losses)) + 1
    assert card.data == {
        "train": {"scenes": 14, "objects": 14},
        "validation": {"scenes": 3, "objects": 3},
        "test": {"scenes": 3, "objects": 3},
        "recipes": [{"name": bars.name}],
    }
    assert 0 < card.postprocessing.min_quality < 1
    assert card.postprocessing.width_scale == 48.0 and card.metrics["validation"]["scenes"] == 3
    picture = cv2.imread(str(tmp_path / "run/pictures/epoch_000.png"))
    assert picture.shape == (HEADER + 3 * SIZE, len(COLUMNS) * SIZE, 3)

    found = evaluate(tmp_path / "run" / WEIGHTS, JacquardDataset(bars).part("validation"), device="cpu")
    assert round(found.scores.average, 4) == pytest.approx(card.metrics["validation"]["iou_avg"], abs=0.02)
    assert set(found.grasps) == set(JacquardDataset(bars).part("validation").ids)
    assert "OpenVINO" in found.runner and found.milliseconds["p95"] >= found.milliseconds["median"] > 0

    write_card(tmp_path / "run" / WEIGHTS, card.model_copy(update={"metrics": {"noted": 1}}))
    again = run(small_training, tmp_path / "run")  # it is finished
    assert again.sha256 == card.sha256 and again.metrics == {"noted": 1}
    assert len(measured(tmp_path / "run")) == card.training["epochs"]
    other = tmp_path / "other"
    with held(other / CHECKPOINTS), pytest.raises(RunError, match=r"another process is training in .*other: "):
        run(small_training, other)
    with pytest.raises(RunError, match="holds a run with other settings"):
        run(small_training, tmp_path / "run", "optimization.batch=4")


@pytest.mark.parametrize("order", [("all", "some"), ("some", "all")])
def test_not_every_source_needs_validation_objects(
    small_training: Path, bars: Path, tmp_path: Path, order: tuple[str, str]
) -> None:
    names = JacquardDataset(bars).objects
    for source, chosen, shares in (("all", names[:4], (1.0, 0.0, 0.0)), ("some", names[4:8], (0.5, 0.5, 0.0))):
        for name in chosen:
            shutil.copytree(bars / name, tmp_path / source / name)
        ObjectSplits.create(chosen, shares, seed=0).save(tmp_path / source / SPLITS_FILE)
    data = ", ".join(f"{{root: {tmp_path / source}}}" for source in order)
    card = run(small_training, tmp_path / "run", f"data=[{data}]", "optimization.epochs=1")
    assert card.data["train"]["scenes"] == 6 and card.metrics["validation"]["scenes"] == 2
    picture = cv2.imread(str(tmp_path / "run/pictures/epoch_000.png"))
    assert picture.shape == (HEADER + 2 * SIZE, len(COLUMNS) * SIZE, 3)


def measured(folder: Path) -> list[tuple[int, str]]:
    """Steps at which the loss in validation was noted, and the loss."""
    with (folder / METRICS).open() as file:
        return [(int(row["step"]), row["validation/loss"]) for row in csv.DictReader(file) if row["validation/loss"]]


def worse_and_worse(lesson: Lesson, batch: object, index: int) -> None:
    """In place of a validation step."""
    lesson.log(VALIDATION, 1.0 + lesson.current_epoch, batch_size=1)


def test_an_interrupted_run_goes_on(small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("optimization.epochs=4", "optimization.augmentation=false")
    whole = run(small_training, tmp_path / "whole", *settings)

    def interrupt(trainer: lightning.Trainer) -> None:
        if trainer.global_step == 2 * 7 + 3:
            raise KeyboardInterrupt

    parts = tmp_path / "parts"
    with monkeypatch.context() as patch:
        patch.setattr(Lesson, "validation_step", worse_and_worse)
        patch.setattr(Telling, "on_train_batch_start", lambda _, trainer, *rest: interrupt(trainer), raising=False)
        handler = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            run(small_training, parts, *settings)
        assert signal.getsignal(signal.SIGINT) is handler
    assert not (parts / WEIGHTS).exists()
    noted = measured(parts)
    assert noted == [(6, "1.0"), (13, "2.0")]
    states = {name: torch.load(parts / f"checkpoints/{name}.ckpt", weights_only=True) for name in ("best", "last")}
    assert {name: state["epoch"] for name, state in states.items()} == {"best": 0, "last": 1}
    card = run(small_training, parts, *settings)
    assert card.training["epochs"] == whole.training["epochs"] == 4
    assert [step for step, _ in measured(parts)] == [6, 13, 20, 27] and measured(parts)[:2] == noted


def test_the_rate_decays_and_ends_the_run_as_if_nothing_had_interrupted(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lesson, "validation_step", worse_and_worse)
    settings = ("optimization.decays=1", "optimization.patience=1")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(small_training, whole, *settings).training["epochs"] == 5

    def last(folder: Path) -> dict[str, Any]:
        return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("grasp_learning.training.run.examine", interrupt)  # after the last epoch
        for epoch in range(5):
            patch.setattr(
                Lesson,
                "on_train_epoch_start",
                lambda lesson, done=epoch: interrupt() if lesson.current_epoch > done else None,
            )
            with pytest.raises(KeyboardInterrupt):
                run(small_training, parts, *settings)
            assert last(parts)["epoch"] == epoch
    assert run(small_training, parts, *settings).training["epochs"] == 5
    assert last(parts)["lr_schedulers"] == last(whole)["lr_schedulers"]


def test_a_run_whose_folder_was_moved_keeps_what_was_best(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lesson, "validation_step", worse_and_worse)
    run(small_training, tmp_path / "here", "optimization.epochs=2")
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "there" / WEIGHTS).with_suffix(".yaml").unlink()  # it was not finished
    settings = TrainingSettings.load(tmp_path / "there" / SETTINGS)
    more = settings.model_copy(update={"optimization": settings.optimization.model_copy(update={"epochs": 3})})
    (tmp_path / "there" / SETTINGS).write_text(yaml.safe_dump(more.model_dump(mode="json")))
    card = run(small_training, tmp_path / "there", "optimization.epochs=3")
    assert card.training["epochs"] == 3 and card.training["best_epoch"] == 1


def test_what_is_left_of_an_interrupted_run_sees_scenes_anew(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    stop_in = {"epoch": -1}
    learn = Lesson.training_step

    def watched(lesson: Lesson, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        if lesson.current_epoch == stop_in["epoch"]:
            raise KeyboardInterrupt
        seen.append(round(float((batch[0] * torch.arange(batch[0].shape[-1])).sum()), 3))  # tells turned images apart
        return learn(lesson, batch, index)

    monkeypatch.setattr(Lesson, "training_step", watched)
    for stop_in["epoch"] in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            run(small_training, tmp_path / "run", "optimization.epochs=3")
    stop_in["epoch"] = -1
    run(small_training, tmp_path / "run", "optimization.epochs=3")
    epochs = [tuple(seen[first : first + 7]) for first in range(0, len(seen), 7)]
    assert len(epochs) == 3 == len({frozenset(epoch) for epoch in epochs})


def test_it_ends_where_the_rate_may_decay_no_more(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lesson, "validation_step", worse_and_worse)
    for decays, patience, epochs in ((0, 0, 2), (1, 0, 3), (1, 1, 5)):
        how = (f"optimization.decays={decays}", f"optimization.patience={patience}")
        card = run(small_training, tmp_path / f"{decays}{patience}", *how)
        assert card.training["epochs"] == epochs


def test_a_training_that_diverges_says_so_and_keeps_what_was_good(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(lesson: Lesson, batch: object, index: int) -> None:
        lesson.log(VALIDATION, float("nan") if lesson.current_epoch else 1.0, batch_size=1)

    with monkeypatch.context() as patch:
        patch.setattr(Lesson, "validation_step", lost)
        with pytest.raises(
            RunError, match=r"after epoch 2 the loss in validation is not a number; take an optimi.*0\.00"
        ):
            run(small_training, tmp_path / "run", "optimization.epochs=3")
    state = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert state["epoch"] == 0
    assert run(small_training, tmp_path / "run", "optimization.epochs=3").training["epochs"] == 3


def test_it_tells_how_far_it_is(small_training: Path, tmp_path: Path) -> None:
    told: dict[str, list[tuple[int, int, str]]] = {}

    @contextmanager
    def watch(doing: str) -> Iterator[Tell]:
        calls = told.setdefault(doing, [])
        yield lambda done, total, note="": calls.append((done, total, note))

    run(small_training, tmp_path / "run", "optimization.epochs=2", "optimization.batch=4", watch=watch)
    assert list(told) == ["preparing", "training", "validating"]
    assert told["preparing"][-1][:2] == told["validating"][-1][:2] == (3, 3)
    assert [call[:2] for call in told["training"]] == [(done, 24) for done in range(4, 25, 4)]  # 3 batches, twice
    first, last = told["training"][0][2], told["training"][-1][2]
    assert re.fullmatch(r"epoch 1 of 2, loss \d\.\d{5}", first)
    assert re.fullmatch(r"epoch 2 of 2, loss \d\.\d{5}, in validation \d\.\d{5}", last)


def interrupted(small_training: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *overrides: str) -> None:
    """A run of two epochs that was interrupted in the second."""

    def interrupt(trainer: lightning.Trainer) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Telling, "on_train_batch_start", lambda _, trainer, *rest: interrupt(trainer), raising=False)
        with pytest.raises(KeyboardInterrupt):
            run(small_training, folder, "optimization.epochs=2", *overrides)


def test_what_interrupts_the_writing_of_a_checkpoint_leaves_the_last_one(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def cut_off(file: Path, content: memoryview) -> None:
        written.append(file)
        if len(written) > 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        write_atomically(file, content)

    monkeypatch.setattr("grasp_learning.training.callbacks.write_atomically", cut_off)
    monkeypatch.setattr(EpochPictures, "on_validation_epoch_end", lambda *_: None)
    with pytest.raises(OSError, match="No space left"):
        run(small_training, tmp_path / "run", "optimization.epochs=3")
    monkeypatch.undo()
    checkpoints = tmp_path / "run/checkpoints"
    assert {file.name for file in written} == {"best.ckpt", "last.ckpt"}
    assert torch.load(checkpoints / "last.ckpt", weights_only=True)["epoch"] == 0
    assert run(small_training, tmp_path / "run", "optimization.epochs=3").training["epochs"] == 3


def test_a_broken_checkpoint_is_named(small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(small_training, tmp_path / "run", monkeypatch)
    last = tmp_path / "run/checkpoints/last.ckpt"
    last.write_bytes(last.read_bytes()[:5000])
    with pytest.raises(RunError, match=r"last\.ckpt is missing or broken .*: delete .*checkpoints, and the training"):
        run(small_training, tmp_path / "run", "optimization.epochs=2")


def test_a_table_whose_last_line_was_cut_off(
    small_training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(small_training, tmp_path / "run", monkeypatch)
    with (tmp_path / "run" / METRICS).open("a") as file:
        file.write("1")
    run(small_training, tmp_path / "run", "optimization.epochs=2")
    assert [step for step, _ in measured(tmp_path / "run")] == [6, 13]


def test_a_run_does_not_go_on_with_other_scenes(
    small_training: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(bars, root)
    data = f"data=[{{root: {root}}}]"
    interrupted(small_training, tmp_path / "run", monkeypatch, data)
    words = r"was begun on other scenes: its datasets were made or split anew since"
    annotations = JacquardDataset(root).part("train").scenes[0].grasps
    before, recipe = annotations.read_text(), {"meshes": "here", "scenes": 20, "seed": 0, "settings": {"noise": None}}
    annotations.write_text(before.replace(";", ";0", 1))  # made anew with other trials
    with pytest.raises(RunError, match=words):
        run(small_training, tmp_path / "run", data, "optimization.epochs=2")
    annotations.write_text(before)
    (root / INDEX_FILE).write_text(json.dumps({"version": VERSION, **recipe}) + "\n")  # or with noise
    with pytest.raises(RunError, match=words):
        run(small_training, tmp_path / "run", data, "optimization.epochs=2")
    (root / INDEX_FILE).unlink()
    ObjectSplits.create(JacquardDataset(root).objects, (0.7, 0.15, 0.15), seed=5).save(root / SPLITS_FILE)
    with pytest.raises(RunError, match=words):
        run(small_training, tmp_path / "run", data, "optimization.epochs=2")


def test_weights_of_16_bit(small_training: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    run(small_training, whole, "optimization.epochs=1")
    run(small_training, half, "optimization.epochs=1", "half=true")
    assert (half / WEIGHTS).stat().st_size < 0.6 * (whole / WEIGHTS).stat().st_size
    (expected, _), (found, card) = load_weights(whole / WEIGHTS), load_weights(half / WEIGHTS)
    assert card.training["settings"]["half"]
    for name, values in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], values.half().float())


@pytest.mark.parametrize(
    ("precision", "fast", "expected"),
    [
        ("bfloat16", False, torch.bfloat16),
        ("float32", True, torch.float32),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
    ],
)
def test_the_precision_of_the_numbers(
    small_training: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    fast: bool,
    expected: torch.dtype,
) -> None:
    said: set[torch.dtype] = set()
    forward = Lesson.forward

    def listen(lesson: Lesson, image: torch.Tensor) -> GraspMaps:
        maps = forward(lesson, image)
        said.update(values.dtype for values in maps)
        return maps

    monkeypatch.setattr("grasp_learning.training.run.calculates_bfloat16", lambda: fast)
    monkeypatch.setattr(Lesson, "forward", listen)
    run(small_training, tmp_path / "run", f"precision={precision}", "optimization.epochs=1")
    assert said == {expected}
    weights = load_weights(tmp_path / "run" / WEIGHTS)[0].state_dict()
    assert {values.dtype for values in weights.values() if values.is_floating_point()} == {torch.float32}


@pytest.mark.parametrize("emulated", [False, True])
def test_a_gpu_that_only_emulates_bfloat16_does_not_calculate_with_it(
    monkeypatch: pytest.MonkeyPatch, emulated: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or not emulated
    )
    assert calculates_bfloat16() is not emulated


def test_a_log_for_tensorboard(small_training: Path, tmp_path: Path) -> None:
    settings = TrainingSettings.read(small_training, ["optimization.epochs=2"])
    train(settings, tmp_path / "run", cache=tmp_path / "cache", command="a test", tensorboard=True)
    log = EventAccumulator(str(tmp_path / "run/tensorboard")).Reload()
    assert {"train/loss_epoch", VALIDATION, "validation/quality", "validation/width"} <= set(log.Tags()["scalars"])
    told = [(event.step, pytest.approx(event.value)) for event in log.Scalars(VALIDATION)]
    assert told == [(step, float(loss)) for step, loss in measured(tmp_path / "run")] and len(told) == 2


def test_one_cycle_of_the_rate(small_training: Path, tmp_path: Path) -> None:
    cycle = ["optimization.schedule=one cycle", "optimization.epochs=4", "optimization.rate=0.01"]
    card = run(small_training, tmp_path / "run", *cycle, "optimization.batch=2")
    assert card.training["epochs"] == 4  # all of them: what ends a training at a plateau does not end it
    state = torch.load(tmp_path / "run/checkpoints/last.ckpt", map_location="cpu", weights_only=True)
    (schedule,) = state["lr_schedulers"]
    assert schedule["last_epoch"] == state["global_step"] == 4 * 7
    assert schedule["_last_lr"][0] < 1e-6  # of the 0.01 at its height


@pytest.mark.parametrize("steps", [1, 9, 10])
def test_a_cycle_of_few_steps(small_training: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    lesson = Lesson(TrainingSettings.read(small_training, ["optimization.schedule=one cycle"]))
    monkeypatch.setattr(Lesson, "trainer", SimpleNamespace(estimated_stepping_batches=steps))
    made = lesson.configure_optimizers()
    rates = []
    for _ in range(steps):
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
        rates.append(made["lr_scheduler"]["scheduler"].get_last_lr()[0])
    assert 0 < max(rates) <= lesson.settings.optimization.rate


def test_scenes_are_prepared_once(bars: Path, tmp_path: Path) -> None:
    scenes, told = JacquardDataset(bars), []
    packed = pack(scenes, Preprocessing(size=48), tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(number, OBJECTS) for number in range(1, OBJECTS + 1)]
    assert packed.ids == list(scenes.ids) and len(packed) == OBJECTS
    first = packed[0]
    assert first.color.shape == (48, 48, 3) and abs(float(first.depth.mean())) < 1e-3
    expected = (scenes.grasps(0).centers + 0.5) / 2 - 0.5
    np.testing.assert_allclose(first.grasps.centers, expected)
    other = Preprocessing(size=48, channels="depth", depth_scale=10.0, depth_clamp=0.1)  # what is packed is the same
    for preprocessing in (Preprocessing(size=48), other):
        again = pack(scenes, preprocessing, tmp_path, lambda done, total: told.append((done, total)))
    assert len(told) == OBJECTS
    np.testing.assert_array_equal(again[3].depth, packed[3].depth)


def test_other_images_are_prepared_anew(bars: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(bars, root)
    scene = JacquardDataset(root).scenes[0]
    depth = np.full((SIZE, SIZE), 1.5)
    depth[:48] = 1.4
    write_depth(scene.stereo_depth, depth)
    preprocessing, cache = Preprocessing(size=48), tmp_path / "cache"
    perfect = pack(JacquardDataset(root), preprocessing, cache)
    stereo = pack(JacquardDataset(root, "stereo"), preprocessing, cache)
    assert np.abs(stereo[0].depth[:20] + 0.05).max() < 1e-3 < np.abs(perfect[0].depth[:20] + 0.05).max()
    write_color(scene.color, np.zeros((SIZE, SIZE, 3), np.uint8))
    assert perfect[0].color.any() and not pack(JacquardDataset(root), preprocessing, cache)[0].color.any()


def test_a_disk_without_room_for_what_is_prepared(bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("grasp_learning.training.packed.os.posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*color\.npy'"):
        pack(JacquardDataset(bars), Preprocessing(size=48), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_half_prepared_is_removed(bars: Path, tmp_path: Path) -> None:
    left, busy, young = (tmp_path / f".{name}.123.part" for name in ("left", "busy", "young"))
    for folder in (left, busy, young):
        folder.mkdir()
        (folder / "color.npy").touch()
    with held(busy):
        for folder in (left, busy):
            os.utime(folder, (0, 0))
        pack(JacquardDataset(bars), Preprocessing(size=48), tmp_path)
    (packed,) = set(tmp_path.iterdir()) - {busy, young}
    assert {file.name for file in packed.iterdir()} == {
        "color.npy",
        "depth.npy",
        "first.npy",
        "grasps.npy",
        "scenes.json",
    }


def test_two_trainings_may_prepare_the_same_scenes(bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes, preprocessing = JacquardDataset(bars), Preprocessing(size=48)

    def outrun(done: int, total: int) -> None:
        if done == total:  # before the first hands its over, another process does
            monkeypatch.setattr("grasp_learning.training.packed.os.getpid", lambda: 1)
            pack(scenes, preprocessing, tmp_path)

    packed = pack(scenes, preprocessing, tmp_path, outrun)
    assert packed.ids == list(scenes.ids)
    assert len(list(tmp_path.iterdir())) == 1  # nothing is left of the other


def test_what_cannot_be_trained(small_training: Path, bars: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"small\.yaml: network: Input should be"):
        TrainingSettings.read(small_training, ["network=resnet"])
    with pytest.raises(
        ConfigurationError, match=r"an override is FIELD=VALUE, such as optimization\.batch=16, not 'x'"
    ):
        TrainingSettings.read(small_training, ["x"])
    with pytest.raises(ConfigurationError, match=r"'name\.x=1': name has no fields"):
        TrainingSettings.read(small_training, ["name.x=1"])
    with pytest.raises(ConfigurationError, match=r"preprocessing\.size: unet takes multiples of 16 px, not 200"):
        TrainingSettings.read(small_training, ["network=unet", "preprocessing.size=200"])
    with pytest.raises(DatasetError, match=r"nowhere: no such folder"):
        run(small_training, tmp_path / "run", "data=[{root: nowhere}]")
    copy = tmp_path / "copy"
    shutil.copytree(bars, copy)
    names = JacquardDataset(bars).objects
    ObjectSplits.create(names, (0.7, 0.15, 0.15), seed=1).save(copy / SPLITS_FILE)
    both = yaml.safe_dump([{"root": str(bars)}, {"root": str(copy)}], default_flow_style=True).strip()
    with pytest.raises(DatasetError, match=r"object \w+ is for \w+ in .* and for \w+ in .*: draw the splits so"):
        run(small_training, tmp_path / "run", f"data={both}")
    ObjectSplits.create(names, (0.8, 0.0, 0.2), seed=1).save(copy / SPLITS_FILE)
    with pytest.raises(DatasetError, match=r"copy: no object is for validation: draw other splits with"):
        run(small_training, tmp_path / "run", f"data=[{{root: {copy}}}]")
    shutil.copy(bars / SPLITS_FILE, copy)
    files = JacquardDataset(copy).part("train").scenes[0]
    write_depth(files.perfect_depth, np.full((SIZE, SIZE), np.nan))
    with pytest.raises(ImageError, match=rf"scene {files.id}: depth was measured in 0% of the image"):
        run(small_training, tmp_path / "run", f"data=[{{root: {copy}}}]")
    files.color.write_bytes(files.color.read_bytes()[:40])
    with pytest.raises(DatasetError, match=rf"{files.id}_RGB\.png"):
        run(small_training, tmp_path / "run", f"data=[{{root: {copy}}}]")
    assert not (tmp_path / "run" / SETTINGS).exists()  # the folder is free for a run that can begin
    for file in copy.rglob("*_mask.png"):
        file.unlink()
    with pytest.raises(DatasetError, match=r"mask\.png"):
        run(small_training, tmp_path / "other", f"data=[{{root: {copy}}}]")

"""A training run from its settings to weights with a card."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import lightning
import numpy as np
import torch
import yaml
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from torch.utils.data import DataLoader

from grasp_learning.evaluation.evaluate import Evaluation, examine
from grasp_learning.evaluation.rectangle_metric import RectangleScores
from grasp_learning.evaluation.summary import rectangle_summary
from grasp_learning.progress import Watch, unwatched
from grasp_learning.training.callbacks import Checkpoint, Telling, WholeCheckpoints
from grasp_learning.training.epoch_pictures import EpochPictures
from grasp_learning.training.errors import RunError
from grasp_learning.training.lesson import VALIDATION, Lesson
from grasp_learning.training.memory import keep_memory
from grasp_learning.training.packed import packed_scene
from grasp_learning.training.scenes import labelled, learned_digest, open_parts, recipes, sizes, validation_scenes
from grasp_learning.training.settings import TrainingSettings
from grasp_perception.configuration import ConfigurationError
from grasp_perception.files import held, write_atomically
from grasp_planning.generative.card import WeightsCard, card_path, read_card
from grasp_planning.generative.hardware import has_bfloat16
from grasp_planning.generative.postprocessing import Postprocessing
from grasp_planning.generative.torch_runner import TorchRunner
from grasp_planning.generative.weights import require_finite, save_weights
from grasp_planning.networks.grasp_network import parameters_of

PICTURED = 4
SETTINGS = "settings.yaml"
SCENES = "scenes.sha256"
CHECKPOINTS = "checkpoints"
METRICS = "log/metrics.csv"
WEIGHTS = "weights.safetensors"
LEAST_QUALITY = 0.5
"""Where settings name none, the least quality of a grasp is this share of what the best grasps of 99 % of the
validation scenes have."""


def train(
    settings: TrainingSettings,
    folder: Path,
    *,
    cache: Path,
    command: str,
    tensorboard: bool = False,
    devices: int | Literal["auto"] = "auto",
    watch: Watch = unwatched,
) -> WeightsCard:
    """Train a network, or go on with an interrupted run, and write the weights that are best on validation scenes.

    Of a finished run nothing is changed.

    Args:
        settings: Of the run.
        folder: For everything it writes: ``settings.yaml``, ``checkpoints/``, ``pictures/``, ``log/metrics.csv``,
            ``weights.safetensors`` and its card.
        cache: Folder of prepared datasets.
        command: That was given, for the card.
        tensorboard: Whether to log for TensorBoard too.
        devices: GPUs that train together, each on its share of a batch.
        watch: Shows how it goes.

    Raises:
        RunError: The folder holds a run with other settings or of other scenes, another process is training there, the
            training diverged, or the GPUs cannot share a batch.
        DatasetError: A dataset is broken, has no stored splits or nothing to train with.
        ImageError: The preprocessing does not fit its images.
        WeightsError: The weights of a finished run are broken, or 16 bit do not hold them.
    """
    if holds(folder, settings) and card_path(folder / WEIGHTS).is_file():  # the card is written last
        return read_card(folder / WEIGHTS)[0]
    if rank_zero_only.rank:  # of several processes, one for each GPU, the first holds the folder and tells
        return _train(settings, folder, cache, command, tensorboard, devices, unwatched)
    with held(folder / CHECKPOINTS) as mine:
        if not mine:
            raise RunError(f"another process is training in {folder}: wait for it, or take another folder or name")
        return _train(settings, folder, cache, command, tensorboard, devices, watch)


def _train(
    settings: TrainingSettings,
    folder: Path,
    cache: Path,
    command: str,
    tensorboard: bool,
    devices: int | Literal["auto"],
    watch: Watch,
) -> WeightsCard:
    parts, made_from = open_parts(settings.data), recipes(settings.data)
    augmented = settings.optimization.augmentation
    with watch("preparing") as tell:
        shown = labelled(parts["train"], settings, cache, augmented=augmented, progress=tell)
        kept = labelled(parts["validation"], settings, cache, augmented=False, progress=tell)
    _claim(folder, settings, learned_digest(parts))
    checkpoints = folder / CHECKPOINTS
    best = Checkpoint(checkpoints, filename="best", monitor=VALIDATION, enable_version_counter=False)
    last = Checkpoint(checkpoints, filename="last", enable_version_counter=False)  # whether it is the best or not
    earlier = checkpoints / "last.ckpt" if (checkpoints / "last.ckpt").is_file() else None
    epochs, steps = _done(earlier)
    lightning.seed_everything(_seed(settings.seed, epochs), workers=True, verbose=False)
    lesson, timer = Lesson(settings), Timer()
    validated = [dataset for dataset in parts["validation"] if len(dataset)]
    first = validated[0]
    pictured = [packed_scene(first[i], settings.preprocessing) for i in range(min(PICTURED, len(first)))]
    keep_memory()
    with _quiet(), _interruptible(), watch("training") as tell:
        loggers: list[Logger] = [_table(folder, steps)]
        if tensorboard:
            loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
        trainer = lightning.Trainer(
            max_epochs=settings.optimization.epochs,
            precision=_precision(settings),
            callbacks=[timer, best, last, EpochPictures(pictured, folder / "pictures"), Telling(tell)],
            logger=loggers,
            default_root_dir=folder,
            devices=devices,
            plugins=[WholeCheckpoints()],
            num_sanity_val_steps=0,
            enable_model_summary=False,
            enable_progress_bar=False,
            log_every_n_steps=20,
        )
        if settings.optimization.batch % trainer.world_size:
            raise RunError(
                f"optimization.batch is {settings.optimization.batch}, which {trainer.world_size} GPUs cannot share "
                "evenly: take a multiple, or fewer of them (CUDA_VISIBLE_DEVICES)"
            )
        trainer.fit(
            lesson,
            _loader(shown, settings, trainer.world_size, shuffled=True),
            _loader(kept, settings, trainer.world_size, shuffled=False),
            ckpt_path=earlier,
        )
    state = _loaded(checkpoints / "best.ckpt")
    lesson.load_state_dict(state["state_dict"])
    network = lesson.network.eval()
    if settings.half:
        network = network.half().float()
        require_finite(network.state_dict(), "weights in 16 bit, train with half: false")
    runner = TorchRunner(network, "cpu")
    found = []
    for dataset in validation_scenes(settings.data):
        with watch("validating") as tell:
            found.append(examine(runner, settings.preprocessing, settings.reading, dataset, progress=tell))
    scores = RectangleScores(np.concatenate([part.scores.overlaps for part in found]))
    facts = {
        "settings": settings.model_dump(mode="json"),
        "command": command,
        "parameters": parameters_of(network),
        "devices": trainer.world_size,
        "precision": str(trainer.precision),
        "epochs": trainer.current_epoch,
        "best_epoch": int(state["epoch"]) + 1,
        "minutes": round(timer.time_elapsed() / 60, 1),
        "torch": torch.__version__,
    }
    data = {part: sizes(datasets) for part, datasets in parts.items()}
    return save_weights(
        folder / WEIGHTS,
        network,
        half=settings.half,
        preprocessing=settings.preprocessing,
        postprocessing=_demanding(settings.reading, found),
        purpose=settings.purpose,
        data={**data, "recipes": made_from},
        training=facts,
        metrics={"validation": rectangle_summary(scores)},
        date=datetime.date.today().isoformat(),
    )


def _done(earlier: Path | None) -> tuple[int, int]:
    """Epochs and steps before a checkpoint."""
    if earlier is None:
        return 0, 0
    state = _loaded(earlier)
    return state["epoch"] + 1, state["global_step"]


def _loaded(checkpoint: Path) -> dict[str, Any]:
    """A checkpoint, its values mapped into memory.

    Raises:
        RunError: It is missing or broken.
    """
    try:
        state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    except (EOFError, OSError, RuntimeError, UnpicklingError) as error:
        raise RunError(
            f"{checkpoint} is missing or broken ({error}): delete {checkpoint.parent}, and the training begins anew"
        ) from error
    return state


def _seed(seed: int, epochs: int) -> int:
    """What random numbers begin with: what is left of an interrupted run must not see again what the rest has seen."""
    return int(np.random.SeedSequence([seed, epochs]).generate_state(1)[0]) if epochs else seed


def _demanding(reading: Postprocessing, found: Sequence[Evaluation]) -> Postprocessing:
    """How grasps are read, with a least quality."""
    if reading.min_quality > 0:
        return reading
    qualities = [grasp.quality for part in found for grasp in part.grasps.values()]
    least = max(0.0, LEAST_QUALITY * float(np.quantile(qualities, 0.01)))
    return reading.model_copy(update={"min_quality": round(least, 3)})


def holds(folder: Path, settings: TrainingSettings) -> bool:
    """Whether a folder holds this run, begun or finished.

    Raises:
        RunError: It holds a run with other settings.
    """
    file = folder / SETTINGS
    if not file.is_file():
        return False
    try:
        same = TrainingSettings.load(file) == settings
    except ConfigurationError:  # of another version
        same = False
    if not same:
        raise RunError(f"{folder} holds a run with other settings, see {file}: take another folder or name")
    return True


def require_scenes(folder: Path, digest: str) -> None:
    """Make sure that a run in a folder, if there is one, trains on certain scenes.

    Args:
        folder: Of the run.
        digest: As `learned_digest` says.

    Raises:
        RunError: It trains on others: the dataset was made or split anew since it began.
    """
    file = folder / SCENES
    if file.is_file() and file.read_text().strip() != digest:
        raise RunError(
            f"{folder} holds a run that was begun on other scenes: its datasets were made or split anew since. Take "
            "another folder or name, or delete that one"
        )


def _claim(folder: Path, settings: TrainingSettings, digest: str) -> None:
    """Take a folder for a run, or find that it is this run's."""
    if holds(folder, settings):
        require_scenes(folder, digest)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / SCENES, f"{digest}\n".encode())
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    write_atomically(folder / SETTINGS, text.encode())  # last: what holds it is whole


def _table(folder: Path, steps: int) -> CSVLogger:
    """What is measured; it goes on after the steps that are done, where Lightning's would begin anew."""
    log, file = CSVLogger(folder, name="", version="log"), folder / METRICS
    kept = []
    if file.is_file():
        rows = csv.DictReader(file.read_text().splitlines())  # the last one may have been cut off
        kept = [row for row in rows if (row["step"] or "").isdigit() and int(row["step"]) < steps]
    writer = log.experiment  # this removes the file
    if kept and not rank_zero_only.rank:
        text = io.StringIO()
        table = csv.DictWriter(text, list(kept[0]))
        table.writeheader()
        table.writerows(kept)
        write_atomically(file, text.getvalue().encode())
        writer.metrics_keys = list(kept[0])
    return log


def _loader(scenes: Any, settings: TrainingSettings, processes: int, *, shuffled: bool) -> DataLoader[Any]:
    """Batches, of which each of several processes has its share."""
    batch = settings.optimization.batch
    return DataLoader(
        scenes,
        batch_size=batch // processes,
        shuffle=shuffled,
        drop_last=shuffled and len(scenes) >= batch,
        num_workers=settings.workers,
        persistent_workers=settings.workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def _precision(settings: TrainingSettings) -> Any:
    """Lightning's name of the precision."""
    half = settings.precision == "bfloat16" or (settings.precision == "auto" and calculates_bfloat16())
    return "bf16-mixed" if half else "32-true"


def calculates_bfloat16() -> bool:
    """Whether this machine is faster with bfloat16: a recent GPU, or a processor with AMX or AVX-512 BF16."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return has_bfloat16()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advice and what it repeats of its libraries."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        yield


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C is KeyboardInterrupt, as elsewhere: Lightning makes it an exit, and then takes no other."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as exit_:
        if isinstance(exit_.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)

"""What training and validation are given: images, and the maps drawn from their annotations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.index_file import INDEX_FILE, read_recipe
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.robustness import Robustness
from grasp_learning.datasets.splits import PARTS, Part
from grasp_learning.labels.label_maps import label_maps
from grasp_learning.progress import Progress
from grasp_learning.training.augmentation import turned
from grasp_learning.training.packed import PackedScenes, pack
from grasp_learning.training.settings import DataSource, TrainingSettings
from grasp_planning.networks import GraspMaps


class LabelledScenes(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of an image (C, S, S) and its maps (4, bins, S, S)."""

    def __init__(self, scenes: PackedScenes, settings: TrainingSettings, *, augmented: bool) -> None:
        self._scenes, self._settings, self._augmented = scenes, settings, augmented

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        scene = self._scenes[index]
        if self._augmented:
            # Of Torch's generator each worker has its own.
            way = int(torch.randint(8, ()).item())
            scene = turned(scene, way % 4, way >= 4)
        preprocessing = self._settings.preprocessing
        image = preprocessing.tensor(scene.color, scene.depth)
        maps = label_maps(scene.grasps, scene.depth.shape, self._settings.labels)
        return torch.from_numpy(image), torch.from_numpy(maps.stacked())


def grasp_maps(stacked: Tensor) -> GraspMaps:
    """Maps of a batch (B, 4, bins, S, S)."""
    return GraspMaps(*stacked.unbind(dim=1))


def open_parts(sources: Sequence[DataSource]) -> dict[Part, list[JacquardDataset]]:
    """The scenes of each part of several datasets.

    Raises:
        DatasetError: A dataset is broken or has no stored splits, an object stands in two parts, or there is nothing
            to train with or to choose by.
    """
    whole = [JacquardDataset(source.root, source.depth, min_robustness=source.min_robustness) for source in sources]
    parts: dict[Part, list[JacquardDataset]] = {part: [dataset.part(part) for dataset in whole] for part in PARTS}
    _require_apart(parts)
    for part in ("train", "validation"):
        if not any(len(dataset) for dataset in parts[part]):
            roots = ", ".join(str(dataset.root) for dataset in whole)
            raise DatasetError(f"{roots}: no object is for {part}: draw other splits with `grasp data split --replace`")
    return parts


def labelled(
    datasets: Sequence[JacquardDataset],
    settings: TrainingSettings,
    cache: Path,
    *,
    augmented: bool,
    progress: Progress | None = None,
) -> ConcatDataset[tuple[Tensor, Tensor]]:
    """The scenes of datasets with their maps."""
    packed = [pack(dataset, settings.preprocessing, cache, progress) for dataset in datasets]
    return ConcatDataset([LabelledScenes(scenes, settings, augmented=augmented) for scenes in packed])


def _require_apart(parts: Mapping[Part, Sequence[JacquardDataset]]) -> None:
    """Raise DatasetError if an object that one dataset trains with is another's for testing."""
    of: dict[str, tuple[Part, Path]] = {}
    for part, datasets in parts.items():
        for dataset in datasets:
            for name in dataset.objects:
                known, root = of.setdefault(name, (part, dataset.root))
                if known != part:
                    raise DatasetError(
                        f"object {name} is for {known} in {root} and for {part} in {dataset.root}: draw the splits so "
                        "that an object has one part in all datasets"
                    )


def validation_scenes(sources: Sequence[DataSource]) -> list[JacquardDataset]:
    """Those that networks are measured on: with all annotations, those too that a training leaves out."""
    parts = [JacquardDataset(source.root, source.depth).part("validation") for source in sources]
    return [part for part in parts if len(part)]


def scenes_digest(datasets: Iterable[JacquardDataset]) -> str:
    """SHA-256 of which scenes datasets hold, of their annotations, and of the recipe of those that were generated."""
    digest = hashlib.sha256()
    for dataset in datasets:
        digest.update("\n".join([str(len(dataset)), *dataset.ids, ""]).encode())
        for scene in dataset.scenes:
            digest.update(scene.grasps.read_bytes())
        made = {**_recipe(dataset.root, dataset.min_robustness), "name": "", "depth": dataset.depth_kind}
        digest.update(json.dumps(made, sort_keys=True).encode())
    return digest.hexdigest()


def learned_digest(parts: Mapping[Part, Sequence[JacquardDataset]]) -> str:
    """`scenes_digest` of what a run learns from: training and validation."""
    return scenes_digest([*parts["train"], *parts["validation"]])


def sizes(datasets: Sequence[JacquardDataset]) -> dict[str, int]:
    """Scenes and objects, for a card."""
    objects = {name for dataset in datasets for name in dataset.objects}
    return {"scenes": int(np.sum([len(dataset) for dataset in datasets])), "objects": len(objects)}


def recipes(sources: Sequence[DataSource]) -> list[dict[str, Any]]:
    """What each dataset was made from, for a card; of one that was not generated, the name of its folder."""
    return [_recipe(source.root, source.min_robustness) for source in sources]


def _recipe(root: Path, min_robustness: float) -> dict[str, Any]:
    index = root / INDEX_FILE
    recipe = read_recipe(index) if index.is_file() else {"name": root.name}
    if not min_robustness:
        return recipe
    uncertainty = Robustness(root).header.uncertainty.model_dump()
    return {**recipe, "robustness": {"at_least": min_robustness, **uncertainty}}

"""Datasets opened by what lies in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grasp_learning.datasets.cornell import CornellDataset, find_images
from grasp_learning.datasets.dataset import GraspDataset
from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset, find_scenes


def no_dataset(root: Path) -> DatasetError:
    """The error that a folder is of neither kind."""
    return DatasetError(
        f"{root}: no dataset of grasps: neither Jacquard's <object>/<i>_<object>_grasps.txt (directly or in shards "
        "Jacquard_Dataset_*) nor Cornell's pcd<NNNN>cpos.txt"
    )


def open_dataset(root: str | Path, *, by_image: bool = False) -> GraspDataset[Any]:
    """A dataset in Jacquard's or Cornell's format, for its objects: Cornell's depth may be of either kind.

    Args:
        root: Its folder.
        by_image: Each of Cornell's images is taken for an object of its own.

    Raises:
        DatasetError: The folder is missing, of neither kind, or lacks files that are needed.
    """
    root = Path(root)
    if find_scenes(root):
        if by_image:
            raise DatasetError(f"{root}: scenes of Jacquard's format have objects: only Cornell's can be by image")
        return JacquardDataset(root)
    if find_images(root):
        return CornellDataset(root, "radial", objects="images" if by_image else "listed")
    raise no_dataset(root)

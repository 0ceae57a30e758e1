"""Candidates that failed, each scene's in a file of its own: ``failures/<object>/<scene>_failures.npz``."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles
from grasp_perception.files import write_atomically


def failures_file(folder: Path, scene: str) -> Path:
    """Where the failures of a scene are."""
    return folder / f"{scene}_failures.npz"


def write_failures(folder: Path, scene: str, rectangles: GraspRectangles, phases: NDArray[np.int8]) -> None:
    """Write the failed candidates of a scene.

    Args:
        folder: Of the object.
        scene: Id.
        rectangles: As they were tried: image convention, rad.
        phases: (N,) what failed: values of `TrialPhase`, or -1 for what could not be tried.
    """
    content = io.BytesIO()
    np.savez_compressed(content, rectangles=rectangles.values, phases=phases)
    write_atomically(failures_file(folder, scene), content.getbuffer())


def read_failures(folder: Path, scene: str) -> tuple[GraspRectangles, NDArray[np.int8]]:
    """The failed candidates of a scene, and the phases (N,) that failed."""
    with np.load(failures_file(folder, scene)) as content:
        return GraspRectangles(content["rectangles"]), content["phases"]

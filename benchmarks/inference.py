"""How long networks take from an image to a grasp on the processor, and whether OpenVINO says what torch says.

    . ./env.sh && python benchmarks/inference.py [--network ggcnn2 … | --weights FILE … --dataset DIR] [--images 100]
        [--threads N] [--json FILE]

GG-CNN2, GR-ConvNet and UNet with random weights, 3 bins, depth and RGB at 320x320, and images 480x640 with holes in
their depth; or weights as their card says, and scenes of a dataset in Jacquard's layout, evenly spread. Each is cut
out, filled, resized and normalised, shown to the network, and its best grasp is read from the maps: once with OpenVINO,
once with eager torch in float32, in turn. As shares of the map's greatest quality: difference, the greatest of any
pixel, in the median image and in the worst; target 1 %; best, of the best grasps' qualities, in the worst. same pixel:
share of images in which the best grasps have the same centre; angle, opening: the greatest difference of those.
OpenVINO calculates in bfloat16 where the processor can, and in float32 elsewhere: the title says which.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_perception.cache import VARIABLE
from grasp_perception.files import write_json
from grasp_planning.generative.card import WeightsCard, read_card
from grasp_planning.generative.inference import NetworkRunner
from grasp_planning.generative.openvino_runner import OpenVINORunner
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.torch_runner import TorchRunner
from grasp_planning.generative.weights import load_weights, save_weights
from grasp_planning.grasps import GraspRectangle, wrap_half_turn
from grasp_planning.networks import build

NETWORKS = ("ggcnn2", "grconvnet", "unet")
WARM_UP = 5
PREPROCESSING, POSTPROCESSING = Preprocessing(size=320), Postprocessing()
FACTS: dict[str, Any] = {"data": {}, "training": {}, "metrics": {}, "purpose": "a benchmark", "date": "2026-01-01"}
Image = tuple[NDArray[np.uint8], NDArray[np.float32]]


def images(count: int, rng: np.random.Generator) -> list[Image]:
    """Boxes on a tilted plane, (480, 640): colour, and depth with noise, a shadow and single holes."""
    rows, _ = np.mgrid[:480, :640].astype(np.float32)
    made = []
    for _ in range(count):
        box = cv2.boxPoints((rng.uniform((220, 140), (420, 340)).tolist(), (150.0, 50.0), rng.uniform(0, 180)))
        top, shadow = (
            cv2.fillConvexPoly(np.zeros((480, 640), np.uint8), (box + shift).astype(np.int32), 1).astype(bool)
            for shift in (0, 6)
        )
        depth = np.where(top, 0.56, 0.60 - 0.0001 * rows) + 0.001 * rng.standard_normal(rows.shape)
        depth[(shadow & ~top) | (rng.random(rows.shape) < 0.005)] = np.nan
        color = np.where(top[..., None], (190, 70, 40), 225) + rng.integers(-8, 8, (480, 640, 3))
        made.append((color.astype(np.uint8), depth.astype(np.float32)))
    return made


def scenes(root: Path, count: int) -> list[Image]:
    """So many of a dataset, evenly spread: colour and depth."""
    dataset = JacquardDataset(root)
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int)
    return [(dataset[index].color, dataset[index].depth) for index in chosen.tolist()]


def look(runner: NetworkRunner, card: WeightsCard, image: Image) -> tuple[GraspMapArrays, GraspRectangle, float]:
    """Maps, the best grasp in pixels of the image, and milliseconds."""
    started = time.perf_counter()
    prepared = card.preprocessing.prepare(*image)
    maps = runner(card.preprocessing.tensor(prepared.color, prepared.depth))
    however_poor = card.postprocessing.model_copy(update={"min_quality": -np.inf})
    grasp = prepared.grasp_to_image(however_poor.grasps(maps)[0])
    return maps, grasp, 1e3 * (time.perf_counter() - started)


def random_weights(name: str, folder: Path) -> Path:
    """A file of them, for a network."""
    torch.manual_seed(0)
    weights = folder / f"{name}.safetensors"
    network = build(name, in_channels=PREPROCESSING.in_channels, bins=3)
    save_weights(weights, network, preprocessing=PREPROCESSING, postprocessing=POSTPROCESSING, **FACTS)
    return weights


def measure(weights: Path, shown: list[Image], threads: int) -> dict[str, Any]:
    """Both runners on all images, in turn."""
    card, _ = read_card(weights)
    openvino = OpenVINORunner(weights, card, threads)
    eager = TorchRunner(load_weights(weights)[0], "cpu")
    times: dict[str, list[float]] = {"openvino": [], "torch": []}
    differences, bests, angles, openings = [], [], [], []
    for image in shown:
        maps, grasp, took = look(openvino, card, image)
        others, other, longer = look(eager, card, image)
        times["openvino"].append(took)
        times["torch"].append(longer)
        greatest = np.abs(others.quality).max()
        differences.append(float(np.abs(maps.quality - others.quality).max() / greatest))
        bests.append(float(abs(grasp.quality - other.quality) / greatest))
        if (grasp.x, grasp.y) == (other.x, other.y):
            angles.append(abs(wrap_half_turn(grasp.angle - other.angle)))
            openings.append(abs(grasp.width - other.width) / other.width)
    summary = {key: _summary(values[WARM_UP:]) for key, values in times.items()}
    return {
        "runner": openvino.description,
        **summary,
        "ratio": summary["torch"]["median_ms"] / summary["openvino"]["median_ms"],
        "difference": {"median": float(np.median(differences)), "worst": max(differences)},
        "best": max(bests),
        "same_pixel": len(angles) / len(shown),
        "angle_rad": max(angles),
        "opening": max(openings),
    }


def _summary(milliseconds: list[float]) -> dict[str, float]:
    return {"median_ms": float(np.median(milliseconds)), "p95_ms": float(np.percentile(milliseconds, 95))}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, action="append", help="only this; may be repeated")
    parser.add_argument("--weights", type=Path, action="append", help="a file instead; may be repeated")
    parser.add_argument("--dataset", type=Path, help="whose scenes those are shown")
    parser.add_argument("--images", type=int, default=100, help=f"after {WARM_UP} to warm up")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if bool(options.weights) != bool(options.dataset):
        parser.error("--weights and --dataset belong together")
    count = WARM_UP + options.images
    shown = scenes(options.dataset, count) if options.dataset else images(count, np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        random = [random_weights(name, Path(folder)) for name in options.network or NETWORKS]
        found = {str(file): measure(file, shown, options.threads) for file in options.weights or random}
    runner = next(iter(found.values()))["runner"]
    title = f"{runner}; {options.threads} threads, {options.images} images; ms: median, p95"
    table = Table(title=title, title_justify="left")
    for column in ("network", "OpenVINO", "torch", "ratio", "difference", "best", "same pixel", "angle, opening"):
        table.add_column(column)
    for name, row in found.items():
        both = (f"{row[key]['median_ms']:.1f}, {row[key]['p95_ms']:.1f}" for key in ("openvino", "torch"))
        differences = f"{row['difference']['median']:.2%}, {row['difference']['worst']:.2%}"
        shares = (differences, f"{row['best']:.2%}", f"{row['same_pixel']:.0%}")
        table.add_row(
            Path(name).stem, *both, f"{row['ratio']:.1f}", *shares, f"{row['angle_rad']:.4f} rad, {row['opening']:.1%}"
        )
    Console().print(table)
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()

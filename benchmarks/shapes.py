"""How fast shapes are generated, how well their convex pieces fill them, and how they differ.

    . ./env.sh && python benchmarks/shapes.py [--each 24] [--seed 0] [--families mug+cut] [--json FILE]

For each family: time to make a shape and its pieces on one core, pieces and corners, and the overlap of mesh and pieces
(volume of the intersection over that of the union, exact, by booleans). Over all: shapes a second, whether any two are
the same, and the share of each shape's convex hull that it fills.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from manifold3d import Manifold, Mesh64, OpType

from grasp_perception.files import write_json
from grasp_sim.objects.shapes import FAMILIES, GeneratedShape, generate, generator


def solid(mesh: trimesh.Trimesh) -> Manifold:
    """For booleans."""
    return Manifold(Mesh64(np.array(mesh.vertices), np.array(mesh.faces, dtype=np.uint64)))


def overlap(shape: GeneratedShape) -> float:
    """Intersection over union of a shape's mesh and its pieces."""
    whole = solid(shape.mesh)
    pieces = Manifold.batch_boolean([solid(piece) for piece in shape.pieces], OpType.Add)
    common = (whole ^ pieces).volume()
    return float(common / (whole.volume() + pieces.volume() - common))


def measure(family: str, each: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """One row of the table, and the hashes of the shapes."""
    seconds, overlaps, filled, hashes, shapes = [], [], [], [], []
    for number in range(each):
        start = time.perf_counter()
        shape = generate(family, generator(family, seed, number))
        seconds.append(time.perf_counter() - start)
        if not shape.mesh.is_watertight or shape.mesh.volume <= 0:
            raise RuntimeError(f"{family} {number} of seed {seed} is not closed")
        overlaps.append(overlap(shape))
        filled.append(float(shape.mesh.volume / shape.mesh.convex_hull.volume))
        hashes.append(hashlib.sha256(shape.mesh_obj()).hexdigest())
        shapes.append(shape)
    row = {
        "family": family,
        "median_ms": 1e3 * float(np.median(seconds)),
        "max_ms": 1e3 * max(seconds),
        "mean_ms": 1e3 * float(np.mean(seconds)),
        "overlap_median": float(np.median(overlaps)),
        "overlap_worst": min(overlaps),
        "filled_median": float(np.median(filled)),
        "pieces_median": float(np.median([len(shape.pieces) for shape in shapes])),
        "pieces_most": max(len(shape.pieces) for shape in shapes),
        "corners_most": max(len(piece.vertices) for shape in shapes for piece in shape.pieces),
        "faces_median": float(np.median([len(shape.mesh.faces) for shape in shapes])),
    }
    return row, hashes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=24, help="shapes of each family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", default="+".join(FAMILIES))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows, hashes = [], []
    print(f"{'family':18} {'ms':>6} {'most':>6} {'overlap':>8} {'worst':>6} {'of hull':>8} {'pieces':>8} {'faces':>6}")
    for family in arguments.families.split("+"):
        row, found = measure(family, arguments.each, arguments.seed)
        rows.append(row)
        hashes += found
        print(
            f"{family:18} {row['median_ms']:6.1f} {row['max_ms']:6.1f} {row['overlap_median']:8.3f} "
            f"{row['overlap_worst']:6.3f} {row['filled_median']:8.2f} {row['pieces_median']:4.0f}/"
            f"{row['pieces_most']:<3} {row['faces_median']:6.0f}",
            flush=True,
        )
    mean = float(np.mean([row["mean_ms"] for row in rows]))
    total = {"shapes": len(hashes), "distinct": len(set(hashes)), "shapes_per_second": 1e3 / mean}
    print(f"{total['distinct']} distinct of {total['shapes']}, {total['shapes_per_second']:.0f} shapes a second")
    if arguments.json:
        write_json(arguments.json, {**total, "families": rows})


if __name__ == "__main__":
    main()

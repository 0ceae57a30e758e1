"""What is written when all objects of a dataset are there: index, splits, pictures, statistics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from grasp_learning.datasets.annotation_file import read_grasps
from grasp_learning.datasets.errors import SplitsError
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_perception.files import write_atomically, write_json
from grasp_perception.image_files import read_color, read_mask
from grasp_sim.dataset.contact_sheet import MOST_SCENES, contact_sheet, distinct, short, tile
from grasp_sim.dataset.index import Index, as_line, write_index
from grasp_sim.dataset.journal import Entry
from grasp_sim.dataset.settings import Recipe, SplitShares
from grasp_sim.dataset.statistics import scene_files, statistics
from grasp_sim.dataset.statistics_page import statistics_page

REJECTED = "rejected.jsonl"
CONTACT_SHEET = "contact_sheet.png"
STATISTICS = "statistics"


def finish(recipe: Recipe, root: Path, accepted: list[Entry], rejected: list[Entry]) -> None:
    """Write everything but the scenes; the index last, because who finds it finds a whole dataset.

    Args:
        recipe: Of the dataset.
        root: Its folder, in which all shards are.
        accepted: Its objects.
        rejected: Meshes that could not be used.
    """
    reasons = [{"name": entry.name, "reason": entry.rejection} for entry in rejected]
    write_atomically(root / REJECTED, "".join(map(as_line, reasons)).encode())
    families = {entry.object: entry.records[0].family for entry in accepted}
    shared_out(families, recipe.settings.splits, recipe.seed).save(root / SPLITS_FILE)
    index = Index.of(recipe, (record for entry in accepted for record in entry.records))
    facts = statistics(root, index, reasons)
    sheet = _contact_sheet(root, index)
    if sheet:
        write_atomically(root / CONTACT_SHEET, sheet)
    write_json(root / f"{STATISTICS}.json", facts)
    page = statistics_page(index.header, facts, reasons, sheet)
    write_atomically(root / f"{STATISTICS}.html", page.encode())
    write_index(root, index)


def shared_out(families: Mapping[str, str], settings: SplitShares, seed: int) -> ObjectSplits:
    """Which objects are for training, validation and test.

    Too few to be shared out are all to train on; but never those of families that are held out.

    Args:
        families: Of each object.
        settings: As asked for.
        seed: Of the drawing.
    """
    shares = (settings.train, settings.validation, settings.test)
    held_out = set(settings.held_out) & set(families.values())
    if held_out == set(families.values()):
        return ObjectSplits.create(families, (0.0, 0.0, 1.0), seed)
    if not held_out:
        few = len(families) < np.count_nonzero(shares)
        return ObjectSplits.create(families, (1.0, 0.0, 0.0) if few else shares, seed)
    validation = settings.validation / max(settings.train + settings.validation, 1e-9)
    try:
        return ObjectSplits.create_by_family(families, seed, held_out=held_out, validation=validation)
    except SplitsError:
        return ObjectSplits.create_by_family(families, seed, held_out=held_out, validation=0.0, seen_in_test=0.0)


def _contact_sheet(root: Path, index: Index) -> bytes:
    """PNG of scenes from all over the dataset; nothing if there are none."""
    count = len(index.records)
    if not count:
        return b""
    files = scene_files(root, index)
    tiles = []
    for number in np.unique(np.rint(np.linspace(0, count - 1, min(count, MOST_SCENES))).astype(int)):
        record = index.records[number]
        scene = files[record.id]
        grasps = read_grasps(scene.grasps)
        picture = tile(read_color(scene.color), read_mask(scene.mask), grasps)
        tiles.append((picture, f"{short(record.name)}: {len(distinct(grasps))} grasps"))
    sheet = cv2.cvtColor(contact_sheet(tiles), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())

"""A dataset from a recipe, by many workers, that may be interrupted at any time and goes on where it stopped.

The run goes through the meshes in an order that the seed chooses. A mesh becomes an object with all its
scenes, or is rejected and the next one takes its place; what becomes of it depends on nothing but itself
and the recipe, and the objects of the dataset are the first of that order that are not rejected. So it
does not matter which worker made what and when.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grasp_sim.dataset import engines
from grasp_sim.dataset.engines import EngineName, WorkerDied
from grasp_sim.dataset.finishing import REJECTED, finish
from grasp_sim.dataset.index import read_index
from grasp_sim.dataset.journal import Entry, Journal, is_finished
from grasp_sim.dataset.object_job import ObjectJob, make_object
from grasp_sim.dataset.settings import Recipe
from grasp_sim.dataset.staging import Staging
from grasp_sim.objects.mesh_sources import MeshSource, MeshSourceError, open_source

CRASHES = "the process that made it died twice, the second time with nothing else to do"
MOST_IDLE_DEATHS = 3
"""Deaths in a row of workers that had nothing to do."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class DiskFull(RuntimeError):
    """There is no room for the dataset; what was finished is kept."""


class NoObjects(RuntimeError):
    """Not one mesh can be used."""


class TooFewMeshes(ValueError):
    """The source cannot give so many scenes even if every mesh is good."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    scenes: int
    """Done."""
    of: int
    """Wanted."""
    objects: int
    rejected: int
    last: str
    """The mesh that was done last; "" at the beginning."""


def produce(
    recipe: Recipe,
    out: Path,
    *,
    workers: int = 1,
    engine: EngineName = "local",
    progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Make a dataset, or go on making it; nothing if it is there already.

    Args:
        recipe: What it follows from.
        out: Its folder.
        workers: Processes.
        engine: Where they run.
        progress: Told after each object.

    Returns:
        Where it ended; fewer scenes than wanted if too many meshes were rejected.

    Raises:
        FolderError: The folder holds something else, or another run writes there.
        MeshSourceError, TooFewMeshes: The source of meshes cannot be used, lacks a family that is held out, or is too
            small.
        NoObjects: Not one of its meshes can be used.
        DiskFull: What was done until then is kept, and the same call goes on.
    """
    source = open_source(recipe.meshes)
    if len(source) * recipe.settings.scenes_per_object < recipe.scenes:
        raise TooFewMeshes(
            f"'{recipe.meshes}' has {len(source)} meshes, which give {len(source) * recipe.settings.scenes_per_object} "
            f"scenes at {recipe.settings.scenes_per_object} each, and {recipe.scenes} are wanted: take more meshes, or "
            "more scenes of each"
        )
    if is_finished(out, recipe):
        records = read_index(out).records
        rejected = len((out / REJECTED).read_text().splitlines())
        return Progress(len(records), recipe.scenes, len({record.object for record in records}), rejected, "")
    held_out = set(recipe.settings.splits.held_out)
    if unknown := held_out and held_out - {source.family(name) for name in source.names}:
        raise MeshSourceError(f"splits.held_out: '{recipe.meshes}' has no family {', '.join(sorted(unknown))}")
    with Journal(out, recipe) as journal:
        run = _Run(recipe, out, source, journal, progress)
        try:
            run.work(workers, engine)
            if not run.accepted:
                raise NoObjects(
                    f"none of the {len(run.rejected)} meshes of '{recipe.meshes}' can be used; the first: "
                    f"{run.rejected[0].rejection}"
                )
            finish(recipe, out, run.accepted, run.rejected)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            raise DiskFull(  # that of the cache, maybe
                f"the disk of {error.filename or out} is full: {run.now().scenes} of {recipe.scenes} scenes are "
                "finished and kept. Make room, and run the same again: it goes on from there"
            ) from error
        finally:
            run.staging.clean()
        run.staging.remove()
        journal.remove()
        return run.now()


def _objects_wanted(recipe: Recipe) -> int:
    return -(-recipe.scenes // min(recipe.settings.scenes_per_object, recipe.scenes))


class _Run:
    """What is done, what comes next.

    Attributes:
        accepted: Objects of the dataset, in order: as far as it is certain.
        rejected: Meshes that cannot be used, likewise.
    """

    def __init__(
        self, recipe: Recipe, out: Path, source: MeshSource, journal: Journal, progress: Callable[[Progress], None]
    ) -> None:
        self.accepted: list[Entry] = []
        self.rejected: list[Entry] = []
        self.staging = Staging(out, secrets.token_hex(4))
        self.staging.clean()
        self._recipe = recipe
        self._out = out
        self._journal = journal
        self._progress = progress
        order = np.random.default_rng(recipe.seed).permutation(len(source.names))
        self._names = [source.names[index] for index in order]
        self._next = 0  # position up to which `accepted` and `rejected` are certain
        self._first: dict[str, Entry] = {}  # by object
        self._shards = 0
        for position, entry in list(journal.entries.items()):
            if not entry.rejection and not self.staging.holds(position, entry.object):
                del journal.entries[position]  # its files were taken away: it is made again
        self._settle()

    def work(self, workers: int, engine: EngineName) -> None:
        """Make objects until there are enough, or no meshes are left."""
        idle_deaths = 0
        self._progress(self.now())
        while positions := self._wanted():
            try:
                with closing(engines.RUN[engine](make_object, self._jobs(positions), workers)) as entries:
                    for entry in entries:
                        self._add(entry)
                        idle_deaths = 0
            except WorkerDied as death:
                suspects = self.staging.abandoned()
                idle_deaths = 0 if suspects else idle_deaths + 1
                if idle_deaths == MOST_IDLE_DEATHS:
                    raise RuntimeError(f"workers die before they begin: {death}") from death
                for position in suspects:
                    self._try_alone(position, engine)

    def now(self) -> Progress:
        """How far it is."""
        entries = self._journal.entries
        ahead = [entry for position, entry in entries.items() if position >= self._next]
        good = [*self.accepted, *(entry for entry in ahead if not entry.rejection)]
        scenes = min(sum(len(entry.records) for entry in good), self._recipe.scenes)
        rejected = len(self.rejected) + sum(bool(entry.rejection) for entry in ahead)
        last = entries[next(reversed(entries))].name if entries else ""
        return Progress(scenes, self._recipe.scenes, len(good), rejected, last)

    def _try_alone(self, position: int, engine: EngineName) -> None:
        """Once more, with nothing else running, so that it is clear whose fault another death is."""
        self.staging.abandon(position)
        try:
            with closing(engines.RUN[engine](make_object, self._jobs([position]), 1)) as entries:
                for entry in entries:
                    self._add(entry)
        except WorkerDied:
            self.staging.abandon(position)
            self._add(Entry(position=position, name=self._names[position], rejection=CRASHES))

    def _jobs(self, positions: list[int]) -> Iterator[ObjectJob]:
        for position in positions:
            yield ObjectJob(self._recipe, self._out, position, self._names[position], self.staging.run, os.getpid())

    def _wanted(self) -> list[int]:
        """Positions to be made: as many as are missing if none of them is rejected."""
        missing = _objects_wanted(self._recipe) - len(self.accepted)
        positions: list[int] = []
        position = self._next
        # Done already or to be made, the first `missing` that are not rejected count.
        while missing > 0 and position < len(self._names):
            entry = self._journal.entries.get(position)
            if entry is None:
                positions.append(position)
            if entry is None or not entry.rejection:
                missing -= 1
            position += 1
        return positions

    def _add(self, entry: Entry) -> None:
        self._journal.add(entry)
        self._settle()
        self._progress(self.now())

    def _settle(self) -> None:
        """Decide on as many meshes as can be decided on, in order, and put full shards together."""
        wanted = _objects_wanted(self._recipe)
        while len(self.accepted) < wanted and self._next in self._journal.entries:
            entry = self._journal.entries[self._next]
            self._next += 1
            first = self._first.get(entry.object)
            if entry.rejection:
                self.rejected.append(entry)
            elif first is not None:
                reason = f"{entry.name}: the same, byte for byte, as {first.name}"
                self.rejected.append(entry.model_copy(update={"rejection": reason}))
            else:
                self._first[entry.object] = entry
                per_object = min(self._recipe.settings.scenes_per_object, self._recipe.scenes)
                left = self._recipe.scenes - per_object * len(self.accepted)
                self.accepted.append(entry.model_copy(update={"records": entry.records[:left]}))
        size = self._recipe.settings.objects_per_shard
        over = len(self.accepted) == wanted or self._next == len(self._names)
        while (rest := self.accepted[self._shards * size : (self._shards + 1) * size]) and (len(rest) == size or over):
            self.staging.assemble(self._shards, [(e.position, e.object, len(e.records)) for e in rest])
            self._shards += 1

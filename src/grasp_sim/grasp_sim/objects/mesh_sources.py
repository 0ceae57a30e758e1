"""Where meshes come from: the shapes of pybullet_data, the procedural generator, folders of files.

A source is described by a line of text; several are joined by commas:

- ``pybullet_data``: its 995 usable random shapes;
- ``procedural:COUNT[@SEED]``: that many shapes, all families in turn;
- ``procedural/FAMILY+FAMILY:COUNT[@SEED]``: of these families only;
- a folder: every .obj, .stl and .ply file below it, sorted; or a pattern with ``*``, as
  ``ycb/*/google_16k/textured.obj``.
"""

from __future__ import annotations

import difflib
import glob
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import pybullet_data

from grasp_perception.cache import cache_folder
from grasp_perception.files import write_atomically
from grasp_sim.objects import shapes
from grasp_sim.objects.catalogue import RANDOM_NAMES
from grasp_sim.objects.convex import pieces_beside
from grasp_sim.objects.mesh_files import SUFFIXES
from grasp_sim.objects.meshes import MeshError, content_id, load_mesh_body

PROCEDURAL = re.compile(r"procedural(?:/(?P<families>[^:]*))?(?::(?P<count>[^@]*)(?:@(?P<seed>.*))?)?")
MOST = 1_000_000
SPECS = "'pybullet_data', 'procedural:COUNT[@SEED]', 'procedural/FAMILY+FAMILY:COUNT[@SEED]', or a folder of meshes"


class MeshSourceError(ValueError):
    """A source of meshes cannot be used; the message names what is wrong, and what there is."""


class MeshSource(ABC):
    """Meshes by name.

    Attributes:
        names: Distinct, in a fixed order.
    """

    names: tuple[str, ...]

    @abstractmethod
    def mesh(self, name: str) -> Path:
        """The mesh file of a name, made if need be; its convex pieces, if known, beside it (`pieces_beside`).

        Raises:
            KeyError: There is no such name.
        """

    @abstractmethod
    def family(self, name: str) -> str:
        """What a mesh is one of: "pybullet_data", "procedural/bottle", "folder".

        Raises:
            KeyError: There is no such name.
        """

    def __len__(self) -> int:
        return len(self.names)


class RandomShapes(MeshSource):
    """The usable random shapes of pybullet_data: blobs of boxes and cylinders."""

    def __init__(self) -> None:
        self.names = RANDOM_NAMES
        self._known = frozenset(RANDOM_NAMES)

    def mesh(self, name: str) -> Path:
        self.family(name)
        index = name.removeprefix("random_")
        return Path(pybullet_data.getDataPath(), "random_urdfs", index, f"{index}.obj")

    def family(self, name: str) -> str:
        if name not in self._known:
            raise KeyError(name)
        return "pybullet_data"


class ProceduralShapes(MeshSource):
    """Shapes that are generated when they are asked for, and kept in the user's cache.

    A name, ``<family>_<seed>_<number>``, says all about its shape: the other shapes of the source do not matter.
    """

    def __init__(self, families: Sequence[str], count: int, seed: int = 0) -> None:
        self.families = tuple(families)
        self.seed = seed
        turns = ((self.families[i % len(families)], i // len(families)) for i in range(count))
        self._shapes = {f"{family}_{seed}_{number:05d}": (family, number) for family, number in turns}
        self.names = tuple(self._shapes)

    def mesh(self, name: str) -> Path:
        family, number = self._shapes[name]
        path = cache_folder(f"shapes/{shapes.VERSION}") / f"{name}.obj"
        if not path.exists():
            shape = shapes.generate(family, shapes.generator(family, self.seed, number))
            write_atomically(pieces_beside(path), shape.pieces_obj())  # first: who finds the mesh finds both
            write_atomically(path, shape.mesh_obj())
        return path

    def family(self, name: str) -> str:
        return f"procedural/{self._shapes[name][0]}"


class FolderMeshes(MeshSource):
    """The mesh files of a folder, named by their paths in it."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files
        self.names = tuple(files)

    def mesh(self, name: str) -> Path:
        return self._files[name]

    def family(self, name: str) -> str:
        self._files[name]
        return "folder"


class JoinedSources(MeshSource):
    """Sources one after the other."""

    def __init__(self, sources: Sequence[MeshSource]) -> None:
        self._source = {name: source for source in sources for name in source.names}
        self.names = tuple(self._source)

    def mesh(self, name: str) -> Path:
        return self._source[name].mesh(name)

    def family(self, name: str) -> str:
        return self._source[name].family(name)


def open_source(spec: str) -> MeshSource:
    """The meshes that a line of text describes (see above).

    Raises:
        MeshSourceError: A part is not understood, names an unknown family, has a wrong number, is no folder or an
            empty one, or gives a name that an earlier part has given.
    """
    parts = [part.strip() for part in spec.split(",")]
    if not all(parts):
        raise MeshSourceError(f"'{spec}' has an empty part; a source of meshes is {SPECS}")
    sources = [_open_part(part) for part in parts]
    seen: dict[str, str] = {}
    for part, source in zip(parts, sources):
        for name in source.names:
            if name in seen:
                raise MeshSourceError(
                    f"'{part}' and '{seen[name]}' both have a mesh '{name}': give one of them another seed or folder"
                )
            seen[name] = part
    return sources[0] if len(sources) == 1 else JoinedSources(sources)


def check_meshes(source: MeshSource, names: Sequence[str] | None = None) -> Iterator[tuple[str, str | None]]:
    """Try each mesh of a source: make it, read it, split it, weigh it.

    Args:
        source: The meshes.
        names: Those to try; all of them if it is not given.

    Yields:
        (name, None) for a mesh that can be used, else (name, reason): it is broken, or it is the same as an
        earlier one. As they come, so that progress can be shown.
    """
    seen: dict[str, str] = {}
    for name in source.names if names is None else names:
        try:
            path = source.mesh(name)
            load_mesh_body(path)
            first = seen.setdefault(content_id(path), name)
        except MeshError as error:
            yield name, str(error)
        else:
            yield name, None if first == name else f"{path}: is the same, byte for byte, as '{first}'"


def _open_part(part: str) -> MeshSource:
    if part == "pybullet_data":
        return RandomShapes()
    if match := PROCEDURAL.fullmatch(part):
        named = match["families"]
        families = shapes.FAMILIES if named is None else tuple(named.split("+"))
        for family in families:
            if family not in shapes.FAMILIES:
                close = difflib.get_close_matches(family, shapes.FAMILIES, n=3)
                hint = f"did you mean {' or '.join(close)}? " if close else ""
                raise MeshSourceError(
                    f"'{part}': there is no family '{family}'; {hint}there are {', '.join(shapes.FAMILIES)}"
                )
        if len(set(families)) < len(families):
            raise MeshSourceError(f"'{part}' names a family twice")
        if match["count"] is None:
            raise MeshSourceError(f"'{part}' does not say how many: write '{part}:100'")
        count = _number(part, "count", match["count"], 1, MOST)
        seed = _number(part, "seed", "0" if match["seed"] is None else match["seed"], 0, 2**32 - 1)
        return ProceduralShapes(families, count, seed)
    return _open_folder(part)


def _number(part: str, what: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"\d+", text) or not least <= int(text) <= most:
        raise MeshSourceError(f"'{part}': the {what} '{text}' is not a whole number from {least} to {most}")
    return int(text)


def _open_folder(part: str) -> FolderMeshes:
    if "*" in part:
        root = Path(part.split("*", 1)[0])
        root = root if part[part.index("*") - 1 : part.index("*")] == "/" else root.parent
        found = [Path(path) for path in glob.glob(part, recursive=True)]  # noqa: PTH207 (the root may be absolute)
    else:
        root = Path(part)
        if not root.is_dir():
            what = "is a file, not a folder" if root.exists() else "is neither a folder nor a source that is known"
            raise MeshSourceError(f"'{part}' {what}; a source of meshes is {SPECS}")
        found = list(root.rglob("*"))
    files = {
        path.relative_to(root).as_posix(): path
        for path in found
        if path.suffix.lower() in SUFFIXES and not path.stem.endswith("_convex") and path.is_file()
    }
    if not files:
        raise MeshSourceError(f"'{part}' holds no mesh files ({', '.join(SUFFIXES)})")
    return FolderMeshes(dict(sorted(files.items())))

"""Train, validation and test, by object, stored in a file.

No object stands in two parts: scenes of one object look alike, and a network that has seen one knows the
others. And they are drawn once and kept: a split that each run draws anew, or that a new scene shifts,
compares what cannot be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, ValidationError, model_validator

from grasp_learning.datasets.errors import SplitsError
from grasp_perception.configuration import Configuration, reasons
from grasp_perception.files import write_atomically

SPLITS_FILE = "splits.json"
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


class Shares(NamedTuple):
    """Of the objects in each part; they sum to 1."""

    train: float
    validation: float
    test: float


class Difference(NamedTuple):
    """Between the objects of splits and those of a dataset."""

    unknown: tuple[str, ...]
    """In the splits, not in the dataset."""
    missing: tuple[str, ...]
    """In the dataset, in no part of the splits."""


class ObjectSplits(Configuration):
    """Which objects belong to which part; each list is sorted."""

    format: Literal["grasp-splits"] = "grasp-splits"
    version: Literal[1] = 1
    seed: int = Field(ge=0)
    """They were drawn from."""
    shares: Shares
    """As asked for; with families held out, as they came out."""
    held_out: tuple[str, ...] = ()
    """Families whose objects stand in the test part only."""
    digest: str
    """SHA-256 of the sorted names of all objects, each followed by a line feed."""
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @model_validator(mode="after")
    def _consistent(self) -> ObjectSplits:
        owner: dict[str, str] = {}
        for part in PARTS:
            for name in self.of(part):
                if name in owner:
                    raise ValueError(f"object '{name}' stands in {owner[name]} and in {part}")
                owner[name] = part
        if digest_of(owner) != self.digest:
            raise ValueError("the digest does not fit the objects: the file was changed by hand; draw new splits")
        return self

    @classmethod
    def create(cls, objects: Iterable[str], shares: tuple[float, float, float], seed: int) -> ObjectSplits:
        """Draw splits.

        Args:
            objects: Their order and repetitions do not matter.
            shares: Of train, validation and test; they sum to 1.
            seed: The same objects, shares and seed give the same splits.

        Raises:
            SplitsError: The shares are wrong, or there are fewer objects than parts that have one.
        """
        names = sorted(set(objects))
        wanted = _checked(shares)
        train, validation, test = _draw(names, wanted, np.random.default_rng(seed))
        digest = digest_of(names)
        return cls(seed=seed, shares=wanted, digest=digest, train=train, validation=validation, test=test)

    @classmethod
    def create_by_family(
        cls,
        families: Mapping[str, str],
        seed: int,
        *,
        held_out: Collection[str],
        validation: float = 0.1,
        seen_in_test: float = 0.5,
    ) -> ObjectSplits:
        """Draw splits whose test part holds families that no other part has seen.

        Args:
            families: Of each object: the generator or source it came from.
            seed: As in `create`.
            held_out: Families all of whose objects go to the test part.
            validation: Share of validation in what is not for testing.
            seen_in_test: Share of the test part that is drawn from the other families; 0.5: as many
                objects of kinds that were trained on as of new kinds.

        Raises:
            SplitsError: A family is unknown, a share is not in [0, 1), or the other families have too
                few objects.
        """
        others = sorted(name for name, family in families.items() if family not in held_out)
        new = sorted(name for name, family in families.items() if family in held_out)
        unknown = sorted(set(held_out) - set(families.values()))
        if unknown or not new:
            there = ", ".join(sorted(set(families.values())))
            raise SplitsError(f"no object is of a family {', '.join(unknown) or 'held out'}; there are: {there}")
        for name, share in (("validation", validation), ("seen_in_test", seen_in_test)):
            if not 0 <= share < 1:
                raise SplitsError(f"{name} is a share in [0, 1), got {share}")
        seen = round(len(new) * seen_in_test / (1 - seen_in_test))
        if seen >= len(others):
            raise SplitsError(
                f"{len(new)} objects are held out and {seen} more should stand beside them in the test part, but the "
                f"other families have only {len(others)}: hold out fewer families, or lower seen_in_test"
            )
        test_share = seen / len(others)
        rest = 1 - test_share
        within = Shares(rest * (1 - validation), rest * validation, test_share)
        train, validated, tested = _draw(others, within, np.random.default_rng(seed))
        total = len(families)
        return cls(
            seed=seed,
            shares=Shares(len(train) / total, len(validated) / total, (len(tested) + len(new)) / total),
            held_out=tuple(sorted(held_out)),
            digest=digest_of(families),
            train=train,
            validation=validated,
            test=tuple(sorted((*tested, *new))),
        )

    @classmethod
    def load(cls, path: str | Path) -> ObjectSplits:
        """Read splits.

        Raises:
            SplitsError: The file is missing or not of this format, an object stands in two parts, or the
                objects are not those that were drawn.
        """
        path = Path(path)
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise SplitsError(
                f"{path}: no splits are stored there. Make them once, by `grasp data split {path.parent}` or "
                "ObjectSplits.create(dataset.objects, (0.8, 0.1, 0.1), seed=0).save(path), and keep them"
            ) from error
        except OSError as error:
            raise SplitsError(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            raise SplitsError(f"{path}: {reasons(error)}") from error

    def save(self, path: str | Path) -> None:
        """Write the splits; an older file is replaced whole or not at all.

        Raises:
            OSError: The file cannot be written.
        """
        write_atomically(Path(path), (self.model_dump_json(indent=1) + "\n").encode())

    def of(self, part: Part) -> tuple[str, ...]:
        """The objects of a part.

        Raises:
            SplitsError: There is no such part.
        """
        if part not in PARTS:
            raise SplitsError(f"the parts are {', '.join(PARTS)}; there is no '{part}'")
        return {"train": self.train, "validation": self.validation, "test": self.test}[part]

    def check_against(self, objects: Iterable[str]) -> Difference:
        """Which objects the splits and a dataset do not share."""
        there = set(objects)
        mine = {*self.train, *self.validation, *self.test}
        return Difference(unknown=tuple(sorted(mine - there)), missing=tuple(sorted(there - mine)))

    def require(self, objects: Iterable[str], path: Path) -> None:
        """Make sure that the splits are those of a dataset.

        Raises:
            SplitsError: They were made for other objects; names the file and the first of them.
        """
        unknown, missing = self.check_against(objects)
        if unknown or missing:
            wrong = [
                f"{len(names)} {what} (such as {names[0]})"
                for names, what in (
                    (unknown, "objects stand in them that the dataset does not have"),
                    (missing, "objects of the dataset stand in no part"),
                )
                if names
            ]
            raise SplitsError(f"{path}: these splits are of other data: {' and '.join(wrong)}")


def digest_of(objects: Iterable[str]) -> str:
    """SHA-256 of sorted names, each followed by a line feed."""
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(objects)).encode()).hexdigest()


def _checked(shares: tuple[float, float, float]) -> Shares:
    wanted = Shares(*shares)
    if min(wanted) < 0 or abs(sum(wanted) - 1) > 1e-9:
        raise SplitsError(f"shares of train, validation and test are not negative and sum to 1, got {tuple(shares)}")
    return wanted


def _draw(names: list[str], shares: Shares, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Each part's names, sorted; of few objects, each part that has a share gets one at least."""
    if len(names) < sum(share > 0 for share in shares):
        raise SplitsError(f"{len(names)} objects are too few for the shares {tuple(shares)}: each part needs one")
    sizes = np.diff(np.rint(np.cumsum((0.0, *shares)) * len(names)).astype(int))
    for part in np.flatnonzero((sizes == 0) & (np.array(shares) > 0)):
        sizes[np.argmax(sizes)] -= 1
        sizes[part] = 1
    order = rng.permutation(len(names))
    return [tuple(names[index] for index in sorted(part)) for part in np.split(order, np.cumsum(sizes)[:2])]

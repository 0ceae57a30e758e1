"""Object-wise splits: drawn from a seed, stored, and refused where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grasp_learning.datasets.errors import SplitsError
from grasp_learning.datasets.splits import ObjectSplits, digest_of

OBJECTS = [f"object{number:03d}" for number in range(100)]
SHARES = (0.8, 0.1, 0.1)


def test_sizes_follow_the_shares_and_nothing_is_shared_or_lost() -> None:
    splits = ObjectSplits.create(OBJECTS, SHARES, seed=3)
    assert [len(splits.of(part)) for part in ("train", "validation", "test")] == [80, 10, 10]
    assert sorted(splits.train + splits.validation + splits.test) == OBJECTS
    assert list(splits.test) == sorted(splits.test)
    assert splits.test != tuple(OBJECTS[90:])


def test_the_seed_decides_and_the_order_does_not() -> None:
    splits = ObjectSplits.create(OBJECTS, SHARES, seed=3)
    assert ObjectSplits.create([*reversed(OBJECTS), OBJECTS[0]], SHARES, seed=3) == splits
    assert ObjectSplits.create(OBJECTS, SHARES, seed=4).test != splits.test


@pytest.mark.parametrize("count", [3, 7, 11, 64, 999])
def test_sizes_are_off_by_less_than_one(count: int) -> None:
    splits = ObjectSplits.create([str(number) for number in range(count)], (0.5, 0.25, 0.25), seed=0)
    for part, share in zip((splits.train, splits.validation, splits.test), splits.shares):
        assert abs(len(part) - share * count) <= 1


def test_stored_and_read_again(tmp_path: Path) -> None:
    splits = ObjectSplits.create(OBJECTS, SHARES, seed=3)
    splits.save(tmp_path / "splits.json")
    assert ObjectSplits.load(tmp_path / "splits.json") == splits
    content = json.loads((tmp_path / "splits.json").read_text())
    assert content["seed"] == 3 and content["shares"] == [0.8, 0.1, 0.1]
    assert content["digest"] == digest_of(OBJECTS)
    assert content["test"] == list(splits.test)


def test_a_part_may_have_no_share() -> None:
    splits = ObjectSplits.create(OBJECTS, (0.9, 0.0, 0.1), seed=0)
    assert splits.validation == ()
    with pytest.raises(SplitsError, match="the parts are train, validation, test; there is no 'val'"):
        splits.of("val")  # type: ignore[arg-type]


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.1), (1.1, -0.2, 0.1)])
def test_wrong_shares(shares: tuple[float, float, float]) -> None:
    with pytest.raises(SplitsError, match="not negative and sum to 1"):
        ObjectSplits.create(OBJECTS, shares, seed=0)


def test_few_objects_leave_no_part_empty() -> None:
    splits = ObjectSplits.create(OBJECTS[:3], SHARES, seed=0)
    assert [len(splits.of(part)) for part in ("train", "validation", "test")] == [1, 1, 1]
    assert len(ObjectSplits.create(OBJECTS[:7], SHARES, seed=0).train) == 5
    assert ObjectSplits.create(OBJECTS[:1], (1.0, 0.0, 0.0), seed=0).train == ("object000",)
    assert ObjectSplits.create(OBJECTS, (0.0, 0.0, 1.0), seed=0).test == tuple(OBJECTS)
    with pytest.raises(SplitsError, match=r"2 objects are too few for the shares \(0.8, 0.1, 0.1\)"):
        ObjectSplits.create(OBJECTS[:2], SHARES, seed=0)


def families(**counts: int) -> dict[str, str]:
    return {f"{family}{number}": family for family, count in counts.items() for number in range(count)}


def test_held_out_families_are_tested_on_only_beside_as_many_others() -> None:
    by_object = families(mug=60, plate=40, random=10)
    splits = ObjectSplits.create_by_family(by_object, 5, held_out=["random"], validation=0.1)
    assert len(splits.test) == 20
    assert sum(by_object[name] == "random" for name in splits.test) == 10
    assert len(splits.validation) == 9 and len(splits.train) == 81
    assert "random" not in {by_object[name] for name in splits.train + splits.validation}
    assert splits.held_out == ("random",)
    assert splits.shares == pytest.approx((81 / 110, 9 / 110, 20 / 110))
    assert ObjectSplits.create_by_family(by_object, 5, held_out=["random"]) == splits
    assert len(ObjectSplits.create_by_family(by_object, 5, held_out=["random"], seen_in_test=0).test) == 10


def test_families_that_cannot_be_held_out() -> None:
    with pytest.raises(SplitsError, match="no object is of a family cup; there are: mug, plate"):
        ObjectSplits.create_by_family(families(mug=5, plate=5), 0, held_out=["cup"])
    with pytest.raises(SplitsError, match="no object is of a family held out"):
        ObjectSplits.create_by_family(families(mug=5), 0, held_out=[])
    with pytest.raises(SplitsError, match=r"50 objects are held out and 50 more .* only 20: hold out fewer"):
        ObjectSplits.create_by_family(families(mug=50, plate=20), 0, held_out=["mug"])
    with pytest.raises(SplitsError, match="seen_in_test is a share"):
        ObjectSplits.create_by_family(families(mug=5, plate=5), 0, held_out=["mug"], seen_in_test=1.0)


def test_differences_from_a_dataset(tmp_path: Path) -> None:
    splits = ObjectSplits.create(OBJECTS, SHARES, seed=0)
    assert splits.check_against(OBJECTS) == ((), ())
    difference = splits.check_against([*OBJECTS[2:], "new"])
    assert difference.unknown == ("object000", "object001")
    assert difference.missing == ("new",)
    splits.require(OBJECTS, tmp_path)
    with pytest.raises(SplitsError, match="2 objects stand in them that the dataset does not have"):
        splits.require(OBJECTS[2:], tmp_path)


def wrong(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "splits.json"
    ObjectSplits.create(OBJECTS, SHARES, seed=0).save(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"colour": 1}, "colour: Extra inputs are not permitted"),
        ({"version": 2}, "version: Input should be 1"),
        ({"format": "other"}, "format: Input should be 'grasp-splits'"),
        ({"train": [1]}, "train.0: Input should be a valid string"),
        ({"seed": -1}, "seed: "),
        ({"train": ["object000"], "test": ["object000"]}, "object 'object000' stands in train and in test"),
        ({"test": []}, "the digest does not fit the objects: the file was changed by hand"),
    ],
)
def test_a_file_that_was_changed_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    path = wrong(tmp_path, **changes)
    with pytest.raises(SplitsError) as error:
        ObjectSplits.load(path)
    assert str(path) in str(error.value) and reason in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SplitsError, match=r"`grasp data split .*` or ObjectSplits.create\(dataset.objects"):
        ObjectSplits.load(tmp_path / "splits.json")
    (tmp_path / "splits.json").write_text("{")
    with pytest.raises(SplitsError, match=r"splits.json: the file: Invalid JSON"):
        ObjectSplits.load(tmp_path / "splits.json")
    with pytest.raises(SplitsError, match="Is a directory"):
        ObjectSplits.load(tmp_path)

"""What a training learns of the robustness of grasps, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.robustness import ROBUSTNESS_FILE, Robustness
from grasp_learning.datasets.splits import SPLITS_FILE, ObjectSplits
from grasp_learning.training.scenes import open_parts, recipes
from grasp_learning.training.settings import DataSource

HEADER = {"format": "grasp-robustness", "version": 2, "uncertainty": {"trials": 4, "angle": 0.2}, "jaw": 0.02}


def note(root: Path, held: dict[str, list[int]]) -> None:
    lines = [HEADER, *({"scene": scene, "held": counts} for scene, counts in held.items())]
    (root / ROBUSTNESS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_grasps_that_are_not_robust_are_left_out(shards: Path) -> None:
    whole = JacquardDataset(shards)
    assert [len(whole.grasps(index)) for index in range(4)] == [2, 2, 2, 2]
    note(shards, dict(zip(whole.ids, ([4, 2], [3, 3], [0, 1], [4, 4]))))
    robust = JacquardDataset(shards, min_robustness=0.75)
    assert robust.ids == whole.ids  # a scene without a robust grasp says that there is none
    assert [len(robust.grasps(index)) for index in range(4)] == [1, 2, 0, 2]
    np.testing.assert_array_equal(robust[0].grasps.values, whole[0].grasps.values[:1])
    assert len(robust.of_objects([robust.objects[0]]).grasps(0)) == 1
    assert len(robust.subset([whole.ids[2]]).grasps(0)) == 0
    np.testing.assert_array_equal(Robustness(shards).shares(whole.ids[1], 2), [0.75, 0.75])


def test_a_training_asks_for_it_and_its_card_says_so(shards: Path) -> None:
    ObjectSplits.create(JacquardDataset(shards).objects, (1 / 3, 1 / 3, 1 / 3), seed=0).save(shards / SPLITS_FILE)
    source = DataSource(root=shards, min_robustness=1.0)
    with pytest.raises(DatasetError, match=r"robustness.jsonl: No such file.*`grasp data robustness"):
        open_parts([source])
    note(shards, {scene: [4, 3] for scene in JacquardDataset(shards).ids})
    assert {len(part[0].grasps(0)) for part in open_parts([source]).values()} == {1}
    (recipe,) = recipes([source])
    assert recipe["robustness"] == {"at_least": 1.0, "trials": 4, "position": 0.0015, "angle": 0.2, "opening": 0.003}
    assert "robustness" not in recipes([DataSource(root=shards)])[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"robustness.jsonl:1: "),
        (
            '{"format": "another", "uncertainty": {}, "jaw": 0.02}\n',
            r"robustness.jsonl:1: format: Input should be 'grasp-robust",
        ),
        (
            json.dumps(HEADER) + '\n{"scene": "0_x", "held": ["many"]}\n',
            r"robustness.jsonl:2: held.0: Input should be a valid int",
        ),
    ],
)
def test_a_wrong_line_is_named(shards: Path, content: str, says: str) -> None:
    (shards / ROBUSTNESS_FILE).write_text(content)
    with pytest.raises(DatasetError, match=says):
        JacquardDataset(shards, min_robustness=0.5)


def test_what_is_no_text_is_refused(shards: Path) -> None:
    (shards / ROBUSTNESS_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"robustness\.jsonl: not a text file"):
        JacquardDataset(shards, min_robustness=0.5)


def test_annotations_that_changed_are_refused(shards: Path) -> None:
    first, *others = JacquardDataset(shards).ids
    note(shards, {scene: [4, 4] for scene in others})
    with pytest.raises(DatasetError, match=f"the scene {first} was not tried: delete that file"):
        JacquardDataset(shards, min_robustness=0.5).grasps(0)
    note(shards, {first: [4, 4, 4]})
    with pytest.raises(DatasetError, match="had 3 annotations when they were tried, not 2"):
        JacquardDataset(shards, min_robustness=0.5).grasps(0)

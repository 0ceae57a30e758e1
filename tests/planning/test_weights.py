"""Weights and their cards: what is written is read, and what does not belong together is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from grasp_perception.configuration import ConfigurationError
from grasp_planning.generative.card import WeightsError
from grasp_planning.generative.postprocessing import Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.weights import load_weights, save_weights
from grasp_planning.networks import GraspNetwork, build

FACTS: dict[str, Any] = {"data": {}, "training": {}, "metrics": {}, "purpose": "a test", "date": "2026-01-01"}


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, GraspNetwork]:
    torch.manual_seed(1)
    network = build("ggcnn2", in_channels=4, bins=3).eval()
    path = tmp_path / "small.safetensors"
    settings = {"preprocessing": Preprocessing(size=64), "postprocessing": Postprocessing()}
    save_weights(path, network, **settings, **FACTS)
    return path, network


def edit(path: Path, **changes: Any) -> None:
    card = path.with_suffix(".yaml")
    card.write_text(yaml.safe_dump(yaml.safe_load(card.read_text()) | changes))


def test_a_network_is_read_as_it_was_written(saved: tuple[Path, GraspNetwork]) -> None:
    path, network = saved
    again, card = load_weights(path)
    image = torch.randn(1, 4, 64, 64)
    for one, other in zip(network(image), again(image)):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert card.network == "ggcnn2" and card.bins == 3 and card.preprocessing.size == 64 and not again.training


def test_halves_are_read_as_whole_numbers(saved: tuple[Path, GraspNetwork], tmp_path: Path) -> None:
    _, network = saved
    path = tmp_path / "half.safetensors"
    settings = {"preprocessing": Preprocessing(size=64), "postprocessing": Postprocessing()}
    save_weights(path, network, half=True, **settings, **FACTS)
    again, _ = load_weights(path)
    assert path.stat().st_size < 0.6 * saved[0].stat().st_size
    image = torch.randn(1, 4, 64, 64)
    torch.testing.assert_close(again(image).quality, network(image).quality, rtol=0.02, atol=0.01)


@pytest.mark.parametrize("half", [False, True])
def test_values_that_are_not_finite(saved: tuple[Path, GraspNetwork], half: bool) -> None:
    path, network = saved
    name = next(iter(network.state_dict()))
    network.state_dict()[name].view(-1)[3] = 1e6 if half else torch.nan  # numbers of 16 bit end at 65,504
    settings = {"preprocessing": Preprocessing(size=64), "postprocessing": Postprocessing()}
    save_weights(path, network, half=half, **settings, **FACTS)
    with pytest.raises(WeightsError, match=rf"small\.safetensors: '{name}' holds values that are not finite"):
        load_weights(path)


def test_missing_files(saved: tuple[Path, GraspNetwork]) -> None:
    path, _ = saved
    with pytest.raises(WeightsError, match=r"other\.safetensors is missing"):
        load_weights(path.with_name("other.safetensors"))
    path.with_suffix(".yaml").unlink()
    with pytest.raises(WeightsError, match=r"small\.yaml is missing: weights are a \.safetensors file with its card"):
        load_weights(path)


def test_a_card_of_another_file(saved: tuple[Path, GraspNetwork]) -> None:
    path, _ = saved
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"is not the file that .*small\.yaml describes: their SHA-256 differ"):
        load_weights(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "grconvnet"}, "does not hold the weights of 'grconvnet' with 4 channels and 3 bins"),
        ({"bins": 1}, "'ggcnn2' with 4 channels and 1 bins"),
        ({"preprocessing": {"channels": "depth", "size": 64}}, "'ggcnn2' with 1 channels and 3 bins"),
    ],
)
def test_a_card_that_says_something_else(saved: tuple[Path, GraspNetwork], changes: dict[str, Any], words: str) -> None:
    path, _ = saved
    edit(path, **changes)
    with pytest.raises(WeightsError, match=words):
        load_weights(path)


def test_a_card_with_fields_that_mean_nothing(saved: tuple[Path, GraspNetwork]) -> None:
    path, _ = saved
    edit(path, colour="red")
    with pytest.raises(ConfigurationError, match=r"small\.yaml: colour"):
        load_weights(path)


def test_a_card_that_feeds_and_reads_otherwise_than_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "learned.safetensors"
    images, reading = Preprocessing(size=64, crop=None), Postprocessing(width_scale=36.0)
    settings = {"network": "ggcnn2", "preprocessing": images.model_dump(), "labels": {"bins": 1, "width_scale": 36.0}}
    facts = FACTS | {"training": {"settings": settings}}
    save_weights(path, build("ggcnn2", in_channels=4, bins=1), preprocessing=images, postprocessing=reading, **facts)
    card = yaml.safe_load(path.with_suffix(".yaml").read_text())
    edit(path, postprocessing=card["postprocessing"] | {"min_quality": 0.4, "quality_sigma": 2.0})  # as one likes
    assert load_weights(path)[1].postprocessing.min_quality == 0.4
    for name, value in {"network": "ggcnn", "bins": 3}.items():
        edit(path, **card | {name: value})
        with pytest.raises(ConfigurationError, match=rf"learned\.yaml: .*{name} is {value}, and in training\.settings"):
            load_weights(path)
    for name, value in {"depth_scale": 20.0, "field": 0.8, "size": 128, "channels": "depth", "level": True}.items():
        edit(path, **card | {"preprocessing": card["preprocessing"] | {name: value}})
        with pytest.raises(ConfigurationError, match=rf"preprocessing\.{name} is {value}, and in training\.settings"):
            load_weights(path)
    edit(path, **card | {"postprocessing": card["postprocessing"] | {"width_scale": 150.0}})
    with pytest.raises(ConfigurationError, match=r"width_scale is 150\.0, and in training\.settings, .* 36\.0"):
        load_weights(path)
    edit(path, **card | {"training": {"settings": {}}})
    with pytest.raises(ConfigurationError, match=r"learned\.yaml"):
        load_weights(path)

"""Networks in OpenVINO: the maps are torch's, exports are made once, and weights that do not fit are refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino
import pytest
import torch
import yaml
from numpy.typing import NDArray

from grasp_perception.configuration import ConfigurationError
from grasp_planning.generative import hardware, openvino_runner, torch_runner
from grasp_planning.generative.card import WeightsError
from grasp_planning.generative.hardware import DeviceError
from grasp_planning.generative.inference import open_runner
from grasp_planning.generative.postprocessing import GraspMapArrays, Postprocessing
from grasp_planning.generative.preprocessing import Preprocessing
from grasp_planning.generative.torch_runner import TorchRunner
from grasp_planning.generative.weights import load_weights, save_weights
from grasp_planning.networks import NETWORKS, build

SIZE = 48  # px, which all networks take
MAPS = ("quality", "cos", "sin", "width")
FACTS: dict[str, Any] = {"data": {}, "training": {}, "metrics": {}, "purpose": "a test", "date": "2026-01-01"}


@pytest.fixture(autouse=True)
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept; float32 on any machine."""
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(openvino_runner, "has_bfloat16", lambda: False)
    monkeypatch.setattr(hardware, "has_gpu", lambda: False)
    return tmp_path / "cache/networks"


def saved(folder: Path, name: str = "ggcnn2", seed: int = 0, size: int = SIZE) -> Path:
    torch.manual_seed(seed)
    path = folder / f"{name}.safetensors"
    settings = {"preprocessing": Preprocessing(size=size), "postprocessing": Postprocessing(width_scale=40.0)}
    save_weights(path, build(name, in_channels=4, bins=3), **settings, **FACTS)
    return path


def edit(path: Path, **changes: Any) -> None:
    card = path.with_suffix(".yaml")
    card.write_text(yaml.safe_dump(yaml.safe_load(card.read_text()) | changes))


def image() -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(0.0, 0.3, (4, SIZE, SIZE)).astype(np.float32)


def asked_of_torch(weights: Path, tensor: NDArray[np.float32]) -> GraspMapArrays:
    network, _ = load_weights(weights)
    with torch.inference_mode():
        return GraspMapArrays(*(values[0].numpy() for values in network(torch.from_numpy(tensor[None]))))


def difference(one: GraspMapArrays, other: GraspMapArrays) -> float:
    """The greatest of any pixel of the four maps, as a share of the greatest value of the map."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in MAPS]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_and_grasps_are_those_of_torch(name: str, tmp_path: Path) -> None:
    weights = saved(tmp_path, name)
    runner, card = open_runner(weights, "cpu")
    assert runner.description == f"OpenVINO {openvino.__version__.split('-')[0]} on the CPU, f32"
    found, expected = runner(image()), asked_of_torch(weights, image())
    assert found.quality.shape == (3, SIZE, SIZE) and found.quality.dtype == np.float32
    assert difference(found, expected) < 1e-4
    for count in (1, 5):
        grasps, others = (card.postprocessing.grasps(maps, count) for maps in (found, expected))
        assert [(g.x, g.y) for g in grasps] == [(g.x, g.y) for g in others] and len(grasps) == count
        for grasp, other in zip(grasps, others):
            assert grasp.angle == pytest.approx(other.angle, abs=1e-3)
            assert grasp.width == pytest.approx(other.width, abs=0.01)
            assert grasp.quality == pytest.approx(other.quality, rel=1e-4)


@pytest.mark.skipif(
    "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"), reason="no bfloat16 here"
)
@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runner, "has_bfloat16", lambda: True)
    weights = saved(tmp_path, name)
    runner, _ = open_runner(weights, "cpu")
    assert runner.description.endswith("on the CPU, bf16")
    found, expected = runner(image()), asked_of_torch(weights, image())
    assert 0 < difference(found, expected) < 0.05
    assert np.abs(found.quality - expected.quality).max() < 0.01 * np.abs(expected.quality).max()


def test_maps_stay_when_the_next_image_is_asked(tmp_path: Path) -> None:
    runner, _ = open_runner(saved(tmp_path))
    first = runner(image())
    kept = first.quality.copy()
    assert not np.array_equal(runner(2 * image()).quality, kept)
    np.testing.assert_array_equal(first.quality, kept)


def test_exported_once_and_found_again_by_content(tmp_path: Path, exports: Path) -> None:
    weights = saved(tmp_path)
    open_runner(weights)
    files = {file: file.stat().st_mtime_ns for file in exports.iterdir()}
    assert sorted(file.suffix for file in files) == [".bin", ".xml"]
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "other.safetensors"
    shutil.copy(weights, moved)
    shutil.copy(weights.with_suffix(".yaml"), moved.with_suffix(".yaml"))
    for again in (weights, moved):
        open_runner(again)
        assert {file: file.stat().st_mtime_ns for file in exports.iterdir()} == files
    open_runner(saved(tmp_path, seed=1))  # other content of the same name
    assert len(list(exports.glob("*.xml"))) == 2


def test_an_export_that_was_cut_off_is_not_used(tmp_path: Path, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = saved(tmp_path)
    complete = openvino.save_model

    def cut_off(model: openvino.Model, path: Path, **options: Any) -> None:
        complete(model, path, **options)
        path.with_suffix(".bin").write_bytes(b"half")
        raise OSError("no space left on the device")

    with monkeypatch.context() as patch:
        patch.setattr(openvino, "save_model", cut_off)
        with pytest.raises(OSError, match="no space left"):
            open_runner(weights)
    assert list(exports.iterdir()) == []
    open_runner(weights)
    (whole,) = exports.glob("*.xml")
    expected = asked_of_torch(weights, image())
    # As a process leaves it that is killed after the first of the two files.
    whole.unlink()
    whole.with_suffix(".bin").write_bytes(b"of another export")
    runner, _ = open_runner(weights)
    assert difference(runner(image()), expected) < 1e-4


@pytest.mark.parametrize("left", [None, b"half"])
def test_an_export_that_lost_its_larger_file_is_made_again(tmp_path: Path, exports: Path, left: bytes | None) -> None:
    weights = saved(tmp_path)
    open_runner(weights)
    (values,) = exports.glob("*.bin")
    values.unlink()
    if left is not None:
        values.write_bytes(left)
    runner, _ = open_runner(weights)
    assert difference(runner(image()), asked_of_torch(weights, image())) < 1e-4


def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="torch finds no GPU: use the device 'cpu' or 'auto'"):
        open_runner(saved(tmp_path), "cuda")


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_says_the_same_while_a_network_is_trained(name: str, tmp_path: Path) -> None:
    weights = saved(tmp_path, name)
    network = load_weights(weights)[0].train()
    runner = TorchRunner(network, "cpu")
    assert runner.description == f"torch {torch.__version__} on the CPU, float32"
    found, again = runner(image()), runner(image())  # without dropout, and without a change of its statistics
    assert difference(found, asked_of_torch(weights, image())) < 1e-4 and network.training
    assert found.quality.shape == (3, SIZE, SIZE) and found.quality.dtype == np.float32
    np.testing.assert_array_equal(found.quality, again.quality)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_gpu_says_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    weights = saved(tmp_path, name)
    runner, _ = open_runner(weights, "cuda")
    assert runner.description == f"torch {torch.__version__} on {torch.cuda.get_device_name()}, float32"
    assert difference(runner(image()), asked_of_torch(weights, image())) < 0.01


@pytest.mark.parametrize(
    ("flags", "known"),
    [("avx2 amx_bf16 amx_tile", True), ("avx512f avx512_bf16", True), ("avx2 avx512f amx_tile", False), (None, False)],
)
def test_bfloat16_is_known_by_the_processors_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str | None, known: bool
) -> None:
    monkeypatch.setattr(hardware, "PROCESSOR", tmp_path / "cpuinfo")
    if flags:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags} vme\n")
    assert hardware.has_bfloat16() is known


def test_what_calculates_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    weights = saved(tmp_path)
    with caplog.at_level("INFO"):
        runner, _ = open_runner(weights)
    assert f"ggcnn2 of {weights}: {runner.description}" in caplog.messages and runner.description.endswith("f32")


def test_a_gpu_that_is_asked_for_by_name_needs_no_sign_of_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "DRIVER", tmp_path / "nowhere")
    monkeypatch.setattr(hardware, "has_gpu", lambda: True)
    made = SimpleNamespace(description="on the GPU")
    monkeypatch.setattr(torch_runner, "TorchRunner", lambda network, device: made if device == "cuda" else None)
    weights = saved(tmp_path)
    assert open_runner(weights, "cuda")[0].description == "on the GPU"
    assert open_runner(weights, "auto")[0].description.startswith("OpenVINO")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "unet"}, "does not hold the weights of 'unet' with 4 channels and 3 bins"),
        ({"bins": 1}, "'ggcnn2' with 4 channels and 1 bins"),
        ({"preprocessing": {"channels": "rgb", "size": SIZE}}, "'ggcnn2' with 3 channels and 3 bins"),
        ({"preprocessing": {"size": 50}}, "has images of 50 px, and 'ggcnn2' takes multiples of 4 px"),
    ],
)
def test_a_false_card_is_refused_after_a_true_one(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    weights = saved(tmp_path)
    open_runner(weights)  # so that there is an export of this content
    edit(weights, **changes)
    with pytest.raises(WeightsError, match=words):
        open_runner(weights)


def test_weights_that_are_not_what_they_were(tmp_path: Path) -> None:
    weights = saved(tmp_path)
    open_runner(weights)
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(WeightsError, match=r"is not the file that .*ggcnn2\.yaml describes: their SHA-256 differ"):
        open_runner(weights)
    edit(saved(tmp_path), format="something else")
    with pytest.raises(ConfigurationError, match=r"ggcnn2\.yaml: format: Input should be 'grasp-network'"):
        open_runner(weights)
    weights.with_suffix(".yaml").unlink()
    with pytest.raises(WeightsError, match=r"ggcnn2\.yaml is missing: weights are a \.safetensors file with its card"):
        open_runner(weights)

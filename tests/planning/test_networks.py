"""The networks: published sizes, shapes, and what they refuse."""

from __future__ import annotations

import pytest
import torch

from grasp_planning.networks import NETWORKS, build
from grasp_planning.networks.dropout import Dropout
from grasp_planning.networks.grasp_network import parameters_of


@pytest.mark.parametrize(
    ("name", "in_channels", "bins", "count"),
    [
        ("ggcnn", 1, 1, 62_420),
        ("ggcnn", 4, 1, 70_196),
        ("ggcnn2", 1, 1, 66_676),
        ("ggcnn2", 4, 1, 72_484),
        ("ggcnn2", 4, 3, 72_620),
        ("grconvnet", 4, 1, 1_900_900),
        ("grconvnet", 4, 3, 1_901_932),
        ("unet", 4, 1, 14_789_700),
        ("unet", 4, 3, 14_790_220),
    ],
)
def test_numbers_of_parameters_are_the_published_ones(name: str, in_channels: int, bins: int, count: int) -> None:
    assert parameters_of(build(name, in_channels=in_channels, bins=bins)) == count


UNET_DOWN = "64@3 64@3 128@3 128@3 256@3 256@3 512@3 512@3 512@3 512@3"
UNET_UP = "256@3 256@3 128@3 128@3 64@3 64@3 64@3 64@3"


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("ggcnn", "32@9s3 16@5s2 8@3s2 up8@3s2 up16@5s2 up32@9s3 1@2 1@2 1@2 1@2"),
        ("ggcnn2", "16@11 16@5 16@5 16@5 32@5d2 32@5d4 16@3 16@3 1@1 1@1 1@1 1@1"),
        ("grconvnet", f"32@9 64@4s2 128@4s2 {'128@3 ' * 10}up64@4s2 up32@4s2 up32@9 1@2 1@2 1@2 1@2"),
        ("unet", f"{UNET_DOWN} up512@2s2 up256@2s2 up128@2s2 up64@2s2 {UNET_UP} 1@1 1@1 1@1 1@1"),
    ],
)
def test_layers_are_the_published_ones(name: str, layers: str) -> None:
    """Channels @ side of the kernel, stride, dilation; up: transposed."""
    kinds = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
    found = [_told(module) for module in build(name, in_channels=4).modules() if isinstance(module, kinds)]
    assert found == layers.split()


def _told(layer: torch.nn.Conv2d | torch.nn.ConvTranspose2d) -> str:
    up = "up" if isinstance(layer, torch.nn.ConvTranspose2d) else ""
    stride, dilation = (
        f"{letter}{number}" if number > 1 else "" for letter, (number, _) in zip("sd", (layer.stride, layer.dilation))
    )
    return f"{up}{layer.out_channels}@{layer.kernel_size[0]}{stride}{dilation}"


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("in_channels", "bins"), [(1, 1), (3, 2), (4, 3)])
def test_maps_have_the_size_of_the_image(name: str, in_channels: int, bins: int) -> None:
    network = build(name, in_channels=in_channels, bins=bins).eval()
    height, width = 48, 96
    with torch.inference_mode():
        maps = network(torch.zeros(2, in_channels, height, width))
    assert [tuple(values.shape) for values in maps] == [(2, bins, height, width)] * 4


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_is_trained(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, in_channels=4, bins=3)
    sum(values.square().mean() for values in network(torch.randn(2, 4, 48, 48))).backward()  # type: ignore[union-attr]
    still = {key for key, values in network.named_parameters() if values.grad is None or not values.grad.any()}
    assert not still


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_for_inference_say_the_same(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, in_channels=4, bins=3).eval()
    for key, values in network.named_parameters():
        if key.endswith("bias"):  # many begin at nought, which would hide that they are left out
            torch.nn.init.normal_(values, std=0.1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    image = torch.randn(2, 4, 48, 96)
    with torch.inference_mode():
        expected, found = network(image), network.for_inference()(image)
    for one, other in zip(expected, found):
        torch.testing.assert_close(other, one, rtol=0, atol=1e-5 * float(one.abs().max()))


@pytest.mark.parametrize(("bins", "side"), [(1, 10), (6, 10), (7, 2)])
def test_kernels_are_folded_where_that_is_less_work(bins: int, side: int) -> None:
    network = build("grconvnet", in_channels=4, bins=bins)
    found = network.for_inference()
    assert found[1].kernel_size == (side, side)
    weights = sum(values.numel() for values in found.parameters())
    assert weights <= parameters_of(network)


def test_dropout_hides_the_share_and_keeps_the_mean() -> None:
    values = torch.ones(2, 8, 200, 100).to(memory_format=torch.channels_last).requires_grad_()
    dropout = Dropout(0.1)
    torch.manual_seed(3)
    first, second = dropout(values), dropout(values)
    assert first.stride() == values.stride()
    assert (first == 0).float().mean() == pytest.approx(0.1, abs=0.003)
    torch.testing.assert_close(first[first != 0], torch.full_like(first[first != 0], 1 / 0.9))
    assert (first != second).float().mean() == pytest.approx(0.18, abs=0.005)  # 2 p (1 - p): drawn anew
    first.sum().backward()
    torch.testing.assert_close(values.grad, first.detach())
    torch.manual_seed(3)
    assert torch.equal(dropout(values), first)
    assert torch.equal(dropout.eval()(values), values)

    state = torch.get_rng_state()
    assert torch.equal(Dropout(0.0)(values), values)
    assert torch.equal(torch.get_rng_state(), state)  # nothing is drawn where nothing is hidden


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = (_drawn(7) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second))
    assert not torch.equal(first[0], _drawn(8)[0])


def _drawn(seed: int) -> list[torch.Tensor]:
    torch.manual_seed(seed)
    return list(build("ggcnn2").parameters())


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no network 'resnet'; there are: ggcnn, ggcnn2, grconvnet, unet"):
        build("resnet")
    with pytest.raises(ValueError, match="at least one channel and one bin, got 0 and 1"):
        build("unet", in_channels=0)
    with pytest.raises(
        ValueError, match=r"UNet takes images of 4 channels and of sides that are multiples of 16 px, got"
    ):
        build("unet")(torch.zeros(1, 4, 40, 48))
    with pytest.raises(ValueError, match="of 1 channels"):
        build("ggcnn", in_channels=1)(torch.zeros(1, 4, 48, 48))

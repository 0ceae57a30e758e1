"""UNet with grasp heads (Ronneberger et al. 2015; Chalvatzaki et al. 2020)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from grasp_planning.networks.grasp_network import GraspNetwork, InferenceNetwork, convolution

DOWN = (64, 128, 256, 512, 512)
UP = (256, 128, 64, 64)


class UNet(GraspNetwork):
    """14,789,700 parameters for depth and RGB."""

    name = "unet"
    multiple = 16

    def __init__(self, *, in_channels: int = 4, bins: int = 1) -> None:
        super().__init__(_Trunk(in_channels), in_channels=in_channels, bins=bins, features=UP[-1])

    def for_inference(self) -> InferenceNetwork:
        """See `GraspNetwork.for_inference`; the steps up are folded (`_FoldedStep`)."""
        _, heads = super().for_inference()
        return InferenceNetwork(_FoldedTrunk(self.trunk), heads)


class _Trunk(nn.Module):
    """Four halvings of the image, and back, with a bridge on each level."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_twice(i, o) for i, o in zip((in_channels, *DOWN), DOWN))
        below = (DOWN[-1], *UP)
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(c, c, 2, stride=2) for c in below[:-1])
        bridges = DOWN[-2::-1]
        self.up = nn.ModuleList(_twice(c + bridge, o) for c, bridge, o in zip(below, bridges, UP))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 64, H, W)."""
        *bridges, x = _levels(self.down, x)
        for enlarge, block, bridge in zip(self.enlarge, self.up, reversed(bridges)):
            x = block(torch.cat([bridge, enlarge(x)], dim=1))
        return x


class _FoldedTrunk(nn.Module):
    """Says what a `_Trunk` says that learns no more."""

    def __init__(self, trunk: _Trunk) -> None:
        super().__init__()
        self.down = trunk.down
        self.up = nn.ModuleList(_FoldedStep(*layers) for layers in zip(trunk.enlarge, trunk.up))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 64, H, W)."""
        *bridges, x = _levels(self.down, x)
        for step, bridge in zip(self.up, reversed(bridges)):
            x = step(x, bridge)
        return x


class _FoldedStep(nn.Module):
    """One step up, with less work.

    Nothing stands between the transposed convolution that enlarges and the convolution after it, so they are folded
    into one, with kernels of 4 px, and nothing is laid beside the bridge. What the former's bias adds is less at the
    border, where the latter looks beyond it: that is a convolution of ones.
    """

    def __init__(self, enlarge: nn.ConvTranspose2d, block: nn.Sequential) -> None:
        super().__init__()
        first = fuse_conv_bn_eval(block[0], block[1])
        below = enlarge.out_channels
        of_bridge, of_below = first.weight.split([first.in_channels - below, below], dim=1)
        self.bridge = convolution(of_bridge, first.bias, padding=1)
        turned = of_below.flip(2, 3).transpose(0, 1)  # a convolution, as a transposed convolution of stride 1
        self.weight = nn.Parameter(F.conv_transpose2d(enlarge.weight, turned))
        self.shift = nn.Parameter(torch.einsum("oihw,i->ohw", of_below, enlarge.bias)[:, None])
        self.rest = block[2:]

    def forward(self, x: Tensor, bridge: Tensor) -> Tensor:
        """(B, I, H, W) and (B, C, 2H, 2W) to (B, O, 2H, 2W)."""
        enlarged = F.conv_transpose2d(x, self.weight, stride=2, padding=1)
        enlarged = enlarged + F.conv2d(x.new_ones(1, 1, *bridge.shape[-2:]), self.shift, padding=1)
        return self.rest(self.bridge(bridge) + enlarged)


def _levels(blocks: nn.ModuleList, x: Tensor) -> list[Tensor]:
    """Features of the image at its size, and after each halving."""
    levels = [blocks[0](x)]
    for block in blocks[1:]:
        levels.append(block(F.max_pool2d(levels[-1], 2)))
    return levels


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )

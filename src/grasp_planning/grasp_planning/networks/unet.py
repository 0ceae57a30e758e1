"""UNet with grasp heads (Ronneberger et al. 2015; Chalvatzaki et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grasp_planning.networks.grasp_network import GraspNetwork

DOWN = (64, 128, 256, 512, 512)
UP = (256, 128, 64, 64)


class UNet(GraspNetwork):
    """14,789,700 parameters for depth and RGB."""

    name = "unet"
    multiple = 16

    def __init__(self, *, in_channels: int = 4, bins: int = 1) -> None:
        super().__init__(_Trunk(in_channels), in_channels=in_channels, bins=bins, features=UP[-1])


class _Trunk(nn.Module):
    """Four halvings of the image, and back, with a bridge on each level."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_twice(i, o) for i, o in zip((in_channels, *DOWN), DOWN))
        below = (DOWN[-1], *UP)
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(c, c, 2, stride=2) for c in below[:-1])
        bridges = DOWN[-2::-1]
        self.up = nn.ModuleList(_twice(c + bridge, o) for c, bridge, o in zip(below, bridges, UP))
        self.halve = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 64, H, W)."""
        levels = []
        for index, block in enumerate(self.down):
            x = block(self.halve(x) if index else x)
            levels.append(x)
        for enlarge, block, bridge in zip(self.enlarge, self.up, levels[-2::-1]):
            x = block(torch.cat([bridge, enlarge(x)], dim=1))
        return x


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )

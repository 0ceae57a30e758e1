"""GR-ConvNet, third version (Kumra, Joshi, Sahin 2020): residual blocks between strided convolutions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from grasp_planning.networks.grasp_network import GraspNetwork, InferenceNetwork, convolution

CHANNELS = 32
BLOCKS = 5
LAST = 9
"""Side of the last kernel, px."""


class Residual(nn.Module):
    """Two convolutions beside the identity; nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return x + self.body(x)


class GRConvNet(GraspNetwork):
    """1,900,900 parameters for depth and RGB."""

    name = "grconvnet"
    multiple = 4

    def __init__(self, *, in_channels: int = 4, bins: int = 1) -> None:
        c = CHANNELS
        trunk = nn.Sequential(
            nn.Conv2d(in_channels, c, 9, padding=4),
            nn.BatchNorm2d(c),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, 2 * c, 4, stride=2, padding=1),
            nn.BatchNorm2d(2 * c),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * c, 4 * c, 4, stride=2, padding=1),
            nn.BatchNorm2d(4 * c),
            nn.ReLU(inplace=True),
            *(Residual(4 * c) for _ in range(BLOCKS)),
            nn.ConvTranspose2d(4 * c, 2 * c, 4, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(2 * c),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * c, c, 4, stride=2, padding=2, output_padding=1),
            nn.BatchNorm2d(c),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(c, c, LAST, padding=LAST // 2),
        )
        super().__init__(trunk, in_channels=in_channels, bins=bins, features=c, kernel=2, dropout=0.1)
        self.draw_weights()

    def for_inference(self) -> InferenceNetwork:
        """See `GraspNetwork.for_inference`.

        Nothing stands between the last convolution of the trunk and the heads, so they are folded into one: with three
        bins less than half the work of the two, with more than six it would be more.
        """
        apart = super().for_inference()
        (*before, last), heads = apart
        turned = last.weight.flip(2, 3).transpose(0, 1)  # a transposed convolution of stride 1, as a convolution
        weight = F.conv_transpose2d(heads.weight, turned)
        if weight.numel() > last.weight.numel() + heads.weight.numel():
            return apart
        bias = heads.weight.sum((2, 3)) @ last.bias + heads.bias
        return InferenceNetwork(nn.Sequential(*before), convolution(weight, bias, padding=LAST // 2))

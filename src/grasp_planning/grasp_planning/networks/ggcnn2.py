"""GG-CNN2 (Morrison, Corke, Leitner 2020): dilated convolutions in place of strides."""

from __future__ import annotations

from torch import nn

from grasp_planning.networks.grasp_network import GraspNetwork


class GGCNN2(GraspNetwork):
    """72,484 parameters for depth and RGB.

    The maps are brought back to full size by bilinear interpolation and a convolution, as its authors do.
    """

    name = "ggcnn2"
    multiple = 4

    def __init__(self, *, in_channels: int = 4, bins: int = 1) -> None:
        trunk = nn.Sequential(
            nn.Conv2d(in_channels, 16, 11, padding=5),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 16, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 16, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 16, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, dilation=2, padding=4),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 5, dilation=4, padding=8),
            nn.ReLU(inplace=True),
            nn.UpsamplingBilinear2d(scale_factor=2),
            nn.Conv2d(32, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.UpsamplingBilinear2d(scale_factor=2),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        super().__init__(trunk, in_channels=in_channels, bins=bins, features=16)
        self.draw_weights()

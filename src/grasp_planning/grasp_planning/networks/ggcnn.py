"""GG-CNN (Morrison, Corke, Leitner 2018): six convolutions, fast enough for closed-loop control."""

from __future__ import annotations

from torch import nn

from grasp_planning.networks.grasp_network import GraspNetwork


class GGCNN(GraspNetwork):
    """62,420 parameters for depth alone; images of 300x300."""

    name = "ggcnn"
    multiple = 12

    def __init__(self, *, in_channels: int = 1, bins: int = 1) -> None:
        trunk = nn.Sequential(
            nn.Conv2d(in_channels, 32, 9, stride=3, padding=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 16, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 8, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(8, 16, 5, stride=2, padding=2, output_padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(16, 32, 9, stride=3, padding=3, output_padding=1),
            nn.ReLU(inplace=True),
        )
        super().__init__(trunk, in_channels=in_channels, bins=bins, features=32, kernel=2)
        self.draw_weights()

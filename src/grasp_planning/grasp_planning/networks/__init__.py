"""Generative grasp networks: an image in, grasp maps out. One definition each, for training and for the robot."""

from __future__ import annotations

from typing import Protocol

from grasp_planning.networks.ggcnn import GGCNN
from grasp_planning.networks.ggcnn2 import GGCNN2
from grasp_planning.networks.grasp_network import GraspMaps, GraspNetwork
from grasp_planning.networks.grconvnet import GRConvNet
from grasp_planning.networks.unet import UNet


class NetworkKind(Protocol):
    """A class of networks."""

    multiple: int
    """Height and width of the image must be multiples of this, px."""

    def __call__(self, *, in_channels: int, bins: int) -> GraspNetwork:
        """One with fresh weights."""


NETWORKS: dict[str, NetworkKind] = {network.name: network for network in (GGCNN, GGCNN2, GRConvNet, UNet)}


def build(name: str, *, in_channels: int = 4, bins: int = 1) -> GraspNetwork:
    """A network with fresh weights, drawn from torch's global generator.

    Args:
        name: A key of `NETWORKS`.
        in_channels: 1 for depth, 3 for RGB, 4 for depth and RGB, in this order.
        bins: Ranges of angle with maps of their own (Prew et al. 2022, equation 5).

    Raises:
        ValueError: There is no such network, or a number is not positive.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network '{name}'; there are: {', '.join(NETWORKS)}")
    if in_channels < 1 or bins < 1:
        raise ValueError(f"a network has at least one channel and one bin, got {in_channels} and {bins}")
    return NETWORKS[name](in_channels=in_channels, bins=bins)


__all__ = ["NETWORKS", "GraspMaps", "GraspNetwork", "build"]

"""What all generative grasp networks have in common: four maps for each bin of angles."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from grasp_planning.networks.dropout import Dropout


class GraspMaps(NamedTuple):
    """What a network says of each pixel: (B, N, H, W) each, N being the bins of angle."""

    quality: Tensor
    """How likely a grasp centred here succeeds; about [0, 1], not clamped."""
    cos: Tensor
    """Cosine of twice the angle of the closing axis."""
    sin: Tensor
    """Sine of twice the angle."""
    width: Tensor
    """Opening, as a share of the greatest one that the network was trained with."""


class GraspNetwork(nn.Module):
    """A trunk that keeps the size of the image, and a head for each map.

    Attributes:
        in_channels: Of the image.
        bins: Of angle.
        name: As `build` knows it.
        multiple: Height and width of the image must be multiples of this, px.
    """

    name: ClassVar[str]
    multiple: ClassVar[int]

    def __init__(
        self,
        trunk: nn.Module,
        *,
        in_channels: int,
        bins: int,
        features: int,
        kernel: int = 1,
        dropout: float = 0.0,
    ) -> None:
        """Put heads on a trunk.

        Args:
            trunk: (B, in_channels, H, W) to (B, features, H + kernel - 1, W + kernel - 1).
            in_channels: Of the image.
            bins: Of angle.
            features: Channels that the trunk gives.
            kernel: Side of the heads' convolutions, px.
            dropout: Share of the features hidden from each head in training.
        """
        super().__init__()
        self.in_channels, self.bins = in_channels, bins
        self.trunk = trunk
        self.dropout = Dropout(dropout)
        self.quality, self.cos, self.sin, self.width = (nn.Conv2d(features, bins, kernel) for _ in range(4))

    def forward(self, image: Tensor) -> GraspMaps:
        """Maps of an image (B, in_channels, H, W).

        Raises:
            ValueError: The image has other channels, or a size that the network cannot keep.
        """
        height, width = image.shape[-2:]
        wrong = not torch.jit.is_tracing() and (
            image.shape[1] != self.in_channels or height % self.multiple or width % self.multiple
        )
        if wrong:
            raise ValueError(
                f"{type(self).__name__} takes images of {self.in_channels} channels and of sides that are multiples of "
                f"{self.multiple} px, got {tuple(image.shape)}"
            )
        features = self.trunk(image)
        heads = (self.quality, self.cos, self.sin, self.width)
        return GraspMaps(*(head(self.dropout(features)) for head in heads))

    def for_inference(self) -> InferenceNetwork:
        """A network that says the same, but for rounding, with less work; it is not for training."""
        heads = (self.quality, self.cos, self.sin, self.width)
        weight, bias = (torch.cat(values) for values in zip(*((head.weight, head.bias) for head in heads)))
        return InferenceNetwork(self.trunk, convolution(weight, bias))

    def draw_weights(self) -> None:
        """Glorot's uniform weights for all convolutions, as the authors of these networks draw them."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.xavier_uniform_(module.weight)


class InferenceNetwork(nn.Sequential):
    """A trunk, and one convolution whose channels are all maps."""

    def forward(self, image: Tensor) -> GraspMaps:
        """Maps of an image (B, in_channels, H, W)."""
        return GraspMaps(*super().forward(image).chunk(len(GraspMaps._fields), dim=1))


def convolution(weight: Tensor, bias: Tensor, padding: int = 0) -> nn.Conv2d:
    """One with given weights (outputs, inputs, K, K) and bias (outputs,)."""
    outputs, inputs, kernel, _ = weight.shape
    made = nn.Conv2d(inputs, outputs, kernel, padding=padding)
    made.weight, made.bias = nn.Parameter(weight), nn.Parameter(bias)
    return made


def parameters_of(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())

"""What commands that evaluate weights have in common."""

from __future__ import annotations

from grasp_learning.datasets.errors import DatasetError
from grasp_perception.configuration import ConfigurationError
from grasp_planning.generative.card import WeightsError
from grasp_planning.generative.hardware import DeviceError
from grasp_planning.generative.preprocessing import ImageError
from grasp_sim.dataset.index import DatasetIndexError
from grasp_sim.judging.exam import JudgingError

BAD_INPUT = (
    ConfigurationError,
    DatasetError,
    DatasetIndexError,
    DeviceError,
    ImageError,
    JudgingError,
    WeightsError,
)
"""What bad input raises; the message says what is wrong."""

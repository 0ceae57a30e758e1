"""Choices that several commands offer."""

from __future__ import annotations

from enum import Enum


class PartName(str, Enum):
    """A part of the dataset's splits."""

    train = "train"
    validation = "validation"
    test = "test"


class ApproachName(str, Enum):
    """How the gripper comes."""

    simulate = "simulate"
    check = "check"


class DeviceName(str, Enum):
    """Where networks are asked."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"

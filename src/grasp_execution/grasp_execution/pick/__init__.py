"""The pick state machine, and the ports through which it sees the world."""

from grasp_execution.pick.interruption import Interruption
from grasp_execution.pick.options import PickOptions
from grasp_execution.pick.pick import Pick
from grasp_execution.pick.ports import (
    GraspProposals,
    GraspSource,
    GripperState,
    GroundTruth,
    ImageRegion,
    MotionSource,
    ObjectTruth,
    Ports,
    Robot,
    Watch,
)
from grasp_execution.pick.record import PickRequest, PickResult, Progress, StageTime
from grasp_execution.pick.stage import Stage

__all__ = [
    "GraspProposals",
    "GraspSource",
    "GripperState",
    "GroundTruth",
    "ImageRegion",
    "Interruption",
    "MotionSource",
    "ObjectTruth",
    "Pick",
    "PickOptions",
    "PickRequest",
    "PickResult",
    "Ports",
    "Progress",
    "Robot",
    "Stage",
    "StageTime",
    "Watch",
]

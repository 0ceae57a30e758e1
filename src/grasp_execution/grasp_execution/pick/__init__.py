"""The pick state machine, and the ports through which it sees the world."""

from grasp_execution.pick.interruption import Interruption
from grasp_execution.pick.options import PickOptions, TrackingOptions
from grasp_execution.pick.pick import Pick
from grasp_execution.pick.ports import (
    AskedGrasps,
    GraspProposals,
    GraspSource,
    GripperState,
    GroundTruth,
    Helm,
    ImageRegion,
    Look,
    MotionSource,
    ObjectTruth,
    Ports,
    Robot,
    Servo,
    Watch,
)
from grasp_execution.pick.record import PickRequest, PickResult, Progress, StageTime
from grasp_execution.pick.stage import Stage
from grasp_execution.pick.tracker import TrackingCount

__all__ = [
    "AskedGrasps",
    "GraspProposals",
    "GraspSource",
    "GripperState",
    "GroundTruth",
    "Helm",
    "ImageRegion",
    "Interruption",
    "Look",
    "MotionSource",
    "ObjectTruth",
    "Pick",
    "PickOptions",
    "PickRequest",
    "PickResult",
    "Ports",
    "Progress",
    "Robot",
    "Servo",
    "Stage",
    "StageTime",
    "TrackingCount",
    "TrackingOptions",
    "Watch",
]

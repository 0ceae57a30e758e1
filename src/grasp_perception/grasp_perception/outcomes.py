"""How a request ended: the codes of ``grasp_msgs/Outcome`` and the exception that carries one."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The codes of ``grasp_msgs/msg/Outcome``, where each is explained."""

    SUCCESS = 0

    NO_CAMERA = 100
    STALE_IMAGE = 101
    MISMATCHED_IMAGES = 102
    WRONG_ENCODING = 103
    MISSING_CAMERA_INFO = 104
    MISSING_TRANSFORM = 105
    BAD_DEPTH = 106

    NO_OBJECT = 200
    NO_GRASP = 201
    OUTSIDE_WORKSPACE = 202
    BELOW_TABLE = 203
    OUT_OF_REACH = 204
    GRASP_PLANNER_FAILED = 205
    TARGET_LOST = 206
    NOT_CONVERGED = 207

    NO_MOTION_PLAN = 300
    START_IN_COLLISION = 301
    GOAL_IN_COLLISION = 302
    INVALID_MOTION_REQUEST = 303
    MOTION_PLANNER_FAILED = 304

    CONTROLLER_UNAVAILABLE = 400
    TRAJECTORY_REJECTED = 401
    TRAJECTORY_FAILED = 402
    DRIVER_LOST = 403
    GRIPPER_FAILED = 404

    GRASP_EMPTY = 500
    LOST_IN_LIFT = 501
    LOST_IN_TRANSPORT = 502
    MISSED_BIN = 503

    CANCELED = 600
    STOPPED = 601

    INTERNAL_ERROR = 900


class OutcomeError(Exception):
    """A request ended without success.

    Attributes:
        outcome: The code.
        message: What was wrong and what to do about it.
    """

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(f"{outcome.name}: {message}")
        self.outcome = outcome
        self.message = message

"""The stages of a pick."""

from __future__ import annotations

from enum import Enum


class Stage(str, Enum):
    """In the order of a pick that succeeds; the names of ``grasp_msgs/action/Pick``."""

    HOME = "home"
    CAPTURE = "capture"
    PLAN_GRASP = "plan_grasp"
    PLAN_MOTION = "plan_motion"
    APPROACH = "approach"
    DESCEND = "descend"
    CLOSE = "close"
    VERIFY_CLOSE = "verify_close"
    LIFT = "lift"
    VERIFY_LIFT = "verify_lift"
    TRANSPORT = "transport"
    RELEASE = "release"
    VERIFY_RELEASE = "verify_release"
    RETURN = "return"

    def __str__(self) -> str:
        return self.value

#!/usr/bin/env python3
"""Write models/arms/widowx/widowx.urdf: the WidowX's kinematics with bodies of primitive shapes.

Frames, axes, limits and velocities are those of Robotnik's widowx_arm_description (its efforts are
unset). The gripper is the one of config/grippers/widowx.yaml: two plates, at most 3 cm apart.
Bodies are boxes and cylinders about the size of the real ones; inertias follow from them. Efforts
are the servos' stall torques at 12 V: MX-28 2.5 Nm (base, wrist), MX-64 6 Nm (shoulder, elbow),
AX-12 1.5 Nm (wrist rotation); the fingers push with the gripper's greatest force.

Run it in the project's environment after a change here or in the gripper's file.
"""

from __future__ import annotations

import math
from pathlib import Path

from grasp_planning.gripper import Gripper
from grasp_sim.physics.urdf import ORIGIN, Joint, Link, Robot, Shape, to_xml

ROOT = Path(__file__).resolve().parent.parent
URDF = ROOT / "models" / "arms" / "widowx" / "widowx.urdf"
GRIPPER = ROOT / "config" / "grippers" / "widowx.yaml"

QUARTER_TURN = math.pi / 2
DARK = (0.13, 0.13, 0.15)
SERVO = (0.24, 0.25, 0.28)
ACCENT = (0.85, 0.40, 0.10)
PLATE = (0.62, 0.64, 0.68)


def arm_links() -> tuple[Link, ...]:
    """Base to wrist; about 1.3 kg move. Links that are not neighbours stay clear of each other."""
    return (
        Link(
            "arm_base_link",
            0.50,
            (
                Shape("cylinder", (0.050, 0.056), (0.0, 0.0, 0.030), color=DARK),
                Shape("cylinder", (0.032, 0.030), (0.0, 0.0, 0.073), color=SERVO),
            ),
        ),
        Link("shoulder_link", 0.28, (Shape("box", (0.044, 0.062, 0.060), (0.0, 0.0, -0.005), color=DARK),)),
        Link(
            "biceps_link",
            0.34,
            (
                Shape("box", (0.034, 0.050, 0.160), (0.0, 0.0, 0.070), color=SERVO),
                Shape("box", (0.045, 0.050, 0.036), (0.0395, 0.0, 0.142), color=ACCENT),
            ),
        ),
        Link("forearm_link", 0.27, (Shape("box", (0.034, 0.042, 0.150), (0.0, 0.0, 0.072), color=SERVO),)),
        Link("wrist_1_link", 0.18, (Shape("box", (0.032, 0.038, 0.078), (0.0, 0.0, 0.031), color=DARK),)),
        Link("wrist_2_link", 0.06, (Shape("cylinder", (0.017, 0.012), (0.0, 0.0, 0.006), color=ACCENT),)),
    )


def gripper_links(gripper: Gripper) -> tuple[Link, ...]:
    """The palm, the plates, and the tool frame (a bead of a gram: a massless link is refused by simulators)."""
    width, depth, height = gripper.palm_size
    finger = (gripper.finger_width, gripper.finger_thickness, gripper.finger_length)
    offset = gripper.finger_thickness / 2
    center = gripper.finger_length / 2
    return (
        # The rail runs along the link's y: the tool's x, turned by a quarter.
        Link("gripper_rail_link", 0.06, (Shape("box", (depth, width, height), (0.0, 0.0, -height / 2), color=DARK),)),
        Link("gripper_1_link", 0.06, (Shape("box", finger, (0.0, -offset, center), color=PLATE),)),
        Link("gripper_2_link", 0.06, (Shape("box", finger, (0.0, offset, center), color=PLATE),)),
        Link("tool_link", 0.001, (Shape("sphere", (0.003,), collides=False, visible=False),)),
    )


def joints(gripper: Gripper) -> tuple[Joint, ...]:
    """The kinematic table."""
    finger = {
        "lower": gripper.min_opening / 2,
        "upper": gripper.max_opening / 2,
        "velocity": gripper.max_speed / 2,
        "effort": gripper.max_force,
    }
    up, side, turned = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, QUARTER_TURN, 0.0)
    shoulder, forearm, wrist = (0.0, 0.0, 0.125), (0.0, 0.0, 0.14203), (0.0, 0.0, 0.0715)
    elbow = (0.04825, 0.0, 0.14203)
    rail, tip = "gripper_rail_link", (0.0, 0.0, gripper.finger_length)
    # fmt: off
    return (
        Joint("joint_1", "revolute", "arm_base_link", "shoulder_link", shoulder, ORIGIN, up, -2.617, 2.617, 0.785, 2.5),
        Joint("joint_2", "revolute", "shoulder_link", "biceps_link", ORIGIN, ORIGIN, side, -1.571, 1.571, 1.571, 6.0),
        Joint("joint_3", "revolute", "biceps_link", "forearm_link", elbow, turned, side, -1.571, 1.571, 1.571, 6.0),
        Joint("joint_4", "revolute", "forearm_link", "wrist_1_link", forearm, ORIGIN, side, -1.745, 1.745, 1.571, 2.5),
        Joint("joint_5", "revolute", "wrist_1_link", "wrist_2_link", wrist, ORIGIN, up, -2.617, 2.617, 1.571, 1.5),
        Joint("joint_6", "fixed", "wrist_2_link", rail, (0.0, 0.0, 0.043)),
        Joint("gripper_prismatic_joint_1", "prismatic", rail, "gripper_1_link", axis=(0.0, -1.0, 0.0), **finger),
        Joint("gripper_prismatic_joint_2", "prismatic", rail, "gripper_2_link", axis=(0.0, 1.0, 0.0), **finger),
        Joint("tool_joint", "fixed", rail, "tool_link", tip, (0.0, 0.0, QUARTER_TURN)),
    )
    # fmt: on


def widowx() -> Robot:
    """The whole arm."""
    gripper = Gripper.load(GRIPPER)
    return Robot(
        "widowx",
        (*arm_links(), *gripper_links(gripper)),
        joints(gripper),
        comment="Generated by tools/make_widowx_urdf.py; change that and run it again.",
    )


if __name__ == "__main__":
    URDF.parent.mkdir(parents=True, exist_ok=True)
    URDF.write_text(to_xml(widowx()))
    print(f"wrote {URDF.relative_to(ROOT)}")

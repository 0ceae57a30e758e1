"""The parameters of the executor node."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from grasp_execution.arm import ArmDescription
from grasp_execution.nodes.planner_clients import Patience
from grasp_execution.nodes.robot_client import RobotTiming
from grasp_execution.pick.options import PickOptions, TrackingOptions
from grasp_perception.configuration import ConfigurationError
from grasp_perception.nodes.parameters import declare


@dataclass(frozen=True, slots=True)
class ExecutorParameters:
    """All of them, read once at start."""

    arm_file: str
    workcell_file: str
    camera_file: str
    joint_states: str
    grasp_service: str
    motion_service: str
    truth_service: str
    use_ground_truth: bool
    pick: PickOptions
    timing: RobotTiming
    grasp_patience: Patience
    motion_patience: Patience
    truth_patience: Patience

    @classmethod
    def declare(cls, node: Node) -> ExecutorParameters:
        """Declare them on a node and read their values.

        Raises:
            rclpy.exceptions.ParameterException: A value has the wrong type or is out of its range.
            ConfigurationError: A file is not named.
        """

        def text(name: str, default: str, description: str) -> str:
            return declare(node, name, default, description)

        def file(name: str, description: str) -> str:
            path = text(name, "", description)
            if not path:
                raise ConfigurationError(f"the parameter {name} must be set: {description}")
            return path

        def number(name: str, default: float, description: str, minimum: float, maximum: float) -> float:
            return declare(node, name, default, description, minimum=minimum, maximum=maximum)

        connect = number(
            "connect_timeout", 5.0, "wall seconds to wait for a controller or service to be there", 0.1, 300.0
        )
        d = PickOptions()
        return cls(
            arm_file=file("arm_file", "path of the arm's file, config/arms/*.yaml"),
            workcell_file=file("workcell_file", "path of the work cell's file, config/workcells/*.yaml"),
            camera_file=text(
                "camera_file",
                "",
                "path of the camera's file, config/cameras/*.yaml: whether the arm carries it, how near it still sees",
            ),
            joint_states=text("joint_states_topic", "/joint_states", "sensor_msgs/JointState of arm and fingers"),
            grasp_service=text("grasp_service", "/grasp_planner/plan", "grasp_msgs/PlanGrasps"),
            motion_service=text("motion_service", "/motion_planner/plan", "grasp_msgs/PlanMotion"),
            truth_service=text("ground_truth_service", "/simulated_robot/get_objects", "grasp_msgs/GetObjects"),
            use_ground_truth=declare(
                node, "use_ground_truth", True, "ask the simulator, if it is there, whether the object is in the bin"
            ),
            pick=PickOptions(
                max_grasps=declare(
                    node,
                    "max_grasps",
                    d.max_grasps,
                    "grasps to ask for; each is tried until one can be reached",
                    minimum=1,
                    maximum=100,
                ),
                close_force=number("close_force", d.close_force, "N, of the fingers; 0 = all they have", 0.0, 1000.0),
                open_margin=number("open_margin", d.open_margin, "m that the fingers open beyond the grasp", 0.0, 0.1),
                empty_gap=number("empty_gap", d.empty_gap, "m; fingers closer than this hold nothing", 0.0, 0.05),
                creep_gap=number("creep_gap", d.creep_gap, "m the fingers may close while verified", 1e-5, 0.1),
                verify_seconds=number("verify_time", d.verify_seconds, "s that a grip must last to count", 0.02, 10.0),
                settle_seconds=number(
                    "settle_time", d.settle_seconds, "s for an object to fall into the bin", 0.0, 30.0
                ),
                gap_tolerance=number("gap_tolerance", d.gap_tolerance, "m by which an opening may differ", 1e-4, 0.1),
                home_tolerance=number("home_tolerance", d.home_tolerance, "rad; a joint this near is home", 1e-4, 0.5),
                start_tolerance=number(
                    "start_tolerance", d.start_tolerance, "rad that a joint may be off a trajectory's start", 1e-4, 1.0
                ),
                tracking=TrackingOptions(
                    patience=number(
                        "tracking_patience", d.tracking.patience, "s that the object may be out of sight", 0.1, 30.0
                    ),
                    timeout=number(
                        "tracking_timeout", d.tracking.timeout, "s that a descent in closed loop may take", 1.0, 300.0
                    ),
                    lead=number(
                        "tracking_lead", d.tracking.lead, "s ahead that courses are sent to the controller", 0.0, 0.5
                    ),
                ),
            ),
            timing=RobotTiming(
                connect=connect,
                silence=number("driver_timeout", 1.0, "wall s without joint states until a driver is lost", 0.1, 60.0),
                response=number("response_timeout", 5.0, "wall s for a controller to take a goal", 0.1, 60.0),
                halt=number("halt_timeout", 2.0, "wall s for a canceled motion to end", 0.1, 60.0),
                motion_factor=number("motion_factor", 1.5, "times its duration that a motion may take", 1.0, 100.0),
                motion_margin=number("motion_margin", 3.0, "s that a motion may take besides", 0.1, 600.0),
                gripper=number("gripper_timeout", 5.0, "s that a gripper command may take", 0.1, 60.0),
                goal_tolerance=number(
                    "goal_tolerance", 0.02, "rad by which a joint may miss the end of a trajectory", 1e-4, 0.5
                ),
                goal_time_tolerance=number("goal_time_tolerance", 1.0, "s that a trajectory may end late", 0.01, 60.0),
            ),
            grasp_patience=Patience(
                connect, number("grasp_planning_timeout", 20.0, "wall s to capture and plan grasps", 0.1, 600.0)
            ),
            motion_patience=Patience(
                connect, number("motion_planning_timeout", 10.0, "wall s to plan one motion", 0.1, 600.0)
            ),
            truth_patience=Patience(
                connect, number("ground_truth_timeout", 2.0, "wall s for the simulator to answer", 0.1, 60.0)
            ),
        )

    def check(self, description: ArmDescription) -> None:
        """Check the parameters against the arm and its gripper.

        Raises:
            ConfigurationError: They contradict each other, or the arm has no fingers.
        """
        gripper = description.gripper
        if not description.arm.gripper_joints.names:
            raise ConfigurationError(
                f"{self.arm_file}: gripper_joints names no joint: the executor must know how far the fingers are apart"
            )
        if self.pick.close_force > gripper.max_force:
            raise ConfigurationError(
                f"close_force is {self.pick.close_force} N, but the gripper '{gripper.name}' has at most "
                f"{gripper.max_force} N"
            )
        stroke = gripper.max_opening - gripper.min_opening
        if self.pick.empty_gap >= stroke:
            raise ConfigurationError(
                f"empty_gap is {self.pick.empty_gap} m, but the fingers of '{gripper.name}' open by only {stroke} m"
            )

"""The simulated robot as a ROS node: arm, gripper, camera, clock and scene."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_perception.extrinsics import CameraMount
from grasp_perception.nodes.diagnostics import ERROR, OK, WARN, DiagnosticsPublisher, Health
from grasp_perception.nodes.lifecycle import AutostartLifecycleNode
from grasp_perception.nodes.parameters import declare
from grasp_perception.nodes.run import run_node
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.physics_thread import PhysicsStopped, PhysicsThread
from grasp_sim.control.trajectory_goal import FollowingDefaults
from grasp_sim.nodes.camera_publisher import CameraPublisher
from grasp_sim.nodes.gripper_server import GripperServer
from grasp_sim.nodes.scene_services import SceneServices
from grasp_sim.nodes.spectator_publisher import SpectatorPublisher
from grasp_sim.nodes.state_publisher import StatePublisher
from grasp_sim.nodes.trajectory_server import TrajectoryServer

THREADS = 8
"""Goals and services wait in a thread each; the work itself is done by the physics thread."""
SLOW = 0.9
"""Share of the asked-for real-time factor below which the node warns."""


class SimulatedRobotNode(AutostartLifecycleNode):
    """A robot in pyBullet behind the topics, actions and services of a real one.

    Configuring builds the world, activating lets time run, deactivating stops it (goals are
    aborted, the scene services still answer), cleaning up frees pyBullet.

    Attributes:
        failure: Why the simulation broke down, "" as long as it did not.
    """

    def __init__(self, **options: Any) -> None:
        """Construct; `options` go to ``rclpy.node.Node``.

        Raises:
            ConfigurationError: `use_sim_time` is set.
            RuntimeError: It starts on its own and could not; the log says why.
        """
        super().__init__("simulated_robot", **options)
        if self.get_parameter("use_sim_time").value:
            raise ConfigurationError("simulated_robot publishes /clock itself: start it with use_sim_time false")
        self._declare_parameters()
        self._physics: PhysicsThread[ControlledCell] | None = None
        self._servers: list[TrajectoryServer | GripperServer | SceneServices] = []
        self.failure = ""
        self._state_publisher: StatePublisher | None = None
        self._camera: CameraPublisher | None = None
        self._spectators: tuple[SpectatorPublisher, ...] = ()
        self._diagnostics = DiagnosticsPublisher(self, self._health)
        self.start()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Build the world and offer the actions and services."""
        try:
            self._configure()
        except Exception as error:  # whatever it is, rclpy would swallow it
            self._release()
            self.get_logger().error(f"cannot configure: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let time run."""
        assert self._physics is not None
        pace = f"at {self._rate} of real time" if self._rate else "as fast as it goes"
        try:
            self.get_logger().info(f"simulating {self._physics.call(lambda cell: cell.summary)}, {pace}")
            self._physics.resume()
        except PhysicsStopped as error:
            self.get_logger().error(f"cannot activate: {error}")
            return TransitionCallbackReturn.FAILURE
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End what moves, and let time stand still."""
        assert self._physics is not None
        with contextlib.suppress(PhysicsStopped):
            self._physics.pause()
            self._physics.call(lambda cell: cell.abort("the simulated robot was deactivated"))
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free pyBullet."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free pyBullet."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Free pyBullet, then the node."""
        self._release()
        super().destroy_node()

    def _declare_parameters(self) -> None:
        self._arm_file = declare(self, "arm_file", "", "arm file, config/arms/<name>.yaml")
        self._workcell_file = declare(self, "workcell_file", "", "work-cell file, config/workcells/<name>.yaml")
        self._camera_file = declare(self, "camera_file", "", "camera file, config/cameras/<name>.yaml")
        self._spectator_file = declare(self, "spectator_file", "", "camera file of a bystander's view; empty: none")
        self._spectator_rate = declare(
            self, "spectator_rate", 5.0, "its images per simulated second", minimum=0.1, maximum=60.0
        )
        self._rate = declare(
            self, "rate", 1.0, "simulated seconds per second; 0 = as fast as it goes", minimum=0.0, maximum=100.0
        )
        self._seed = declare(self, "seed", 0, "seed of the first scene", minimum=0)
        # An empty list has no type in rclpy, so no object is one empty name.
        self._objects = declare(self, "objects", [""], "names of the first scene's objects; empty: draw by the seed")
        self._object_count = declare(
            self, "object_count", 0, "how many to draw if `objects` is empty", minimum=0, maximum=50
        )
        self._image_rate = declare(self, "image_rate", 10.0, "images per simulated second", minimum=0.1, maximum=60.0)
        self._joint_state_rate = declare(
            self, "joint_state_rate", 50.0, "joint states per simulated second", minimum=1.0, maximum=240.0
        )
        self._camera_namespace = declare(self, "camera_namespace", "/camera/camera", "prefix of the camera's topics")
        self._defaults = FollowingDefaults(
            path_position=declare(
                self, "path_tolerance", 0.2, "default path tolerance, rad", minimum=0.001, maximum=10.0
            ),
            goal_position=declare(
                self, "goal_tolerance", 0.02, "default goal tolerance, rad", minimum=0.0001, maximum=1.0
            ),
            goal_time=declare(self, "goal_time", 2.0, "default goal time tolerance, s", minimum=0.0, maximum=60.0),
        )

    def _configure(self) -> None:
        for name in ("arm_file", "workcell_file", "camera_file"):
            if not self.get_parameter(name).value:
                raise ConfigurationError(f"the parameter {name} is not set: give the path of a file")
        description = ArmDescription(self._arm_file)
        workcell = WorkCell.load(self._workcell_file)
        mount = CameraMount.load(self._camera_file)
        limits = JointLimits.from_urdf(description.urdf_path, description.arm.joints)
        arm = description.arm
        if self._state_publisher is None or self._camera is None:  # they outlive a cleanup
            self._state_publisher = StatePublisher(self, arm.base_frame, self._joint_state_rate)
            # Who looks through a camera on the arm need not wait for transforms later than the image.
            self._camera = CameraPublisher(
                self, self._camera_namespace, self._image_rate, self._state_publisher.publish_transforms
            )
            if self._spectator_file:
                spectator = CameraMount.load(self._spectator_file)
                self._spectators = (SpectatorPublisher(self, spectator, self._spectator_rate),)
        observers = (self._state_publisher, self._camera, *self._spectators)
        objects = [name for name in self._objects if name]

        def build() -> ControlledCell:
            cell = SimulatedCell(description, workcell, mount, seed=self._seed)
            try:
                cell.scene.reset(objects, self._object_count, self._seed)
            except BaseException:
                cell.close()
                raise
            return ControlledCell(cell, description, observers)

        self.failure = ""
        self._physics = PhysicsThread(build, rate=self._rate, on_failure=self._on_failure)
        self._servers = [
            TrajectoryServer(self, arm.controllers.arm, self._physics, limits, self._defaults),
            GripperServer(self, arm.controllers.gripper, self._physics),
            SceneServices(self, self._physics, arm.base_frame, description.gripper),
        ]

    def _release(self) -> None:
        # The physics first: it ends the goals, whose threads then answer their clients.
        if self._physics is not None:
            self._physics.close()
            self._physics = None
        for server in self._servers:
            server.destroy()
        self._servers = []

    def _on_failure(self, error: BaseException) -> None:
        if not self.context.ok():  # Ctrl-C: the publishers were taken away first
            return
        self.failure = f"the simulation failed: {error!r}"
        self.get_logger().fatal(self.failure)
        self.context.try_shutdown()  # a robot without its driver is gone, not silent

    def _health(self) -> Health:
        if self.failure:
            return Health(ERROR, self.failure)
        physics, camera = self._physics, self._camera
        if physics is None or camera is None:
            return Health(OK, "not configured")
        factor = physics.pace.real_time_factor
        values = {
            "real-time factor": f"{factor:.2f}",
            "real-time factor asked for": self._rate or "as fast as it goes",
            "step (ms)": f"{physics.pace.step_seconds * 1e3:.3f}",
            "render (ms)": f"{camera.render_seconds * 1e3:.1f}",
            "publish (ms)": f"{camera.publish_seconds * 1e3:.1f}",
            "images/s": f"{camera.rate:.1f}",
        }
        if 0.0 < factor < SLOW * self._rate:
            return Health(WARN, f"runs at {factor:.2f} of real time, {self._rate} is asked for", values)
        return Health(OK, f"{factor:.2f} of real time", values)


def main() -> None:
    """Run the node; exit code 1 if the simulation breaks down."""
    nodes: list[SimulatedRobotNode] = []

    def simulated_robot() -> SimulatedRobotNode:
        nodes.append(SimulatedRobotNode())
        return nodes[0]

    run_node(simulated_robot, threads=THREADS)
    if nodes and nodes[0].failure:
        sys.exit(1)

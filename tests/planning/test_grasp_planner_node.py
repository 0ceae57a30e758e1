"""The grasp planner node in a graph with a camera and its transform."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from geometry_msgs.msg import Point, TransformStamped
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
from visualization_msgs.msg import MarkerArray

from grasp_msgs.msg import GraspArray
from grasp_msgs.srv import PlanGrasps
from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import encode_depth
from grasp_perception.nodes.executor import NodeExecutor
from grasp_perception.nodes.rgbd_subscriber import COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC
from grasp_perception.outcomes import Outcome
from grasp_perception.ros_conversions import (
    array_to_image,
    camera_info_from_intrinsics,
    image_to_array,
    seconds,
    stamp,
    transform_to_msg,
)
from grasp_perception.transform import Transform
from grasp_planning.antipodal import AntipodalPlanner
from grasp_planning.grasps import GraspRectangle
from grasp_planning.nodes import grasp_planner
from grasp_planning.nodes.grasp_planner import GraspPlannerNode
from grasp_planning.planner import GraspPlanner, NoGraspFound

REALSENSE = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
CAMERA = "camera_color_optical_frame"


class Graph:
    """Nodes that spin in threads of their own, and a client."""

    def __init__(self, tmp_path: Path, workcell, gripper_file: Path) -> None:
        self._executor = NodeExecutor(4)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._nodes: list[Node] = []
        self._files = {"gripper_file": str(gripper_file), "workcell_file": str(tmp_path / "workcell.yaml")}
        (tmp_path / "workcell.yaml").write_text(yaml.safe_dump(workcell.model_dump(mode="json")))
        self.client = self.add(Node("client"))
        self._plan = self.client.create_client(PlanGrasps, "/grasp_planner/plan")
        self._thread.start()

    def add(self, node: Node) -> Node:
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def start_planner(self, **parameters: object) -> GraspPlannerNode:
        values = {"capture_timeout": 0.5, "transform_timeout": 0.2, **self._files, **parameters}
        return self.add(GraspPlannerNode(parameter_overrides=[Parameter(k, value=v) for k, v in values.items()]))

    def broadcast(self, base_from_camera) -> None:
        self._broadcaster = StaticTransformBroadcaster(self.client)
        message = TransformStamped(child_frame_id=CAMERA, transform=transform_to_msg(base_from_camera))
        message.header.frame_id = "arm_base_link"
        self._broadcaster.sendTransform(message)

    def stream(self, frame, age: float = 0.0, distortion: float = 0.0) -> None:
        publishers = [
            self.client.create_publisher(kind, topic, qos_profile_sensor_data)
            for kind, topic in ((Image, COLOR_TOPIC), (Image, DEPTH_TOPIC), (CameraInfo, INFO_TOPIC))
        ]

        def publish() -> None:
            from rclpy.duration import Duration

            now = self.client.get_clock().now() - Duration(seconds=age)
            header = Header(stamp=now.to_msg(), frame_id=CAMERA)
            color = array_to_image(frame.color, "rgb8", header)
            depth = array_to_image(encode_depth(frame.depth), "16UC1", header)
            info = camera_info_from_intrinsics(frame.intrinsics, header)
            info.d[0] = distortion
            for publisher, message in zip(publishers, (color, depth, info)):
                publisher.publish(message)

        self.client.create_timer(0.1, publish)

    def plan(self, **request: object) -> PlanGrasps.Response:
        assert self._plan.wait_for_service(5.0)
        done = threading.Event()
        future = self._plan.call_async(PlanGrasps.Request(**request))
        future.add_done_callback(lambda _: done.set())
        assert done.wait(10.0), "the planner did not answer"
        return future.result()

    def latched(self, kind: type, topic: str) -> object:
        received: list[object] = []
        arrived = threading.Event()

        def keep(message: object) -> None:
            received.append(message)
            arrived.set()

        qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.client.create_subscription(kind, topic, keep, qos)
        assert arrived.wait(5.0), f"nothing on {topic}"
        return received[-1]

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=2.0)
        for node in self._nodes:
            node.destroy_node()


@pytest.fixture
def graph(ros: None, tmp_path: Path, workcell, repository: Path) -> Iterator[Graph]:
    graph = Graph(tmp_path, workcell, repository / "config/grippers/widowx.yaml")
    yield graph
    graph.close()


@pytest.fixture
def pose(rendering):
    return rendering.camera_pose(0.62, 10.0, x=0.22)


@pytest.fixture
def scene(see, rendering, pose) -> Callable:
    def make(*places: tuple[float, float]):
        boxes = [rendering.Box(x, y, 0.4, (0.016, 0.04, 0.02)) for x, y in places]
        return see(*boxes, pose=pose, intrinsics=REALSENSE)

    return make


def test_grasps_in_the_base_frame_and_on_the_topics(graph, scene, pose):
    graph.start_planner(options="{friction: 0.5}")
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.05)))
    response = graph.plan(max_grasps=3)
    assert (response.outcome.code, response.outcome.message) == (Outcome.SUCCESS, "3 grasps")
    assert response.grasps.header.frame_id == "arm_base_link"
    best = response.grasps.grasps[0]
    across = np.array([np.cos(0.4), np.sin(0.4)])
    assert abs((np.array([best.pose.position.x, best.pose.position.y]) - [0.2, 0.05]) @ across) < 0.0015
    assert best.planner == "antipodal"
    assert best.header.stamp == response.grasps.header.stamp
    assert 0 < response.plan_seconds < 5
    assert response.capture_seconds < 5

    assert graph.latched(GraspArray, "/grasp_planner/grasps") == response.grasps
    markers = graph.latched(MarkerArray, "/grasp_planner/markers").markers
    assert len(markers) == 1 + 3 * 3
    overlay = graph.latched(Image, "/grasp_planner/overlay")
    assert (overlay.encoding, overlay.header.frame_id, overlay.header.stamp) == (
        "rgb8",
        CAMERA,
        best.header.stamp,
    )
    assert image_to_array(overlay).shape == (480, 640, 3)


def test_rectified_images_are_not_rectified_again(graph, scene, pose):
    graph.start_planner(rectified=True)
    graph.broadcast(pose)
    graph.stream(scene((0.15, -0.11)), distortion=2.0)  # the raw images' lens
    best = graph.plan().grasps.grasps[0]
    across = np.array([np.cos(0.4), np.sin(0.4)])
    assert abs((np.array([best.pose.position.x, best.pose.position.y]) - [0.15, -0.11]) @ across) < 0.0015


class Left(GraspPlanner):
    """Says that grasps are better at the left."""

    def plan(self, frame, *, roi=None, max_grasps=1, tracked=False):
        self.quality_map = np.zeros(frame.depth.shape)  # in double precision, as NumPy makes it
        self.quality_map[:, :300] = 0.25
        raise NoGraspFound(Outcome.NO_GRASP, "not good enough")


def test_the_quality_map_of_a_planner_that_has_one(graph, scene, pose, monkeypatch):
    asked = {}

    def load(name, gripper, options, **given):
        asked.update(given | options)
        return Left(gripper)

    monkeypatch.setattr(grasp_planner, "load_planner", load)
    graph.start_planner(models="/somewhere/widowx")
    assert asked == {"models": Path("/somewhere/widowx"), "default_seed": 0}
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.05)))
    assert graph.plan().outcome.code == Outcome.NO_GRASP
    message = graph.latched(Image, "/grasp_planner/quality")
    assert (message.encoding, message.header.frame_id) == ("32FC1", CAMERA)
    assert message.header.stamp == graph.latched(Image, "/grasp_planner/overlay").header.stamp
    quality = image_to_array(message)
    assert quality.shape == (480, 640) and (quality[:, :300] == 0.25).all() and not quality[:, 300:].any()


def test_no_quality_map_of_an_image_that_was_not_planned_on(graph, scene, pose, monkeypatch):
    monkeypatch.setattr(grasp_planner, "load_planner", lambda name, gripper, options, **given: Left(gripper))
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.05)))
    first = graph.plan()
    assert first.outcome.code == Outcome.NO_GRASP
    corner, later = RegionOfInterest(width=20, height=20), stamp(seconds(first.grasps.header.stamp) + 0.05)
    assert graph.plan(roi=corner, not_before=later).outcome.code == Outcome.NO_OBJECT
    assert graph.latched(Image, "/grasp_planner/overlay").header.stamp != first.grasps.header.stamp
    assert graph.latched(Image, "/grasp_planner/quality").header.stamp == first.grasps.header.stamp


def test_region_of_interest(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.17, 0.0), (0.27, 0.0)))
    request = PlanGrasps.Request()
    request.roi.x_offset, request.roi.width, request.roi.height = 330, 310, 480
    response = graph.plan(roi=request.roi)
    assert response.outcome.code == Outcome.SUCCESS
    assert response.grasps.grasps[0].pose.position.x > 0.25
    request.roi.x_offset = 640
    response = graph.plan(roi=request.roi)
    assert response.outcome.code == Outcome.NO_OBJECT
    assert "holds no pixel of the 640x480 image" in response.outcome.message


def test_grasps_near_a_point(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.17, 0.0), (0.27, 0.0)))
    for x in (0.17, 0.27):
        grasps = graph.plan(near=Point(x=x), radius=0.04, max_grasps=10).grasps.grasps
        assert grasps and all(abs(grasp.pose.position.x - x) < 0.03 for grasp in grasps)
    response = graph.plan(near=Point(x=0.22), radius=0.01)
    assert response.outcome.code == Outcome.NO_OBJECT
    assert "in the part of the workspace that was asked for" in response.outcome.message


def test_what_is_tracked_may_be_cut_off(graph, see, rendering, pose):
    graph.start_planner()
    graph.broadcast(pose)
    bar = rendering.Box(0.22, -0.21, 0.0, (0.016, 0.30, 0.02))  # goes on beyond the image's border
    graph.stream(see(bar, pose=pose, intrinsics=REALSENSE))
    response = graph.plan()
    assert response.outcome.code == Outcome.NO_OBJECT
    assert "but for 1 things that the image's border cuts off" in response.outcome.message
    assert graph.plan(near=Point(x=0.22, y=-0.09), radius=0.04).outcome.code == Outcome.SUCCESS


def test_not_every_answer_about_a_tracked_object_is_shown(graph, scene, pose, monkeypatch):
    monkeypatch.setattr(grasp_planner, "SHOW_SECONDS", 1000.0)
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.05)))
    shown = graph.plan().grasps
    of_the_next_image = {"not_before": stamp(seconds(shown.header.stamp) + 0.05)}
    tracked = graph.plan(near=Point(x=0.2, y=0.05), radius=0.04, **of_the_next_image).grasps
    assert tracked.grasps and tracked != shown
    assert graph.latched(GraspArray, "/grasp_planner/grasps") == shown
    again = graph.plan(**of_the_next_image).grasps  # who asks once sees each answer
    assert graph.latched(GraspArray, "/grasp_planner/grasps") == again != shown


def test_the_hand_is_left_out_of_the_image(graph, scene, pose):
    graph.start_planner(tool_frame="tool_link")
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.05)))
    response = graph.plan()
    assert response.outcome.code == Outcome.MISSING_TRANSFORM
    assert f"from the camera '{CAMERA}' to 'tool_link'" in response.outcome.message
    over_the_box = Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.05, 0.045]))
    broadcaster = StaticTransformBroadcaster(graph.client)
    message = TransformStamped(child_frame_id="tool_link", transform=transform_to_msg(over_the_box))
    message.header.frame_id = "arm_base_link"
    broadcaster.sendTransform(message)
    assert graph.plan().outcome.code == Outcome.SUCCESS  # the image shows no hand there
    at_the_box = TransformStamped(
        child_frame_id="tool_link",
        transform=transform_to_msg(Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.05, -0.04]))),
    )
    at_the_box.header.frame_id = "arm_base_link"
    broadcaster.sendTransform(at_the_box)
    deadline = time.monotonic() + 5.0
    while graph.plan().outcome.code == Outcome.SUCCESS:  # the box is where the palm is said to be
        assert time.monotonic() < deadline


def test_a_simulation_that_begins_anew(graph, scene, pose):
    graph.start_planner(tool_frame="tool_link", use_sim_time=True)
    graph.broadcast(pose)
    broadcaster, clock = TransformBroadcaster(graph.client), graph.client.create_publisher(Clock, "/clock", 10)
    frame, above = scene((0.2, 0.05)), Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.05, 0.3]))
    publishers = [
        graph.client.create_publisher(kind, topic, qos_profile_sensor_data)
        for kind, topic in ((Image, COLOR_TOPIC), (Image, DEPTH_TOPIC), (CameraInfo, INFO_TOPIC))
    ]

    def answer(at: float) -> int:
        """What is answered at a time on /clock, to which everything is stamped."""
        clock.publish(Clock(clock=stamp(at)))
        header = Header(stamp=stamp(at), frame_id=CAMERA)
        color = array_to_image(frame.color, "rgb8", header)
        depth = array_to_image(encode_depth(frame.depth), "16UC1", header)
        info = camera_info_from_intrinsics(frame.intrinsics, header)
        for publisher, message in zip(publishers, (color, depth, info)):
            publisher.publish(message)
        tool = TransformStamped(child_frame_id="tool_link", transform=transform_to_msg(above))
        tool.header = Header(stamp=stamp(at), frame_id="arm_base_link")
        broadcaster.sendTransform(tool)
        return graph.plan().outcome.code

    for begin in (100.0, 1.0):
        outcomes = [answer(begin + 0.1 * i) for i in range(10)]
        assert outcomes[-1] == Outcome.SUCCESS, outcomes


def test_empty_table_still_shows_an_overlay(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene())
    response = graph.plan()
    assert response.outcome.code == Outcome.NO_OBJECT
    assert response.grasps.grasps == []
    assert graph.latched(GraspArray, "/grasp_planner/grasps").grasps == []
    assert image_to_array(graph.latched(Image, "/grasp_planner/overlay")).any()


def test_no_camera(graph, pose):
    graph.start_planner(capture_timeout=0.2)
    graph.broadcast(pose)
    response = graph.plan()
    assert response.outcome.code == Outcome.NO_CAMERA
    assert COLOR_TOPIC in response.outcome.message


def test_stale_image(graph, scene, pose):
    graph.start_planner(max_image_age=0.5)
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.0)), age=3.0)
    assert graph.plan().outcome.code == Outcome.STALE_IMAGE


def test_image_before_the_time_asked_for_is_not_used(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.2, 0.0)))
    now = graph.client.get_clock().now().to_msg()
    response = graph.plan(not_before=now)
    assert response.outcome.code == Outcome.SUCCESS
    stamp = response.grasps.header.stamp
    assert (stamp.sec, stamp.nanosec) >= (now.sec, now.nanosec - 2000)


def test_missing_transform_names_both_frames(graph, scene):
    graph.start_planner()
    graph.stream(scene((0.2, 0.0)))
    response = graph.plan()
    assert response.outcome.code == Outcome.MISSING_TRANSFORM
    assert f"from the camera '{CAMERA}' to 'arm_base_link'" in response.outcome.message


def test_a_camera_whose_driver_says_where_it_is(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    driver = TransformStamped(child_frame_id=CAMERA, transform=transform_to_msg(Transform.identity()))
    driver.header.frame_id = "camera_color_frame"  # as realsense-ros does unless told not to: two parents
    broadcaster = StaticTransformBroadcaster(graph.client)
    broadcaster.sendTransform(driver)
    graph.stream(scene((0.2, 0.0)))
    deadline = time.monotonic() + 5.0
    while (response := graph.plan()).outcome.code == Outcome.SUCCESS:
        broadcaster.sendTransform(driver)
        assert time.monotonic() < deadline
    assert response.outcome.code == Outcome.MISSING_TRANSFORM
    assert "publish_tf:=false" in response.outcome.message


def test_grasp_outside_the_workspace(graph, scene, pose):
    graph.start_planner()
    graph.broadcast(pose)
    graph.stream(scene((0.316, 0.0)))
    assert graph.plan().outcome.code == Outcome.OUTSIDE_WORKSPACE


@pytest.fixture
def plan_with(graph, scene, pose, monkeypatch) -> Callable:
    """Start the node with another planner, before a camera that sees an object; returns the node."""

    def start(planner: type[GraspPlanner]) -> GraspPlannerNode:
        monkeypatch.setattr(grasp_planner, "load_planner", lambda name, gripper, options, **given: planner(gripper))
        node = graph.start_planner()
        graph.broadcast(pose)
        graph.stream(scene((0.2, 0.0)))
        return node

    return start


def test_planner_that_raises_does_not_end_the_node(graph, plan_with):
    class Broken(GraspPlanner):
        def plan(self, frame, *, roi=None, max_grasps=1, tracked=False):
            raise ZeroDivisionError("a bug")

    plan_with(Broken)
    for _ in range(2):
        response = graph.plan()
        assert response.outcome.code == Outcome.GRASP_PLANNER_FAILED
        assert "planner 'antipodal' failed: ZeroDivisionError: a bug" in response.outcome.message


class Nowhere(AntipodalPlanner):
    """Grasps where the antipodal planner does, and says that it saw them nowhere."""

    def plan(self, frame, **request):
        nowhere = GraspRectangle(np.nan, np.nan, 0.0, 20.0, 10.0)
        return [replace(candidate, rectangle=nowhere) for candidate in super().plan(frame, **request)]


def test_an_answer_that_cannot_be_drawn_is_given_all_the_same(graph, plan_with):
    plan_with(Nowhere)
    for _ in range(2):
        response = graph.plan()
        assert response.outcome.code == Outcome.SUCCESS
        assert response.grasps.grasps


class Crooked(AntipodalPlanner):
    """Draws a quality map that is no image, and finds grasps at first only."""

    answered = False

    def plan(self, frame, **request):
        self.quality_map = np.zeros((3, *frame.depth.shape))
        if self.answered:
            raise NoGraspFound(Outcome.NO_GRASP, "not good enough")
        self.answered = True
        return super().plan(frame, **request)


def test_a_quality_map_that_is_no_image_keeps_no_answer_back(graph, plan_with):
    plan_with(Crooked)
    response = graph.plan()
    assert response.outcome.code == Outcome.SUCCESS and response.grasps.grasps
    response = graph.plan()
    assert response.outcome.code == Outcome.NO_GRASP and response.outcome.message == "not good enough"


class Speechless(AntipodalPlanner):
    """Names no quality for its grasps."""

    def plan(self, frame, **request):
        return [replace(candidate, quality=None) for candidate in super().plan(frame, **request)]


def test_grasps_that_no_message_holds_are_the_planners_failure(graph, plan_with):
    plan_with(Speechless)
    for _ in range(2):
        response = graph.plan()
        assert response.outcome.code == Outcome.GRASP_PLANNER_FAILED
        assert "planner 'antipodal' failed: TypeError" in response.outcome.message
        assert response.grasps.grasps == []


def test_inactive_node_says_so(graph):
    node = graph.start_planner()
    node.trigger_deactivate()
    response = graph.plan()
    assert response.outcome.code == Outcome.GRASP_PLANNER_FAILED
    assert "is not active" in response.outcome.message
    node.trigger_activate()
    assert graph.plan().outcome.code == Outcome.NO_CAMERA
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.trigger_configure()
    node.trigger_activate()
    assert graph.plan().outcome.code == Outcome.NO_CAMERA


def test_shut_down_it_plans_no_more(graph):
    node = graph.start_planner()
    node.trigger_shutdown()
    response = graph.plan()
    assert response.outcome.code == Outcome.GRASP_PLANNER_FAILED
    assert "is not active" in response.outcome.message


def test_cleaning_up_waits_for_the_planner(graph, plan_with):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(AntipodalPlanner):
        def plan(self, frame, **request):
            begun.set()
            assert go_on.wait(10.0)
            return super().plan(frame, **request)

    node = plan_with(Slow)
    responses: list[PlanGrasps.Response] = []
    asking = threading.Thread(target=lambda: responses.append(graph.plan()))
    asking.start()
    assert begun.wait(10.0)
    node.trigger_deactivate()
    cleaning = threading.Thread(target=node.trigger_cleanup)
    cleaning.start()
    go_on.set()
    for thread in (asking, cleaning):
        thread.join(10.0)
    assert [response.outcome.code for response in responses] == [Outcome.SUCCESS]
    assert "is not active" in graph.plan().outcome.message


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"planner": "nobody"}, "no grasp planner is named 'nobody'"),
        ({"options": "{friction: high}"}, "friction: Input should be a valid number"),
        ({"options": "[1, 2]"}, "must be a mapping of option names"),
        ({"options": "{a: "}, "is not YAML"),
        ({"gripper_file": "/nowhere.yaml"}, "cannot read /nowhere.yaml"),
        ({"seed": -1}, "seed"),
        ({"max_image_age": "old"}, "max_image_age"),
    ],
)
def test_wrong_parameters_are_refused_at_start(graph, parameters, message):
    with pytest.raises(Exception, match=message):
        graph.start_planner(**parameters)

"""How long a camera's images take from a publisher process to a subscriber's callback in another.

    . ./env.sh && python benchmarks/image_transport.py

Publishes colour (rgb8) and aligned depth (16UC1) of 640x480 with their camera_info, as a camera does, and
measures three times by one clock: filling the messages, from before publishing colour until
`RGBDSubscriber` has the pair (stamp to pair), and until `wait()` has given out a converted frame.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time

import numpy as np

from grasp_perception.nodes.run import reuse_large_buffers


def publish(rate: float) -> None:
    """The camera: publishes until it is ended. The stamp is taken when the pixels are there."""
    import rclpy
    from rclpy.node import Node
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import CameraInfo, Image
    from std_msgs.msg import Header

    from grasp_perception.camera import CameraIntrinsics
    from grasp_perception.nodes.rgbd_subscriber import COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC
    from grasp_perception.ros_conversions import array_to_image, camera_info_from_intrinsics

    rclpy.init()
    node = Node("benchmark_camera")
    color_publisher = node.create_publisher(Image, COLOR_TOPIC, qos_profile_sensor_data)
    depth_publisher = node.create_publisher(Image, DEPTH_TOPIC, qos_profile_sensor_data)
    info_publisher = node.create_publisher(CameraInfo, INFO_TOPIC, qos_profile_sensor_data)
    rng = np.random.default_rng(0)
    color = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    depth = rng.integers(500, 900, (480, 640), dtype=np.uint16)
    intrinsics = CameraIntrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
    while rclpy.ok():
        header = Header(stamp=node.get_clock().now().to_msg(), frame_id="camera_color_optical_frame")
        info_publisher.publish(camera_info_from_intrinsics(intrinsics, header))
        color_publisher.publish(array_to_image(color, "rgb8", header))
        depth_publisher.publish(array_to_image(depth, "16UC1", header))
        time.sleep(1 / rate)


def receive(frames: int) -> None:
    """The planner's side: waits for frames, and says how old they were."""
    import rclpy
    from rclpy.executors import MultiThreadedExecutor
    from rclpy.node import Node

    from grasp_perception.nodes.rgbd_subscriber import RGBDSubscriber

    rclpy.init()
    node = Node("benchmark_planner")
    subscriber = RGBDSubscriber(node)
    arrivals: list[float] = []
    measure = subscriber._measure

    def measured(pair: tuple) -> None:
        arrivals.append(node.get_clock().now().nanoseconds * 1e-9 - pair[1].stamp * 1e-9)
        measure(pair)

    subscriber._measure = measured  # type: ignore[method-assign]
    executor = MultiThreadedExecutor(2)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    frame = subscriber.wait(timeout=20.0)
    arrivals.clear()
    waits = []
    while len(waits) < frames:
        frame = subscriber.wait(not_before=frame.stamp + 1e-3, timeout=5.0)
        waits.append(node.get_clock().now().nanoseconds * 1e-9 - frame.stamp)
    report("stamp to pair in the callback", arrivals)
    report("stamp to converted frame", waits)
    executor.shutdown()
    rclpy.shutdown()
    thread.join(timeout=2)


def conversions() -> None:
    """What conversions cost, in this process."""
    from std_msgs.msg import Header

    from grasp_perception.depth import decode_depth, inpaint_depth
    from grasp_perception.ros_conversions import array_to_image, color_from_image, depth_from_image

    rng = np.random.default_rng(0)
    color = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    depth = rng.integers(500, 900, (480, 640), dtype=np.uint16)
    color_message, depth_message = array_to_image(color, "rgb8", Header()), array_to_image(depth, "16UC1", Header())
    metres = decode_depth(depth)
    for _ in range(60):
        y, x, height, width = rng.integers((0, 0, 4, 4), (460, 620, 20, 20))
        metres[y : y + height, x : x + width] = np.nan
    timed("fill a colour message", lambda: array_to_image(color, "rgb8", Header()))
    timed("fill a depth message", lambda: array_to_image(depth, "16UC1", Header()))
    timed("read a colour message", lambda: color_from_image(color_message))
    timed("read a depth message", lambda: depth_from_image(depth_message))
    timed("fill 60 holes of the depth", lambda: inpaint_depth(metres))


def timed(name: str, call, repeat: int = 50) -> None:
    """Time a call and report it."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    report(name, seconds)


def report(name: str, seconds: list[float]) -> None:
    """One line: median and 95th percentile."""
    median, high = np.percentile(seconds, [50, 95]) * 1e3
    print(f"{name:32s} median {median:6.2f} ms   95 % below {high:6.2f} ms   ({len(seconds)} times)")


def main() -> None:
    """Run the camera in a second process, and the receiver in this one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--rate", type=float, default=30.0, help="images a second")
    parser.add_argument("--publish", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    reuse_large_buffers()  # as every node of ours does
    if arguments.publish:
        publish(arguments.rate)
        return
    os.environ.setdefault("ROS_DOMAIN_ID", "101")
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    conversions()
    camera = subprocess.Popen([sys.executable, __file__, "--publish", "--rate", str(arguments.rate)])
    try:
        receive(arguments.frames)
    finally:
        camera.terminate()
        camera.wait()


if __name__ == "__main__":
    main()

"""The recorder as a process and in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mcap.reader import make_reader
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from std_msgs.msg import String

from grasp_bringup.nodes.recorder import Recorder
from grasp_perception.nodes.diagnostics import ERROR, OK, WARN


@pytest.fixture
def talker(ros):
    node = Node("talker")
    yield node
    node.destroy_node()


@pytest.fixture
def make_recorder(ros, monkeypatch):
    made = []

    def make(folder, *topics):
        monkeypatch.setattr(
            Node,
            "__init__",
            _with_overrides(Node.__init__, [Parameter("folder", value=str(folder)), Parameter("topics", value=topics)]),
        )
        made.append(Recorder())
        monkeypatch.undo()
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()


def _with_overrides(original, overrides):
    def construct(self, name, **keywords):
        original(self, name, parameter_overrides=overrides, **keywords)

    return construct


def spin_until(nodes, condition, timeout=20.0):
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.05)
    for node in nodes:
        executor.remove_node(node)
    executor.shutdown()
    assert condition()


def read(folder):
    (path,) = Path(folder).glob("*.mcap")
    with path.open("rb") as file:
        return [(channel.topic, message) for _, channel, message in make_reader(file).iter_messages()]


def test_a_process_that_is_interrupted_leaves_a_whole_file(talker, tmp_path):
    latched = talker.create_publisher(
        String, "/latched", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    )
    latched.publish(String(data="said before"))
    sensor = talker.create_publisher(String, "/sensor", qos_profile_sensor_data)
    parameters = ["-p", f"folder:={tmp_path}", "-p", "topics:=[/latched, /sensor, /nobody]"]
    process = subprocess.Popen(
        [sys.executable, "-m", "grasp_bringup.nodes.recorder", "--ros-args", *parameters],
        env=os.environ,
        stderr=subprocess.PIPE,
    )
    sent = []

    def say():
        if sensor.get_subscription_count():
            sent.append(talker.get_clock().now().nanoseconds)
            sensor.publish(String(data=f"message {len(sent)}"))

    timer = talker.create_timer(0.02, say)
    spin_until([talker], lambda: len(sent) >= 10 and latched.get_subscription_count())
    timer.cancel()
    time.sleep(0.3)  # for the last message to arrive
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors.decode()
    messages = read(tmp_path)
    texts = {
        topic: [deserialize_message(m.data, String).data for t, m in messages if t == topic] for topic, _ in messages
    }
    assert texts["/latched"] == ["said before"]
    assert len(texts["/sensor"]) >= 8
    assert texts["/sensor"] == [f"message {n}" for n in range(11 - len(texts["/sensor"]), 11)] or len(sent) > 10
    first = next(m for topic, m in messages if topic == "/sensor")
    assert 0 <= first.log_time - first.publish_time < 5e9
    assert abs(first.publish_time - sent[0]) < 5e9


def test_health_tells_what_is_missing_and_what_has_been_written(make_recorder, talker, tmp_path):
    seen: list[DiagnosticStatus] = []
    talker.create_subscription(DiagnosticArray, "/diagnostics", lambda m: seen.extend(m.status), 10)
    recorder = make_recorder(tmp_path, "/a", "/b")
    first = talker.create_publisher(String, "/a", 10)
    spin_until([talker, recorder], lambda: seen and "/a" not in seen[-1].message)
    assert (seen[-1].level, seen[-1].message) == (WARN, "nobody publishes /b")
    second = talker.create_publisher(String, "/b", 10)
    spin_until([talker, recorder], lambda: seen[-1].level == OK)
    talker.create_timer(0.05, lambda: [p.publish(String(data="x")) for p in (first, second)])
    spin_until([talker, recorder], lambda: int({v.key: v.value for v in seen[-1].values}["messages"]) > 0)
    values = {v.key: v.value for v in seen[-1].values}
    assert values["file"].startswith(str(tmp_path))
    assert float(values["size (MB)"]) >= 0.0


def test_a_full_disk_ends_the_recording_and_is_told(make_recorder, talker, tmp_path, monkeypatch):
    recorder = make_recorder(tmp_path, "/a")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder._recording, "write", full)
    seen: list[DiagnosticStatus] = []
    talker.create_subscription(DiagnosticArray, "/diagnostics", lambda m: seen.extend(m.status), 10)
    publisher = talker.create_publisher(String, "/a", 10)
    talker.create_timer(0.05, lambda: publisher.publish(String(data="x")))
    spin_until([talker, recorder], lambda: seen and seen[-1].level == ERROR)
    assert seen[-1].message == "the recording ended: [Errno 28] No space left on device"


def test_a_tilde_is_the_folder_of_the_user(make_recorder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # which the shell does not put in for record:=~/recordings
    monkeypatch.chdir(tmp_path)
    make_recorder("~/recordings", "/a")
    assert [path.name for path in tmp_path.iterdir()] == ["recordings"]


def test_without_a_folder_it_does_not_start(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "grasp_bringup.nodes.recorder"], cwd=tmp_path, capture_output=True, timeout=30, text=True
    )
    assert ended.returncode == 2
    assert "the parameter `folder` must name the folder of the recording" in ended.stderr + ended.stdout

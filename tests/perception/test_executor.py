"""Where the callbacks of a node run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from grasp_perception.nodes.executor import NodeExecutor


class Spun:
    """A node in an executor of its own."""

    def __init__(self, name: str) -> None:
        self.node = Node(name)
        self.executor = NodeExecutor(2)
        self.executor.add_node(self.node)
        self.raised: list[Exception] = []
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except Exception as error:
            self.raised.append(error)

    def close(self) -> None:
        assert self.executor.shutdown(5.0)
        self.thread.join(5.0)
        assert not self.thread.is_alive()
        self.node.destroy_node()


@pytest.fixture
def nodes(ros: None) -> Iterator[tuple[Spun, Spun]]:
    spun = Spun("server"), Spun("client")
    yield spun
    for one in spun:
        one.close()


def publish_until(node: Node, done: threading.Event) -> None:
    publisher = node.create_publisher(String, "words", 10)
    for _ in range(500):
        publisher.publish(String(data="x"))
        if done.wait(0.02):
            return
    raise AssertionError("no message arrived within 10 s")


def test_messages_come_while_a_service_waits_for_them(nodes):
    server, client = nodes
    heard, threads = threading.Event(), {}

    def hear(message):
        threads["message"] = threading.current_thread()
        heard.set()

    def serve(request, response):
        threads["service"] = threading.current_thread()
        response.success = heard.wait(10.0)
        return response

    server.node.create_subscription(String, "words", hear, 10, callback_group=ReentrantCallbackGroup())
    server.node.create_service(Trigger, "serve", serve, callback_group=ReentrantCallbackGroup())
    asker = client.node.create_client(Trigger, "serve")
    assert asker.wait_for_service(10.0)
    answered = threading.Event()
    future = asker.call_async(Trigger.Request())
    future.add_done_callback(lambda _: answered.set())
    publish_until(client.node, heard)
    assert answered.wait(10.0) and future.result().success
    assert threads["message"] is server.thread and threads["service"] is not server.thread


def test_what_a_callback_raises_ends_the_spinning(nodes):
    server, client = nodes

    def fail(message):
        raise ZeroDivisionError("a bug")

    server.node.create_subscription(String, "words", fail, 10)
    ended = threading.Event()
    threading.Thread(target=lambda: (server.thread.join(10.0), ended.set()), daemon=True).start()
    publish_until(client.node, ended)
    assert [str(error) for error in server.raised] == ["a bug"]


def test_it_stops_and_ends_with_ros(nodes):
    server, client = nodes
    server.executor.stop()
    server.thread.join(5.0)
    rclpy.shutdown()
    client.thread.join(5.0)
    assert not server.thread.is_alive() and not client.thread.is_alive()
    assert server.raised == client.raised == []

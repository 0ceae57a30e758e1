"""Running the callbacks of a node."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from rclpy.action import ActionClient
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import (
    ConditionReachedException,
    Executor,
    ExternalShutdownException,
    ShutdownException,
    TimeoutException,
)
from rclpy.subscription import Subscription
from rclpy.task import Task


class NodeExecutor(Executor):
    """Takes messages and answers where it waits for them; services, goals and timers run in threads of a pool.

    Callbacks of subscriptions must therefore be short: they put away what has come. Answers, those of actions too, are
    taken while every thread of the pool waits for them. rclpy's MultiThreadedExecutor hands each message to another
    thread, which costs more than most messages are worth, the clock's above all.
    """

    def __init__(self, threads: int, *, context: Context | None = None) -> None:
        """Run up to `threads` longer callbacks at a time."""
        super().__init__(context=context)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="callbacks")
        self._running: list[Task] = []
        self._stopping = threading.Event()

    def spin(self) -> None:
        """Run callbacks until `stop`, or until ROS is shut down.

        Raises:
            Exception: What a callback raised.
        """
        while not self._stopping.is_set() and self.context.ok():
            self.spin_once()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for a callback and run it."""
        try:
            task, entity, _ = self.wait_for_ready_callbacks(timeout_sec, None, self._stopping.is_set)
        except (ConditionReachedException, ExternalShutdownException, ShutdownException, TimeoutException):
            return
        if isinstance(entity, (Subscription, Client, ActionClient)):
            task()
        else:
            self._pool.submit(task)
        self._running.append(task)
        for done in [task for task in self._running if task.done()]:
            self._running.remove(done)
            if not self._stopping.is_set():  # then rclpy may have taken away what a callback ends with
                done.result()

    def stop(self) -> None:
        """Have `spin` return soon; from any thread."""
        self._stopping.set()
        self.wake()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop, and wait for the callbacks under way; whether they ended in time. Without a limit, for goals, too."""
        self._stopping.set()
        ended: bool = super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None)
        return ended

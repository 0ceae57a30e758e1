"""Lifecycle nodes that can start on their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from grasp_perception.nodes.parameters import declare

_TRANSITIONS = ("on_configure", "on_activate", "on_deactivate", "on_cleanup", "on_shutdown")


class AutostartLifecycleNode(LifecycleNode):
    """A lifecycle node that configures and activates itself unless `autostart` is false.

    With `autostart: false` a lifecycle manager drives it through `~/change_state` as usual.
    Subclasses implement `on_configure`, `on_activate`, `on_deactivate`, `on_cleanup`, `on_shutdown`,
    and call `start()` at the end of their constructor. An exception in one of these is logged and
    makes the transition fail; rclpy would drop it without a word.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self._failure = ""
        for transition in _TRANSITIONS:  # on the instance, because rclpy looks them up in its constructor
            setattr(self, transition, self._logged(getattr(self, transition)))
        super().__init__(name, **options)
        self.autostart = declare(self, "autostart", True, "configure and activate at once, without a manager")

    def start(self) -> None:
        """Configure and activate, if `autostart`.

        Raises:
            RuntimeError: A transition failed; the message says why.
        """
        if not self.autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            self._failure = ""
            if transition() != TransitionCallbackReturn.SUCCESS:
                name = transition.__name__.removeprefix("trigger_")
                raise RuntimeError(f"{self.get_name()} could not {name}: {self._failure or 'its log says why'}")

    def _logged(
        self, callback: Callable[[LifecycleState], TransitionCallbackReturn]
    ) -> Callable[[LifecycleState], TransitionCallbackReturn]:
        def transition(state: LifecycleState) -> TransitionCallbackReturn:
            try:
                return callback(state)
            except Exception as error:
                self._failure = str(error) or type(error).__name__
                self.get_logger().error(f"{callback.__name__}: {self._failure}")
                raise

        return transition

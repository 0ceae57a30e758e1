"""Lifecycle nodes that can start on their own."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from grasp_perception.nodes.parameters import declare


class AutostartLifecycleNode(LifecycleNode):
    """A lifecycle node that configures and activates itself unless `autostart` is false.

    With `autostart: false` a lifecycle manager drives it through `~/change_state` as usual.
    Subclasses implement `on_configure`, `on_activate`, `on_deactivate`, `on_cleanup`, `on_shutdown`,
    and call `start()` at the end of their constructor.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.autostart = declare(self, "autostart", True, "configure and activate at once, without a manager")

    def start(self) -> None:
        """Configure and activate, if `autostart`.

        Raises:
            RuntimeError: A transition failed; the log says why.
        """
        if not self.autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                raise RuntimeError(f"{self.get_name()} could not {transition.__name__.removeprefix('trigger_')}")

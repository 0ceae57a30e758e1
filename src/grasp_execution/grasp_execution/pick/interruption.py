"""A person's wish to end a pick."""

from __future__ import annotations

import threading
from collections.abc import Callable

from grasp_perception.outcomes import Outcome, OutcomeError


class Interruption:
    """Set from any thread, looked at by the thread that picks. The first wish counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcome: Outcome | None = None
        self._is_canceled: Callable[[], bool] = lambda: False

    def cancel_when(self, is_canceled: Callable[[], bool]) -> None:
        """Have `check` also ask whether the client canceled."""
        self._is_canceled = is_canceled

    def cancel(self) -> None:
        """The client of the action canceled its goal."""
        self._set(Outcome.CANCELED)

    def stop(self) -> None:
        """Someone wants the robot to stop."""
        self._set(Outcome.STOPPED)

    def check(self) -> None:
        """Return if nobody interrupted.

        Raises:
            OutcomeError: CANCELED or STOPPED.
        """
        if self._is_canceled():
            self.cancel()
        if self._outcome is Outcome.CANCELED:
            raise OutcomeError(Outcome.CANCELED, "canceled by the client")
        if self._outcome is Outcome.STOPPED:
            raise OutcomeError(Outcome.STOPPED, "stopped by a person")

    def _set(self, outcome: Outcome) -> None:
        with self._lock:
            if self._outcome is None:
                self._outcome = outcome

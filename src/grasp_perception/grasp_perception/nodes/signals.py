"""Hearing Ctrl-C."""

from __future__ import annotations

import signal
import socket

ENDING = (signal.SIGINT, signal.SIGTERM)


class EndingSignals:
    """Ctrl-C and SIGTERM, which are heard whenever they come.

    A handler written in Python runs between two steps of the main thread: one that sets an event waits forever when the
    main thread has just locked the event to wait for it, and is too late when it is about to fall asleep. So nothing
    is left to a handler: the interpreter writes the signal's number to a socket the moment it comes.
    """

    def __init__(self) -> None:
        """Take the signals from their handlers; in the main thread."""
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in ENDING:
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Wait for the first of them, or for `wake`; the next one is then obeyed at once."""
        while not {0, *ENDING} & set(self._reader.recv(64)):
            pass
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)

    def wake(self) -> None:
        """Have `wait` return; from any thread."""
        self._writer.send(b"\0")

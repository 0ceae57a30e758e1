"""What goes wrong with training runs."""

from __future__ import annotations


class RunError(RuntimeError):
    """A run that cannot begin or go on; the message says why."""


class Diverged(RunError):
    """Its loss is no longer a number."""

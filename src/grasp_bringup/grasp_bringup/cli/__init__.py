"""The `grasp` command: everything that is not a node."""

from grasp_bringup.cli.app import main

__all__ = ["main"]

"""The `grasp` command: grasp planning, the camera doctor and the simulated robot."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

COMMANDS = {
    "demo": "Bring up the simulated robot and let it pick objects.",
    "plan": "Plan grasps for a depth image from disk.",
    "doctor": "Look at one RGB-D frame and say what is wrong with it.",
}


def application(named: str | None) -> typer.Typer:
    """The command-line application, with the command of one name loaded.

    Only that command's module is imported, so that `grasp plan` does not wait for a simulator; of
    the others there is a line for `--help`.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
    app.callback()(lambda: None)
    for name, summary in COMMANDS.items():
        command = import_module(f"grasp_bringup.cli.{name}").command if name == named else lambda: None
        app.command(name, help=summary)(command)
    return app


def main() -> None:
    """Run the command named by the first argument."""
    application(next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None))(prog_name="grasp")

"""The command-line application; each command is a module of its own, imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

COMMANDS = {
    "demo": "Bring up the simulated robot and let it pick objects.",
    "plan": "Plan grasps for a depth image from disk.",
    "doctor": "Look at one RGB-D frame and say what is wrong with it.",
}


def main() -> None:
    """Run the command named by the first argument.

    Only the module of that command is imported, so that `grasp plan` does not wait for a simulator.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
    app.callback()(lambda: None)
    named = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if name == named:
            app.command(name, help=summary)(import_module(f"grasp_bringup.cli.{name}").command)
        else:
            app.command(name, help=summary)(lambda: None)
    app(prog_name="grasp")

"""The `grasp` command: grasp planning, datasets, the camera doctor and the simulated robot."""

from __future__ import annotations

import io
import signal
import sys
from importlib import import_module

import typer

COMMANDS = {
    "demo": "Bring up the simulated robot and let it pick objects.",
    "plan": "Plan grasps for a depth image from disk.",
    "picks": "Let a simulated robot pick objects, without ROS.",
    "data jacquard": "Make grasp data as Jacquard's was made.",
    "data robustness": "Try a dataset's grasps again, a little aside.",
    "data check": "List what is wrong with a dataset, file by file.",
    "data split": "Draw a dataset's train, validation and test objects once, and store them.",
    "train": "Train a generative grasp network.",
    "eval": "Say how good a network's weights are on a dataset.",
    "experiment": "Train and evaluate the rows of tables.",
    "sgt": "Judge predicted grasps by simulated trials.",
    "serve": "Judge predicted grasps as a web service.",
    "doctor": "Look at one RGB-D frame and say what is wrong with it.",
}
"""A command `a b` is the function `command` of the module `grasp_bringup.cli.a.b`."""

GROUPS = {
    "data": "Datasets of grasps.",
}


def application(named: str | None) -> typer.Typer:
    """The command-line application, with the command of one name loaded.

    Only that command's module is imported, so that `grasp plan` does not wait for a simulator; of
    the others there is a line for `--help`. A command's own `--help` shows its docstring.

    Args:
        named: A key of `COMMANDS`; None, or a group's name, loads no command.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
    app.callback()(lambda: None)
    groups = {group: typer.Typer(no_args_is_help=True, help=summary) for group, summary in GROUPS.items()}
    for full_name, summary in COMMANDS.items():
        group, _, name = full_name.rpartition(" ")
        module = f"grasp_bringup.cli.{full_name.replace(' ', '.')}"
        command = import_module(module).command if full_name == named else lambda: None
        parent = groups[group] if group else app
        parent.command(name, short_help=summary)(command)
        if group and group not in {info.name for info in app.registered_groups}:
            app.add_typer(groups[group], name=group)
    return app


def command_named_by(arguments: list[str]) -> str | None:
    """The command that a command line names: its first word, or its first two where the first is a group."""
    words = [argument for argument in arguments if not argument.startswith("-")]
    return " ".join(words[: 2 if words[0] in GROUPS else 1]) if words else None


def main() -> None:
    """Run the command named by the first words; SIGTERM ends it as Ctrl-C does, with nothing left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: not every terminal has every letter
    application(command_named_by(sys.argv[1:]))(prog_name="grasp")

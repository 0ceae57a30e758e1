"""`launch`: start the nodes of a launch file.

launch FILE [name:=value ...]
launch PACKAGE FILE [name:=value ...]
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from grasp_bringup.launch.description import LaunchDescription
from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.output import Output
from grasp_bringup.launch.packages import launch_file
from grasp_bringup.launch.reader import read_launch_file
from grasp_bringup.launch.service import Launch


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a launch file until Ctrl-C or until its nodes have ended.

    Exits with 0, with 1 if a required node failed, or with 2 if the launch could not start.
    """
    options = _parse(arguments)
    try:
        path, values = _target(options.words)
        description = read_launch_file(path, values, only_arguments=options.show_args)
        if options.show_args:
            print(_show(description))
            return
        output = Output(sys.stdout, options.log_dir)
        launch = Launch(description, output)
    except (LaunchError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # which nohup has set
            signal.signal(number, lambda *_: launch.stop())
    launch.start()
    while not launch.wait(0.5):  # signal handlers run between waits at the latest
        pass
    output.close()
    sys.exit(launch.exit_code)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch", description="Start the nodes of a ROS 2 XML launch file.")
    parser.add_argument("words", nargs="+", metavar="[PACKAGE] FILE [name:=value ...]", help="what to launch")
    parser.add_argument("-s", "--show-args", action="store_true", help="show the file's arguments and end")
    parser.add_argument("--log-dir", type=Path, metavar="FOLDER", help="keep each node's output in a file there")
    return parser.parse_intermixed_args(arguments)


def _target(words: Sequence[str]) -> tuple[Path, dict[str, str]]:
    places = [word for word in words if ":=" not in word]
    values = dict(word.split(":=", 1) for word in words if ":=" in word)
    if len(places) == 1:
        return Path(places[0]), values
    if len(places) == 2:
        return launch_file(*places), values
    raise LaunchError(f"expected [PACKAGE] FILE and arguments as name:=value, got: {' '.join(words)}")


def _show(description: LaunchDescription) -> str:
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument in description.arguments.values():
        about = argument.description or "no description given"
        if argument.choices:
            about = f"{about.rstrip('.')}. Valid choices are: {', '.join(argument.choices)}"
        lines += ["", f"    '{argument.name}':", f"        {about}"]
        if argument.default is not None:
            lines.append(f"        (default: '{argument.default}')")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

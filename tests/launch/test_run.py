"""The runner as a process: what it prints, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SLEEP = "print('ready', os.getpid())\ntime.sleep(60)"
DEAF = """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print('ready', os.getpid())
    time.sleep(60)
"""
PARENT = """
    code = "import time; time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True)
    print('ready', os.getpid(), child.pid)
    time.sleep(60)
"""


def node(executable: str, extra: str = "") -> str:
    return f'<node pkg="stub" exec="{executable}" output="screen" {extra}/>\n'


@contextmanager
def hang_ups(handler: signal.Handlers) -> Iterator[None]:
    """What a process started here does when its terminal ends, whatever these tests were told."""
    before = signal.signal(signal.SIGHUP, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def test_prefixes_each_line_with_the_name_of_its_node(stub):
    stub.executable("talk", "print('one'); print('two', file=sys.stderr)")
    runner = stub.run(stub.launch_file(node("talk") + node("talk")))
    assert runner.end() == 0
    lines = runner.output.splitlines()
    for name in ("talk-1", "talk-2"):
        assert [line for line in lines if line.startswith(f"[{name}]")] == [f"[{name}] one", f"[{name}] two"]
    assert "\x1b" not in runner.output


def test_output_log_shows_only_stderr_and_keeps_both(stub, tmp_path):
    stub.executable("talk", "print('quiet'); print('loud', file=sys.stderr)")
    runner = stub.run(stub.launch_file('<node pkg="stub" exec="talk"/>'), "--log-dir", tmp_path / "log")
    assert runner.end() == 0
    assert "[talk-1] loud" in runner.output
    assert "quiet" not in runner.output
    assert sorted((tmp_path / "log" / "talk-1.log").read_text().split()) == ["loud", "quiet"]


def test_a_required_node_that_dies_ends_all(stub):
    stub.executable("sleep", SLEEP)
    stub.executable("fail", "time.sleep(0.3); sys.exit(7)")
    runner = stub.run(stub.launch_file(node("sleep") + node("fail", 'on_exit="shutdown"')))
    assert runner.end() == 1
    assert re.search(r"fail-2 has died \[pid \d+, exit code 7\]", runner.output)
    assert runner.output.endswith("the launch has ended because fail-2 is required and has ended with exit code 7\n")
    assert not runner.alive


def test_a_required_node_that_finishes_ends_all_without_an_error(stub):
    stub.executable("sleep", SLEEP)
    stub.executable("finish", "time.sleep(0.3)")
    runner = stub.run(stub.launch_file(node("sleep") + node("finish", 'on_exit="shutdown"')))
    assert runner.end() == 0


def test_another_node_that_dies_ends_nothing(stub):
    stub.executable("sleep", SLEEP)
    stub.executable("fail", "sys.exit(7)")
    runner = stub.run(stub.launch_file(node("sleep") + node("fail")))
    runner.read_until("ready")
    runner.read_until("fail-2 has died")
    assert runner.alive
    runner.process.send_signal(signal.SIGINT)
    assert runner.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_cleanly(stub, number):
    stub.executable("sleep", SLEEP)
    with hang_ups(signal.SIG_DFL):
        runner = stub.run(stub.launch_file(node("sleep") * 3))
    runner.read_until("ready", 3)
    runner.process.send_signal(number)
    assert runner.end() == 0
    assert len(runner.pids) == 3
    assert not runner.alive
    assert "sending SIGTERM" not in runner.output


def test_under_nohup_the_end_of_the_terminal_ends_nothing(stub):
    stub.executable("sleep", SLEEP)
    with hang_ups(signal.SIG_IGN):
        runner = stub.run(stub.launch_file(node("sleep")))
    runner.read_until("ready")
    runner.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        runner.process.wait(timeout=0.5)
    assert runner.alive
    runner.process.send_signal(signal.SIGINT)
    assert runner.end() == 0


def test_nodes_that_ignore_signals_and_their_children_are_gone_within_3_seconds(stub):
    stub.executable("deaf", DEAF)
    stub.executable("parent", PARENT)
    runner = stub.run(stub.launch_file(node("deaf") + node("parent")))
    runner.read_until("ready", 2)
    started = time.monotonic()
    runner.process.send_signal(signal.SIGINT)
    assert runner.end() == 0
    assert time.monotonic() - started < 3.0  # the promise itself, not a measure of speed
    assert len(runner.pids) == 3
    assert not runner.alive
    assert "deaf-1 still runs: sending SIGKILL" in runner.output
    assert "left behind by a node" in runner.output


def test_a_second_signal_kills_at_once(stub):
    stub.executable("deaf", DEAF)
    runner = stub.run(stub.launch_file(node("deaf")))
    runner.read_until("ready")
    runner.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    runner.process.send_signal(signal.SIGINT)
    assert runner.end() == 0
    assert "sending SIGTERM" not in runner.output
    assert "sending SIGKILL" in runner.output


def test_nodes_do_not_survive_a_runner_that_is_killed(stub):
    stub.executable("deaf", DEAF)
    runner = stub.run(stub.launch_file(node("deaf")))
    runner.read_until("ready")
    assert runner.alive
    runner.process.kill()
    deadline = time.monotonic() + 10
    while runner.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runner.alive


def test_a_reader_that_goes_away_does_not_end_the_nodes(stub, tmp_path):
    stub.executable("talk", f"time.sleep(0.3); print('x'); time.sleep(0.1); open('{tmp_path}/done', 'w').close()")
    runner = stub.run(stub.launch_file(node("talk")))
    runner.read_until("started")
    runner.process.stdout.close()
    assert runner.process.wait(timeout=20) == 0
    assert (tmp_path / "done").exists()


def test_parameters_and_names_reach_the_command_line(stub):
    stub.executable("show", "print(sys.argv[1:]); print(open(sys.argv[-3]).read())")
    body = """
        <arg name="rate" default="1.0"/>
        <node pkg="stub" exec="show" name="n" output="screen" args="--x">
          <param name="rate" value="$(var rate)"/>
          <remap from="a" to="b"/>
        </node>
    """
    runner = stub.run("stub", "test.launch.xml", "rate:=2.5") if stub.launch_file(body) else None
    assert runner.end() == 0
    assert "'--x', '--ros-args', '-r', '__node:=n', '--params-file'" in runner.output
    assert "'-r', 'a:=b'" in runner.output
    assert "rate: 2.5" in runner.output


def test_show_args(stub):
    path = stub.launch_file("""
        <arg name="arm" default="widowx" description="Which arm.">
          <choice value="widowx"/>
          <choice value="yumi"/>
        </arg>
        <arg name="record"/>
    """)
    runner = stub.run(path, "--show-args")
    assert runner.end() == 0
    assert "'arm':\n        Which arm. Valid choices are: widowx, yumi\n        (default: 'widowx')" in runner.output
    assert "'record':\n        no description given\n" in runner.output


@pytest.mark.parametrize(
    ("body", "arguments", "message"),
    [
        ('<node pkg="stub" exec="nothing"/>', [], "package 'stub' has no executable 'nothing'; it has: here"),
        ('<node pkg="no_such" exec="x"/>', [], "package 'no_such' is not installed"),
        ('<arg name="arm" default="x"/>', ["amr:=y"], "has no argument 'amr'; it has: arm"),
        ('<arg name="arm"/>', [], "the argument 'arm' has no default and was not given: add arm:=VALUE"),
        ("<timer/>", [], "test.launch.xml:2: <timer>: unknown tag inside <launch>"),
        ("<node", [], "not well-formed XML"),
    ],
)
def test_what_cannot_start_is_said_before_anything_starts(stub, body, arguments, message):
    stub.executable("here", "print('started')")
    runner = stub.run(stub.launch_file(body), *arguments)
    assert runner.end() == 2
    assert message in runner.output
    assert "started" not in runner.output
    assert "Traceback" not in runner.output


def test_a_file_that_is_not_there(stub, tmp_path):
    runner = stub.run(tmp_path / "none.launch.xml")
    assert runner.end() == 2
    assert "cannot read the launch file" in runner.output


def test_a_log_folder_that_cannot_be_made(stub, tmp_path):
    (tmp_path / "file").touch()
    runner = stub.run(stub.launch_file(""), "--log-dir", tmp_path / "file" / "log")
    assert runner.end() == 2
    assert runner.output == f"[Errno 20] Not a directory: '{tmp_path}/file/log'\n"


def test_too_many_words(stub):
    runner = stub.run("a", "b", "c")
    assert runner.end() == 2
    assert "expected [PACKAGE] FILE and arguments as name:=value, got: a b c" in runner.output


def test_nothing_is_left_in_the_temporary_folder(stub, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    stub.executable("sleep", SLEEP)
    body = '<node pkg="stub" exec="sleep" output="screen"><param name="x" value="1"/></node>'
    runner = stub.run(stub.launch_file(body))
    runner.read_until("ready")
    assert len(list(temporary.iterdir())) == 1
    runner.process.send_signal(signal.SIGINT)
    assert runner.end() == 0
    assert list(temporary.iterdir()) == []


def test_a_screen_that_cannot_show_a_letter_does_not_stop_a_node(stub, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    stub.executable("talk", "for _ in range(3000): os.write(1, 'grün, 20 €, {}\\n'.format('x' * 60).encode())")
    runner = stub.run(stub.launch_file(node("talk")))
    assert runner.end() == 0
    assert runner.output.count("[talk-1] gr?n, 20 ?") == 3000

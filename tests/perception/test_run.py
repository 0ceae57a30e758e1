"""Nodes as processes: how they start, refuse to, and end."""

import os
import re
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys, time, threading
from rclpy.node import Node
from std_msgs.msg import String
from grasp_perception.nodes.run import run_node

class Ticker(Node):
    def __init__(self):
        super().__init__("ticker")
        if "log" in sys.argv:
            log = logging.getLogger("plain.code")
            log.debug("too much")
            log.info("in %s", "bfloat16")
            log.warning("slow")
            try:
                1 / 0
            except ZeroDivisionError as error:
                log.error("a bug", exc_info=error)
        if "refuse" in sys.argv:
            raise ValueError("the file is missing")
        self.publisher = self.create_publisher(String, "tick", 1)
        self.create_timer(0.002, self.tick)
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        if self.ticks == 3:
            print("up", flush=True)
            if "crash" in sys.argv:
                raise RuntimeError("a bug")
        if "slow" in sys.argv:
            time.sleep(0.05)
        self.publisher.publish(String(data="x"))

run_node(Ticker, threads=int(sys.argv[1]))
"""


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pace", ["fast", "slow"])
def test_ends_cleanly(threads, number, pace):
    process = start(threads, pace)
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_node_that_cannot_start_says_why_in_one_line():
    _, errors = (process := start("1", "refuse")).communicate(timeout=20)
    assert process.returncode == 2
    assert "cannot start: the file is missing" in errors
    assert "Traceback" not in errors


def test_what_plain_python_logs_is_told_where_nodes_tell_it():
    _, errors = start("1", "log", "refuse").communicate(timeout=20)
    assert re.search(r"^\[INFO\] \[[\d.]+\] \[plain\.code\]: in bfloat16$", errors, re.M)
    assert re.search(r"^\[WARN\] .*: slow$", errors, re.M)
    assert re.search(r"^\[ERROR\] .*: a bug\nTraceback .*\nZeroDivisionError: division by zero$", errors, re.M | re.S)
    assert "too much" not in errors


@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_bug_in_a_callback_ends_the_process_with_its_traceback(threads):
    _, errors = (process := start(threads, "crash")).communicate(timeout=20)
    assert process.returncode == 1
    assert "RuntimeError: a bug" in errors


SIGNALED = """
import os, signal, sys, threading
from grasp_perception.nodes.signals import EndingSignals

def wait_and_be_signaled_at(line):
    \"""How many lines the main thread gets to before it waits, a thread being started on the way.\"""
    count, waits, thread = 0, True, threading.Thread(target=lambda: None)

    def trace(frame, event, argument):
        nonlocal count
        if waits and event == "line":
            count += 1
            if count == line:
                os.kill(os.getpid(), signal.SIGINT)
        return trace

    def signal_at_last():
        nonlocal waits
        if count < line:
            waits = False
            os.kill(os.getpid(), signal.SIGINT)

    signals, timer = EndingSignals(), threading.Timer(0.3, signal_at_last)
    timer.start()
    sys.settrace(trace)
    thread.start()
    signals.wait()
    sys.settrace(None)
    timer.cancel()
    return count

line = 1
while wait_and_be_signaled_at(line) >= line:
    line += 1
print(line)
"""


def test_a_signal_is_heard_whenever_it_comes():
    process = subprocess.Popen([sys.executable, "-c", SIGNALED], stdout=subprocess.PIPE, text=True)
    try:
        lines, _ = process.communicate(timeout=60)
    finally:
        process.kill()  # SIGTERM is what it would not hear
    assert process.returncode == 0
    assert int(lines) > 5

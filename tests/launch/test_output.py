"""Lines of several nodes on a screen and in files."""

from __future__ import annotations

import io

import pytest

from grasp_bringup.launch.output import Output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_node_has_its_color_on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    output = Output(screen)
    for name in ("a-1", "b-2", "a-1"):
        output.line(name, "text")
    assert screen.getvalue() == "\x1b[36m[a-1]\x1b[0m text\n\x1b[32m[b-2]\x1b[0m text\n\x1b[36m[a-1]\x1b[0m text\n"


@pytest.mark.parametrize(("screen", "value"), [(Terminal(), "1"), (io.StringIO(), "")])
def test_no_color_if_not_wanted_or_not_a_terminal(monkeypatch, screen, value):
    monkeypatch.setenv("NO_COLOR", value)
    Output(screen).line("a-1", "text")
    assert screen.getvalue() == "[a-1] text\n"


def test_files(tmp_path):
    screen = io.StringIO()
    output = Output(screen, tmp_path / "log")
    output.line("a-1", "both")
    output.line("a-1", "shown", keep=False)
    output.line("a-1", "kept", show=False)
    output.close()
    assert screen.getvalue() == "[a-1] both\n[a-1] shown\n"
    assert (tmp_path / "log" / "a-1.log").read_text() == "both\nkept\n"


def test_a_disk_that_is_full_ends_the_file_not_the_reading(tmp_path):
    screen = io.StringIO()
    output = Output(screen, tmp_path)
    (tmp_path / "a-1.log").symlink_to("/dev/full")
    for _ in range(2):
        output.line("a-1", "text")
    output.line("b-2", "text")
    output.close()
    said, *lines = screen.getvalue().splitlines()
    assert said == "[launch] log files end here: [Errno 28] No space left on device"
    assert lines == ["[a-1] text", "[a-1] text", "[b-2] text"]


def test_a_line_that_comes_late_leaves_the_file_as_it_is(tmp_path):
    output = Output(None, tmp_path)
    output.line("a-1", "text")
    output.close()
    output.line("a-1", "late")
    assert (tmp_path / "a-1.log").read_text() == "text\n"

"""Progress where there is no terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from grasp_bringup.cli import progress
from grasp_bringup.cli.progress import ProgressBar, told_rate


def test_a_log_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Iterator[float] = iter([0.0, 10.0, 61.0, 100.0, 130.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    out = io.StringIO()
    with ProgressBar(Console(file=out), "making", "scenes", 5000) as bar:
        bar.show(1000)  # made in an earlier run
        bar.show(1122, note="3 rejected")
        bar.show(1150)
        bar.show(1390)
    assert out.getvalue().splitlines() == [
        "making: 1,122 of 5,000 scenes, 2.0 scenes/s, 3 rejected",
        "making: 1,390 of 5,000 scenes, 3.0 scenes/s",
    ]


def test_rates_are_told_in_the_larger_unit() -> None:
    assert told_rate(0, 5.0, "scenes") == ""
    assert told_rate(30, 10.0, "scenes") == "3.0 scenes/s"
    assert told_rate(2, 10.0, "scenes") == "5.0 s each"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_note_is_shown_as_it_is(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINES_EVERY", 0.0)
    out = io.StringIO()
    with ProgressBar(Console(file=out, force_terminal=terminal, width=200), "picking", "objects", 3) as bar:
        bar.show(1, note="meshes[/old]/box.obj")
    assert "meshes[/old]/box.obj" in out.getvalue()

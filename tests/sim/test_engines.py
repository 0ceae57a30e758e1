"""Processes that work."""

from __future__ import annotations

import os
import subprocess
import sys

SLEEPERS = """
import time
from grasp_sim.dataset.engines import run_local

results = run_local(time.sleep, [0.0, 600.0, 600.0], 2)
next(results)
results.close()
print("closed")
"""


def test_busy_workers_end_on_a_machine_without_pgrep() -> None:
    command = [sys.executable, "-c", SLEEPERS]
    result = subprocess.run(command, env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "closed\n", "")

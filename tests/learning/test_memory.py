"""A process that trains keeps the memory that it frees."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import sys
import numpy as np
from grasp_learning.training.memory import keep_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

if sys.argv[1] == "kept":
    keep_memory()
block = np.ones(1 << 24)  # 128 MiB
full = resident()
del block
print(full - resident())
"""


@pytest.mark.parametrize(("how", "returned"), [("kept", 0), ("as it is", 1 << 27)])
def test_what_is_freed_is_kept(how: str, returned: int) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    assert int(done.stdout) == pytest.approx(returned, abs=1 << 22)

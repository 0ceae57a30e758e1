"""Where the Python is that has Blender.

Blender's wheel (`bpy`) wants another numpy than this project, so it lives in an environment of its own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

VARIABLE = "GRASP_CYCLES_PYTHON"
FOLDER = ".venv-cycles"


class CyclesMissingError(RuntimeError):
    """There is no Python with Blender; the message says how to get one."""


def cycles_python() -> Path:
    """The Python to render with: `$GRASP_CYCLES_PYTHON`, or that of `.venv-cycles` here or in a folder above.

    Raises:
        CyclesMissingError: There is none, or the variable names something else.
    """
    given = os.environ.get(VARIABLE)
    if given:
        found = shutil.which(given)
        if found is None:
            raise CyclesMissingError(f"${VARIABLE} is '{given}', which is no program: set it to a Python that has bpy")
        return Path(found)
    starts = (Path.cwd(), Path(__file__).resolve())
    for folder in (parent for start in starts for parent in (start, *start.parents)):
        python = folder / FOLDER / "bin" / "python"
        if python.is_file():
            return python
    raise CyclesMissingError(
        f"Blender's Cycles is not installed: run `make cycles` in the repository, which makes {FOLDER} (Python 3.11, "
        f"1 GB), or set ${VARIABLE} to the python of an environment with requirements/cycles.txt; or use another "
        "renderer: auto, egl, tiny"
    )

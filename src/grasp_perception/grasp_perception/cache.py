"""Files that are expensive to make, kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "GRASP_CACHE_DIR"


def cache_folder(kind: str) -> Path:
    """A folder of the user's cache, made if it is not there.

    `$GRASP_CACHE_DIR` if set, else `$XDG_CACHE_HOME/grasp`, else `~/.cache/grasp`.
    """
    given = os.environ.get(VARIABLE)
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grasp"
    folder = base / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder

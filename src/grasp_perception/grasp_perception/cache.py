"""Files that are expensive to make, kept between runs."""

from __future__ import annotations

import errno
import os
from pathlib import Path

VARIABLE = "GRASP_CACHE_DIR"


def cache_folder(kind: str) -> Path:
    """A folder of the user's cache, made if it is not there.

    `$GRASP_CACHE_DIR` if set, else `$XDG_CACHE_HOME/grasp`, else `~/.cache/grasp`.

    Raises:
        OSError: It cannot be made, or the user has no home.
    """
    folder = _base() / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _base() -> Path:
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "grasp"
    try:
        return Path.home() / ".cache" / "grasp"
    except RuntimeError as error:
        raise FileNotFoundError(errno.ENOENT, f"there is no home: name a folder in {VARIABLE}", "~/.cache") from error

"""Finding the files of installed packages."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory

from grasp_bringup.launch.errors import LaunchError


def share_folder(package: str) -> Path:
    """The folder of a package's data files.

    Raises:
        LaunchError: There is no such package.
    """
    try:
        return Path(get_package_share_directory(package))
    except (PackageNotFoundError, ValueError) as error:
        raise LaunchError(f"package '{package}' is not installed, or the workspace is not sourced") from error


def executable(package: str, name: str) -> Path:
    """The file of a package's executable.

    Raises:
        LaunchError: There is no such package, or it has no such executable.
    """
    share_folder(package)
    folder = Path(get_package_prefix(package)) / "lib" / package
    path = folder / name
    if _is_executable(path):
        return path
    names = sorted(entry.name for entry in folder.glob("*") if _is_executable(entry))
    raise LaunchError(f"package '{package}' has no executable '{name}'; it has: {', '.join(names) or 'none'}")


def launch_file(package: str, name: str) -> Path:
    """A launch file of a package, wherever it stands in the package's data.

    Raises:
        LaunchError: There is none, or more than one.
    """
    share = share_folder(package)
    found = sorted(share.rglob(name)) if Path(name).name == name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise LaunchError(f"package '{package}' has several files '{name}': {', '.join(map(str, found))}")
    names = sorted(path.name for path in share.rglob("*launch.xml"))
    raise LaunchError(f"package '{package}' has no launch file '{name}'; it has: {', '.join(names) or 'none'}")


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)

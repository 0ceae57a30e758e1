#!/usr/bin/env python3
"""Prepare the pip environment: `.venv`, the patched ROS wheels, and the colcon workspace.

Takes a Debian 12 or Ubuntu 22.04 machine with its own Python 3.11 or 3.10 to a built workspace.
Every step is skipped when its inputs have not changed since it last finished; a step that was cut
off is done again. Only the standard library is used, because nothing is installed yet.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
INSTALL = ROOT / "install"
STAMPS = ROOT / "build" / ".stamps"
COMMANDS = INSTALL / "grasp_bringup/lib/grasp_bringup"
ENVIRONMENT = INSTALL / "environment.sh"
DISCOVERY = "ROS_AUTOMATIC_DISCOVERY_RANGE"
SUPPORTED = ((3, 10), (3, 11))
APT_LISTS = Path("/var/lib/apt/lists")

# Debian package -> how to see that it is there.
SYSTEM_PACKAGES = {
    "build-essential": lambda: shutil.which("g++") and shutil.which("make"),
    "cmake": lambda: shutil.which("cmake"),
    "ninja-build": lambda: shutil.which("ninja"),
    "python3-dev": lambda: Path(sysconfig.get_path("include"), "Python.h").exists(),
    "python3-venv": lambda: _has_module("ensurepip"),
    "util-linux": lambda: shutil.which("setpriv"),
    "chromium": lambda: shutil.which("chromium"),
    "chromium-driver": lambda: shutil.which("chromedriver"),
    "libegl1": lambda: _has_library("libEGL.so.1"),
    "libgl1-mesa-dri": lambda: any(Path("/usr/lib").glob("*/dri/swrast_dri.so")),
}
# Those that only the test of the judge's web page needs; Ubuntu has them as snaps alone.
TEST_PACKAGES = ("chromium", "chromium-driver")
WAIVED = "not_offered.txt"  # so that it is found and said once


def main() -> None:
    """Run the steps that are not done yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="do every step again")
    arguments = parser.parse_args()

    check_place()
    check_python()
    if not arguments.force and not missing_system_packages() and is_done("venv") and is_done("workspace"):
        return  # without a trace: what another user has set up may be read-only
    try:
        STAMPS.mkdir(parents=True, exist_ok=True)
        lock = (STAMPS / "lock").open("w")
    except OSError as error:
        fail(f"cannot write {error.filename}: {error.strerror}.", "Use a copy of the repository that is yours.")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if arguments.force:
            for stamp in STAMPS.glob("*.sha256"):
                stamp.unlink()
        install_system_packages()
        step("venv", create_venv)
        step("workspace", build_workspace)


def check_place() -> None:
    """Refuse a folder whose programs the system could not start."""
    if any(letter.isspace() for letter in str(ROOT)):
        fail(f"there is a space in '{ROOT}': the first line of a script cannot name a Python there.", "Move it.")


def check_python() -> None:
    """Refuse a Python for which the wheels do not exist, and say how to get one that works."""
    system = f"{platform.system()} {platform.machine()}"
    if sys.version_info[:2] in SUPPORTED and system == "Linux x86_64":
        return
    fail(
        f"this is Python {sys.version_info[0]}.{sys.version_info[1]} on {system}, but pybullet has wheels "
        "for Python 3.10 and 3.11 on Linux x86_64 only.",
        "Use Debian 12 (Python 3.11) or Ubuntu 22.04 (Python 3.10), or install one of these two beside your own "
        "(for example `apt-get install python3.11 python3.11-venv python3.11-dev`, `uv python install 3.11` or "
        "`pyenv install 3.11`) and name it: `make PYTHON=python3.11 demo`.",
    )


def install_system_packages() -> None:
    """Install missing Debian packages as root; otherwise name them and stop."""
    missing = missing_system_packages()
    if not missing:
        return
    may_install = os.geteuid() == 0 and shutil.which("apt-get")
    if may_install:
        run(["apt-get", "update", "--quiet", "--quiet"])
    not_offered = [name for name in missing if name in TEST_PACKAGES and not is_offered(name)]
    if not_offered:
        say(f"this distribution offers no {' and no '.join(not_offered)}: the test of the web page will be skipped")
        (STAMPS / WAIVED).write_text("\n".join([*waived_packages(), *not_offered]))
        missing = [name for name in missing if name not in not_offered]
        if not missing:
            return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if not may_install:
        fail(
            f"system packages are missing: {', '.join(missing)}.",
            f"Run `sudo apt-get update && sudo {shlex.join(command)}` and try again.",
        )
    say(f"installing system packages: {' '.join(missing)}")
    run(command, environment={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    still_missing = [name for name in missing if not SYSTEM_PACKAGES[name]()]
    if still_missing:
        fail(
            f"{', '.join(still_missing)} did not become available for {sys.executable}.",
            "Use the system's own Python: `make PYTHON=/usr/bin/python3 demo`.",
        )


def missing_system_packages() -> list[str]:
    """Debian packages that are needed and not there."""
    waived = waived_packages()
    return [name for name, present in SYSTEM_PACKAGES.items() if name not in waived and not present()]


def waived_packages() -> list[str]:
    """Packages that this distribution was found not to offer."""
    path = STAMPS / WAIVED
    return path.read_text().split() if path.exists() else []


def is_offered(package: str) -> bool:
    """Whether apt could install a package; true as long as apt has not asked what there is."""
    if not any(APT_LISTS.glob("*_Packages*")):
        return True
    policy = subprocess.run(
        ["apt-cache", "policy", package], env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True
    ).stdout
    return "Candidate:" in policy and "Candidate: (none)" not in policy


def create_venv() -> None:
    """Create `.venv` from the lock file and repair the paths in the ROS wheels."""
    python = Path(sys.executable).resolve()  # not that of `.venv`, which a shell that has sourced env.sh finds first
    # What was built with another Python, or in another folder, cannot be built on.
    for old in (VENV, INSTALL, *(ROOT / "build").glob("[!.]*")):
        if old.is_dir():
            shutil.rmtree(old)
    say(f"creating {VENV.name} from {lock_file().relative_to(ROOT)}")
    run([python, "-m", "venv", VENV])
    pip = [VENV / "bin/pip", "install"]
    run([*pip, "--no-deps", "--requirement", lock_file()], log=ROOT / "log" / "pip.txt")
    # Torch has wheels with and without GPU libraries: what the one that was chosen wants is not in the lock file.
    run([*pip, "--constraint", lock_file(), "torch"], log=ROOT / "log" / "pip-torch.txt")
    patch_ros_wheels()


def patch_ros_wheels() -> None:
    """Point the CMake files of the ROS wheels at this machine's Python and numpy headers.

    They name the include folders of the machine that built them.
    """
    numpy_include = subprocess.check_output(
        [VENV / "bin/python", "-c", "import numpy; print(numpy.get_include())"], text=True
    ).strip()
    replacements = (
        (r"/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages/numpy/_core/include", numpy_include),
        (r"/opt/python/cp3\d+-cp3\d+/include/python3\.\d+", sysconfig.get_path("include")),
    )
    for path in (VENV / "share").glob("*/cmake/*.cmake"):
        text = patched = path.read_text()
        for pattern, replacement in replacements:
            patched = re.sub(pattern, lambda _, text=replacement: text, patched)
        if patched != text:
            path.write_text(patched)
            if "/opt/python/" in patched:
                fail(f"{path} still names the folders of the machine that built it.", "Please report this file.")


def build_workspace() -> None:
    """Build `underlay/` and `src/` with colcon, and write the environment file."""
    say("building underlay/ and src/ with colcon")
    environment = wheel_environment()
    # One by one: underlay/COLCON_IGNORE keeps the folder out of builds on a real distribution.
    underlay = sorted(path.parent for path in (ROOT / "underlay").glob("*/package.xml"))
    run(
        [
            VENV / "bin/colcon",
            "--log-base",
            "log",
            "build",
            "--base-paths",
            *underlay,
            "src",
            "--symlink-install",
            "--event-handlers",
            "console_direct-",
            "console_cohesion-",
            "console_stderr-",
            "summary+",
            "--cmake-args",
            "-GNinja",
            "-DBUILD_TESTING=OFF",
            f"-DPython3_EXECUTABLE={VENV / 'bin/python'}",
            "-Wno-dev",
            "--no-warn-unused-cli",
        ],
        environment=environment,
        log=ROOT / "log" / "build.txt",
    )
    write_environment(environment)


def wheel_environment() -> dict[str, str]:
    """The variables under which the ROS wheels and colcon work, as a whole environment."""
    libraries = [VENV / "lib", *sorted(site_packages().glob("ros_*.libs"))]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AMENT_", "COLCON_", "ROS_", "PYTHON"))}
    return inherited | {
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "AMENT_PREFIX_PATH": str(VENV),
        "CMAKE_PREFIX_PATH": str(VENV),
        "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",  # else every Python start executes itself twice
        "ROS_DISTRO": "jazzy",
        "ROS_VERSION": "2",
        "ROS_PYTHON_VERSION": "3",
        DISCOVERY: "LOCALHOST",
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "config/dds/fastdds.xml"),  # room for images
    }


def write_environment(environment: dict[str, str]) -> None:
    """Write the sourced workspace as plain exports, so that entering it takes no time.

    colcon puts no executables on PATH, and without ROS there is no `ros2 run`: `grasp` and `launch` are added.
    """
    printed = subprocess.check_output(
        ["bash", "-c", f"source {shlex.quote(str(INSTALL / 'setup.bash'))} && env -0"], env=environment, text=True
    )
    sourced = dict(pair.split("=", 1) for pair in printed.split("\0") if "=" in pair)
    lines = ["# Written by tools/bootstrap.py; sourced by env.sh."]
    appended = {"PATH", "LD_LIBRARY_PATH", "PYTHONPATH"}
    own = ("AMENT_", "CMAKE_PREFIX_PATH", "COLCON_", "FASTRTPS_", "ROS_", "_ROS_", "VIRTUAL_ENV")  # even if set already
    for name in sorted(sourced):
        value = sourced[name]
        if name == "PATH":
            value = f"{COMMANDS}:{value.removesuffix(os.environ['PATH']).rstrip(':')}"
        if name == DISCOVERY:  # one's own choice counts
            lines.append(f'export {name}="${{{name}:-{value}}}"')
        elif name in appended:
            lines.append(f'export {name}={shlex.quote(value)}"${{{name}:+:${name}}}"')
        elif name.startswith(own) or (value != os.environ.get(name) and name not in ("_", "PWD", "SHLVL", "OLDPWD")):
            lines.append(f"export {name}={shlex.quote(value)}")
    temporary = ENVIRONMENT.with_suffix(".tmp")
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(ENVIRONMENT)


def build_inputs() -> list[Path]:
    """Files whose change makes a new build necessary.

    Python modules are not among them: `--symlink-install` uses them where they stand. The names of
    what `grasp_bringup` installs count, too: see `installed_names`.
    """
    names = ("package.xml", "CMakeLists.txt", "setup.py", "setup.cfg")
    suffixes = (".msg", ".srv", ".action")
    return sorted(
        path
        for folder in ("underlay", "src")
        for path in (ROOT / folder).rglob("*")
        if path.name in names or path.suffix in suffixes
    )


def installed_names() -> str:
    """Names of the files that are installed by link: contents may change, the list may not."""
    folders = ("launch", "config", "models")
    return "\n".join(sorted(str(p.relative_to(ROOT)) for f in folders for p in (ROOT / f).rglob("*") if p.is_file()))


def digest(name: str) -> str:
    """What a step depends on, as one hash."""
    place, inputs = str((sys.version_info[:2], ROOT)), []
    if name == "workspace":
        place += installed_names()
        inputs = [Path(__file__), *build_inputs()]
    hashed = hashlib.sha256(place.encode())
    for path in (lock_file(), *inputs):
        hashed.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()


def is_done(name: str) -> bool:
    """Whether a step has finished with the same inputs."""
    stamp = STAMPS / f"{name}.sha256"
    made = {"venv": VENV / "bin/python", "workspace": ENVIRONMENT}[name]
    return made.exists() and stamp.exists() and stamp.read_text() == digest(name)


def step(name: str, action) -> None:
    """Run `action` unless it is done."""
    if is_done(name):
        return
    stamp, inputs = STAMPS / f"{name}.sha256", digest(name)  # as they are before, should one change meanwhile
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    action()
    stamp.write_text(inputs)
    say(f"{name} ready after {time.monotonic() - started:.0f} s")


def run(command: list, environment: dict[str, str] | None = None, log: Path | None = None) -> None:
    """Run a command in the repository; on failure show what it said and stop."""
    command = [str(part) for part in command]
    if log is None:
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    else:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as file:
            code = subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT).returncode
        if code:
            print(log.read_text()[-8000:], file=sys.stderr)
    if code:
        fail(f"`{shlex.join(command)}` ended with exit code {code}.", "The lines above say why.")


def lock_file() -> Path:
    """The lock file of this Python."""
    return ROOT / "requirements" / f"py{sys.version_info[0]}{sys.version_info[1]}.txt"


def site_packages() -> Path:
    """Where `.venv` keeps its packages."""
    return VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def _has_module(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


def _has_library(name: str) -> bool:
    return any(Path("/usr/lib").glob(f"*/{name}"))


def say(text: str) -> None:
    """Tell the user what is going on."""
    print(f"[set-up] {text}", flush=True)


def fail(what: str, remedy: str) -> None:
    """Stop with what is wrong and what to do about it."""
    sys.exit(f"[set-up] {what}\n         {remedy}")


if __name__ == "__main__":
    main()

from itertools import groupby
from pathlib import Path

from setuptools import find_packages, setup

package_name = "grasp_bringup"

# `launch/`, `config/` and `models/` stand at the top of the repository and are installed from here.
here = Path(__file__).parent
repository = Path("..", "..")


def shared_files(folder):
    """(destination, files) of everything below a top-level folder of the repository."""
    files = sorted(p for p in (here / repository / folder).rglob("*") if p.is_file())
    for parent, group in groupby(files, key=lambda p: p.parent):
        destination = parent.resolve().relative_to((here / repository).resolve())
        yield (
            str(Path("share", package_name, destination)),
            [str(repository / destination / file.name) for file in group],
        )


setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        *shared_files("launch"),
        *shared_files("config"),
        *shared_files("models"),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="Grasping stack maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Launch files, configuration and models of the grasping stack, and its command line.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "grasp = grasp_bringup.cli:main",
            "launch = grasp_bringup.launch.run:main",
            "recorder = grasp_bringup.nodes.recorder:main",
        ],
    },
)

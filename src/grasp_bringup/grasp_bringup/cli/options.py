"""What several commands take alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_share_directory

from grasp_perception.configuration import ConfigurationError


def share() -> Path:
    """What the repository's top-level folders are installed as."""
    return Path(get_package_share_directory("grasp_bringup"))


def planner_options(pairs: list[str]) -> dict[str, Any]:
    """Options of a planner, each given as NAME=VALUE, the value in YAML.

    Raises:
        ConfigurationError: One is not.
    """
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise ConfigurationError(f"an option is NAME=VALUE, got '{pair}'")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"the value of option {name} is not YAML: {value}") from error
    return options

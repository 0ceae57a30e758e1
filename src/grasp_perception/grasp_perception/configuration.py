"""Configuration files: YAML, checked by pydantic models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self

Vector3 = Annotated[tuple[float, float, float], Field(description="x, y, z in metres")]
Quaternion = Annotated[tuple[float, float, float, float], Field(description="x, y, z, w")]


SUFFIXES = (".yaml", ".yml")
LONGEST_SHOWN = 60
"""Characters of a wrong value that are repeated when it is refused."""


class ConfigurationError(ValueError):
    """A configuration file cannot be used; the message names the file, the field and the reason."""


class Configuration(BaseModel):
    """Base of all configuration files: immutable, and a field it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and check a YAML file.

        Raises:
            ConfigurationError: The file is missing, is not YAML, or a field is wrong.
        """
        if not str(path):
            raise ConfigurationError(f"no file was given to read the {cls.__name__} from")
        try:
            content = yaml.safe_load(Path(path).read_text())
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ConfigurationError(f"{path}: {reasons(error)}") from error


def reasons(error: ValidationError, whole: str = "the file") -> str:
    """What is wrong, field by field, in one line.

    Args:
        error: Of a pydantic model.
        whole: What to call that which was checked, where no field is to blame.
    """
    parts = []
    for detail in error.errors():
        where, given = ".".join(map(str, detail["loc"])) or whole, detail["input"]
        parts.append(f"{where}: {detail['msg'].removeprefix('Value error, ')}")
        if given is None or (isinstance(given, (bool, int, float, str)) and len(repr(given)) <= LONGEST_SHOWN):
            parts[-1] += f", got {given!r}"
    return "; ".join(parts)


def named_file(name: str, folder: Path) -> Path:
    """The file of that name in a folder of config/.

    Raises:
        ConfigurationError: There is none; the message lists the names.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise ConfigurationError(f"config/{folder.name} has no '{name}'; there are: {names}")
    return path


def configuration_file(given: str, folder: Path) -> Path:
    """A .yaml file as it is given, a name among those of a folder of config/.

    Raises:
        ConfigurationError: As of `named_file`.
    """
    return Path(given) if Path(given).suffix in SUFFIXES else named_file(given, folder)

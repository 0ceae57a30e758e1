"""Configuration files: YAML, checked by pydantic models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self

Vector3 = Annotated[tuple[float, float, float], Field(description="x, y, z in metres")]
Quaternion = Annotated[tuple[float, float, float, float], Field(description="x, y, z, w")]


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
            reasons = "; ".join(
                f"{'.'.join(map(str, detail['loc'])) or 'the file'}: {detail['msg']}" for detail in error.errors()
            )
            raise ConfigurationError(f"{path}: {reasons}") from error

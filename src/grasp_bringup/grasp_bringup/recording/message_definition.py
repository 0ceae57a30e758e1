"""The text by which a recording explains its messages to programs that do not know them."""

from __future__ import annotations

import re
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

_PRIMITIVE = re.compile(r"bool|byte|char|w?string|float(32|64)|u?int(8|16|32|64)")
_SEPARATOR = "=" * 80
_FIELD = re.compile(r"^\s*([A-Za-z][\w/]*)")


class DefinitionError(Exception):
    """A message type has no definition file; the message names both."""


def message_definition(name: str) -> str:
    """The definition of a message and of all messages in it, in MCAP's `ros2msg` encoding.

    Args:
        name: For example `sensor_msgs/msg/Image`.

    Returns:
        The message's own file, then for each message in it a line of 80 `=`, a line
        `MSG: package/Name`, and that message's file.

    Raises:
        DefinitionError: A definition is not installed.
    """
    package, _, base_name = name.split("/")
    texts: dict[str, str] = {}
    pending = [f"{package}/{base_name}"]
    while pending:
        key = pending.pop()
        if key not in texts:
            texts[key] = _read(key)
            pending += reversed(_used_types(texts[key], key.split("/")[0]))
    (_, own), *others = texts.items()
    return own + "".join(f"{_SEPARATOR}\nMSG: {key}\n{text}" for key, text in others)


def _read(key: str) -> str:
    package, base_name = key.split("/")
    try:
        path = Path(get_package_share_directory(package)) / "msg" / f"{base_name}.msg"
        text = path.read_text()
    except (PackageNotFoundError, OSError) as error:
        raise DefinitionError(f"the definition of {package}/msg/{base_name} is not installed: {error}") from error
    return text if text.endswith("\n") else text + "\n"


def _used_types(text: str, package: str) -> list[str]:
    """The messages that fields of a definition have, as `package/Name`."""
    used = []
    for line in text.splitlines():
        field = _FIELD.match(line.split("#", 1)[0])
        if field is None or _PRIMITIVE.fullmatch(field.group(1)):
            continue
        parts = field.group(1).split("/")
        used.append(f"{parts[0] if len(parts) > 1 else package}/{parts[-1]}")
    return used

"""Reading XML so that errors can name the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from grasp_bringup.launch.errors import LaunchError, LaunchFileError


@dataclass
class Element:
    """An XML element and where it stands."""

    file: Path
    line: int
    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)

    def error(self, message: str) -> LaunchFileError:
        """An error at this element."""
        return LaunchFileError(str(self.file), self.line, f"<{self.tag}>: {message}")


def read_xml(path: Path) -> Element:
    """Read a file; text between elements is ignored, as `ros2 launch` does.

    Raises:
        LaunchError: The file cannot be read.
        LaunchFileError: It is not well-formed.
    """
    open_elements: list[Element] = []
    roots: list[Element] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(path, parser.CurrentLineNumber, tag, attributes)
        (open_elements[-1].children if open_elements else roots).append(element)
        open_elements.append(element)

    def end(tag: str) -> None:
        open_elements.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as error:
        raise LaunchError(f"cannot read the launch file {path}: {error.strerror}") from error
    except expat.ExpatError as error:
        raise LaunchFileError(
            str(path), error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}"
        ) from error
    return roots[0]

from pathlib import Path

import pytest
from pydantic import Field

from grasp_perception.configuration import Configuration, ConfigurationError, configuration_file, named_file


class Gauge(Configuration):
    size: float = Field(gt=0)
    name: str = "gauge"


def load(tmp_path, content: str | bytes):
    path = tmp_path / "gauge.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Gauge.load(path)


def test_a_good_file(tmp_path):
    gauge = load(tmp_path, "size: 2\n")
    assert (gauge.size, gauge.name) == (2.0, "gauge")
    with pytest.raises(ValueError, match="frozen"):
        gauge.size = 3.0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("size: -1", "size: Input should be greater than 0"),
        ("size: wide", "size: Input should be a valid number"),
        ("size: .nan", "size: Input should be"),
        ("size: .inf", "finite"),
        ("size: 1\nsise: 2", "sise: Extra inputs"),
        ("name: x", "size: Field required"),
        ("", "the file: Input should be"),
        ("- 1", "the file: Input should be"),
        ("size: red", r"yaml: size: Input should be a valid number, .*, got 'red'$"),
        ("size: null\nname: 3", r"size: .* valid number, got None; name: Input should be a valid string, got 3$"),
        (f"size: {'x' * 70}", "unable to parse string as a number$"),
        ("size: [1", "not valid YAML"),
        (b"\x80\x81\xff", "not valid YAML"),
    ],
)
def test_bad_files_are_named_with_field_and_reason(tmp_path, content, reason):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        load(tmp_path, content)
    assert "gauge.yaml" in str(caught.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot read .*nothing\.yaml: No such file"):
        Gauge.load(tmp_path / "nothing.yaml")
    with pytest.raises(ConfigurationError, match="Is a directory"):
        Gauge.load(tmp_path)
    with pytest.raises(ConfigurationError, match="no file was given to read the Gauge from"):
        Gauge.load("")


def test_files_are_found_by_name_or_taken_as_given(tmp_path):
    folder = tmp_path / "gauges"
    folder.mkdir()
    for name in ("thin", "thick"):
        (folder / f"{name}.yaml").touch()
    assert named_file("thin", folder) == configuration_file("thin", folder) == folder / "thin.yaml"
    assert configuration_file("my/own.yaml", folder) == Path("my/own.yaml")
    with pytest.raises(ConfigurationError, match=r"^config/gauges has no 'big'; there are: thick, thin$"):
        configuration_file("big", folder)

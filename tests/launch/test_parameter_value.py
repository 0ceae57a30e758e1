"""The expected values are what launch and launch_ros of Jazzy give for the same input."""

from __future__ import annotations

from pathlib import Path

import pytest

from grasp_bringup.launch.parameter_value import ParameterValueError, parameter_value
from grasp_bringup.launch.substitution import Scope

SCOPE = Scope({"x": "1", "list": "[1, 2]", "path": "/a b", "none": "['']"}, {}, Path())


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("5", None, 5),
        ("5.0", None, 5.0),
        ("'5'", None, "5"),
        ("true", None, True),
        ("yes", None, True),
        ("1e3", None, "1e3"),
        ("/a/b", None, "/a/b"),
        ("", None, ""),
        ("[]", None, []),
        ("[1, 2]", None, [1, 2]),
        ("[a, b]", None, ["a", "b"]),
        ("3", "yaml", 3),
        ("5", "float", 5.0),
        ("1e-3", "float", 0.001),
        ("5", "str", "5"),
        ("1", "bool", True),
        ("[1.0, 2.0]", "list_of_float", [1.0, 2.0]),
        ("$(var x)", None, 1),
        ("'$(var x)'", None, 1),
        ("$(var x)", "str", "1"),
        ("$(var x)", "float", 1.0),
        ("$(var x)", "bool", True),
        ("$(var path)/c", None, "/a b/c"),
        ("$(var list)", None, [1, 2]),
        ("$(var none)", None, [""]),
        ("['a', $(var x)]", "list_of_str", ["a", "1"]),
        ("[$(var x), 2]", "list_of_int", [1, 2]),
    ],
)
def test_value(text, kind, expected):
    value = parameter_value(text, kind, SCOPE)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("x", "int", "'x' is not of type int"),
        ("5.5", "int", "'5.5' is not of type int"),
        ("$(var path)", "float", "'/a b' is not of type float"),
        ("[1, 2]", "list_of_float", "'\\[1, 2\\]' is not of type list_of_float"),
        ("$(var list)", "list_of_int", "is not of type list_of_int"),
        ("1", "list_of_int", "is not of type list_of_int"),
        ("[a, $(var x)]", None, "one type"),
        ("[1, 2.5]", None, "one type"),
        ("a: b", None, "'a: b' is not of type bool, int, float or str"),
        ("null", None, "'null' is not of type"),
        ("2024-01-01", None, "is not of type"),
        ("[", None, 'is not YAML; if it is meant as text, say type="str"'),
        ("1", "double", "type 'double' is not one of: str, bool, int, float, list_of_str"),
    ],
)
def test_errors(text, kind, message):
    with pytest.raises(ParameterValueError, match=message):
        parameter_value(text, kind, SCOPE)

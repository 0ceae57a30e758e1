"""The expected texts are what the launch package of Jazzy gives for the same input."""

from __future__ import annotations

from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory

from grasp_bringup.launch.errors import LaunchError
from grasp_bringup.launch.substitution import Scope, SubstitutionError, parse, perform, truth


@pytest.fixture
def scope() -> Scope:
    return Scope({"empty": "", "two": "x y", "one": "1", "name": "one"}, {"HOME": "/home/me"}, Path("/files"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("it's 5 $ (plain)", "it's 5 $ (plain)"),
        ("$(var one)", "1"),
        ("a $(var two) b", "a x y b"),
        ("$(var $(var name))", "1"),
        ("$(var 'one')", "1"),
        ('$(var "one")', "1"),
        ("$(var missing $(var one))", "1"),
        ("$(env HOME)", "/home/me"),
        ("$(env MISSING 'a b')", "a b"),
        ("$(env MISSING '')", ""),
        ("$(env MISSING '$(var two)!')", "x y!"),
        (r"\$(var one) c\\d", r"$(var one) c\d"),
        ("$(dirname)/f", "/files/f"),
        ("$(not 1)", "false"),
        ("$(not 'False')", "true"),
        ("$(equals 1 1.0)", "true"),
        ("$(equals true 1)", "true"),
        ("$(equals a A)", "false"),
        ("$(equals x$(var empty) x)", "true"),
        ("$(equals x$(var one) x)", "false"),
        ("$(not-equals $(var one) 2)", "true"),
        ("$(not $(equals $(var one) 2))", "true"),
    ],
)
def test_perform(scope, text, expected):
    assert perform(parse(text), scope) == expected


def test_find_pkg_share(scope):
    assert perform(parse("$(find-pkg-share grasp_bringup)/x"), scope) == (
        get_package_share_directory("grasp_bringup") + "/x"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$(var missing)", "there is no argument 'missing'"),
        ("$(env MISSING)", "there is no environment variable 'MISSING'"),
        ("$(find-pkg-share nothing_here)", "package 'nothing_here' is not installed"),
        ("$(eval 1)", "$(eval ...) is not one of the substitutions this runner knows: dirname, env, equals"),
        ("$(dirname x)", "$(dirname ...) takes 0 arguments, not 1"),
        ("$(equals 1)", "$(equals ...) takes 2 arguments, not 1"),
        ("$(equals $(var one) '')", "compares with '[]' in ros2 launch"),
        ("$(var one", "not closed"),
        ("$(var 'one)", "a quote ' is not closed"),
        ("$(var  one)", "separated by one space"),
        ("$(var one )", "separated by one space"),
        (r"$(env MISSING a\ b)", "must stand in quotes"),
        ("$(var a(b))", "not closed"),
        ("$()", "a substitution has no name"),
        ("$(not maybe)", "must be true, 1, false or 0, but is 'maybe'"),
    ],
)
def test_errors(scope, text, message):
    with pytest.raises(LaunchError) as error:
        perform(parse(text), scope)
    assert message in str(error.value)


def test_truth():
    assert [truth(text) for text in ("true", "1", " TRUE ", "false", "0", "False")] == [True] * 3 + [False] * 3
    with pytest.raises(SubstitutionError, match="but is 'yes'"):
        truth("yes")

"""From a launch file to the nodes it asks for."""

from __future__ import annotations

import pytest

from grasp_bringup.launch.errors import LaunchError, LaunchFileError
from grasp_bringup.launch.reader import read_launch_file

NODE = '<node pkg="p" exec="e" {}/>'


def read(stub, body, **arguments):
    return read_launch_file(stub.launch_file(body), arguments)


def names(description):
    return [node.name for node in description.nodes]


def test_a_node_with_everything(stub, tmp_path):
    file = tmp_path / "parameters.yaml"
    file.write_text("")
    body = f"""
        <let name="path" value="/a b"/>
        <node pkg="p" exec="e" name="n" namespace="ns" output="both" on_exit="shutdown"
              args="--file $(var path) 'c d' x$(var path)y" ros_args="--log-level debug">
          <param from="{file}"/>
          <param name="rate" value="2" type="float"/>
          <remap from="a" to="$(var path)"/>
          <env name="ONE" value="1"/>
        </node>
    """
    (node,) = read(stub, body).nodes
    assert (node.package, node.executable, node.name, node.namespace) == ("p", "e", "n", "/ns")
    assert (node.output, node.required) == ("both", True)
    assert node.arguments == ("--file", "/a b", "c d", "x/a by")
    assert node.ros_arguments == ("--log-level", "debug")
    assert node.remappings == (("a", "/a b"),)
    assert node.parameters == (file, {"rate": 2.0})
    assert node.environment["ONE"] == "1"
    assert node.qualified_name == "/ns/n"


def test_what_a_node_is_when_nothing_is_said(stub):
    (node,) = read(stub, NODE.format("")).nodes
    assert (node.name, node.namespace, node.output, node.required) == (None, None, "log", False)
    assert node.qualified_name == "/**"


def test_conditions(stub):
    body = "".join(
        NODE.format(f'name="{name}" {condition}')
        for name, condition in {
            "a": 'if="true"',
            "b": 'if="0"',
            "c": 'unless="$(var no)"',
            "d": 'unless="1"',
            "e": 'if="$(not $(equals x$(var text) x))"',
        }.items()
    )
    arguments = '<arg name="no" default="false"/><arg name="text" default=""/>'
    assert names(read(stub, arguments + body)) == ["a", "c"]
    assert names(read(stub, arguments + body, text="something")) == ["a", "c", "e"]


def test_arguments_defaults_and_choices(stub):
    body = """
        <arg name="a" default="1" description="The first."/>
        <arg name="b" default="$(var a)2"><choice value="12"/><choice value="92"/></arg>
        <log message="$(var a) $(var b)"/>
    """
    description = read(stub, body)
    assert description.messages == ["1 12"]
    assert description.arguments["a"].description == "The first."
    assert description.arguments["b"].default == "$(var a)2"
    assert description.arguments["b"].choices == ("12", "92")
    assert read(stub, body, a="9").messages == ["9 92"]
    with pytest.raises(LaunchFileError, match="the argument 'b' is '52', but must be one of: 12, 92"):
        read(stub, body, a="5")


def test_a_default_is_not_looked_at_when_a_value_is_given(stub):
    assert read(stub, '<arg name="a" default="$(env MISSING)"/><log message="$(var a)"/>', a="1").messages == ["1"]


def test_groups_keep_what_they_set(stub):
    body = """
        <let name="x" value="outer"/>
        <group>
          <let name="x" value="inner"/>
          <set_env name="ONE" value="1"/>
          <node pkg="p" exec="e" name="$(var x)"/>
        </group>
        <node pkg="p" exec="e" name="$(var x)"/>
        <group scoped="false"><let name="x" value="inner"/></group>
        <node pkg="p" exec="e" name="$(var x)"/>
    """
    nodes = read(stub, body).nodes
    assert [node.name for node in nodes] == ["inner", "outer", "inner"]
    assert [node.environment.get("ONE") for node in nodes] == ["1", None, None]


def test_namespaces(stub):
    body = f"""
        <push_ros_namespace namespace="a"/>
        <group><push_ros_namespace namespace="b"/>{NODE.format('namespace="c"')}{NODE.format("")}</group>
        {NODE.format('namespace="/c"')}
    """
    assert [node.namespace for node in read(stub, body).nodes] == ["/a/b/c", "/a/b", "/c"]


def test_include_gives_arguments_and_knows_its_folder(stub):
    (stub.share / "sub").mkdir()
    stub.launch_file(
        '<arg name="y"/><arg name="z" default="$(var y)4"/><log message="$(dirname) $(var z)"/>', "sub/inner.launch.xml"
    )
    body = """
        <arg name="x" default="3"/>
        <include file="$(dirname)/sub/inner.launch.xml"><arg name="y" value="$(var x)"/></include>
        <log message="$(dirname) $(var y)"/>
    """
    description = read(stub, body)
    assert description.messages == [f"{stub.share}/sub 34", f"{stub.share} 3"]
    assert list(description.arguments) == ["x", "z"]
    assert read(stub, body, z="5").messages[0] == f"{stub.share}/sub 5"


def test_only_arguments_does_not_need_their_values(stub):
    body = """
        <arg name="a"/>
        <group if="$(var a)"><arg name="b" default="1"/></group>
        <node pkg="p" exec="e"><param name="x" value="$(var a)" type="int"/><param from="$(var a)"/></node>
    """
    assert list(read_launch_file(stub.launch_file(body), {}, only_arguments=True).arguments) == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("\n<arg name='a'/>\n\n<bogus/>", 4, "<bogus>: unknown tag inside <launch>; this runner knows: arg, let"),
        ("<timer period='1'/>", 2, "<timer>: unknown tag"),
        ("<node pkg='p' exec='e'>\n<bogus/></node>", 3, "<bogus>: unknown tag inside <node>; this runner knows: param"),
        ("<node pkg='p' exec='e' respawn='true'/>", 2, "unknown attribute `respawn`; this runner knows: pkg, exec"),
        ("<node pkg='p'/>", 2, "the attribute `exec` is missing"),
        ("<arg/>", 2, "the attribute `name` is missing"),
        ("<node pkg='p' exec='e' on_exit='x'/>", 2, "on_exit is 'x', but the only value it can have is 'shutdown'"),
        ("<node pkg='p' exec='e' output='x'/>", 2, "output is 'x', but must be one of: screen, log, both"),
        ("<node pkg='p' exec='e' if='maybe'/>", 2, "a condition must be true, 1, false or 0, but is 'maybe'"),
        ("<node pkg='p' exec='e' if='1' unless='0'/>", 2, "`if` and `unless` cannot be used together"),
        ("<node pkg='p' exec='e' args=\"'\"/>", 2, "No closing quotation"),
        ("<node pkg='p' exec='e'>\n<param name='x'/></node>", 3, "needs either `name` and `value`, or `from`"),
        ("<node pkg='p' exec='e'>\n<param from='/no'/></node>", 3, "there is no parameter file /no"),
        ("<node pkg='p' exec='e'>\n<param name='x' value='y' type='int'/></node>", 3, "'y' is not of type int"),
        ("<log message='$(var x)'/>", 2, "there is no argument 'x'"),
        ("<include file='$(dirname)/test.launch.xml'/>", 2, "includes itself"),
        ("<group><let name='q' value='8'/></group>\n<log message='$(var q)'/>", 3, "there is no argument 'q'"),
    ],
)
def test_errors_name_file_and_line(stub, body, line, message):
    with pytest.raises(LaunchFileError) as error:
        read(stub, body)
    assert str(error.value).startswith(f"{stub.share / 'test.launch.xml'}:{line}: ")
    assert message in str(error.value)


def test_malformed_xml(stub):
    with pytest.raises(LaunchFileError, match=r"test.launch.xml:3: not well-formed XML: mismatched tag"):
        read(stub, "<node>")


def test_another_root(stub, tmp_path):
    path = tmp_path / "x.xml"
    path.write_text("<robot/>")
    with pytest.raises(LaunchFileError, match="the root of a launch file must be <launch>"):
        read_launch_file(path, {})


def test_an_argument_that_no_file_declares(stub):
    with pytest.raises(LaunchError, match=r"test.launch.xml has no argument 'amr'; it has: arm, seed"):
        read(stub, '<arg name="arm" default=""/><arg name="seed" default=""/>', amr="x")

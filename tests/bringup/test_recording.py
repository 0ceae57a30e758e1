"""Recordings are read back with the mcap library's own readers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from mcap.exceptions import EndOfFile
from mcap.reader import make_reader
from mcap.records import Message
from mcap.stream_reader import StreamReader
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import String

from grasp_bringup.recording import recording as recording_module
from grasp_bringup.recording.message_definition import DefinitionError, message_definition
from grasp_bringup.recording.recording import Recording


def parts(definition: str) -> dict[str, str]:
    """Dependencies by name, from a concatenated definition."""
    _, *others = re.split(r"^={80}\n", definition, flags=re.M)
    return {text.split("\n", 1)[0].removeprefix("MSG: "): text.split("\n", 1)[1] for text in others}


def test_definition_holds_all_that_is_inside():
    definition = message_definition("sensor_msgs/msg/Image")
    own = Path(get_package_share_directory("sensor_msgs")) / "msg" / "Image.msg"
    assert definition.startswith(own.read_text())
    assert list(parts(definition)) == ["std_msgs/Header", "builtin_interfaces/Time"]
    assert "string frame_id" in parts(definition)["std_msgs/Header"]


def test_definition_of_arrays_bounded_strings_and_messages_of_the_same_package():
    assert list(parts(message_definition("tf2_msgs/msg/TFMessage"))) == [
        "geometry_msgs/TransformStamped",
        "std_msgs/Header",
        "builtin_interfaces/Time",
        "geometry_msgs/Transform",
        "geometry_msgs/Vector3",
        "geometry_msgs/Quaternion",
    ]
    assert "grasp_msgs/GraspRectangle" in parts(message_definition("grasp_msgs/msg/GraspArray"))
    assert parts(message_definition("diagnostic_msgs/msg/DiagnosticStatus")) == {
        "diagnostic_msgs/KeyValue": parts(message_definition("diagnostic_msgs/msg/DiagnosticArray"))[
            "diagnostic_msgs/KeyValue"
        ]
    }


@pytest.mark.parametrize("name", ["no_such_msgs/msg/X", "std_msgs/msg/NoSuch"])
def test_a_definition_that_is_not_installed(name):
    with pytest.raises(DefinitionError, match=f"the definition of {name} is not installed"):
        message_definition(name)


def test_what_is_written_can_be_read(tmp_path):
    recording = Recording(tmp_path / "new" / "r.mcap")
    recording.add_topic("/text", "std_msgs/msg/String")
    recording.add_topic("/image", "sensor_msgs/msg/Image")
    for number in range(3):
        recording.write("/text", serialize_message(String(data=f"text {number}")), 100 + number, 90 + number)
    image = Image(height=2, width=3, encoding="mono8", step=3, data=b"123456")
    recording.write("/image", serialize_message(image), 200, 190)
    assert recording.counts == {"/text": 3, "/image": 1}
    recording.close()
    recording.close()
    with (tmp_path / "new" / "r.mcap").open("rb") as file:
        reader = make_reader(file)
        assert reader.get_header().profile == "ros2"
        summary = reader.get_summary()
        assert {s.name: s.encoding for s in summary.schemas.values()} == {
            "std_msgs/msg/String": "ros2msg",
            "sensor_msgs/msg/Image": "ros2msg",
        }
        assert {chunk.compression for chunk in summary.chunk_indexes} == {"lz4"}
        messages = list(reader.iter_messages())
    assert [(c.topic, c.message_encoding, m.log_time, m.publish_time, m.sequence) for _, c, m in messages] == [
        ("/text", "cdr", 100, 90, 0),
        ("/text", "cdr", 101, 91, 1),
        ("/text", "cdr", 102, 92, 2),
        ("/image", "cdr", 200, 190, 0),
    ]
    assert deserialize_message(messages[1][2].data, String).data == "text 1"
    assert deserialize_message(messages[3][2].data, Image) == image


def test_a_recording_that_was_cut_off_can_be_read_up_to_its_last_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(recording_module, "CHUNK_SIZE", 1000)
    path = tmp_path / "r.mcap"
    recording = Recording(path)
    recording.add_topic("/text", "std_msgs/msg/String")
    for number in range(10):
        recording.write("/text", serialize_message(String(data="x" * 300)), number, number)
    read = []
    with path.open("rb") as file, pytest.raises(EndOfFile):
        for record in StreamReader(file).records:
            if isinstance(record, Message):
                read.append(record.log_time)
    assert read == list(range(len(read)))
    assert 6 <= len(read) < 10
    recording.close()


def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "r.mcap").write_text("precious")
    with pytest.raises(FileExistsError):
        Recording(tmp_path / "r.mcap")
    assert (tmp_path / "r.mcap").read_text() == "precious"

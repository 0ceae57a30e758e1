"""Files appear whole or not at all, and a folder is held by one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grasp_perception.files import held, write_atomically, write_json


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for content in (b"first", b"second, longer"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_json_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    write_json(tmp_path / "a/b.json", {"a": 1})
    assert (tmp_path / "a/b.json").read_text() == '{\n  "a": 1\n}\n'


def test_it_is_readable_by_whom_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    write_atomically(path, b"old")

    def full_disk(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no/a'$"):
        write_atomically(tmp_path / "no" / "a", b"")


def test_a_folder_in_the_file_s_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError, match=r"/a'$") as raised:
        write_atomically(tmp_path / "a", b"")
    assert raised.value.filename == str(tmp_path / "a")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_the_folder_itself_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError, match=r"'\.'$"):
        write_atomically(Path(), b"")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there/a", tmp_path / "link"
    link.symlink_to("there/a")
    for content in (b"first", b"second"):
        write_atomically(link, content)
        assert link.is_symlink() and target.read_bytes() == content


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_json(pipe, {"a": 1})
        assert reader.communicate(timeout=10)[0] == b'{\n  "a": 1\n}\n'
    assert pipe.is_fifo() and [file.name for file in tmp_path.iterdir()] == ["pipe"]


def test_a_folder_is_held_by_one_process_until_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    holding = "import sys; from pathlib import Path; from grasp_perception.files import held\n"
    holding += "with held(Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "True\n"
        with held(folder) as mine:
            assert not mine
        other.kill()
    with held(folder) as mine:
        assert mine
        with held(folder) as again:
            assert not again
    with held(folder) as mine:
        assert mine

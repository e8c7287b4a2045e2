"""Whatever lies at a path: its size, or a coded sentence, at once."""

import os
import socket
from pathlib import Path

import pytest

from grading.bench.errors import BenchError
from grading.bench.files import file_size
from grading.bench.formats import sniff


def refused(path):
    with pytest.raises(BenchError) as caught:
        file_size(path)
    with pytest.raises(BenchError) as sniffed:
        sniff(path, "model.onnx")
    assert sniffed.value.code == caught.value.code
    assert caught.value.message.endswith(".")
    return caught.value.code, caught.value.outcome


def deny(monkeypatch, method, code):
    def refuse(self, *args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, method, refuse)


def test_a_file_has_its_size(tmp_path):
    (tmp_path / "m").write_bytes(b"1234")
    assert file_size(tmp_path / "m") == 4


@pytest.mark.parametrize("place", ["gone", "m/gone"])
def test_a_missing_file_is_called_missing_and_is_not_the_student_s_fault(tmp_path, place):
    (tmp_path / "m").write_bytes(b"")
    assert refused(tmp_path / place) == ("file_missing", "infrastructure")


def test_a_link_to_nothing_is_called_missing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert refused(tmp_path / "link") == ("file_missing", "infrastructure")


def test_links_in_a_circle_are_unreadable(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "link")
    assert refused(tmp_path / "link") == ("file_unreadable", "infrastructure")


def test_a_folder_is_not_a_file(tmp_path):
    assert refused(tmp_path) == ("not_a_file", "refused")


def test_a_pipe_is_not_a_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == ("not_a_file", "refused")


def test_a_device_is_not_a_file():
    assert refused(Path("/dev/zero")) == ("not_a_file", "refused")


def test_a_socket_is_not_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert refused(tmp_path / "s") == ("not_a_file", "refused")


def test_a_name_too_long_for_the_system_is_unreadable(tmp_path):
    assert refused(tmp_path / ("x" * 300)) == ("file_unreadable", "infrastructure")


def test_a_name_with_a_zero_byte_is_unreadable():
    assert refused(Path("a\0b")) == ("file_unreadable", "infrastructure")


def test_a_name_that_is_no_text_is_told_as_text(tmp_path):
    with pytest.raises(BenchError) as caught:
        file_size(Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff")))
    caught.value.message.encode("utf-8")


@pytest.mark.parametrize("method", ["stat", "open"])
def test_a_file_that_may_not_be_read_is_unreadable(tmp_path, monkeypatch, method):
    (tmp_path / "m").write_bytes(b"1234")
    deny(monkeypatch, method, 13)
    assert refused(tmp_path / "m") == ("file_unreadable", "infrastructure")


def test_a_disk_that_fails_while_it_is_read_is_our_fault(tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(b"1234")
    deny(monkeypatch, "open", 5)
    assert refused(tmp_path / "m") == ("file_unreadable", "infrastructure")

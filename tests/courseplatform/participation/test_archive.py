"""Hostile zips and JSON: a clear sentence with a code, and never much memory."""

import struct
import tracemalloc
import zipfile

import pytest

from courseplatform.core.errors import AppError
from courseplatform.participation.imports import archive
from tests.courseplatform.participation.builders import on_disk, zipped


def code_of(act):
    with pytest.raises(AppError) as refused:
        act()
    assert refused.value.message.endswith(".")
    return refused.value.code


def read(file, name, most=1 << 20):
    with archive.opened(file.path) as opened:
        return opened.read(name, most)


def test_a_bomb_is_stopped_by_what_really_comes_out(tmp_path):
    bomb = zipped(tmp_path, {"channels.json": b" " * (300 << 20)})
    assert bomb.size < 1 << 20
    tracemalloc.start()
    assert code_of(lambda: read(bomb, "channels.json", 32 << 20)) == "unpacks_too_large"
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


def test_many_files_together_are_stopped_too(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_TOTAL_BYTES", 1000)
    file = zipped(tmp_path, {f"{n}.json": b"x" * 400 for n in range(3)})
    with archive.opened(file.path) as opened:
        opened.read("0.json", 500), opened.read("1.json", 500)
        assert code_of(lambda: opened.read("2.json", 500)) == "unpacks_too_large"


def test_a_hundred_thousand_files_are_refused_before_they_are_listed(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as file:
        for n in range(100_000):
            file.writestr(f"general/{n}.json", b"")
    tracemalloc.start()
    assert code_of(lambda: read(on_disk(tmp_path, path.read_bytes(), "a.zip"), "x")) == "too_many_files"
    assert tracemalloc.get_traced_memory()[1] < 60 << 20
    tracemalloc.stop()


def test_a_zip_whose_table_of_contents_is_huge_is_not_opened(tmp_path):
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 500 << 20, 0, 0)
    assert code_of(lambda: read(on_disk(tmp_path, b"PK" + end, "a.zip"), "x")) == "too_many_files"


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + b"x" * 99, b"PK\x05\x06", b"not a zip at all"])
def test_what_is_no_whole_zip_is_said_so(tmp_path, content):
    assert code_of(lambda: read(on_disk(tmp_path, content, "a.zip"), "x")) == "not_a_zip"


def test_a_damaged_zip_is_said_so(tmp_path):
    file = zipped(tmp_path, {"channels.json": b"[" + b"1," * 9000 + b"1]"})
    raw = bytearray(file.path.read_bytes())
    raw[60:90] = b"\xff" * 30
    file.path.write_bytes(raw)
    assert code_of(lambda: read(file, "channels.json")) == "broken_zip"


def test_a_zip_of_an_uncommon_kind_is_refused_before_it_is_unpacked(tmp_path):
    file = zipped(tmp_path, {})
    with zipfile.ZipFile(file.path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("channels.json", "[]")
    assert code_of(lambda: read(file, "channels.json")) == "broken_zip"


def test_a_locked_zip_is_said_so(tmp_path):
    file = zipped(tmp_path, {"a": b"x"})
    raw = file.path.read_bytes().replace(
        b"PK\x01\x02" + b"\x14\x03\x14\x00\x00\x00", b"PK\x01\x02" + b"\x14\x03\x14\x00\x01\x00"
    )
    file.path.write_bytes(raw)
    assert code_of(lambda: read(file, "a")) == "locked_zip"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b.json", "C:\\x.json", "..\\x.json"])
def test_names_that_lead_outside_are_never_read(tmp_path, name):
    with archive.opened(zipped(tmp_path, {name: b"x", "ok.json": b"1"}).path) as opened:
        assert opened.names == {"ok.json"} and opened.odd == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"[" * 200_000 + b"]" * 200_000, "bad_json"), (b'{"a": ' * 200_000, "bad_json"), (b"{", "bad_json"), (b"", "bad_json"), (b'["\xe9"]', "wrong_encoding"),
     (b"[" + b"[]," * 2_000_001 + b"1]", "too_many_values"), (b"1" * 5000, "bad_json")],
)  # fmt: skip
def test_json_that_cannot_be_read_is_said_so(raw, code):
    assert code_of(lambda: archive.parsed(raw, "day.json")) == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_is_read_in_each_encoding_it_may_have(encoding):
    assert archive.parsed('["é"]'.encode(encoding), "day.json") == ["é"]

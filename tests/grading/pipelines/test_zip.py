"""The zip of a pipeline: what it may hold, and what a hostile one does."""

import io
import struct
import zipfile
from itertools import permutations

import pytest

from grading.bench.errors import BenchError
from grading.bench.pipeline_zip import check, unpack
from tests.grading.pipelines.stages import zipped

KEYS, FORMATS, MOST = ("encode", "classify"), ("onnx", "tflite"), 1 << 20
BOTH = [("encode.onnx", b"one"), ("classify.tflite", b"two")]


def checked(path, most=MOST):
    return check(path, KEYS, FORMATS, most)


def tried(path, folder):
    """(outcome of what was refused or "", the files)."""
    try:
        return "", unpack(path, checked(path), folder, MOST)
    except BenchError as error:
        return error.outcome, {}


def refused(path, most=MOST):
    with pytest.raises(BenchError) as found:
        checked(path, most)
    assert found.value.outcome == "refused"
    return found.value


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("members", list(permutations(BOTH)))
def test_a_model_for_each_stage_is_found_in_any_order_and_unpacked(tmp_path, members, method):
    path = zipped(tmp_path / "both.zip", members, method)
    found = checked(path)
    assert found == {"encode": "encode.onnx", "classify": "classify.tflite"}
    files = unpack(path, found, tmp_path, MOST)
    assert [(files[key].name, files[key].read_bytes()) for key in KEYS] == [
        ("encode.onnx", b"one"),
        ("classify.tflite", b"two"),
    ]


def test_large_letters_and_what_a_file_manager_adds_do_no_harm(tmp_path):
    members = [("Encode.ONNX", b"one"), BOTH[1], ("__MACOSX/._encode.onnx", b"x"), (".DS_Store", b"y")]
    path = zipped(tmp_path / "both.zip", members)
    found = checked(path)
    assert found == {"encode": "Encode.ONNX", "classify": "classify.tflite"}
    assert sorted(one.name for one in unpack(path, found, tmp_path, MOST).values()) == [
        "classify.tflite",
        "encode.onnx",
    ]


@pytest.mark.parametrize(
    ("members", "code", "says"),
    [
        (BOTH[:1], "stage_missing", "The stage classify is missing"),
        ([], "stage_missing", "The stages encode and classify are missing"),
        ([*BOTH, ("extra.onnx", b"x")], "unknown_stage", "extra.onnx is the model of no stage"),
        ([*BOTH, ("readme", b"x")], "unknown_stage", "each as .onnx or .tflite"),
        ([BOTH[0], ("classify.pt", b"x")], "wrong_extension", "classify.pt does not end as a model of this lab does"),
        ([*BOTH, ("encode.tflite", b"x")], "stage_twice", "encode.onnx and encode.tflite"),
        ([*BOTH, ("Encode.onnx", b"x")], "stage_twice", "Leave one out"),
        ([("models/encode.onnx", b"x"), BOTH[1]], "in_a_folder", "models/encode.onnx lies in a folder"),
        ([("encode.onnx/", b""), BOTH[1]], "in_a_folder", "without a folder"),
        ([*BOTH, ("nested.zip", b"PK\x03\x04")], "unknown_stage", "nested.zip"),
        ([("../encode.onnx", b"x"), BOTH[1]], "bad_zip", "escaping"),
        ([("/etc/encode.onnx", b"x"), BOTH[1]], "bad_zip", "escaping"),
        ([("C:\\encode.onnx", b"x"), BOTH[1]], "bad_zip", "escaping"),
    ],
)  # fmt: skip
def test_a_wrong_zip_is_refused_with_what_to_do(tmp_path, members, code, says):
    error = refused(zipped(tmp_path / "wrong.zip", members))
    assert (error.code, says in error.message) == (code, True), error.message


@pytest.mark.parametrize("content", [b"", b"\x08\x09ONNX", b"PK", b"PK\x05\x06", b"PK\x03\x04" + b"\0" * 400])
def test_what_is_no_zip_is_said_so(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert refused(path).code in {"empty_file", "not_a_zip", "bad_zip"}


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("encode.onnx")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(*BOTH[1])
    assert refused(path).code == "bad_zip"


def test_a_password_is_refused(tmp_path):
    path = zipped(tmp_path / "locked.zip", BOTH)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert "without a password" in refused(path).message


def test_another_method_than_deflate_is_refused(tmp_path):
    error = refused(zipped(tmp_path / "packed.zip", BOTH, zipfile.ZIP_BZIP2))
    assert (error.code, "deflate" in error.message) == ("bad_zip", True)


def test_a_bomb_is_refused_by_its_directory_alone(tmp_path):
    path = zipped(tmp_path / "bomb.zip", [("encode.onnx", b"\0" * (8 << 20)), BOTH[1]])
    assert refused(path, most=1 << 30).code == "zip_bomb"


def test_more_bytes_than_the_lab_takes_are_refused(tmp_path):
    path = zipped(tmp_path / "large.zip", [("encode.onnx", bytes(range(256)) * 40), BOTH[1]], zipfile.ZIP_STORED)
    error = refused(path, most=10_000)
    assert (error.code, "10,243 bytes" in error.message) == ("too_large", True)


def test_a_directory_that_lies_about_a_size_fills_no_disk(tmp_path):
    """Whoever says 3 bytes and packs 8 MiB is stopped at the limit, or found out by the checksum."""
    path = zipped(tmp_path / "liar.zip", [("encode.onnx", b"\0" * (8 << 20)), BOTH[1]])
    content = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(sign) + offset, 3)
    path.write_bytes(content)
    with pytest.raises(BenchError) as found:
        unpack(path, checked(path), tmp_path, MOST)
    assert found.value.code in {"bad_zip", "too_large"}
    assert sum(one.stat().st_size for one in tmp_path.glob("encode.*")) <= MOST


def test_a_damaged_member_is_refused_when_it_is_unpacked(tmp_path):
    path = zipped(tmp_path / "broken.zip", [("encode.onnx", b"weights" * 100), BOTH[1]], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(BenchError) as found:
        unpack(path, checked(path), tmp_path, MOST)
    assert (found.value.code, found.value.outcome) == ("bad_zip", "refused")


def test_cutting_a_zip_anywhere_gives_a_sentence_and_never_a_fault(tmp_path):
    whole = zipped(tmp_path / "whole.zip", BOTH).read_bytes()
    for end in range(len(whole)):
        path = tmp_path / "cut.zip"
        path.write_bytes(whole[:end])
        assert refused(path).message


def test_changing_any_byte_gives_a_sentence_or_the_same_models(tmp_path):
    whole = zipped(tmp_path / "whole.zip", BOTH).read_bytes()
    for place in range(len(whole)):
        path, folder = tmp_path / "changed.zip", tmp_path / f"out-{place}"
        folder.mkdir()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        outcome, files = tried(path, folder)
        assert outcome in ("", "refused"), place
        assert outcome or [files[key].read_bytes() for key in KEYS] == [b"one", b"two"]


def test_a_zip_inside_a_zip_is_not_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("encode.onnx", b"x")
    path = zipped(tmp_path / "outer.zip", [("encode.onnx", inner.getvalue()), BOTH[1]])
    assert unpack(path, checked(path), tmp_path, MOST)["encode"].read_bytes() == inner.getvalue()

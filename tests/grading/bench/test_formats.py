"""What a file is: by its content, under a name that agrees, and in bounded time."""

import contextlib
import io
import pickle
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.bench import formats
from grading.bench.errors import BenchError
from grading.bench.formats import Format, sniff
from hardware.ondevice.pt2 import MAX_MEMBERS
from tests.parts import ROOT

DEMO = ROOT / "grading" / "demo" / "models"
TORCHSCRIPT = {"m/data.pkl": b"", "m/constants.pkl": b"", "m/code/__torch__.py": b"", "m/version": b"3"}
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def zipped(members, **kwargs):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **kwargs) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def refused(tmp_path, content, name="model.onnx"):
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(BenchError) as caught:
        sniff(path, name)
    assert caught.value.outcome == "refused"
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("digits-wide.onnx", Format.ONNX),
        ("digits-wide.tflite", Format.TFLITE),
        ("digits-wide.pt", Format.TORCHSCRIPT),
        ("digits-narrow.pt2", Format.TORCH_EXPORT),
    ],
)
def test_each_of_the_four_formats_is_known_by_its_content(name, expected):
    assert sniff(DEMO / name, name) is expected


def test_a_name_in_capitals_and_the_second_ending_of_torchscript_are_taken():
    assert sniff(DEMO / "digits-wide.pt", "MODEL.PTH") is Format.TORCHSCRIPT


def test_a_name_that_disagrees_is_told_the_ending_it_needs():
    with pytest.raises(BenchError) as caught:
        sniff(DEMO / "digits-wide.onnx", "model.tflite")
    assert caught.value.code == "wrong_extension"
    assert "ends in .tflite, but the content is an ONNX model. Rename it to end in .onnx" in caught.value.message
    assert caught.value.details == {"format": "onnx"}


def test_a_name_without_an_ending_is_refused():
    with pytest.raises(BenchError, match="ends in nothing"):
        sniff(DEMO / "digits-wide.onnx", "model")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"%PDF-1.7 ...", "pdf_not_model"),
        (b"\x7fELF\x02\x01", "binary_not_model"),
        (b"\x89HDF\r\n\x1a\n", "hdf5_not_model"),
        (b"\x93NUMPY\x01\x00", "checkpoint_not_model"),
        (b"\x1f\x8b\x08\x00", "archive_not_model"),
        (b"\0" * 257 + b"ustar\0", "archive_not_model"),
        (b"GGUF\x03\0\0\0", "gguf_not_model"),
        (pickle.dumps({"a": 1}, protocol=4), "pickle_not_model"),
        (b"cos\nsystem\n(S'true'\ntR.", "pickle_not_model"),
        (b"just some words", "unknown_format"),
        (b"\x08", "unknown_format"),
    ],
)
def test_what_is_handed_in_by_mistake_has_a_code_of_its_own(tmp_path, content, code):
    if content == b"\x08":
        content = b"\x0b\x00"  # a protobuf group: no field of a model
    assert refused(tmp_path, content).code == code


def test_a_report_is_told_that_a_model_goes_here(tmp_path):
    said = "This is a PDF. Here a model is handed in; reports go where the course staff say."
    assert refused(tmp_path, b"%PDF-1.7 ...").message == said


def test_a_compiled_library_is_told_what_to_hand_in(tmp_path):
    message = refused(tmp_path, b"\x7fELF\x02\x01").message
    assert message.startswith("This is a compiled library, as TVM makes them. Hand in, from before compilation, ")
    assert ".onnx" in message


def test_an_unknown_file_is_told_all_formats_that_are_taken(tmp_path):
    message = refused(tmp_path, b"just some words").message
    assert all(ending in message for ending in (".onnx", ".tflite", ".pt ", ".pt2"))


def test_a_state_dict_is_told_to_save_the_graph_too(tmp_path):
    error = refused(tmp_path, zipped({"m/data.pkl": b"", "m/data/0": b"1234"}), "weights.pt")
    assert error.code == "pickle_not_model"
    assert "torch.jit.save" in error.message
    assert "torch.export.save" in error.message


def test_a_checkpoint_of_flower_is_told_to_hand_in_the_model(tmp_path):
    assert refused(tmp_path, zipped({"arr_0.npy": b"\x93NUMPY"}), "round-3.npz").code == "checkpoint_not_model"


def test_a_zip_of_something_else_is_unknown(tmp_path):
    assert refused(tmp_path, zipped({"report/readme.txt": b"hello"}), "model.pt").code == "unknown_format"


@pytest.mark.parametrize("name", ["../evil", "m/../../evil", "/etc/passwd", "m\\..\\evil"])
def test_names_that_leave_the_archive_are_refused(tmp_path, name):
    assert refused(tmp_path, zipped({**TORCHSCRIPT, name: b"x"}), "m.pt").code == "bad_zip"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_names_are_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m/constants.pkl", b"a")
        archive.writestr("m/constants.pkl", b"b")
    assert refused(tmp_path, buffer.getvalue(), "m.pt").code == "bad_zip"


def test_overlapping_members_are_refused(tmp_path):
    content = bytearray(zipped({"m/a": b"x" * 5000, "m/b": b"y" * 5000}))
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 100)  # the header of the second inside the data of the first
    assert refused(tmp_path, bytes(content), "m.pt").code == "bad_zip"


def test_an_encrypted_member_is_refused(tmp_path):
    content = bytearray(zipped(TORCHSCRIPT))
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    assert refused(tmp_path, bytes(content), "m.pt").code == "bad_zip"


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("m/link")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, b"/etc/passwd")
    assert refused(tmp_path, buffer.getvalue(), "m.pt").code == "bad_zip"


def test_an_archive_that_expands_far_beyond_its_size_is_a_bomb(tmp_path):
    content = zipped({**TORCHSCRIPT, "m/data/0": b"\0" * 5_000_000}, compression=zipfile.ZIP_DEFLATED)
    assert refused(tmp_path, content, "m.pt").code == "zip_bomb"


def test_a_deep_model_with_thousands_of_members_is_no_bomb(tmp_path):
    path = tmp_path / "m.pt"
    path.write_bytes(zipped(TORCHSCRIPT | {f"m/data/{n}": b"" for n in range(4000)}))
    assert sniff(path, "m.pt") is Format.TORCHSCRIPT


def test_more_members_than_any_export_has_are_a_bomb(tmp_path):
    assert refused(tmp_path, zipped({f"m/{n}": b"" for n in range(MAX_MEMBERS + 1)}), "m.pt").code == "zip_bomb"


def test_a_directory_of_megabytes_is_not_read(tmp_path):
    content = zipped({f"m/{n}{'x' * 60_000}": b"" for n in range(40)})
    error = refused(tmp_path, content, "m.pt")
    assert error.code == "zip_bomb"
    assert "directory" in error.message


def test_a_claimed_directory_of_gigabytes_costs_no_memory(tmp_path):
    content = bytearray(zipped(TORCHSCRIPT))
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<I", 0xFFFFFFF0)
    assert refused(tmp_path, bytes(content), "m.pt").code == "bad_zip"


@pytest.mark.parametrize("share", [0.2, 0.7, 0.98])
@pytest.mark.parametrize("name", ["digits-wide.pt", "digits-narrow.pt2"])
def test_an_archive_that_was_cut_off_says_so(tmp_path, name, share):
    content = (DEMO / name).read_bytes()
    assert refused(tmp_path, content[: int(len(content) * share)], name).code == "bad_zip"


@fuzz
@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(
            st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x08\x08", b"\x20\0\0\0TFL3", b"\x80\x04"]), st.binary()
        ).map(b"".join),
    ),
    st.text(max_size=20),
)
def test_no_bytes_under_no_name_make_it_raise_anything_else(tmp_path, content, name):
    path = tmp_path / "upload"
    path.write_bytes(content)
    with contextlib.suppress(BenchError):
        assert sniff(path, name) in Format


@fuzz
@given(st.data())
def test_no_flipped_byte_of_an_archive_makes_it_raise_anything_else(tmp_path, data):
    content = bytearray(zipped(TORCHSCRIPT))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "upload"
    path.write_bytes(content)
    with contextlib.suppress(BenchError):
        assert sniff(path, "m.pt") in Format


def test_it_imports_no_runtime():
    """The web process calls it for every upload."""
    source = (ROOT / "grading" / "bench" / "formats.py").read_text(encoding="utf-8")
    assert formats.__name__
    assert not [
        word
        for word in ("import torch", "import onnx", "import numpy", "import pickle", ".extract", "decompress(")
        if word in source
    ]

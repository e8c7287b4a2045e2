"""Files that a runtime would crash on, run as something else, or only refuse when it runs: told before it sees them."""

import io
import zipfile

import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph

from grading.bench.errors import BenchError
from grading.bench.formats import check_zip
from grading.bench.inspection.__main__ import look_into
from grading.bench.inspection.members import check_archive
from grading.bench.inspection.onnx_checks import NEWEST_IR, NEWEST_OPSET
from grading.bench.inspection.tflite_versions import NEWEST
from tests.grading.bench.tiny import CODE, one_tflite, onnx_model
from tests.hostile.bad_files import archive, onnx_files, tflite_files, tflite_graphs
from tests.hostile.bad_files.case import calls
from tests.hostile.bad_files.tflite_build import model_of, packed

# Name of a bad file -> the code, and what the sentence must name.
ONNX = {
    "reshape-unfit": ("damaged_model", "3×3 of 1×4"),
    "gather-far": ("damaged_model", "of 4"),
    "dynamic-unfit": ("unknown_shape", "Reshape"),
    "output-unfit": ("damaged_model", "3 dimensions"),
    "input-negative": ("damaged_model", "-4"),
    "weights-two-fields": ("damaged_model", "twice"),
    "opset-twice": ("damaged_model", "7, 21"),
    "opset0": ("damaged_model", "version 0"),
    "opset99": ("newer_opset", "version 99"),
    "ir-3": ("damaged_model", "-3"),
    "bernoulli": ("random_model", "Bernoulli"),
    "no-type": ("custom_operator", "without a name"),
    "weights-nan": ("weights_not_finite", "dw"),
}
TFLITE = {
    "unsorted": ("unsorted_nodes", "Operator 1 (FULLY_CONNECTED)"),
    "argument-minus": ("damaged_model", "Operator 2 (RELU)"),
    "split-zero": ("damaged_model", "0 parts"),
    "split-many": ("damaged_model", "2,147,483,647 parts"),
    "slice": ("damaged_model", "Operator 1 (SLICE)"),
    "buffer-header": ("damaged_model", "description"),
    "operator-where": ("unknown_shape", "WHERE"),
    "operator-random": ("random_model", "RANDOM_UNIFORM"),
    "arguments-200000": ("too_many_operators", "10,000"),
    "outputs-20000": ("too_many_operators", "inputs or outputs"),
    "scale-nan": ("weights_not_finite", "tensor x"),
    "scale-zero": ("weights_not_finite", "tensor x"),
    "version": ("newer_opset", "9999"),
    "schema-version": ("newer_opset", "99"),
}


@pytest.fixture(scope="module")
def cases():
    made = (*onnx_files.cases(), *tflite_files.cases(), *tflite_graphs.cases())
    return {case.name: case for case in made}


@pytest.mark.parametrize(
    ("model_format", "name", "code", "named"),
    [
        *(("onnx", name, *said) for name, said in ONNX.items()),
        *(("tflite", name, *said) for name, said in TFLITE.items()),
    ],
)
def test_the_fault_and_its_place_are_named(tmp_path, cases, model_format, name, code, named):
    path = tmp_path / "model"
    path.write_bytes(cases[f"{model_format}-{name}.{model_format}"].content)
    with pytest.raises(BenchError) as caught:
        look_into(path, model_format, [])
    assert caught.value.code == code
    assert named in caught.value.message


def loads(path, version):
    """Whether LiteRT takes the one operator of this file in that version."""
    model = model_of(path.read_bytes())
    model.operatorCodes[0].version = version
    try:
        Interpreter(model_content=packed(model))
    except ValueError as error:
        return "Didn't find op" not in str(error)
    return True


@pytest.mark.parametrize("op", ["RELU", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX", "MEAN", "RESHAPE", "GELU"])
def test_the_newest_version_of_an_operator_is_that_of_the_runtime(tmp_path, op):
    path = one_tflite(tmp_path / "m", getattr(CODE, op), ())
    assert op in vars(schema.BuiltinOperator)
    assert loads(path, NEWEST.get(op, 1))
    assert not loads(path, NEWEST.get(op, 1) + 1)


def runs(field, version):
    """Whether ONNX Runtime takes a model that says this of itself."""
    model = onnx_model([onnx_files.node("Relu", ["x"], ["y"])])
    if field == "opset":
        model.opset_import[0].version = version
    else:
        model.ir_version = version
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph):
        return False
    return True


@pytest.mark.parametrize(("field", "newest"), [("opset", NEWEST_OPSET), ("ir", NEWEST_IR)])
def test_the_newest_version_of_onnx_is_that_of_the_runtime(tmp_path, field, newest):
    assert runs(field, newest)
    assert not runs(field, newest + 1)
    model = onnx_files.base()
    if field == "opset":
        model.opset_import[0].version = newest + 1
    else:
        model.ir_version = newest + 1
    (tmp_path / "m").write_bytes(model.SerializeToString())
    with pytest.raises(BenchError) as caught:
        look_into(tmp_path / "m", "onnx", [], weightless=True)
    assert caught.value.code == "newer_opset"
    assert str(newest) in caught.value.message


# -- archives ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["m/extra/notes", "m/data/weight_9", "m/extra/notes.pkl", "m/models/model.pth"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", ["reduce", "stack-global", "inst", "resolve"])
def test_a_call_is_found_under_any_name_and_in_an_archive_inside(member, nested, kind):
    content = archive.zipped({"model/data.pkl": calls()[kind]}) if nested else calls()[kind]
    whole = io.BytesIO(archive.zipped(archive.torchscript() | {member: content}))
    with pytest.raises(BenchError) as caught:
        check_archive(zipfile.ZipFile(whole))
    assert caught.value.code == "code_in_pickle"


def test_numbers_that_begin_as_a_pickle_or_as_an_archive_are_numbers():
    chance = {"m/data/1": b"\x80\x02" + bytes(range(256)) * 40, "m/data/2": b"PK\x03\x04" + bytes(4000)}
    check_archive(zipfile.ZipFile(io.BytesIO(archive.zipped(archive.torchscript() | chance))))


@pytest.mark.parametrize("opened", [b"(" * 3000 + b"t" * 3000, b")" + b"\x85" * 3000, b"]" * 3000 + b"a" * 2999])
def test_values_deep_in_each_other_are_refused(opened):
    whole = io.BytesIO(archive.zipped({"m/data.pkl": b"\x80\x02" + opened + b"."}))
    with pytest.raises(BenchError) as caught:
        check_archive(zipfile.ZipFile(whole))
    assert "deep" in caught.value.message


@pytest.mark.parametrize("size", [3, 31, 36, 4096])
def test_a_record_of_weights_is_as_long_as_its_pickle_says(size):
    whole = io.BytesIO(archive.zipped(archive.torchscript(weights=bytes(size))))
    with pytest.raises(BenchError) as caught:
        check_archive(zipfile.ZipFile(whole))
    assert f"there are {size:,}" in caught.value.message


@pytest.mark.parametrize("tail", [b"x", bytes(70_000), archive.zipped({"n/a": b"x"})])
def test_bytes_behind_an_archive_are_refused(tmp_path, tail):
    path = tmp_path / "m.pt"
    path.write_bytes(archive.zipped(archive.torchscript()))
    assert "m/data.pkl" in check_zip(path)
    path.write_bytes(path.read_bytes() + tail)
    with pytest.raises(BenchError) as caught:
        check_zip(path)
    assert caught.value.code == "bad_zip"

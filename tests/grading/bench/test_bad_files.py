"""Files that no measurement should begin with: each gets a sentence that says what and where. Torch: torch_bad.py."""

import collections
import io
import pickle
import time
import zipfile

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from grading.bench.inspection.members import check_archive
from grading.demo.tflite_builder import Builder
from tests.grading.bench.test_inspection_tflite import rewritten
from tests.grading.bench.tiny import CODE, KIND, NONE, OPTIONS, one_tflite, ones, onnx_model, save_onnx

node = helper.make_node
WORDS = 3


def refused(path, kind):
    begun = time.monotonic()
    with pytest.raises(BenchError) as caught:
        look_into(path, kind, [])
    assert time.monotonic() - begun < 20
    error = caught.value
    assert len(error.message.split()) >= WORDS
    assert "Error" not in error.message
    return error


def onnx_file(tmp_path, *args, **kwargs):
    return save_onnx(tmp_path / "m.onnx", *args, **kwargs)


def holed(value, *shape):
    weight = ones(*shape)
    weight.reshape(-1)[3] = value
    return weight


# -- weights that are no numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_onnx_weights_that_are_no_numbers_are_refused_with_their_name(tmp_path, value, dtype):
    weights = {"weight.of.layer": holed(value, 4, 5).astype(dtype)}
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    path = onnx_file(tmp_path, [node("MatMul", ["x", "weight.of.layer"], ["y"])], weights, [("x", (1, 4), kind)])
    error = refused(path, "onnx")
    assert error.code == "weights_not_finite"
    assert "weight.of.layer (1)" in error.message


def test_a_mask_of_minus_infinity_is_no_weight(tmp_path):
    mask = np.where(np.tri(4) > 0, 0, -np.inf).astype(np.float32)
    steps = [node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "mask"], ["y"])]
    path = onnx_file(tmp_path, steps, {"w": ones(4, 4), "mask": mask}, [("x", (4, 4))])
    assert look_into(path, "onnx", []).params == 16


def test_very_large_weights_are_numbers(tmp_path):
    path = onnx_file(tmp_path, [node("MatMul", ["x", "w"], ["y"])], {"w": np.full((4, 4), 3e38, np.float32)})
    assert look_into(path, "onnx", []).params == 16
    path = onnx_file(
        tmp_path,
        [node("MatMul", ["x", "w"], ["y"])],
        {"w": np.full((4, 4), 1e308)},
        [("x", (1, 4), TensorProto.DOUBLE)],
    )
    assert look_into(path, "onnx", []).params == 16


@pytest.mark.parametrize(("kind", "bits"), [(KIND.FLOAT32, None), (KIND.FLOAT16, None), (KIND.BFLOAT16, 0x7FC0)])
def test_tflite_weights_that_are_no_numbers_are_refused(tmp_path, kind, bits):
    weight = holed(np.nan, 2, 4)
    if kind == KIND.FLOAT16:
        weight = weight.astype(np.float16)
    elif bits:
        weight = np.full((2, 4), 0x3F80, np.uint16)
        weight[0, 3] = bits
    options = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    path = one_tflite(tmp_path / "m.tflite", CODE.FULLY_CONNECTED, [("w", weight, kind)], (1, 4), (1, 2), options)
    error = refused(path, "tflite")
    assert error.code == "weights_not_finite"
    assert "w (1)" in error.message


# -- nothing in a tensor ----------------------------------------------------------------------------------------------


def test_a_tensor_that_holds_nothing_is_refused_with_its_operator(tmp_path):
    cut = {"start": np.array([2], np.int64), "end": np.array([2], np.int64), "axes": np.array([1], np.int64)}
    steps = [node("Slice", ["x", "start", "end", "axes"], ["part"]), node("Concat", ["x", "part"], ["y"], axis=1)]
    error = refused(onnx_file(tmp_path, steps, cut), "onnx")
    assert error.code == "zero_size"
    assert "Operator 1 (Slice)" in error.message
    assert "1×0" in error.message


def test_a_weight_that_holds_nothing_is_refused(tmp_path):
    path = onnx_file(tmp_path, [node("Conv", ["x", "w"], ["y"])], {"w": ones(0, 1, 3, 3)}, [("x", (1, 1, 6, 6))])
    assert refused(path, "onnx").code == "zero_size"


def test_an_empty_input_of_a_resize_is_what_exporters_write(tmp_path):
    weights = {"roi": np.zeros(0, np.float32), "scales": np.array([1, 1, 2, 2], np.float32)}
    path = onnx_file(tmp_path, [node("Resize", ["x", "roi", "scales"], ["y"])], weights, [("x", (1, 1, 4, 4))])
    assert look_into(path, "onnx", []).outputs[0].shape == (1, 1, 8, 8)


def test_a_tflite_tensor_that_holds_nothing_is_refused(tmp_path):
    b = Builder()
    x, m, y = (b.activation(name, shape, KIND.FLOAT32) for name, shape in (("x", (1, 4)), ("m", (0, 4)), ("y", (1, 4))))
    b.operator(CODE.SLICE, [x], m, NONE)
    b.operator(CODE.CONCATENATION, [x, m], y, NONE)
    b.write(tmp_path / "m.tflite", [x], [y])
    assert refused(tmp_path / "m.tflite", "tflite").code == "zero_size"


# -- newer, larger, hidden --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["opset", "ir_version"])
def test_a_newer_version_than_is_known_is_refused_with_both_numbers(tmp_path, field):
    model = onnx_model([node("Relu", ["x"], ["y"])])
    if field == "opset":
        model.opset_import[0].version = 99
    else:
        model.ir_version = 99
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    error = refused(tmp_path / "m.onnx", "onnx")
    assert error.code == "newer_opset"
    assert "99" in error.message
    assert str(onnx.defs.onnx_opset_version() if field == "opset" else onnx.IR_VERSION) in error.message


def test_a_hundred_thousand_operators_are_refused_at_once(tmp_path):
    steps = [node("Relu", [f"t{i}" if i else "x"], [f"t{i + 1}"]) for i in range(100_000)]
    path = onnx_file(tmp_path, steps, outputs=["t100000"])
    assert refused(path, "onnx").code == "too_many_operators"


def test_a_hundred_thousand_operators_of_tflite_are_refused_at_once(tmp_path):
    def many(model):
        model.subgraphs[0].operators *= 100_000

    path = rewritten(one_tflite(tmp_path / "m.tflite", CODE.RELU), many)
    assert refused(path, "tflite").code == "too_many_operators"


def test_training_data_beside_the_graph_may_not_lie_in_another_file(tmp_path):
    model = onnx_model([node("Relu", ["x"], ["y"])])
    outside = model.training_info.add().algorithm.initializer.add(name="w", dims=[1], data_type=1)
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="/etc/passwd")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert refused(tmp_path / "m.onnx", "onnx").code == "external_data"


def test_a_number_that_nobody_reads_must_fill_its_size_too(tmp_path):
    short = TensorProto(dims=[9], data_type=TensorProto.FLOAT, raw_data=b"abcd")
    steps = [node("ConstantOfShape", ["n"], ["c"], value=short), node("Relu", ["x"], ["y"])]
    path = onnx_file(tmp_path, steps, {"n": np.array([2], np.int64)})
    assert refused(path, "onnx").code == "damaged_model"


def second_graph(change):
    def both(model):
        again = schema.ModelT.InitFromObj(schema.Model.GetRootAs(PACKED[0], 0)).subgraphs[0]
        model.subgraphs.append(again)
        change(model, again)

    return both


PACKED = []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda model, graph: setattr(graph.tensors[2], "shape", [9, 9]), "damaged_model"),
        (lambda model, graph: setattr(graph.tensors[2], "buffer", 77), "damaged_model"),
        (lambda model, graph: setattr(model.operatorCodes[1], "customCode", b"FlexErf"), "custom_operator"),
    ],
)
def test_a_second_graph_is_looked_at_too(tmp_path, change, code):
    path = one_tflite(tmp_path / "m.tflite", CODE.ADD, [("w", ones(1, 4), KIND.FLOAT32)])
    PACKED[:] = [path.read_bytes()]

    def both(model):
        if code == "custom_operator":
            model.operatorCodes.append(schema.OperatorCodeT())
            model.operatorCodes[1].builtinCode = CODE.CUSTOM
            model.operatorCodes[1].deprecatedBuiltinCode = CODE.CUSTOM
        second_graph(change)(model)
        if code == "custom_operator":
            model.subgraphs[1].operators[0].opcodeIndex = 1

    assert refused(rewritten(path, both), "tflite").code == code


def test_a_harmless_second_graph_is_said(tmp_path):
    path = one_tflite(tmp_path / "m.tflite", CODE.ADD, [("w", ones(1, 4), KIND.FLOAT32)])
    PACKED[:] = [path.read_bytes()]
    report = look_into(rewritten(path, second_graph(lambda model, graph: None)), "tflite", [])
    assert "more_graphs" in [finding.code for finding in report.findings]


def test_a_buffer_that_nobody_reads_must_lie_in_the_file(tmp_path):
    def away(model):
        model.buffers.append(schema.BufferT())
        model.buffers[-1].offset, model.buffers[-1].size = 1 << 30, 1 << 30

    path = one_tflite(tmp_path / "m.tflite", CODE.RELU)
    assert refused(rewritten(path, away), "tflite").code == "damaged_model"


def test_metadata_must_name_a_buffer_that_exists(tmp_path):
    def lost(model):
        model.metadata = [schema.MetadataT()]
        model.metadata[0].name, model.metadata[0].buffer = "min_runtime_version", 99

    path = one_tflite(tmp_path / "m.tflite", CODE.RELU)
    assert refused(rewritten(path, lost), "tflite").code == "damaged_model"


def test_a_model_of_the_edge_tpu_compiler_is_named(tmp_path):
    def compiled(model):
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = CODE.CUSTOM
        model.operatorCodes[0].customCode = b"edgetpu-custom-op"

    error = refused(rewritten(one_tflite(tmp_path / "m.tflite", CODE.RELU), compiled), "tflite")
    assert error.code == "custom_operator"
    assert "Edge TPU" in error.message


# -- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("bad call in the sample inputs", "code_in_pickle", "io.open"),
        ("bad call in the traced inputs", "code_in_pickle", "posix.system"),
        ("bad call in the debug records", "code_in_pickle", "io.open"),
        ("bad call in the weights", "code_in_pickle", "io.open"),
        ("bad weights cut short", "damaged_model", "bytes"),
        ("bad tensor beyond its storage", "damaged_model", "larger than"),
        ("bad fork", "custom_operator", ""),
        ("bad nan", "weights_not_finite", "(1)"),
        ("bad nan exported", "weights_not_finite", "(1)"),
        ("bad empty", "zero_size", "holds nothing"),
        ("bad length", "too_many_operators", ""),
        ("bad length exported", "too_many_operators", ""),
    ],
)
def test_a_bad_file_of_pytorch_is_refused(answers, folder, name, code, said):
    error = answers[name]["error"]
    assert error["code"] == code
    assert said in error["message"]
    assert answers[name]["seconds"] < 20
    assert not (folder / "marker").exists()


# -- pickles, read without running them -------------------------------------------------------------------------------


def archive_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return zipfile.ZipFile(buffer)


class Calls:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_is_found_in_every_protocol(protocol):
    data = pickle.dumps([1, {"a": (2.5, Calls(print, "x"))}], protocol)
    with pytest.raises(BenchError) as caught:
        check_archive(archive_of({"m/data.pkl": data}))
    assert caught.value.code == "code_in_pickle"
    assert "print" in caught.value.message


@pytest.mark.parametrize(
    "data", [b"\x80\x02}q\x00", b"\x80\x02a.", b"\x80\x02h\x05.", b"garbage", b"\x80\x02t.", b"\x80"]
)
def test_a_pickle_that_is_none_is_damaged(data):
    with pytest.raises(BenchError) as caught:
        check_archive(archive_of({"m/data.pkl": data}))
    assert caught.value.code in ("damaged_model", "code_in_pickle")


@pytest.mark.parametrize(
    "data", [b"cos\nsystem\n.", b"(ios\nsystem\nS'a'\n.", b"\x80\x02\x82\x01.", b"P1\n.", b"\x80\x05\x97."]
)
def test_names_extensions_and_buffers_are_refused_too(data):
    with pytest.raises(BenchError) as caught:
        check_archive(archive_of({"m/data.pkl": data}))
    assert caught.value.code == "code_in_pickle"


@pytest.mark.parametrize(
    "data",
    [b"cos\nsystem\n.", b"(ios\nsystem\nS'a'\n.", pickle.dumps(Calls(print, "x"), 5), pickle.dumps(Calls(time.time), 4)],
)  # fmt: skip
def test_a_call_is_found_where_nobody_calls_it_a_pickle(data):
    with pytest.raises(BenchError) as caught:
        check_archive(archive_of({"m/data/7": pickle.dumps(1) + data}))
    assert caught.value.code == "code_in_pickle"


@pytest.mark.parametrize("data", [b"N\x82\xbc.", b"\x97\x93.", b"c\xc3\xa9\n\x01\n.", b"]\x8c\x01\x02\x93."])
def test_numbers_that_read_like_steps_of_a_pickle_are_numbers(data):
    check_archive(archive_of({"m/data/7": data + bytes(60)}))


def test_plain_values_are_harmless():
    values = [
        1,
        2**70,
        -1,
        1.5,
        "text",
        b"bytes",
        None,
        True,
        (1, 2, 3, 4),
        {"a": [1, 2]},
        collections.OrderedDict(a=1),
        {1, 2},
    ]
    for protocol in range(2, 5):
        data = pickle.dumps(values, protocol)
        check_archive(archive_of({"m/data.pkl": data * 2}))


def test_archives_in_archives_end_somewhere():
    data = pickle.dumps(1)
    for _ in range(4):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("data.pkl", data)
        data = inner.getvalue()
    with pytest.raises(BenchError) as caught:
        check_archive(archive_of({"m/data.pkl": data}))
    assert caught.value.code == "too_large"

"""ONNX files: counted as they are stored, and refused with a code before anything in them expands."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from grading.bench.errors import BenchError
from grading.bench.inspection import onnx_format
from grading.bench.inspection.onnx_operators import COUNTED
from grading.bench.report import report_of
from tests.grading.bench import tiny
from tests.grading.bench.tiny import ones, onnx_model, save_onnx

node = helper.make_node


def inspect(path, shapes=()):
    return report_of(onnx_format.read(path, list(shapes)), size=path.stat().st_size, sha256="0" * 64)


def report(tmp_path, *args, **kwargs):
    return inspect(save_onnx(tmp_path / "model.onnx", *args, **kwargs))


def refused(path):
    with pytest.raises(BenchError) as caught:
        inspect(path)
    assert caught.value.outcome == "refused"
    assert caught.value.message.endswith(".")
    return caught.value


def stored(name, kind, dims, data=b""):
    tensor = TensorProto(name=name, data_type=kind, raw_data=data)
    tensor.dims.extend(dims)
    return tensor


def external(name="w"):
    tensor = stored(name, TensorProto.FLOAT, (4, 2))
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


# -- counting ---------------------------------------------------------------------------------------------------------


def test_the_tiny_network_is_counted_as_by_hand(tmp_path):
    found = inspect(tiny.tiny_onnx(tmp_path / "tiny.onnx"))
    assert (found.macs, found.params, found.peak_activation_bytes) == (tiny.MACS, tiny.PARAMS, tiny.PEAK_BYTES)
    assert [operator.op_class for operator in found.operators] == ["conv", "activation", "pool", "reshape", "dense"]
    assert found.operators[found.peak_operator].op == "Relu"


def test_a_free_batch_is_measured_with_one_and_said(tmp_path):
    found = inspect(tiny.tiny_onnx(tmp_path / "tiny.onnx", batch="N"))
    assert found.inputs[0].shape == (1, 1, 6, 6)
    assert [finding.code for finding in found.findings] == ["free_size"]
    assert found.macs == tiny.MACS


def test_a_free_size_is_that_of_the_lab_where_it_gives_one(tmp_path):
    found = inspect(tiny.tiny_onnx(tmp_path / "tiny.onnx", batch="N"), [(2, 1, 6, 6)])
    assert found.inputs[0].shape == (2, 1, 6, 6)
    assert found.macs == 2 * tiny.MACS


@pytest.mark.parametrize(
    ("nodes", "weights", "shape", "macs", "op_class"),
    [
        ([node("Conv", ["x", "w"], ["y"], group=4)], {"w": ones(4, 1, 3, 3)}, (1, 4, 5, 5), 4 * 9 * 9, "depthwise"),
        ([node("Conv", ["x", "w"], ["y"], group=2)], {"w": ones(4, 2, 3, 3)}, (1, 4, 5, 5), 4 * 9 * 18, "conv"),
        ([node("ConvTranspose", ["x", "w"], ["y"])], {"w": ones(4, 2, 3, 3)}, (1, 4, 5, 5), 4 * 25 * 2 * 9, "conv"),
        ([node("MatMul", ["x", "w"], ["y"])], {"w": ones(4, 3)}, (5, 4), 5 * 4 * 3, "dense"),
        ([node("Gemm", ["x", "w"], ["y"], transA=1)], {"w": ones(5, 3)}, (5, 4), 4 * 5 * 3, "dense"),
        ([node("Einsum", ["x", "w"], ["y"], equation="bi,io->bo")], {"w": ones(4, 3)}, (5, 4), 5 * 4 * 3, "matmul"),
        (
            [node("LSTM", ["x", "w", "r"], ["y"], hidden_size=3)],
            {"w": ones(1, 12, 4), "r": ones(1, 12, 3)}, (7, 1, 4), 7 * 12 * (4 + 3), "dense",
        ),
        ([node("MatMul", ["x", "x"], ["y"])], {}, (4, 4), 4 * 4 * 4, "matmul"),
        ([node("BatchNormalization", ["x", *"wbmv"], ["y"])], {n: ones(4) for n in "wbmv"}, (1, 4), 0, "normalise"),
    ],
)  # fmt: skip
def test_macs_and_class_of_one_operator(tmp_path, nodes, weights, shape, macs, op_class):
    found = report(tmp_path, nodes, weights, [("x", shape)])
    assert (found.macs, found.operators[0].op_class) == (macs, op_class)


def test_of_batch_normalisation_only_what_is_trained_counts(tmp_path):
    nodes = [node("BatchNormalization", ["x", *"wbmv"], ["y"])]
    assert report(tmp_path, nodes, {name: ones(4) for name in "wbmv"}).params == 8


def test_weights_behind_dequantize_count_in_the_bits_they_are_stored_in(tmp_path):
    weights = {
        "q": np.array([[7, 0], [7, 7], [1, 2], [3, 7]], np.int8),
        "scale": np.array(0.5, np.float32),
        "zero": np.array(7, np.int8),
    }
    nodes = [node("DequantizeLinear", ["q", "scale", "zero"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, weights)
    assert (found.params, found.macs, found.weight_bits) == (8, 8, {"8": 1.0})
    assert found.sparsity == 4 / 8  # equal to the zero point, not to 0
    assert len(found.operators) == 1


def test_zero_points_for_each_channel_are_told_apart(tmp_path):
    weights = {
        "q": np.array([[1, 1], [1, 2]], np.int8), "scale": ones(2), "zero": np.array([1, 2], np.int8),
    }  # fmt: skip
    nodes = [node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=1), node("MatMul", ["x", "w"], ["y"])]
    assert report(tmp_path, nodes, weights, [("x", (1, 2))]).sparsity == 3 / 4


def test_four_bit_weights_are_four_bits(tmp_path):
    packed = stored("q", TensorProto.INT4, (4, 2), bytes([0x10, 0x32, 0x00, 0x05]))
    nodes = [node("DequantizeLinear", ["q", "scale"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, {"q": packed, "scale": np.array(1, np.float32)})
    assert found.weight_bits == {"4": 1.0}
    assert found.weight_bytes == 4
    assert found.sparsity == 4 / 8


def test_a_quantised_convolution_counts_its_weights_and_macs(tmp_path):
    weights = {
        "s": np.array(1, np.float32), "z": np.array(0, np.uint8), "w": ones(2, 1, 3, 3, dtype=np.int8),
        "wz": np.array(0, np.int8), "b": ones(2, dtype=np.int32),
    }  # fmt: skip
    nodes = [node("QLinearConv", ["x", "s", "z", "w", "s", "wz", "s", "z", "b"], ["y"], pads=[1, 1, 1, 1])]
    found = report(tmp_path, nodes, weights, [("x", (1, 1, 6, 6), TensorProto.UINT8)])
    assert (found.params, found.macs) == (20, 2 * 36 * 9)
    assert found.weight_bits == {"8": 0.9, "32": 0.1}


def test_operators_that_onnx_runtime_adds_are_followed(tmp_path):
    weights = {
        "s": np.array(1, np.float32), "z": np.array(0, np.uint8), "w": ones(4, 3, dtype=np.uint8),
        "b": ones(3, dtype=np.int32),
    }  # fmt: skip
    nodes = [
        node("QGemm", ["x", "s", "z", "w", "s", "z", "b", "s", "z"], ["g"], domain="com.microsoft"),
        node("QLinearAdd", ["g", "s", "z", "g", "s", "z", "s", "z"], ["y"], domain="com.microsoft"),
    ]
    found = report(tmp_path, nodes, weights, [("x", (1, 4), TensorProto.UINT8)], domains=["com.microsoft"])
    assert (found.params, found.macs, found.outputs[0].shape) == (15, 12, (1, 3))


def test_a_turned_weight_is_one_weight_with_the_shape_its_reader_sees(tmp_path):
    nodes = [
        node("Transpose", ["w"], ["t"], perm=[1, 0]),
        node("MatMul", ["t", "x"], ["y"]),
    ]
    found = report(tmp_path, nodes, {"w": ones(5, 3)}, [("x", (5, 2))])
    assert (found.params, found.macs) == (15, 3 * 2 * 5)


def test_a_weight_that_two_operators_share_counts_once(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])]
    found = report(tmp_path, nodes, {"w": ones(4, 4)})
    assert (found.params, found.macs) == (16, 32)


# -- operators -----------------------------------------------------------------------------------------------------


def test_attention_counts_what_is_kept_from_earlier(tmp_path):
    given = [("x", (1, 2, 5, 4)), ("k", (1, 2, 3, 4)), ("p", (1, 2, 7, 4))]
    model = onnx_model([node("Attention", ["x", "k", "k", "", "p", "p"], ["y", "pk", "pv"])], inputs=given)
    model.opset_import[0].version, model.ir_version = 23, 11
    onnx.save(model, tmp_path / "m.onnx")
    assert inspect(tmp_path / "m.onnx").macs == 2 * 5 * (3 + 7) * (4 + 4)


# What cannot be counted. A new version of ONNX fails this test until each of its operators was looked at.
REFUSED = {
    "CausalConvWithState", "LinearAttention", "If", "Loop", "Scan", "SequenceMap", "ImageDecoder", "StringConcat",
    "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", "RegexFullMatch", "StringNormalizer", "StringSplit",
    "TfIdfVectorizer",
}  # fmt: skip


def test_every_standard_operator_is_counted_or_refused():
    standard = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert standard - COUNTED == REFUSED


def test_sizes_computed_from_a_shape_are_followed_and_cost_no_weights(tmp_path):
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Unsqueeze", ["n", "zeros"], ["n1"]),
        node("Concat", ["n1", "rest"], ["to"], axis=0),
        node("Reshape", ["x", "to"], ["flat"]),
        node("MatMul", ["flat", "w"], ["y"]),
    ]
    weights = {"zero": np.array(0), "zeros": np.array([0]), "rest": np.array([-1]), "w": ones(8, 3)}
    found = report(tmp_path, nodes, weights, [("x", ("N", 2, 4))])
    assert (found.params, found.macs, found.outputs[0].shape) == (24, 24, (1, 3))


def test_functions_are_written_out_and_counted(tmp_path):
    body = [node("MatMul", ["a", "w"], ["b"])]
    function = helper.make_function("local", "twice", ["a", "w"], ["b"], body, [helper.make_opsetid("", 21)])
    nodes = [
        node("twice", ["x", "m"], ["h"], domain="local"),
        node("twice", ["h", "m"], ["y"], domain="local"),
    ]
    found = report(tmp_path, nodes, {"m": ones(4, 4)}, functions=[function], domains=["local"])
    assert (found.macs, found.params, len(found.operators)) == (32, 16, 2)


def test_sizes_that_the_file_claims_are_not_believed(tmp_path):
    model = onnx_model(
        [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["y"])], {"w": ones(4, 1, 3, 3)}, [("x", (1, 1, 9, 9))]
    )
    model.graph.value_info.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, (1, 4, 1, 1)))
    onnx.save(model, tmp_path / "forged.onnx")
    assert inspect(tmp_path / "forged.onnx").macs == 4 * 7 * 7 * 9


# -- refusing ---------------------------------------------------------------------------------------------------------


def doubling_functions():
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)]
    functions = [helper.make_function("local", "f0", ["a"], ["c"], [node("Relu", ["a"], ["c"])], opsets)]
    for i in range(1, 41):
        body = [node(f"f{i - 1}", ["a"], ["b"], domain="local"), node(f"f{i - 1}", ["b"], ["c"], domain="local")]
        functions.append(helper.make_function("local", f"f{i}", ["a"], ["c"], body, opsets))
    return functions


def branch():
    inner = helper.make_graph(
        [node("Add", ["x", "q"], ["z"])], "b", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )
    return node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)


def recursive_function():
    opsets = [helper.make_opsetid("local", 1)]
    return helper.make_function("local", "f", ["a"], ["c"], [node("f", ["a"], ["c"], domain="local")], opsets)


def external_function():
    body = [node("Constant", [], ["w"], value=external()), node("MatMul", ["a", "w"], ["c"])]
    return helper.make_function("local", "f", ["a"], ["c"], body, [helper.make_opsetid("", 21)])


SPARSE = helper.make_sparse_tensor(
    numpy_helper.from_array(ones(1), "w"), numpy_helper.from_array(np.array([0]), "i"), [1 << 30]
)
DOUBLED = [node("Concat", [f"s{i}", f"s{i}"], [f"s{i + 1}"], axis=0) for i in range(40)]
RELU = node("Relu", ["x"], ["y"])
HOSTILE = {
    "no operators": ("damaged_model", onnx.ModelProto),
    "weights in another file": ("external_data", lambda: onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": external()})),
    "a constant in another file": (
        "external_data",
        lambda: onnx_model([node("Constant", [], ["w"], value=external()), node("MatMul", ["x", "w"], ["y"])]),
    ),
    "a function's constant in another file": (
        "external_data",
        lambda: onnx_model(
            [node("f", ["x"], ["y"], domain="local")], functions=[external_function()], domains=["local"]
        ),
    ),
    "a branch": ("control_flow", lambda: onnx_model([branch()], {"c": np.array(True), "q": ones(4)})),
    "an operator of somebody": (
        "custom_operator",
        lambda: onnx_model([node("Evil", ["x"], ["y"], domain="evil")], domains=["evil"]),
    ),
    "an operator that does not exist": ("custom_operator", lambda: onnx_model([node("NoSuch", ["x"], ["y"])])),
    "an operator whose products are not counted": (
        "operator_not_counted",
        lambda: onnx_model([node("LinearAttention", ["x", "x", "x"], ["y"])]),
    ),
    "an uncounted operator of ONNX Runtime": (
        "custom_operator",
        lambda: onnx_model([node("MatMulNBits", ["x"], ["y"], domain="com.microsoft")], domains=["com.microsoft"]),
    ),
    "trees, whose numbers lie in attributes": (
        "custom_operator",
        lambda: onnx_model([node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml")], domains=["ai.onnx.ml"]),
    ),
    "functions that double": (
        "too_many_operators",
        lambda: onnx_model([node("f40", ["x"], ["y"], domain="local")], functions=doubling_functions(), domains=["local"]),
    ),
    "a function that calls itself": (
        "damaged_model",
        lambda: onnx_model([node("f", ["x"], ["y"], domain="local")], functions=[recursive_function()], domains=["local"]),
    ),
    "numbers that double": ("too_large", lambda: onnx_model([*DOUBLED, RELU], {"s0": np.ones(1000, np.int64)})),
    "strings that double": (
        "too_large",
        lambda: onnx_model([node("Constant", [], ["s0"], value_strings=["a" * 99] * 9), *DOUBLED, RELU]),
    ),
    "sparse weights of gigabytes": ("sparse_tensor", lambda: onnx_model([node("Add", ["x", "w"], ["y"])], sparse=[SPARSE])),
    "a sparse constant": (
        "sparse_tensor",
        lambda: onnx_model([node("Constant", [], ["w"], sparse_value=SPARSE), node("Add", ["x", "w"], ["y"])]),
    ),
    "a weight that claims terabytes": (
        "too_large",
        lambda: onnx_model([node("Add", ["x", "w"], ["y"])], {"w": stored("w", 1, (1 << 40, 1 << 40), b"abcd")}),
    ),
    "a weight with too few bytes": (
        "damaged_model",
        lambda: onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": stored("w", 1, (4, 2), b"abcd")}),
    ),
    "a weight of no type": (
        "damaged_model",
        lambda: onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": stored("w", 99, (4, 2), b"abcd" * 8)}),
    ),
    "an input of terabytes": ("too_large", lambda: onnx_model([RELU], inputs=[("x", (1 << 40, 1 << 40))])),
    "operators out of order": (
        "unsorted_nodes",
        lambda: onnx_model([node("Relu", ["m"], ["y"]), node("Neg", ["x"], ["m"])]),
    ),
    "a circle": ("unsorted_nodes", lambda: onnx_model([node("Add", ["m", "x"], ["y"]), node("Neg", ["y"], ["m"])])),
    "a value that nothing makes": ("damaged_model", lambda: onnx_model([node("Relu", ["nothing"], ["y"])])),
    "two makers of one value": ("damaged_model", lambda: onnx_model([RELU, RELU])),
    "a convolution of no groups": (
        "damaged_model",
        lambda: onnx_model([node("Conv", ["x", "w"], ["y"], group=0)], {"w": ones(4, 1, 3, 3)}, [("x", (1, 4, 8, 8))]),
    ),
    "more operators than anybody needs": (
        "too_many_operators",
        lambda: onnx_model([node("Relu", ["x" if i == 0 else f"t{i}"], [f"t{i + 1}"]) for i in range(20_001)]),
    ),
    "thousands of outputs": (
        "too_many_operators",
        lambda: onnx_model([node("Relu", ["x"], [f"y{i}"]) for i in range(101)], outputs=[f"y{i}" for i in range(101)]),
    ),
    "an input of text": (
        "unsupported_input", lambda: onnx_model([node("Identity", ["x"], ["y"])], inputs=[("x", (1,), TensorProto.STRING)]),
    ),
    "nothing but constants": (
        "damaged_model",
        lambda: onnx_model([node("MatMul", ["w", "w"], ["y"])], {"w": ones(2, 2)}, inputs=[]),
    ),
    "a size that depends on the data": (
        "unknown_shape",
        lambda: onnx_model([node("NonZero", ["x"], ["i"]), node("Cast", ["i"], ["y"], to=1)]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_model_with_this_is_refused(tmp_path, what):
    code, build = HOSTILE[what]
    path = tmp_path / "hostile.onnx"
    path.write_bytes(build().SerializeToString())
    assert refused(path).code == code


def test_a_model_cut_off_in_the_middle_is_called_damaged(tmp_path):
    whole = tiny.tiny_onnx(tmp_path / "tiny.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path / "cut.onnx").code == "damaged_model"
